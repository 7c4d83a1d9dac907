"""Between the API server's JSON and the operator's types."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import msgspec
import orjson

from saga_operator.domain.kinds import Metadata, Saga, SagaDecision, SagaDefinition
from saga_operator.domain.nesting import shallow
from saga_operator.engine.ports import Ref

JSON = Any
log = logging.getLogger(__name__)


class Unreadable(ConnectionError):
    """An object that the CRD lets through but these types do not: two versions that do not fit. The text says where.

    To its callers it is as if nobody had answered: they try again, and somebody can mend the object or the operator.
    """


class _Name(msgspec.Struct):
    namespace: str
    name: str
    uid: str


class _Item(msgspec.Struct):
    metadata: _Name


class _Names(msgspec.Struct):
    items: list[_Item]


class _PageMetadata(msgspec.Struct):
    continue_: str = msgspec.field(default="", name="continue")


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    metadata: _PageMetadata


class LeaseSpec(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Of coordination.k8s.io, only what is used. Times are for people."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int = 0


class Lease(msgspec.Struct, frozen=True):
    """Who runs the sagas of the namespace."""

    metadata: Metadata
    spec: LeaseSpec = LeaseSpec()


_Kind = TypeVar("_Kind")
_UNREADABLE: Final = (msgspec.MsgspecError, RecursionError)
"""What a decoder raises."""
_lease = msgspec.json.Decoder(Lease)
_saga = msgspec.json.Decoder(Saga)
_definition = msgspec.json.Decoder(SagaDefinition)
_decision = msgspec.json.Decoder(SagaDecision)
_page = msgspec.json.Decoder(_Page)
_names = msgspec.json.Decoder(_Names)


def _decode(decoder: msgspec.json.Decoder[_Kind], body: bytes) -> _Kind:
    try:
        return decoder.decode(body)
    except RecursionError:
        return decoder.decode(shallow(body))


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise Unreadable(str(error)) from None


def decode_saga(body: bytes) -> Saga:
    """A Saga as the API server sent it. Raises Unreadable."""
    with _reading():
        return _decode(_saga, body)


def decode_definition(body: bytes) -> SagaDefinition:
    """A SagaDefinition as the API server sent it. Raises Unreadable."""
    with _reading():
        return _decode(_definition, body)


def decode_decision(body: bytes) -> SagaDecision:
    """A SagaDecision as the API server sent it. Raises Unreadable."""
    with _reading():
        return _decode(_decision, body)


def decode_page(body: bytes) -> tuple[list[Saga], str]:
    """The sagas of one page of a list, without those that cannot be read, and where the next page begins, if any.

    Raises Unreadable when it is no list at all.
    """
    with _reading():
        page = _decode(_page, body)
    sagas = []
    for item in page.items:
        try:
            sagas.append(_saga.decode(item))
        except _UNREADABLE as error:
            log.error("a listed saga cannot be read and is left alone: %s", error)  # noqa: TRY400  the sentence says it all
    return sagas, page.metadata.continue_


def decode_names(body: bytes) -> list[tuple[Ref, str]]:
    """Place and uid of every object in a PartialObjectMetadataList. Raises Unreadable."""
    with _reading():
        names = [item.metadata for item in _decode(_names, body).items]
    return [(Ref(each.namespace, each.name), each.uid) for each in names]


def decode_lease(body: bytes) -> Lease:
    """A Lease as the API server sent it. Raises Unreadable."""
    with _reading():
        return _decode(_lease, body)


def encode_lease(name: str, version: str, spec: LeaseSpec) -> bytes:
    """A Lease to create (no version), or to put in the place of the one of this version."""
    metadata = {"name": name, "resourceVersion": version} if version else {"name": name}
    return msgspec.json.encode(
        {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
    )


def to_saga(raw: Mapping[str, JSON]) -> Saga:
    """A Saga out of kopf's dictionaries. Raises Unreadable."""
    with _reading():
        return msgspec.convert(raw, Saga)


def to_definition(raw: Mapping[str, JSON]) -> SagaDefinition:
    """A SagaDefinition out of kopf's dictionaries. Raises Unreadable."""
    with _reading():
        return msgspec.convert(raw, SagaDefinition)


def to_decision(raw: Mapping[str, JSON]) -> SagaDecision:
    """A SagaDecision out of kopf's dictionaries. Raises Unreadable."""
    with _reading():
        return msgspec.convert(raw, SagaDecision)


def encode(document: Mapping[str, JSON]) -> bytes:
    """JSON as the API server reads it."""
    return orjson.dumps(document)


def reason(body: bytes) -> str:
    """The sentence in an API server's refusal."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:200].decode("utf-8", "replace")
    return str(document.get("message") or document) if isinstance(document, dict) else str(document)
