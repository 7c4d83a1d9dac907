"""The participant is killed at the worst moments, and started again."""

from __future__ import annotations

import time
from typing import Final

from skald_wire import ReplyType

from skald.testing.conformance.checks import Check, Needs, check, expect, one_fact, replies, same, sees
from skald.testing.conformance.tested import AtQueue, Process
from skald.testing.messages import cancel
from skald.testing.waiting import eventually

__all__ = ["CRASH_CHECKS"]

MOMENTS: Final = (0.0, 0.005, 0.02)
"""Seconds between sending a command and killing who works on it: before, in and after the write, on most machines."""


def _process(tested: AtQueue) -> Process:
    assert tested.process is not None, "such a check needs a process"
    return tested.process


@check("R1-restart", Needs.PROCESS)
def restart(tested: AtQueue) -> None:
    """The register outlives the process: what ran, and what was cancelled."""
    ran, barred = tested.step(), tested.step()
    first = replies(tested, tested.act(ran), ReplyType.SUCCEEDED)
    replies(tested, cancel(tested.act(barred)), ReplyType.CANCELLED)
    _process(tested).kill()
    _process(tested).start()
    same(first, tested.ask(tested.act(ran)))
    replies(tested, tested.act(barred), ReplyType.CANCELLED)
    sees(tested, ran, 1)
    sees(tested, barred, 0)


@check("R1-crash-before-reply", Needs.PROCESS)
def crash_before_reply(tested: AtQueue) -> None:
    """Killed after the effect and before anybody has the reply: the redelivered command is answered, not done again."""
    step = tested.step()
    command = tested.act(step)
    _process(tested).hold_answers()
    tested.send(command)
    eventually("the participant sends its reply", _process(tested).answers_held)
    sees(tested, step, 1)
    _process(tested).kill()
    _process(tested).start()
    expect(ReplyType.SUCCEEDED, tested.reply(command.address.command_id).type)
    sees(tested, step, 1)


@check("R1-killed-at-any-moment", Needs.PROCESS)
def killed_at_any_moment(tested: AtQueue) -> None:
    """Killed at any moment of an action and asked again, it has the effect once, and all replies are the same."""
    for pause in MOMENTS:
        step = tested.step()
        command = tested.act(step)
        tested.send(command)
        time.sleep(pause)
        _process(tested).kill()
        _process(tested).start()
        first = replies(tested, command, ReplyType.SUCCEEDED, why=f"killed {pause * 1000:g} ms after the command")
        same(first, tested.ask(command))
        sees(tested, step, 1)


@check("R5-killed-then-cancelled", Needs.PROCESS)
def killed_then_cancelled(tested: AtQueue) -> None:
    """Killed at any moment of an action and then cancelled, it is done or undone, never half, and both agree."""
    for pause in MOMENTS:
        step = tested.step()
        command = tested.act(step)
        tested.send(command)
        time.sleep(pause)
        _process(tested).kill()
        _process(tested).start()
        one_fact(tested, step, command, [tested.ask(cancel(command))])


CRASH_CHECKS: Final[tuple[Check[AtQueue], ...]] = (
    restart,
    crash_before_reply,
    killed_at_any_moment,
    killed_then_cancelled,
)
