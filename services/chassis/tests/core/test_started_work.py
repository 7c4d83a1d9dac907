"""R5: an effect that one write cannot cover is started in the register first, and always brought to one end."""

from __future__ import annotations

import pytest
from skald.effects import Done, Failed, Started
from skald_wire import OnFailure, ReplyType
from skald_wire.register import NOTHING_TO_UNDO, Outcome

from .world import ACTION, COMPENSATION, Died, HoldForGood, World, action, cancel, compensation

SUCCEEDED, FAILED, CANCELLED = ReplyType.SUCCEEDED, ReplyType.FAILED, ReplyType.CANCELLED


@pytest.fixture
def world() -> World:
    return World()


def die(world: World, message, decide=None) -> None:
    with pytest.raises(Died):
        world.apply(message, decide or world.starting)


def test_R5_started_is_durable_before_the_work_touches_anything(world: World) -> None:
    world.work.dies_before = 1
    die(world, action())
    assert world.register[ACTION].outcome is Outcome.STARTED
    assert world.state == {"begun": True}
    assert world.provider.held == set()


def test_R5_the_work_runs_under_the_command_id_and_its_outcome_is_registered(world: World) -> None:
    answer = world.apply(action(), world.starting)
    assert (answer.type, answer.body) == (SUCCEEDED, {"held": True})
    assert world.provider.done == {ACTION: 1}
    assert world.register[ACTION].outcome is Outcome.EXECUTED
    assert world.register[ACTION].pending is None


@pytest.mark.parametrize("moment", ["dies_before", "dies_after"])
def test_R5_a_redelivery_resumes_what_a_dead_worker_began(world: World, moment) -> None:
    setattr(world.work, moment, 1)
    die(world, action())
    assert world.apply(action(), world.starting).body == {"held": True}
    assert world.provider.done == {ACTION: 1}


@pytest.mark.parametrize("moment", ["dies_before", "dies_after"])
def test_R5_a_cancel_takes_back_what_a_dead_worker_began(world: World, moment) -> None:
    setattr(world.work, moment, 1)
    die(world, action())
    decided = {"action": "Skip"}
    assert world.apply(cancel(decision=decided)).body == {"decision": decided}
    assert world.provider.held == set()
    assert world.state == {"begun": True, "held": False}
    assert world.apply(action(), world.starting).type is CANCELLED
    assert world.provider.held == set()


def test_R5_undoing_is_durable_before_anything_is_taken_back(world: World) -> None:
    world.work.dies_after = 1
    die(world, action())
    seen = []
    release = world.provider.release

    def watch(key: str) -> None:
        seen.append(world.register[ACTION].outcome)
        release(key)

    world.provider.release = watch  # type: ignore[method-assign]
    world.apply(cancel())
    assert seen == [Outcome.UNDOING]


@pytest.mark.parametrize("resume", [action(), cancel()])
def test_R5_redelivery_and_cancel_both_resume_an_interrupted_take_back(world: World, resume) -> None:
    world.work.dies_after = 1
    die(world, action())
    release = world.provider.release

    def dies(_key: str) -> None:
        world.provider.release = release  # type: ignore[method-assign]
        raise Died

    world.provider.release = dies  # type: ignore[method-assign]
    die(world, cancel(decision={"uid": "d"}))
    assert world.register[ACTION].outcome is Outcome.UNDOING
    assert world.apply(resume, world.starting).body == {"decision": {"uid": "d"}}
    assert world.provider.held == set()


def test_R5_a_cancel_finishes_what_cannot_be_taken_back(world: World) -> None:
    world.use(HoldForGood(world.provider))
    world.work.dies_before = 1
    die(world, action())
    assert world.apply(cancel()).body == {"held": True}
    assert world.provider.held == {ACTION}
    assert world.apply(action(), world.starting).type is SUCCEEDED


def test_R5_a_paused_worker_that_wakes_up_after_a_cancel_changes_nothing(world: World) -> None:
    world.work.meanwhile = lambda: world.apply(cancel()) and None
    assert world.apply(action(), world.starting).type is CANCELLED
    assert world.provider.held == set()
    assert world.state == {"begun": True, "held": False}


def test_R5_two_workers_at_the_same_work_register_one_outcome(world: World) -> None:
    world.work.meanwhile = lambda: world.apply(action(), world.starting) and None
    assert world.apply(action(), world.starting).body == {"held": True}
    assert world.provider.done == {ACTION: 1}


def test_R5_finish_is_repeated_on_the_newer_state_when_another_command_wrote_meanwhile(world: World) -> None:
    from .world import address

    other = type(action())(
        address(step="other-step"), {}, attempt=1, on_failure=OnFailure.COMPENSATE, issued_at="2000-01-01T00:00:00Z"
    )

    def note(state, _command):
        return Done({**(state or {}), "noted": True})

    def interfere() -> None:
        world.documents.interfere = lambda: world.apply(other, note) and None

    world.work.meanwhile = interfere
    world.apply(action(), world.starting)
    assert world.state == {"begun": True, "noted": True, "held": True}


