"""What the kinds have in common."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

JSON = Any
GROUP = "skald.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
ABANDON = "skald.dev/abandon"
"""Annotation that lets a delete of a live saga, or of a definition, through."""
TRACEPARENT = "skald.dev/traceparent"
"""Annotation with the starter's W3C trace context."""

Name = Annotated[str, Meta(max_length=40, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$")]
Word = Annotated[str, Meta(max_length=63, pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$")]
Duration = Annotated[str, Meta(max_length=20, description="a duration such as 200ms, 5s or 10m")]


class Camel(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Names as Kubernetes writes them; what is not set is not written."""


class Strict(Camel, frozen=True, forbid_unknown_fields=True):
    """What people write: a name that nobody knows is a mistake of theirs."""


class OwnerReference(Camel, frozen=True):
    """Only what is used."""

    kind: str
    name: str
    uid: str


class Metadata(Camel, frozen=True):
    """Only what is used."""

    name: str
    namespace: str
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    annotations: dict[str, str] = msgspec.field(default_factory=dict)
    deletion_timestamp: str | None = None
    owner_references: list[OwnerReference] = msgspec.field(default_factory=list)


class StatusCondition(Camel, frozen=True):
    """As in every Kubernetes API."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    last_transition_time: str = ""
    observed_generation: int | None = None
