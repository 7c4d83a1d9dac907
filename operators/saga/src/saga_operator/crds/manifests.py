"""The three CustomResourceDefinitions as objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from saga_operator.crds.schema import structural
from saga_operator.domain.kinds import GROUP, VERSION, Saga, SagaDecision, SagaDefinition

NAME_LIMIT = 190
"""Characters of a saga's name: ``namespace/name`` is an AMQP short string (255 bytes) and a namespace has up to 63."""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    path: str
    type: str = "string"
    wide: bool = False

    def as_dict(self) -> dict[str, Any]:
        column = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return column | {"priority": 1} if self.wide else column


_AGE = _Column("AGE", ".metadata.creationTimestamp", "date")


@dataclass(frozen=True, slots=True)
class _Resource:
    kind: type[Struct]
    plural: str
    short: str
    columns: tuple[_Column, ...]
    selectable: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        schema = structural(self.kind)
        if self.metadata:
            schema["properties"] = {"metadata": self.metadata, **schema["properties"]}
        version: dict[str, Any] = {
            "name": VERSION,
            "served": True,
            "storage": True,
            "subresources": {"status": {}},
            "additionalPrinterColumns": [column.as_dict() for column in self.columns],
        }
        if self.selectable:
            version["selectableFields"] = [{"jsonPath": path} for path in self.selectable]
        name = self.kind.__name__
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{GROUP}"},
            "spec": {
                "group": GROUP,
                "scope": "Namespaced",
                "names": {
                    "kind": name,
                    "listKind": f"{name}List",
                    "plural": self.plural,
                    "singular": name.lower(),
                    "shortNames": [self.short],
                    "categories": ["skald"],
                },
                "versions": [version | {"schema": {"openAPIV3Schema": schema}}],
            },
        }


_RESOURCES = (
    _Resource(
        SagaDefinition,
        "sagadefinitions",
        "sgd",
        (
            _Column("ACCEPTED", '.status.conditions[?(@.type=="Accepted")].status'),
            _Column("REASON", '.status.conditions[?(@.type=="Accepted")].reason'),
            _Column("DEADLINE", ".spec.deadline"),
            _AGE,
            _Column("HASH", ".status.hash", wide=True),
            _Column("MESSAGE", '.status.conditions[?(@.type=="Accepted")].message', wide=True),
        ),
    ),
    _Resource(
        Saga,
        "sagas",
        "sg",
        (
            _Column("PHASE", ".status.phase"),
            _Column("PROGRESS", ".status.progress"),
            _Column("STEP", ".status.currentSteps"),
            _Column("REASON", ".status.reason"),
            _AGE,
            _Column("DURATION", ".status.duration"),
            _Column("DEFINITION", ".spec.definition", wide=True),
            _Column("DIRECTION", ".status.direction", wide=True),
            _Column("ATTEMPTS", ".status.attempts", "integer", wide=True),
        ),
        (".status.phase", ".spec.definition"),
        {"type": "object", "properties": {"name": {"type": "string", "maxLength": NAME_LIMIT}}},
    ),
    _Resource(
        SagaDecision,
        "sagadecisions",
        "sgx",
        (
            _Column("SAGA", ".spec.saga"),
            _Column("STEP", ".spec.step"),
            _Column("ACTION", ".spec.action"),
            _Column("BY", ".spec.by"),
            _Column("STATE", ".status.state"),
            _AGE,
            _Column("REASON", ".spec.reason", wide=True),
            _Column("MESSAGE", ".status.message", wide=True),
        ),
        (".status.state", ".spec.saga"),
    ),
)


def manifests() -> dict[str, dict[str, Any]]:
    """Each CustomResourceDefinition by the name of its file."""
    return {f"{resource.plural}.yaml": resource.as_dict() for resource in _RESOURCES}
