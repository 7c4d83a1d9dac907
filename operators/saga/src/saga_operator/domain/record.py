"""How a decision is kept: in the saga's status, and in the tombstone that carries it (I6)."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from skald_wire import Reply

from saga_operator.domain.kinds import AppliedDecision, SagaDecision

JSON = Any
_REASON_LENGTH: Final = 300
"""Characters of the reason that the saga keeps; the SagaDecision has all of it."""
_KEPT: Final = 20


class Carried(msgspec.Struct, frozen=True):
    """What a tombstone says was decided about its command."""

    applied: AppliedDecision
    output: dict[str, JSON] | None
    """Of a Complete."""


def of(decision: SagaDecision) -> AppliedDecision:
    """As the saga remembers it."""
    return AppliedDecision(
        uid=decision.metadata.uid,
        action=decision.spec.action,
        by=decision.spec.by,
        at=decision.metadata.creation_timestamp,
        reason=decision.spec.reason[:_REASON_LENGTH],
        step=decision.spec.step,
    )


def to_body(decision: SagaDecision) -> dict[str, JSON]:
    """What a cancel carries."""
    body: dict[str, JSON] = msgspec.to_builtins(of(decision))
    return body if decision.spec.output is None else body | {"output": decision.spec.output}


def carried(reply: Reply) -> Carried | None:
    """What the tombstone that answered carries; None for one that carries nothing that could be understood."""
    body = reply.body.get("decision")
    if not isinstance(body, dict):
        return None
    try:
        output = msgspec.convert(body.get("output"), dict[str, Any] | None)
        return Carried(msgspec.convert(body, AppliedDecision), output)
    except msgspec.ValidationError:
        return None


def add(kept: tuple[AppliedDecision, ...], more: AppliedDecision) -> tuple[AppliedDecision, ...]:
    """The same decision is kept once, and the oldest are let go of."""
    return kept if any(each.uid == more.uid for each in kept) else (*kept, more)[-_KEPT:]
