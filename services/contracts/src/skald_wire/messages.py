"""The three messages of the protocol, and how they look on AMQP 0-9-1.

Pure: an ``Envelope`` is what any client library can send.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec

from skald_wire.canonical import canonical
from skald_wire.identity import Kind
from skald_wire.names import COMMANDS_EXCHANGE, FIRST_WIRE_VERSION, REPLIES_EXCHANGE, WIRE_VERSION, Header

JSON = Any
CANCEL: Final = "cancel"
"""The ``type`` property of a cancel; a command's is its routing key."""
CONTENT_TYPE: Final = "application/json"


class WireError(ValueError):
    """A message that breaks the contract. The text is the reason given to whoever finds its dead-lettered copy."""


class ReplyType(StrEnum):
    """What a reply says of the register it was answered from."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class Direction(StrEnum):
    """Forward: an action. Backward: a compensation."""

    FORWARD = "Forward"
    BACKWARD = "Backward"

    @property
    def kind(self) -> Kind:
        """The command kind that travels in this direction."""
        return Kind.ACTION if self is Direction.FORWARD else Kind.COMPENSATION


class OnFailure(StrEnum):
    """Whether a participant may register a failure (rule R3)."""

    COMPENSATE = "compensate"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An AMQP message, without a client library's types."""

    exchange: str
    routing_key: str
    message_id: str
    correlation_id: str
    type: str
    headers: Mapping[str, Any]
    body: bytes
    reply_to: str | None = None
    user_id: str | None = None
    expiration: str | None = None
    """Milliseconds, in decimal, after which the broker drops it instead of delivering it. Empty on what it delivers."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a command and its cancel have in common: whose register they speak to."""

    command_id: str
    saga_key: str
    saga: str
    """``namespace/name`` of the Saga object, for people."""
    step: str
    participant: str
    command: str
    direction: Direction
    fingerprint: str
    action_id: str | None = None
    """Of a compensation: the id of the action that it undoes (rule R4)."""

    @property
    def routing_key(self) -> str:
        """``<participant>.<command>``, for commands and cancels alike."""
        return f"{self.participant}.{self.command}"


@dataclass(frozen=True, slots=True)
class Command:
    """Do it, or answer what became of it."""

    address: Address
    input: Mapping[str, JSON]
    attempt: int
    on_failure: OnFailure
    issued_at: str
    """RFC 3339 time of this publish (rule R7)."""
    reply_to: str = ""
    deadline: str | None = None
    """RFC 3339; past it an action is answered Failed, not final. Only on actions up to the pivot."""
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Never do it from now on, or answer that it was done (rule R2)."""

    address: Address
    attempt: int
    issued_at: str
    reply_to: str = ""
    decision: Mapping[str, JSON] | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a register holds."""

    command_id: str
    type: ReplyType
    body: Mapping[str, JSON]
    saga: str
    step: str
    direction: Direction
    fingerprint: str
    attempt: int
    final: bool = False
    """On Failed: the failure is registered and stays."""
    message_id: str = ""
    user_id: str | None = None

    @property
    def code(self) -> str:
        """Of a Failed: the participant's error code."""
        return str(self.body.get("code", "Unknown"))

    @property
    def message(self) -> str:
        """Of a Failed: the participant's sentence."""
        return str(self.body.get("message", ""))


def _address_headers(address: Address, attempt: int, issued_at: str, traceparent: str | None) -> dict[str, Any]:
    headers: dict[str, Any] = {
        Header.WIRE: WIRE_VERSION,
        Header.SAGA_KEY: address.saga_key,
        Header.SAGA: address.saga,
        Header.STEP: address.step,
        Header.DIRECTION: address.direction.value,
        Header.ATTEMPT: attempt,
        Header.FINGERPRINT: address.fingerprint,
        Header.ISSUED_AT: issued_at,
    }
    if address.action_id is not None:
        headers[Header.ACTION_ID] = address.action_id
    if traceparent is not None:
        headers[Header.TRACEPARENT] = traceparent
    return headers


def encode(message: Command | Cancel, *, user_id: str | None = None, expires_after: float | None = None) -> Envelope:
    """A command or a cancel as it goes to the commands exchange, for ever or for so many seconds."""
    address = message.address
    headers = _address_headers(address, message.attempt, message.issued_at, message.traceparent)
    if isinstance(message, Command):
        headers[Header.ON_FAILURE] = message.on_failure.value
        if message.deadline is not None:
            headers[Header.DEADLINE] = message.deadline
        body, kind = canonical(dict(message.input)), address.routing_key
    else:
        body, kind = canonical({} if message.decision is None else {"decision": dict(message.decision)}), CANCEL
    return Envelope(
        exchange=COMMANDS_EXCHANGE,
        routing_key=address.routing_key,
        message_id=address.command_id,
        correlation_id=address.saga,
        type=kind,
        headers=headers,
        body=body,
        reply_to=message.reply_to,
        user_id=user_id,
        expiration=None if expires_after is None else str(math.ceil(expires_after * 1000)),
    )


def encode_reply(reply: Reply, *, reply_to: str, user_id: str | None = None) -> Envelope:
    """A reply as it goes back to the queue that the message at hand named."""
    headers: dict[str, Any] = {
        Header.WIRE: WIRE_VERSION,
        Header.SAGA: reply.saga,
        Header.STEP: reply.step,
        Header.DIRECTION: reply.direction.value,
        Header.FINGERPRINT: reply.fingerprint,
        Header.ATTEMPT: reply.attempt,
    }
    if reply.type is ReplyType.FAILED:
        headers[Header.FINAL] = reply.final
    return Envelope(
        exchange=REPLIES_EXCHANGE,
        routing_key=reply_to,
        message_id=reply.message_id,
        correlation_id=reply.command_id,
        type=reply.type.value,
        headers=headers,
        body=canonical(dict(reply.body)),
        user_id=user_id,
    )


