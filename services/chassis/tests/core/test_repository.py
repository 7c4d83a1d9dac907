"""The repository on the real database: one write for everything, races repeated, events kept with the change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from skald.mongo import StoreUnavailable, connect
from skald.repository import (
    AlreadyExists,
    Done,
    Event,
    Failed,
    NotFound,
    NotUnique,
    Repository,
    RevisionConflict,
    codec_of,
)
from skald.sagas import SagaSpec
from skald.testing.cable import Cable
from skald.testing.conformance import CompensationRules, PruningRules, Subject
from skald.testing.messages import SagaStep, cancel
from skald_wire import ReplyType

from .conftest import store_settings


@dataclass(frozen=True)
class Item:
    name: str
    tags: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


@pytest.fixture
def items(database) -> Repository[Item]:
    repository = Repository(database["items"], codec_of(Item))
    repository.outbox.ensure_index()
    return repository


def rename(name: str, *events: Event) -> Any:
    return lambda item: Done(Item(name, item.tags, item.counts), events=events)


def test_what_is_inserted_is_got_with_its_revision(items) -> None:
    item = Item("harp", ("new",), {"a": 2**40})
    assert items.get("i-1") is None
    assert items.insert("i-1", item).rev == 1
    stored = items.get("i-1")
    assert (stored.id, stored.rev, stored.state) == ("i-1", 1, item)


def test_an_insert_of_what_is_there_shows_what_is_there(items) -> None:
    items.insert("i-1", Item("harp"))
    with pytest.raises(AlreadyExists) as caught:
        items.insert("i-1", Item("drum"))
    assert caught.value.stored.state == Item("harp")


def test_a_unique_index_refuses_another_value(items) -> None:
    items.collection.create_index("state.name", unique=True)
    items.insert("i-1", Item("harp"))
    with pytest.raises(NotUnique, match="i-2"):
        items.insert("i-2", Item("harp"))


def test_an_update_raises_the_revision_and_nothing_to_change_writes_nothing(items) -> None:
    items.insert("i-1", Item("harp"))
    assert items.update("i-1", rename("drum")).rev == 2
    assert items.update("i-1", rename("drum")).rev == 2


def test_an_update_of_another_revision_than_the_one_seen_is_refused(items) -> None:
    items.insert("i-1", Item("harp"))
    items.update("i-1", rename("drum"))
    with pytest.raises(RevisionConflict, match="at revision 2, not 1"):
        items.update("i-1", rename("horn"), rev=1)
    with pytest.raises(NotFound, match="no items i-9"):
        items.update("i-9", rename("horn"))


def test_updates_at_the_same_time_all_happen(items) -> None:
    items.insert("i-1", Item("harp", counts={"n": 0}))

    def count(item: Item) -> Done[Item]:
        return Done(Item(item.name, item.tags, {"n": item.counts["n"] + 1}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: items.update("i-1", count), range(24)))
    assert items.get("i-1").state.counts == {"n": 24}


def test_find_shows_aggregates_by_their_fields_in_order(items) -> None:
    for number in range(3):
        items.insert(f"i-{number}", Item("harp" if number else "drum"))
    found = items.find({"state.name": "harp"}, sort=[("_id", -1)], limit=5)
    assert [one.id for one in found] == ["i-2", "i-1"]


def test_a_tombstone_is_no_aggregate(items) -> None:
    items.apply(cancel(SagaStep("payments", "order-1").action("charge", {})), lambda _s, _c: Failed("X", "y"))
    assert items.get("shop/order-1") is None
    assert items.find({}) == []


def test_events_are_written_with_the_change_and_forgotten_when_published(items) -> None:
    items.insert("i-1", Item("harp"), events=[Event("items.made", "i-1", {"dotted.name": 1, "$dollar": None})])
    items.update("i-1", rename("drum", Event("items.renamed", "i-1"), Event("items.moved", "i-1")))
    (waiting,) = items.outbox.waiting()
    assert [one["type"] for one in waiting.events] == ["items.made", "items.renamed", "items.moved"]
    items.outbox.published([waiting])
    assert items.outbox.waiting() == []
    assert items.get("i-1").state.name == "drum"


def test_an_event_written_while_older_ones_were_published_waits_for_its_turn(items) -> None:
    items.insert("i-1", Item("harp"), events=[Event("items.made", "i-1")])
    read = items.outbox.waiting()
    items.update("i-1", rename("drum", Event("items.renamed", "i-1")))
    items.outbox.published(read)
    (waiting,) = items.outbox.waiting()
    assert [one["type"] for one in waiting.events] == ["items.renamed"]


def test_two_relays_that_publish_the_same_forget_it_once(items) -> None:
    items.insert("i-1", Item("harp"), events=[Event("items.made", "i-1")])
    read = items.outbox.waiting()
    items.update("i-1", rename("drum", Event("items.renamed", "i-1")))
    for _ in range(2):
        items.outbox.published(read)
    items.outbox.published(items.outbox.waiting())
    assert items.outbox.waiting() == []


def test_a_saga_asked_for_lies_in_the_same_write(items) -> None:
    items.insert("i-1", Item("harp"), saga=SagaSpec("order-1", "place-order-v1", {"orderId": "1", "lines": []}))
    stored = items.collection.find_one({"_id": "i-1"})["saga"]
    assert (stored["name"], stored["state"]) == ("order-1", "Asked")
    assert stored["nextCheck"] > 0


def test_transactions_over_documents_are_refused(database) -> None:
    with pytest.raises(NotImplementedError, match="one document is the unit"):
        database.client.start_session()


def test_a_database_that_is_away_is_said_to_be_away(parts, database) -> None:
    cable = Cable(parts.mongodb_uri("payments", database.name))
    away = connect(store_settings(cable.url, database.name))
    items = Repository(away["items"], codec_of(Item))
    items.insert("i-1", Item("harp"))
    cable.cut()
    for use in (
        lambda: items.get("i-1"),
        lambda: items.update("i-1", rename("x")),
        lambda: items.insert("i-2", Item("y")),
    ):
        with pytest.raises(StoreUnavailable):
            use()
    cable.mend()
    assert items.update("i-1", rename("drum")).state.name == "drum"
    cable.close()
    away.client.close()


def test_an_insert_whose_answer_was_lost_is_found_to_be_ones_own(items, monkeypatch) -> None:
    from pymongo.errors import AutoReconnect

    insert = type(items.collection).insert_one
    lost = iter([True])

    def loses_the_answer(collection, document, **options):
        insert(collection, document, **options)
        if next(lost, False):
            raise AutoReconnect("connection closed")

    monkeypatch.setattr(type(items.collection), "insert_one", loses_the_answer)
    assert items.insert("i-1", Item("harp")).rev == 1
    assert items.get("i-1").state == Item("harp")


def test_R1_an_apply_whose_answer_was_lost_is_answered_from_the_register(items, monkeypatch) -> None:
    from pymongo.errors import AutoReconnect

    insert = type(items.collection).insert_one
    lost = iter([True])

    def loses_the_answer(collection, document, **options):
        insert(collection, document, **options)
        if next(lost, False):
            raise AutoReconnect("connection closed")

    monkeypatch.setattr(type(items.collection), "insert_one", loses_the_answer)
    decided = []

    def decide(state, command):
        decided.append(state)
        return Done(Item("harp", ("x",) * len(decided)), {"n": len(decided)})

    reply = items.apply(SagaStep("payments", "order-1").action("charge", {}), decide)
    assert (reply.type, reply.body) == (ReplyType.SUCCEEDED, {"n": 1})
    assert decided == [None]


class TestToyParticipant(CompensationRules, PruningRules):
    """The kit that services inherit, on a participant of the chassis' own."""

    @pytest.fixture
    def subject(self, database) -> Subject:
        from pydantic import BaseModel, ConfigDict
        from skald.messaging.participant import OPERATOR, Handler, Participant, reading

        class Charge(BaseModel):
            model_config = ConfigDict(extra="forbid")
            amount: int

        def charge(state, _command, given: Charge) -> Done[dict[str, int]]:
            state = state or {"charged": 0}
            return Done({"charged": state["charged"] + given.amount}, {"receipt": "r"})

        def refund(state, _command) -> Done[dict[str, int]]:
            return Done({"charged": state["charged"] - 1})

        accounts: Repository[dict[str, int]] = Repository(
            database["accounts"], codec_of(dict), retention=timedelta(days=1)
        )
        handlers = {
            "charge": Handler(reading(Charge, charge), OPERATOR),
            "refund": Handler(refund, OPERATOR, undoes="charge"),
        }

        def effects(saga_key: str) -> int:
            stored = accounts.get(saga_key)
            return 0 if stored is None else stored.state["charged"]

        participant = Participant("payments", accounts, handlers)
        return Subject(participant, "charge", {"amount": 1}, effects, compensation="refund", horizon=timedelta(days=1))
