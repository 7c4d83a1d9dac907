"""Objects as the API server stores them: two recorded ones, and one that is built for a test."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import yaml
from click import unstyle
from saga_operator.domain.kinds import Saga, SagaDefinition

JSON = dict[str, Any]
HERE = Path(__file__).parent
REPOSITORY = HERE.parents[3]
NOW = 1_700_000_000.0
CREATED = "2023-11-14T22:13:20Z"
"""The same moment."""


def recorded(name: str) -> JSON:
    """A saga as an API server gave it."""
    return json.loads((HERE / "recorded" / f"{name}.json").read_text())


def place_order() -> JSON:
    """The definition of the recorded sagas."""
    return yaml.safe_load((REPOSITORY / "manifests/definitions/place-order-v1.yaml").read_text())


def definition(*steps: JSON, name: str = "d-v1", **spec: Any) -> JSON:
    return {
        "apiVersion": "skald.dev/v1alpha1",
        "kind": "SagaDefinition",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"steps": list(steps), **spec},
    }


def step(name: str, participant: str = "p", **more: Any) -> JSON:
    """A step ``p.do-name``, undone by ``p.undo-name``; None takes a field away."""
    body = {"name": name, "participant": participant, "command": f"do-{name}"}
    if not more.get("pivot"):
        body["compensation"] = {"command": f"undo-{name}"}
    return {key: value for key, value in {**body, **more}.items() if value is not None}


def saga(
    name: str = "s-1", phase: str = "Running", *, created: str = CREATED, given: JSON | None = None, **status: Any
) -> JSON:
    return {
        "apiVersion": "skald.dev/v1alpha1",
        "kind": "Saga",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "resourceVersion": "7",
            "creationTimestamp": created,
        },
        "spec": {"definition": "d-v1", "input": given or {}},
        "status": {"phase": phase, **status},
    }


def done(output: JSON | None = None, **more: Any) -> JSON:
    """A step that succeeded, one second after the start of all."""
    at = {"startedAt": "2023-11-14T22:13:20.500Z", "finishedAt": "2023-11-14T22:13:21Z"}
    return {"state": "Succeeded", "attempts": 1, **at, **({"output": output} if output else {}), **more}


def running(**more: Any) -> JSON:
    """A step that was sent and not answered."""
    return {"state": "Running", "attempts": 1, "startedAt": "2023-11-14T22:13:21Z", **more}


def stalled(reason: str = "Unroutable", message: str = "nobody listens") -> JSON:
    """The condition of a saga that is stuck."""
    return {
        "type": "Stalled",
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2023-11-14T22:13:25Z",
    }


def typed_saga(body: JSON) -> Saga:
    return msgspec.convert(body, Saga)


def typed_definition(body: JSON) -> SagaDefinition:
    return msgspec.convert(body, SagaDefinition)


def assert_golden(name: str, text: str) -> None:
    """It is the text that was looked at and found good. WRITE_GOLDEN=1 takes a new one, to be looked at in the diff."""
    file = HERE / "golden" / name
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(unstyle(text) + "\n")
    assert unstyle(text) + "\n" == file.read_text()