_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads headers and says which one is missing or wrong."""

    headers: Mapping[str, Any]
    what: str

    def text(self, name: str) -> str:
        value = self.headers.get(name)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str) or not value:
            raise WireError(f"{self.what}: the header {name!r} must be a non-empty string, found {value!r}")
        return value

    def optional(self, name: str) -> str | None:
        return None if self.headers.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        value = self.headers.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise WireError(f"{self.what}: the header {name!r} must be an integer, found {value!r}")
        return value

    def moment(self, name: str) -> str:
        value = self.text(name)
        try:
            zoned = datetime.fromisoformat(value).tzinfo is not None
        except ValueError:
            zoned = False
        if not zoned:
            raise WireError(f"{self.what}: the header {name!r} must be an RFC 3339 time, found {value!r}")
        return value

    def one_of(self, name: str, kind: type[_Choice]) -> _Choice:
        value = self.text(name)
        try:
            return kind(value)
        except ValueError:
            choices = ", ".join(sorted(member.value for member in kind))
            raise WireError(f"{self.what}: the header {name!r} must be one of {choices}, found {value!r}") from None

    def version(self) -> None:
        version = self.number(Header.WIRE)
        if version < FIRST_WIRE_VERSION or abs(version - WIRE_VERSION) > 1:
            raise WireError(f"{self.what}: wire version {version} is not understood (this side: {WIRE_VERSION})")

    def address(self, command_id: str, routing_key: str) -> Address:
        participant, dot, command = routing_key.partition(".")
        if not (participant and dot and command):
            raise WireError(f"{self.what}: the routing key must be <participant>.<command>, found {routing_key!r}")
        direction = self.one_of(Header.DIRECTION, Direction)
        action_id = self.text(Header.ACTION_ID) if direction is Direction.BACKWARD else self.optional(Header.ACTION_ID)
        return Address(
            command_id=command_id,
            saga_key=self.text(Header.SAGA_KEY),
            saga=self.text(Header.SAGA),
            step=self.text(Header.STEP),
            participant=participant,
            command=command,
            direction=direction,
            fingerprint=self.text(Header.FINGERPRINT),
            action_id=action_id,
        )


def _json_object(body: bytes, what: str) -> dict[str, JSON]:
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise WireError(f"{what}: the body is nested too deep") from None
    except ValueError as error:
        raise WireError(f"{what}: the body is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise WireError(f"{what}: the body must be a JSON object, found {type(value).__name__}")
    return value


def decode(envelope: Envelope) -> Command | Cancel:
    """Read what came from a commands queue. Raises WireError, which says what property, header or body is wrong."""
    what = "cancel" if envelope.type == CANCEL else f"command {envelope.type or envelope.routing_key}"
    if not envelope.message_id:
        raise WireError(f"{what}: the property message_id (the command id) is missing")
    if not envelope.reply_to:
        raise WireError(f"{what}: the property reply_to is missing, so nobody could be answered")
    reader = _Reader(envelope.headers, what)
    reader.version()
    address = reader.address(envelope.message_id, envelope.routing_key)
    attempt, issued_at = reader.number(Header.ATTEMPT), reader.moment(Header.ISSUED_AT)
    no_trace = envelope.headers.get(Header.TRACEPARENT) == ""  # a trace that is missing is never worth the message
    traceparent = None if no_trace else reader.optional(Header.TRACEPARENT)
    body = _json_object(envelope.body, what)
    if envelope.type == CANCEL:
        decision = body.get("decision")
        if decision is not None and not isinstance(decision, dict):
            raise WireError(f"{what}: decision must be a JSON object")
        return Cancel(address, attempt, issued_at, envelope.reply_to, decision, traceparent)
    if envelope.type != address.routing_key:
        raise WireError(f"{what}: the property type must be the routing key {address.routing_key!r} or {CANCEL!r}")
    return Command(
        address=address,
        input=body,
        attempt=attempt,
        on_failure=reader.one_of(Header.ON_FAILURE, OnFailure),
        issued_at=issued_at,
        reply_to=envelope.reply_to,
        deadline=None if reader.optional(Header.DEADLINE) is None else reader.moment(Header.DEADLINE),
        traceparent=traceparent,
    )


def decode_reply(envelope: Envelope) -> Reply:
    """Read what came to an operator's reply queue. Raises WireError."""
    reader = _Reader(envelope.headers, "reply")
    reader.version()
    if not envelope.correlation_id:
        raise WireError("reply: the property correlation_id (the command id) is missing")
    try:
        kind = ReplyType(envelope.type)
    except ValueError:
        raise WireError(f"reply: type must be Succeeded, Failed or Cancelled, found {envelope.type!r}") from None
    return Reply(
        command_id=envelope.correlation_id,
        type=kind,
        body=_json_object(envelope.body, "reply"),
        saga=reader.text(Header.SAGA),
        step=reader.text(Header.STEP),
        direction=reader.one_of(Header.DIRECTION, Direction),
        fingerprint=reader.text(Header.FINGERPRINT),
        attempt=reader.number(Header.ATTEMPT),
        final=kind is ReplyType.FAILED and envelope.headers.get(Header.FINAL) is True,
        message_id=envelope.message_id,
        user_id=envelope.user_id,
    )
