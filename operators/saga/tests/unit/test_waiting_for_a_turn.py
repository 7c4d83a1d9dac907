"""A saga that ``concurrency.maxRunning`` does not admit yet has not begun: no clock runs, and nothing binds it."""

from saga_operator.domain.events import Admitted, Returned
from saga_operator.domain.kinds.definition import Condition
from saga_operator.domain.moments import show
from saga_operator.domain.stalls import of_definition

from operators.saga.tests.unit.driver import START, Driver, approval, definition, saga, step

REVIEWED = definition(approval("review", expires_after="10s"), step("a"))


def admit(w: Driver) -> None:
    w.feed(Admitted())


def test_its_status_says_nothing_of_a_start_or_of_a_definition():
    w = Driver(definition(step("a")), admitted=False)
    status = w.status()
    assert (status.phase, status.start_time, status.definition_hash) == ("Pending", None, None)


def test_it_starts_when_its_turn_comes():
    w = Driver(definition(step("a")), admitted=False)
    w.now += 30
    admit(w)
    assert w.status().start_time == show(START + 30)
    assert w.published() == ["a"]


def test_S9_an_approval_waits_for_a_person_only_from_then_on():
    w = Driver(REVIEWED, admitted=False)
    assert (w.stores(), w.phase) == ([], "Pending")
    w.wait(60)
    admit(w)
    assert w.status().phase == "Waiting"
    assert w.status().steps["review"].started_at == show(START + 60)
    w.wait(9)
    assert w.status().steps["review"].error is None
    w.wait(1)
    assert w.status().steps["review"].error.code == "Expired"


def test_what_was_stored_meanwhile_asks_for_no_further_write():
    w = Driver(REVIEWED, saga(suspend=True), admitted=False)
    w.store()
    w.wait(1)
    assert w.stores() == []


def test_suspended_it_has_not_begun_either():
    w = Driver(REVIEWED, saga(suspend=True), admitted=False)
    assert (w.status().phase, w.status().start_time) == ("Suspended", None)


def test_S1_nothing_is_skipped_before_its_turn_because_the_definition_may_still_be_another_one():
    never = [Condition(input="$(input.big)", operator="In", values=["yes"])]
    w = Driver(definition(step("gift", when=never), step("a")), admitted=False)
    assert (w.status().steps, w.stores()) == ({}, [])
    admit(w)
    assert w.status().steps["gift"].state == "Skipped"
    assert w.published() == ["a"]


def test_I8_a_cancel_that_found_nobody_takes_nothing_back_that_is_stored():
    w = Driver(definition(step("a")), saga(cancel=True), admitted=False)
    w.store()
    stored = w.object.status
    assert stored.start_time is not None
    w.broker(Returned, "-a")
    assert (w.status().start_time, w.status().definition_hash) == (stored.start_time, stored.definition_hash)


def test_another_definition_of_the_name_is_as_good_as_long_as_it_has_not_begun():
    w = Driver(definition(step("a")), admitted=False)
    other = definition(step("b"))
    assert of_definition(other, w.knowledge) is None
    admit(w)
    assert of_definition(other, w.knowledge).reason == "DefinitionChanged"
