"""A saga whose definition is missing, refused or another one than it began with says so, and nothing is sent."""

import pytest
from saga_operator.domain.events import DefinitionChanged, Reconnected, SagaSeen
from saga_operator.domain.model import NotAccepted

from operators.saga.tests.unit.driver import Driver, definition, step

CHAIN = definition(step("a"), step("b"))
OTHER = definition(step("a"), step("b"), deadline="20m")
REFUSED = NotAccepted("Invalid", "step a: needs a compensation")


def stalled(w):
    found = next((each for each in w.status().conditions if each.type == "Stalled"), None)
    return found and (found.status, found.reason)


@pytest.mark.parametrize(("given", "reason"), [(None, "DefinitionMissing"), (REFUSED, "NotAccepted")])
def test_a_saga_that_cannot_start_says_why_and_sends_nothing(given, reason):
    w = Driver(given)
    assert w.sent == []
    assert w.announced() == [reason]
    assert w.stores() == [False]
    w.store()
    assert (w.phase, w.object.status.reason) == ("Pending", reason)
    assert stalled(w) == ("True", reason)
    assert w.knowledge.wake_at is None


def test_it_starts_as_soon_as_the_definition_is_there_and_the_stall_is_cleared():
    w = Driver(None)
    w.store()
    w.definition = CHAIN
    w.feed(DefinitionChanged())
    assert w.published() == ["a"]
    assert w.stores() == [False]
    assert stalled(w) == ("False", "Progressing")
    assert w.status().reason is None


def test_it_is_cleared_by_a_new_operator_too():
    w = Driver(REFUSED)
    w.store()
    w.definition = CHAIN
    successor = w.restart()
    assert successor.published() == ["a"]
    assert successor.stores() == [False]


def test_a_definition_of_the_same_name_and_other_content_stalls_a_saga_that_began():
    w = Driver(CHAIN)
    w.reply("a")
    w.store()
    w.definition = OTHER
    w.feed(DefinitionChanged())
    assert w.announced() == ["DefinitionChanged"]
    assert w.published() == []
    assert CHAIN.hash in w.effects[0].message
    assert OTHER.hash in w.effects[0].message
    assert w.status().steps["a"].state == "Succeeded", "what is known stays"
    assert w.restart().announced() == ["DefinitionChanged"]


def test_a_definition_that_changed_before_anything_was_stored_stalls_it_too():
    w = Driver(CHAIN)
    w.definition = OTHER
    w.feed(DefinitionChanged())
    assert w.announced() == ["DefinitionChanged"]


def test_with_the_right_definition_back_it_goes_on_with_what_it_knew():
    w = Driver(CHAIN)
    w.reply("a")
    w.definition = None
    w.feed(DefinitionChanged())
    w.definition = CHAIN
    w.wait(60)
    assert w.published() == ["b"]


def test_without_a_definition_no_event_makes_it_send_and_people_are_told_once():
    w = Driver(None)
    for event in (DefinitionChanged(), Reconnected(), SagaSeen(w.object, authoritative=True)):
        w.feed(event)
        assert w.effects == []


def test_without_a_definition_a_terminal_phase_still_ends_it():
    other = Driver(definition(step("a")))
    other.reply("a")
    other.store()
    w = Driver(None)
    w.feed(SagaSeen(other.object, authoritative=True))
    assert w.finished()
    assert w.feed(DefinitionChanged()) == []


def test_a_verdict_that_waited_for_its_write_is_asked_for_again_when_the_definition_is_back():
    w = Driver(definition(step("a")))
    w.reply("a")
    kept, w.definition = w.definition, None
    w.feed(DefinitionChanged())
    assert w.status().phase == "Pending"
    w.definition = kept
    w.feed(DefinitionChanged())
    assert w.stores() == [True]
