"""R1 to R7 as anybody can check them who may ask: by replies, and by the effects in the world."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from skald_wire import OnFailure, ReplyType

from skald.testing.conformance.checks import (
    Broken,
    Check,
    Needs,
    check,
    expect,
    one_fact,
    refused,
    replies,
    same,
    sees,
)
from skald.testing.conformance.tested import Tested
from skald.testing.messages import cancel, moment, with_other_content

__all__ = ["REGISTER_CHECKS"]

SUCCEEDED, FAILED, CANCELLED = ReplyType.SUCCEEDED, ReplyType.FAILED, ReplyType.CANCELLED
DECISION: Final = {"action": "Skip", "name": "by-the-kit"}
ROUNDS: Final = 5


@check("R1-effect")
def effect(tested: Tested) -> None:
    """The action has its effect once, and says Succeeded."""
    step = tested.step()
    replies(tested, tested.act(step), SUCCEEDED)
    sees(tested, step, 1)


@check("R1-two-sagas")
def two_sagas(tested: Tested) -> None:
    """What is registered for one saga means nothing for another."""
    one, other = tested.step(), tested.step()
    replies(tested, cancel(tested.act(one)), CANCELLED)
    replies(tested, tested.act(other), SUCCEEDED)
    sees(tested, one, 0)
    sees(tested, other, 1)


@check("R2-duplicate")
def duplicate(tested: Tested) -> None:
    """A duplicate gets the same reply and has no effect."""
    step = tested.step()
    first = replies(tested, tested.act(step), SUCCEEDED)
    same(first, tested.ask(replace(tested.act(step), attempt=2)))
    sees(tested, step, 1)


@check("R2-duplicates-at-once")
def duplicates_at_once(tested: Tested) -> None:
    """Duplicates that come at the same time have one effect and one reply."""
    step = tested.step()
    first, *others = tested.ask_together([tested.act(step)] * 4)
    expect(SUCCEEDED, first.type)
    for other in others:
        same(first, other)
    sees(tested, step, 1)


@check("R2-cancel-before")
def cancel_before(tested: Tested) -> None:
    """A cancel that comes first is answered Cancelled, and the dangling action finds it."""
    step = tested.step()
    replies(tested, cancel(tested.act(step)), CANCELLED)
    replies(tested, cancel(tested.act(step)), CANCELLED, why="the second time as the first")
    replies(tested, tested.act(step), CANCELLED)
    sees(tested, step, 0)


@check("R2-cancel-after")
def cancel_after(tested: Tested) -> None:
    """A cancel that comes too late is answered with the action's own reply, and changes nothing."""
    step = tested.step()
    ran = replies(tested, tested.act(step), SUCCEEDED)
    same(ran, tested.ask(cancel(tested.act(step))))
    same(ran, tested.ask(tested.act(step)))
    sees(tested, step, 1)


@check("R2-decision")
def decision(tested: Tested) -> None:
    """The decision in a cancel's body stays in the register, and is in every Cancelled from then on."""
    step = tested.step()
    for message in (cancel(tested.act(step), DECISION), cancel(tested.act(step)), tested.act(step)):
        expect({"decision": DECISION}, dict(replies(tested, message, CANCELLED).body))


@check("R3-failure", Needs.FAILURE)
def failure(tested: Tested) -> None:
    """A failure says code and message and has no effect; final means registered, else a cancel finds nothing."""
    step = tested.step()
    failed = replies(tested, tested.fail(step), FAILED)
    if not (failed.body.get("code") and failed.body.get("message")):
        raise Broken("a body {code, message}", dict(failed.body))
    sees(tested, step, 0)
    late = tested.ask(cancel(tested.fail(step)))
    if failed.final:
        same(failed, late)
        same(failed, tested.ask(tested.fail(step)))
    else:
        expect(CANCELLED, late.type)


@check("R3-failure-after-pivot", Needs.FAILURE)
def failure_after_pivot(tested: Tested) -> None:
    """With on-failure: retry a failure is never registered, so a cancel still finds nothing."""
    step = tested.step()
    command = replace(tested.fail(step), on_failure=OnFailure.RETRY)
    refused(tested.ask(command))
    replies(tested, cancel(command), CANCELLED)
    sees(tested, step, 0)


@check("R3-deadline")
def deadline(tested: Tested) -> None:
    """An action past its deadline is answered Failed, not final; nothing is registered, so it may run later."""
    step = tested.step()
    command = tested.act(step)
    refused(tested.ask(replace(command, deadline=moment(timedelta(seconds=-60)))))
    sees(tested, step, 0)
    replies(tested, replace(command, deadline=moment(timedelta(hours=1))), SUCCEEDED)
    sees(tested, step, 1)


@check("R2-deadline-after-effect")
def deadline_after_effect(tested: Tested) -> None:
    """What has run is answered from the register, also past the deadline."""
    step = tested.step()
    ran = replies(tested, tested.act(step), SUCCEEDED)
    same(ran, tested.ask(replace(tested.act(step), deadline=moment(timedelta(seconds=-60)))))


