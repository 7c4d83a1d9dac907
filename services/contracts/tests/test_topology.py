"""The broker's topology carries every command and event of the contracts, and lets nobody publish another's."""

import re
from functools import cache

import pytest
import yaml
from skald.testing.contracts import CONTRACTS, schemas
from skald_wire.names import (
    COMMANDS_EXCHANGE,
    DEAD_LETTERS_EXCHANGE,
    EVENTS_EXCHANGE,
    REPLIES_EXCHANGE,
    SAGA_FINISHED,
    commands_queue,
)


@cache
def topology():
    return yaml.safe_load((CONTRACTS.parents[1] / "charts" / "rabbitmq" / "files" / "topology.yaml").read_text())


def names_in(folder):
    return sorted(
        path.split("/")[1].removesuffix(".schema.json") for path in schemas() if path.startswith(f"{folder}/")
    )


def test_the_exchanges_are_those_of_the_wire_package():
    expected = {COMMANDS_EXCHANGE, REPLIES_EXCHANGE, EVENTS_EXCHANGE, DEAD_LETTERS_EXCHANGE}
    assert set(topology()["exchanges"]) == expected


@pytest.mark.parametrize("command", names_in("commands"))
def test_a_command_reaches_the_queue_of_its_participant_who_may_read_it(command):
    participant = command.partition(".")[0]
    queue = commands_queue(participant)
    assert topology()["queues"][queue] == {"exchange": COMMANDS_EXCHANGE, "keys": [f"{participant}.*"]}
    assert re.search(topology()["users"][participant]["read"], queue)
    assert re.search(topology()["users"][participant]["write"], REPLIES_EXCHANGE)


@pytest.mark.parametrize("event", names_in("events"))
def test_an_event_may_be_published_by_its_service_and_by_nobody_else(event):
    publisher = "saga-operator" if event == SAGA_FINISHED else event.partition(".")[0]
    may = {
        name
        for name, user in topology()["users"].items()
        if re.search(user["write"], EVENTS_EXCHANGE) and re.search(user.get("topics", ".*"), event)
    }
    assert may == {publisher}
