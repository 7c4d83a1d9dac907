from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from skald_wire import names

from hack.embedded.broker import ADMIN, broker_users, hash_password, load_topology, render_definitions
from hack.embedded.errors import PlatformError

TOPOLOGY = load_topology()
PARTICIPANTS = ("inventory", "payments", "shipping")


def definitions() -> dict[str, Any]:
    return render_definitions(TOPOLOGY, "shop", dict.fromkeys(broker_users(TOPOLOGY), "hash"))


def may(user: str, what: str, name: str) -> bool:
    """As RabbitMQ decides it: the regex is searched for in the name of the exchange or queue."""
    (rights,) = (rights for rights in definitions()["permissions"] if rights["user"] == user)
    return re.search(rights[what], name) is not None


def test_the_exchanges_are_those_of_the_wire_contract() -> None:
    kinds = {exchange["name"]: exchange["type"] for exchange in definitions()["exchanges"]}
    assert kinds[names.COMMANDS_EXCHANGE] == "topic"
    assert kinds[names.REPLIES_EXCHANGE] == "direct"
    assert kinds[names.EVENTS_EXCHANGE] == "topic"


def test_every_participant_has_the_queue_of_the_wire_contract() -> None:
    bound = {(one["source"], one["routing_key"]): one["destination"] for one in definitions()["bindings"]}
    for participant in PARTICIPANTS:
        assert bound[names.COMMANDS_EXCHANGE, f"{participant}.*"] == names.commands_queue(participant)
    assert bound[names.EVENTS_EXCHANGE, names.SAGA_FINISHED] == "events.orders"


def test_every_queue_is_a_quorum_queue_and_has_one_for_dead_letters() -> None:
    made = definitions()
    assert {queue["arguments"]["x-queue-type"] for queue in made["queues"]} == {"quorum"}
    all_queues = {queue["name"] for queue in made["queues"]}
    bound = {(one["source"], one["destination"]) for one in made["bindings"]}
    for queue in TOPOLOGY["queues"]:
        dead = names.dead_queue(queue)
        assert dead in all_queues
        assert (dead, dead) in bound


def policy_of(queue: str) -> dict[str, Any]:
    (policy,) = (one for one in definitions()["policies"] if re.search(one["pattern"], queue))
    assert isinstance(policy["definition"], dict)
    return policy["definition"]


def test_an_event_given_up_is_moved_at_least_once_and_never_dropped() -> None:
    assert policy_of("events.orders") == {
        "delivery-limit": 20,
        "dead-letter-exchange": "events.orders.dead",
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }


@pytest.mark.parametrize("participant", PARTICIPANTS)
def test_a_command_becomes_a_dead_letter_when_it_is_rejected_or_comes_too_often_but_not_when_it_expires(
    participant: str,
) -> None:
    queue = names.commands_queue(participant)
    assert policy_of(queue) == {
        "delivery-limit": 20,
        "dead-letter-exchange": names.DEAD_LETTERS_EXCHANGE,
        "dead-letter-strategy": "at-most-once",
    }
    way = (names.DEAD_LETTERS_EXCHANGE, names.dead_queue(queue))
    taken = [one["arguments"] for one in definitions()["bindings"] if (one["source"], one["destination"]) == way]
    assert taken == [
        {"x-match": "all-with-x", "x-first-death-queue": queue, "x-first-death-reason": reason}
        for reason in ("rejected", "delivery_limit")
    ]


def test_an_exchange_of_the_release_before_keeps_its_type() -> None:
    """A broker that keeps its data over an upgrade refuses to change it."""
    kinds = {exchange["name"]: exchange["type"] for exchange in definitions()["exchanges"]}
    assert {kinds[names.dead_queue(queue)] for queue in TOPOLOGY["queues"]} == {"fanout"}
    assert kinds[names.DEAD_LETTERS_EXCHANGE] == "headers"


@pytest.mark.parametrize("participant", PARTICIPANTS)
def test_a_participant_reaches_its_own_queue_and_no_other(participant: str) -> None:
    own = names.commands_queue(participant)
    for queue in definitions()["queues"]:
        name = queue["name"]
        assert may(participant, "read", name) == name.startswith(own)
        assert may(participant, "write", name) == (name == names.dead_queue(own))


def test_only_the_operator_commands_and_only_it_makes_queues_of_which_names_are_the_servers() -> None:
    for user in TOPOLOGY["users"]:
        assert may(user, "write", names.COMMANDS_EXCHANGE) == (user == "saga-operator")
        assert may(user, "configure", "amq.gen-Xy12") == (user == "saga-operator")
        assert not may(user, "configure", "commands.payments")


def test_nobody_but_the_administrator_may_use_the_default_exchange() -> None:
    """It reaches every queue by name."""
    assert [user for user in broker_users(TOPOLOGY) if may(user, "write", "amq.default")] == [ADMIN]


def test_who_publishes_events_publishes_none_in_anothers_name() -> None:
    topics = {rule["user"]: rule["write"] for rule in definitions()["topic_permissions"]}
    publishers = {user for user in TOPOLOGY["users"] if may(user, "write", names.EVENTS_EXCHANGE)}
    assert topics.keys() == publishers
    assert re.search(topics["orders"], "orders.confirmed")
    assert not re.search(topics["orders"], "payments.captured")
    assert not re.search(topics["payments"], names.SAGA_FINISHED)
    assert re.search(topics["saga-operator"], names.SAGA_FINISHED)


def test_no_user_is_a_guest_and_only_one_administers() -> None:
    tags = {user["name"]: user["tags"] for user in definitions()["users"]}
    assert "guest" not in tags
    assert [name for name, its_tags in tags.items() if its_tags] == [ADMIN]


def test_passwords_are_hashed_as_rabbitmq_documents_it() -> None:
    expected = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert hash_password("test12", bytes.fromhex("908DC60A")) == expected


def test_a_binding_to_an_exchange_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "topology.yaml"
    broken.write_text("exchanges: {events: topic}\nqueues: {events.x: {exchange: evnets, keys: [a]}}\n")
    with pytest.raises(PlatformError, match=r"queue events\.x is bound to 'evnets'"):
        load_topology(broken)
