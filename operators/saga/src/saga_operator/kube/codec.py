"""Between the API server's JSON and the operator's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from saga_operator.domain.kinds import Saga, SagaDefinition

JSON = Any

_saga = msgspec.json.Decoder(Saga)
_definition = msgspec.json.Decoder(SagaDefinition)


class Unreadable(ConnectionError):
    """An object that the CRD lets through but these types do not: two versions that do not fit. The text says where.

    To its callers it is as if nobody had answered: they try again, and somebody can mend the object or the operator.
    """


def decode_saga(body: bytes) -> Saga:
    """A Saga as the API server sent it. Raises Unreadable."""
    try:
        return _saga.decode(body)
    except msgspec.MsgspecError as error:
        raise Unreadable(str(error)) from None


def decode_definition(body: bytes) -> SagaDefinition:
    """A SagaDefinition as the API server sent it. Raises Unreadable."""
    try:
        return _definition.decode(body)
    except msgspec.MsgspecError as error:
        raise Unreadable(str(error)) from None


def to_saga(raw: Mapping[str, JSON]) -> Saga:
    """A Saga out of kopf's dictionaries. Raises Unreadable."""
    try:
        return msgspec.convert(raw, Saga)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from None


def to_definition(raw: Mapping[str, JSON]) -> SagaDefinition:
    """A SagaDefinition out of kopf's dictionaries. Raises Unreadable."""
    try:
        return msgspec.convert(raw, SagaDefinition)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from None


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
