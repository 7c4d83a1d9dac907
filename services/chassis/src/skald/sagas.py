"""What a service asks a saga to do, and what comes of it. ``skald.starter`` carries it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from skald_wire import canonical

__all__ = ["SagaSpec", "Verdict", "asking_to_cancel"]

JSON = Any


@dataclass(frozen=True, slots=True)
class SagaSpec:
    """A saga to be started. Its name is also its idempotency key: the same name never runs twice."""

    name: str
    definition: str
    input: Mapping[str, JSON]
    kept: int | None = None
    """Seconds from its end until the object is deleted; None: never. Longer than the starter may be away."""

    def stored(self, now: float) -> dict[str, Any]:
        """What lies beside the state until the verdict is known; due at once. Raises NotRepresentable."""
        spec: dict[str, Any] = {"definition": self.definition, "idempotencyKey": self.name, "input": dict(self.input)}
        if self.kept is not None:
            spec["ttlSecondsAfterFinished"] = self.kept
        return {"name": self.name, "spec": canonical(spec).decode(), "state": "Asked", "nextCheck": now}


def asking_to_cancel(now: float) -> dict[str, Any]:
    """The ``fields`` of ``Repository.update`` that have the saga cancelled, if it is not too late; due at once.

    Only for an aggregate whose verdict is not known: the check of a finished saga would start it anew.
    """
    return {"saga.cancel": True, "saga.nextCheck": now}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a saga ended: its terminal phase, or Refused when the API server will never take it."""

    phase: Literal["Succeeded", "Compensated", "Aborted", "Refused"]
    reason: str | None = None
    """The failure's code, or the condition's reason."""
    message: str = ""
    """A sentence for people: the failure's, or the API server's."""


def object_of(stored: Mapping[str, Any], namespace: str) -> dict[str, JSON]:
    """The Saga object, the same each time it is made from what is stored."""
    spec = json.loads(stored["spec"])
    if stored.get("cancel"):
        spec["cancel"] = True
    return {
        "apiVersion": "skald.dev/v1alpha1",
        "kind": "Saga",
        "metadata": {"name": stored["name"], "namespace": namespace},
        "spec": spec,
    }


def verdict_of(saga: Mapping[str, JSON]) -> Verdict | None:
    """The verdict that a Saga object states; None while it runs."""
    status = saga.get("status") or {}
    phase = status.get("phase")
    if phase not in ("Succeeded", "Compensated", "Aborted"):
        return None
    failure = status.get("failure") or {}
    refused = [one for one in status.get("conditions") or [] if one["type"] == "Succeeded" and one["status"] == "False"]
    reason = failure.get("code") or status.get("reason") or (refused[0].get("reason") if refused else None)
    return Verdict(phase, reason, failure.get("message", ""))
