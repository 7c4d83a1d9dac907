"""What a check is, and how one says what it expected and what came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from skald_wire import Cancel, Command, Reply, ReplyType, canonical

from skald.testing.conformance.tested import Tested
from skald.testing.messages import SagaStep, cancel

__all__ = ["Broken", "Check", "Needs", "check", "expect", "one_fact", "refused", "replies", "same", "sees"]

T = TypeVar("T")


class Broken(AssertionError):
    """The participant does not keep the rule."""

    def __init__(self, expected: object, came: object) -> None:
        super().__init__(f"expected: {expected}\ncame:     {came}")
        self.expected = str(expected)
        self.came = str(came)


class Needs(StrEnum):
    """What a check cannot do without."""

    COMPENSATION = "--compensation"
    FAILURE = "--failing-input"
    PROCESS = "--start"
    HORIZON = "--horizon"


@dataclass(frozen=True, slots=True)
class Check(Generic[T]):
    """One promise of a participant."""

    id: str
    """The rule it belongs to and what it is about, such as ``R2-duplicate``."""
    promise: str
    run: Callable[[T], None]
    """Raises Broken."""
    needs: frozenset[Needs]


def check(id_: str, *needs: Needs) -> Callable[[Callable[[T], None]], Check[T]]:
    """A check out of a function, whose docstring is the promise."""

    def make(run: Callable[[T], None]) -> Check[T]:
        return Check(id_, (run.__doc__ or "").strip(), run, frozenset(needs))

    return make


def expect(expected: object, came: object) -> None:
    """Raises Broken when they differ."""
    if expected != came:
        raise Broken(expected, came)


def _spoken(reply: Reply) -> str:
    final = " (final)" if reply.final else ""
    return f"{reply.type}{final} {canonical(dict(reply.body)).decode()}"


def replies(tested: Tested, message: Command | Cancel, type_: ReplyType, *, why: str = "") -> Reply:
    """The reply to ``message``, which is to be of that type."""
    reply = tested.ask(message)
    if reply.type is not type_:
        what = "a cancel" if isinstance(message, Cancel) else message.address.routing_key
        raise Broken(f"{type_} to {what}" + (f", {why}" if why else ""), _spoken(reply))
    return reply


def same(first: Reply, again: Reply) -> None:
    """Both say the same of the register."""
    expect(_spoken(first), _spoken(again))


def refused(reply: Reply, code: str | None = None) -> None:
    """Failed, and nothing registered; with that code, if one is given."""
    if reply.type is not ReplyType.FAILED or reply.final or (code is not None and reply.code != code):
        raise Broken("Failed, not final" + (f", with code {code}" if code else ""), _spoken(reply))


def sees(tested: Tested, step: SagaStep, times: int) -> None:
    """The action is in force so often, as far as anybody can tell."""
    if tested.effects is None:
        return
    found = tested.effects(step.saga_key)
    if found != times:
        raise Broken(f"the action in force {times} times for saga {step.saga_key}", f"{found:g} times")


def one_fact(tested: Tested, step: SagaStep, command: Command, answers: list[Reply]) -> None:
    """Action and cancel have met: whoever won, all answers agree, now and for ever, and so does the world."""
    facts = {one.type for one in answers} | {tested.ask(cancel(command)).type, tested.ask(command).type}
    if facts not in ({ReplyType.SUCCEEDED}, {ReplyType.CANCELLED}):
        raise Broken("either Succeeded or Cancelled, to everybody who asks", " and ".join(sorted(facts)))
    sees(tested, step, 1 if ReplyType.SUCCEEDED in facts else 0)
