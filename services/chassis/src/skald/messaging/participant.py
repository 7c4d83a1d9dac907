"""A participant in sagas: finds the handler of a command or a cancel, and the reply that the register gives."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from skald_wire import Cancel, Command, Direction, Envelope, Reply, ReplyType, WireError, decode
from skald_wire.register import Code

from skald.effects import Decide, Done, Failed, Started
from skald.mongo import StoreUnavailable
from skald.repository import Repository

__all__ = ["OPERATOR", "Handler", "Participant", "Unreadable", "reading"]

logger = logging.getLogger(__name__)

S = TypeVar("S")
B = TypeVar("B", bound=BaseModel)

OPERATOR: Final = frozenset({"saga-operator"})
"""The broker user of the operator: who may send commands. The broker vouches for the name."""


class Unreadable(Exception):
    """A message that nobody can act on; the text becomes the reason on its dead-lettered copy."""


@dataclass(frozen=True, slots=True)
class Handler(Generic[S]):
    """One command of a participant."""

    decide: Decide[S]
    senders: frozenset[str]
    """The broker users that may send it: its auth rule."""
    undoes: str | None = None
    """Of a compensation: the command that it undoes."""

    @property
    def direction(self) -> Direction:
        """The only direction in which this command is accepted."""
        return Direction.FORWARD if self.undoes is None else Direction.BACKWARD


def reading(model: type[B], decide: Callable[[S | None, Command, B], Done[S] | Failed[S] | Started[S]]) -> Decide[S]:
    """``decide`` with the input read as ``model``; input that the model refuses is answered InvalidInput without it."""

    def decide_on_read_input(state: S | None, command: Command) -> Done[S] | Failed[S] | Started[S]:
        try:
            read = model.model_validate(command.input)
        except ValidationError as error:
            return Failed(Code.INVALID_INPUT, "; ".join(_complaint(item) for item in error.errors()))
        return decide(state, command, read)

    return decide_on_read_input


def _complaint(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc']) or 'input'}: {error['msg']}"


class Participant(Generic[S]):
    """The commands of one participant over one repository, which has a document per saga."""

    def __init__(self, name: str, repository: Repository[S], handlers: Mapping[str, Handler[S]]) -> None:
        """Raises ValueError when a compensation undoes a command that is not there."""
        for command, handler in handlers.items():
            if handler.undoes is not None and handler.undoes not in handlers:
                raise ValueError(f"{name}.{command} undoes {handler.undoes!r}, which {name} does not have")
        self.name = name
        self.handlers = dict(handlers)
        self._repository = repository

    def read(self, envelope: Envelope) -> Command | Cancel:
        """The message in the envelope. Raises Unreadable."""
        try:
            message = decode(envelope)
        except WireError as error:
            raise Unreadable(str(error)) from error
        address = message.address
        for name, id_ in (("message_id", address.command_id), ("action-id", address.action_id)):
            if id_ is not None and not _is_id(id_):
                raise Unreadable(f"{name} must be a UUID in its canonical form, found {id_!r}")
        if address.participant != self.name:
            raise Unreadable(f"{address.routing_key} is not for {self.name}")
        handler = self.handlers.get(address.command)
        allowed = OPERATOR if handler is None else handler.senders
        if envelope.user_id not in allowed:
            raise Unreadable(f"sent by {envelope.user_id!r}; only {', '.join(sorted(allowed))} may send it")
        return message

    def answer(self, message: Command | Cancel) -> Reply:
        """The reply, once the effect is durable. Raises StoreUnavailable only: a bug is answered Failed."""
        try:
            return self._repository.apply(message, self._decide(message))
        except StoreUnavailable:
            raise
        except Exception as error:
            logger.exception("%s failed", message.address.routing_key)
            return _not_now(message, f"{type(error).__name__} in {message.address.routing_key}; see the log there")

    def _decide(self, message: Command | Cancel) -> Decide[S]:
        address = message.address
        handler = self.handlers.get(address.command)
        if handler is None:
            known = ", ".join(sorted(self.handlers))
            return _refusing(Code.UNKNOWN_COMMAND, f"{self.name} has no command {address.command!r}; it has {known}")
        if handler.direction is not address.direction:
            return _refusing(Code.WRONG_DIRECTION, f"{address.routing_key} is a {handler.direction} command")
        return handler.decide


def _refusing(code: Code, message: str) -> Decide[Any]:
    """Answers without registering: the next version of the service may know the command."""
    return lambda _state, _command: Failed(code, message, retryable=True)


def _not_now(message: Command | Cancel, text: str) -> Reply:
    address = message.address
    return Reply(
        command_id=address.command_id,
        type=ReplyType.FAILED,
        body={"code": str(Code.INTERNAL_ERROR), "message": text},
        saga=address.saga,
        step=address.step,
        direction=address.direction,
        fingerprint=address.fingerprint,
        attempt=message.attempt,
    )


def _is_id(text: str) -> bool:
    """Ids become field names in the store, so nothing else may pass."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