@check("R5-cancel-during")
def cancel_during(tested: Tested) -> None:
    """A cancel that meets the running action leaves it done or undone but never half, and both are answered alike."""
    for _ in range(ROUNDS):
        step = tested.step()
        command = tested.act(step)
        one_fact(tested, step, command, tested.ask_together([command, cancel(command)]))


@check("R6-key-reuse")
def key_reuse(tested: Tested) -> None:
    """The same id with another fingerprint is refused with KeyReused, and neither effect nor register changes."""
    step = tested.step()
    ran = replies(tested, tested.act(step), SUCCEEDED)
    other = with_other_content(tested.act(step))
    refused(tested.ask(other), "KeyReused")
    refused(tested.ask(cancel(other)), "KeyReused")
    same(ran, tested.ask(tested.act(step)))
    sees(tested, step, 1)


@check("R6-key-reuse-after-cancel")
def key_reuse_after_cancel(tested: Tested) -> None:
    """A cancel keeps its fingerprint too: another one is refused."""
    step = tested.step()
    replies(tested, cancel(tested.act(step)), CANCELLED)
    refused(tested.ask(with_other_content(tested.act(step))), "KeyReused")
    replies(tested, tested.act(step), CANCELLED)
    sees(tested, step, 0)


@check("R4-compensation", Needs.COMPENSATION)
def compensation(tested: Tested) -> None:
    """A compensation undoes once; afterwards the action and its cancel are answered Cancelled."""
    step = tested.step()
    output = replies(tested, tested.act(step), SUCCEEDED).body
    undone = replies(tested, tested.undo(step, output), SUCCEEDED)
    sees(tested, step, 0)
    same(undone, tested.ask(tested.undo(step, output)))
    replies(tested, tested.act(step), CANCELLED, why="because it is undone")
    replies(tested, cancel(tested.act(step)), CANCELLED, why="because it is undone")
    sees(tested, step, 0)


@check("R4-null-compensation", Needs.COMPENSATION)
def null_compensation(tested: Tested) -> None:
    """A compensation without action succeeds, and bars the action that limps in later, whatever its fingerprint."""
    step = tested.step()
    undo = tested.undo_nothing(step)
    done = replies(tested, undo, SUCCEEDED)
    same(done, tested.ask(undo))
    replies(tested, with_other_content(tested.act(step)), CANCELLED, why="whatever its fingerprint")
    replies(tested, tested.act(step), CANCELLED)
    replies(tested, cancel(tested.act(step)), CANCELLED)
    sees(tested, step, 0)


@check("R4-compensation-after-cancel", Needs.COMPENSATION)
def compensation_after_cancel(tested: Tested) -> None:
    """A compensation whose action was cancelled has nothing to undo, and succeeds."""
    step = tested.step()
    replies(tested, cancel(tested.act(step)), CANCELLED)
    replies(tested, tested.undo_nothing(step), SUCCEEDED)
    sees(tested, step, 0)


@check("R4-compensation-after-failure", Needs.COMPENSATION, Needs.FAILURE)
def compensation_after_failure(tested: Tested) -> None:
    """A compensation whose action failed has nothing to undo, and succeeds."""
    step = tested.step()
    replies(tested, tested.fail(step), FAILED)
    replies(tested, tested.undo_nothing(step), SUCCEEDED)
    sees(tested, step, 0)


@check("R2-compensation-cancelled", Needs.COMPENSATION)
def compensation_cancelled(tested: Tested) -> None:
    """A compensation can be cancelled too (a person waives it): then it never undoes anything."""
    step = tested.step()
    ran = replies(tested, tested.act(step), SUCCEEDED)
    undo = tested.undo(step, ran.body)
    replies(tested, cancel(undo, DECISION), CANCELLED)
    replies(tested, undo, CANCELLED)
    same(ran, tested.ask(tested.act(step)))
    sees(tested, step, 1)


@check("R7-horizon", Needs.HORIZON)
def horizon(tested: Tested) -> None:
    """Where nothing is registered, a message issued before the horizon is refused, because it may be forgotten."""
    assert tested.horizon is not None, "such a check needs horizon"
    step = tested.step()
    command = tested.act(step)
    long_ago = moment(-2 * tested.horizon)
    refused(tested.ask(replace(command, issued_at=long_ago)))
    refused(tested.ask(replace(cancel(command), issued_at=long_ago)))
    sees(tested, step, 0)
    ran = replies(tested, command, SUCCEEDED, why="since it is issued now")
    same(ran, tested.ask(replace(command, issued_at=long_ago)))
    sees(tested, step, 1)


REGISTER_CHECKS: Final[tuple[Check[Tested], ...]] = (
    effect,
    two_sagas,
    duplicate,
    duplicates_at_once,
    cancel_before,
    cancel_after,
    decision,
    deadline_after_effect,
    compensation_cancelled,
    failure,
    failure_after_pivot,
    deadline,
    compensation,
    null_compensation,
    compensation_after_cancel,
    compensation_after_failure,
    cancel_during,
    key_reuse,
    key_reuse_after_cancel,
    horizon,
)