def test_R5_a_registered_failure_takes_the_work_back_before_it_is_registered(world: World) -> None:
    world.work.fails = Failed("OutOfStock", "too few", state={"shown": "refused"})
    answer = world.apply(action(), world.starting)
    assert (answer.type, answer.final, answer.body["code"]) == (FAILED, True, "OutOfStock")
    assert world.provider.held == set()
    assert world.provider.released == {ACTION}
    assert world.state == {"shown": "refused", "held": False}


def test_R5_work_with_nothing_to_take_back_goes_straight_to_failed(world: World) -> None:
    world.use(HoldForGood(world.provider))
    world.work.fails = Failed("CardDeclined", "no", state={"shown": "declined"})
    assert world.apply(action(), world.starting).final is True
    assert world.provider.released == set()
    assert world.state == {"shown": "declined"}


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        (action(), Failed("ProviderAway", "later", retryable=True)),
        (action(on_failure=OnFailure.RETRY), Failed("Refused", "for good")),
    ],
)
def test_R5_a_failure_that_may_not_be_registered_leaves_the_work_started(world: World, command, failure) -> None:
    world.work.fails = failure
    answer = world.apply(command, world.starting)
    assert (answer.type, answer.final) == (FAILED, False)
    assert world.register[ACTION].outcome is Outcome.STARTED
    world.work.fails = None
    assert world.apply(command, world.starting).body == {"held": True}
    assert world.provider.done == {ACTION: 1}


def test_R5_a_take_back_that_fails_is_answered_by_nobody_and_resumed(world: World) -> None:
    world.work.fails = Failed("OutOfStock", "too few")
    release = world.provider.release

    def away(_key: str) -> None:
        world.provider.release = release  # type: ignore[method-assign]
        raise ConnectionError

    world.provider.release = away  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        world.apply(action(), world.starting)
    assert world.apply(action(), world.starting).body["code"] == "OutOfStock"


def test_R4_a_compensation_that_meets_started_work_takes_it_back_and_has_nothing_to_undo(world: World) -> None:
    world.work.dies_after = 1
    die(world, action())
    assert world.apply(compensation()).body == NOTHING_TO_UNDO
    assert world.provider.held == set()
    assert world.apply(action(), world.starting).type is CANCELLED


def test_R4_a_compensation_that_meets_work_beyond_recall_finishes_and_then_undoes_it(world: World) -> None:
    world.use(HoldForGood(world.provider))
    world.work.dies_after = 1
    die(world, action())

    def void(state, _command):
        return Done({**state, "voided": True})

    assert world.apply(compensation(), void).type is SUCCEEDED
    assert world.state == {"begun": True, "held": True, "voided": True}
    assert world.apply(action(), world.starting).type is CANCELLED


def test_R5_a_compensation_may_be_work_too_and_marks_its_action_undone_when_finished(world: World) -> None:
    world.apply(action())
    world.work.dies_after = 1
    die(world, compensation())
    assert world.apply(action()).type is SUCCEEDED, "not undone yet"
    assert world.apply(compensation(), world.starting).type is SUCCEEDED
    assert world.apply(action()).type is CANCELLED
    assert world.provider.done == {COMPENSATION: 1}


def test_R5_an_output_too_large_of_work_that_can_be_taken_back_is_a_registered_failure(world: World) -> None:
    world.work.finish = lambda _s, _o: Done({}, {"text": "x" * 20_000})  # type: ignore[method-assign]
    answer = world.apply(action(), world.starting)
    assert (answer.final, answer.body["code"]) == (True, "OutputTooLarge")
    assert world.provider.held == set()


def test_R5_an_output_too_large_of_work_beyond_recall_is_never_registered_as_failed(world: World) -> None:
    world.use(HoldForGood(world.provider))
    world.work.finish = lambda _s, _o: Done({}, {"text": "x" * 20_000})  # type: ignore[method-assign]
    answer = world.apply(action(), world.starting)
    assert (answer.final, answer.body["code"]) == (False, "OutputTooLarge")
    assert world.register[ACTION].outcome is Outcome.STARTED


def test_work_that_nobody_could_resume_is_refused_before_it_begins(world: World) -> None:
    world.work.name = "renamed"
    with pytest.raises(LookupError, match="'renamed' is not among the repository's works"):
        world.apply(action(), world.starting)
    assert world.documents.writes == 0


def test_work_of_a_version_that_is_gone_says_which_is_missing(world: World) -> None:
    world.work.dies_before = 1
    die(world, action())
    world.applier._works = {}
    with pytest.raises(LookupError, match=r"needs the work 'hold' to be settled; there are: none"):
        world.apply(cancel())


def test_started_needs_a_state(world: World) -> None:
    assert isinstance(world.starting(None, action()), Started)


def test_R5_work_that_is_being_taken_back_waits_for_a_version_that_still_can(world: World) -> None:
    def die_meanwhile() -> None:
        raise Died

    world.work.dies_after = 1
    die(world, action())
    world.work.meanwhile_in_undo = die_meanwhile
    die(world, cancel())
    world.use(HoldForGood(world.provider))
    with pytest.raises(LookupError, match="has no undo"):
        world.apply(cancel())
    assert world.register[ACTION].outcome is Outcome.UNDOING
