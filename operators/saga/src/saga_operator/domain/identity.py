"""Names that never change over retries, restarts, operators and re-created objects (rule I1)."""

from __future__ import annotations

from skald_wire import Direction, command_id, saga_key

from saga_operator.domain.kinds import Saga


def id_of(saga: Saga, step: str, direction: Direction) -> str:
    """The id of the step's action (Forward) or compensation (Backward)."""
    return command_id(saga.metadata.namespace, saga.idempotency_key, step, direction.kind)


def key_of(saga: Saga) -> str:
    """What participants store the saga's registers under."""
    return saga_key(saga.metadata.namespace, saga.idempotency_key)


def title_of(saga: Saga) -> str:
    """``namespace/name`` of the object, for people."""
    return f"{saga.metadata.namespace}/{saga.metadata.name}"
