"""Suspended: no action and no compensation is sent; replies, cancels and the deadline go on. Pending: not admitted."""

from msgspec.structs import replace
from saga_operator.domain.events import Admitted, SagaSeen
from saga_operator.domain.machine import open_saga

from operators.saga.tests.unit.driver import Driver, after, definition, saga, step

CHAIN = definition(step("a"), step("b"), step("c"))


def change(w, **spec):
    """The user edits the spec."""
    version = str(int(w.object.metadata.resource_version) + 1)
    w.object = replace(
        w.object,
        spec=replace(w.object.spec, **spec),
        metadata=replace(w.object.metadata, resource_version=version),
    )
    return w.feed(SagaSeen(w.object, authoritative=False))


def test_a_suspended_saga_sends_no_action_and_shows_its_phase():
    w = Driver(CHAIN)
    change(w, suspend=True)
    assert w.stores() == [False]
    w.store()
    assert w.phase == "Suspended"
    w.reply("a")
    assert (w.published(), w.status().steps["a"].state) == ([], "Succeeded")
    w.wait(60)
    assert w.published() == []


def test_it_goes_on_at_once_when_resumed():
    w = Driver(CHAIN)
    change(w, suspend=True)
    w.store()
    w.reply("a")
    change(w, suspend=False)
    assert w.published() == ["b"]
    w.store()
    assert w.phase == "Running"


def test_created_suspended_it_sends_nothing_at_all():
    assert Driver(CHAIN, saga(suspend=True)).sent == []


def test_I4_a_suspended_saga_is_sealed_and_turned_but_not_undone_before_it_is_resumed():
    w = Driver(CHAIN)
    w.reply("a")
    change(w, suspend=True, cancel=True)
    assert w.published() == ["-b"]
    w.cancelled("-b")
    w.store()
    assert (w.phase, w.object.status.direction) == ("Suspended", "Backward")
    assert w.published() == []
    change(w, suspend=False)
    assert w.published() == ["~a"]


def test_the_deadline_of_a_suspended_saga_goes_on():
    w = Driver(CHAIN, saga(suspend=True))
    assert w.knowledge.wake_at == w.knowledge.deadline
    w.wait_until_due()
    assert w.published() == ["-a"]


def test_I6_a_suspended_saga_refuses_a_retry_and_takes_an_Abort():
    w = Driver(definition(step("p", pivot=True), after("x")))
    w.reply("p")
    w.cancelled("x")
    change(w, suspend=True)
    w.decide("Retry", "x")
    assert "the saga is suspended" in w.refusal()
    w.decide("Abort")
    w.store()
    assert w.phase == "Aborted"


def test_a_saga_that_is_not_admitted_stays_Pending_without_a_command_or_a_write():
    w = Driver(CHAIN, admitted=False)
    assert (w.sent, w.stores(), w.status().phase) == ([], [], "Pending")
    w.feed(Admitted())
    assert w.published() == ["a"]
    assert w.status().phase == "Running"


def test_a_saga_that_is_not_admitted_can_be_cancelled():
    w = Driver(CHAIN, admitted=False)
    change(w, cancel=True)
    assert w.published() == ["-a"]
    w.cancelled("-a")
    w.store()
    assert w.phase == "Compensated"


def test_another_object_of_the_name_is_not_admitted_by_that():
    w = Driver(CHAIN, admitted=False)
    w.feed(SagaSeen(saga(uid="uid-2"), authoritative=True))
    assert w.sent == []
    assert open_saga(saga()).admitted
