"""From the API server's objects to the operator's own types, which say what a field means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from saga_operator.domain.kinds import Saga, SagaDecision, SagaDefinition
from saga_operator.domain.model import hash_of

from kubectl_saga.errors import CliError

_Kind = TypeVar("_Kind", Saga, SagaDefinition, SagaDecision)


def typed(kind: type[_Kind], body: Mapping[str, Any]) -> _Kind:
    """Raises CliError for an object of another version than this program's."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        name = body.get("metadata", {}).get("name")
        raise CliError(
            f"{kind.__name__} {name} cannot be understood: {error}",
            "It was written by another version of skald; use the kubectl-saga of the operator's version.",
        ) from None


def its_own(saga: Saga, definition: SagaDefinition | None) -> SagaDefinition | None:
    """The definition that the saga began with; None when another one goes by its name now."""
    began_with = saga.status.definition_hash
    if definition is None or began_with is None:
        return definition
    return definition if hash_of(definition.spec) == began_with else None
