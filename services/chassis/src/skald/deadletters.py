"""Looks after dead letters: what nobody could read, and what the broker gave up delivering.

    python -m skald.deadletters list commands.payments
    python -m skald.deadletters show commands.payments 5f2c…
    python -m skald.deadletters replay commands.payments 5f2c…
    python -m skald.deadletters discard commands.payments --all

A dead command is a diagnosis, not a debt: the operator has sent it again or given it up long ago, and a replay is safe
because the register answers it. A replay keeps the sender's name, so the broker user needs the tag ``impersonator``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError
from pydantic import BaseModel, SecretStr
from skald_wire.names import Header, dead_queue

from skald.settings import SettingsError, env, read_settings

__all__ = ["DeadLetter", "DeadLetters", "main"]

_ADDED: Final = (Header.REASON, Header.ORIGIN_EXCHANGE, Header.ORIGIN_USER)
_BROKER_PREFIX: Final = "x-"
_PERSISTENT: Final = 2


class _BrokerSettings(BaseModel):
    amqp_url: SecretStr = env("SKALD_AMQP_URL", "amqp://USER:PASSWORD@HOST:PORT/VHOST")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message in a dead queue."""

    tag: int
    routing_key: str
    properties: Any
    body: bytes

    @property
    def id(self) -> str:
        """Its message id."""
        return str(self.properties.message_id or "")

    @property
    def headers(self) -> dict[str, Any]:
        """As it lies in the dead queue."""
        return dict(self.properties.headers or {})

    @property
    def reason(self) -> str:
        """Why it is here: the service's sentence, or the broker's word."""
        given = self.headers.get(Header.REASON)
        return str(given or f"given up by the broker ({self.headers.get('x-first-death-reason', 'no reason')})")

    @property
    def origin(self) -> str:
        """The exchange that it was published to."""
        return str(self.headers.get(Header.ORIGIN_EXCHANGE) or self.headers.get("x-first-death-exchange") or "")

    def original(self) -> pika.BasicProperties:
        """The properties that its sender gave it."""
        kept = {k: v for k, v in self.headers.items() if k not in _ADDED and not k.startswith(_BROKER_PREFIX)}
        return pika.BasicProperties(
            content_type=self.properties.content_type,
            headers=kept,
            delivery_mode=_PERSISTENT,
            correlation_id=self.properties.correlation_id,
            reply_to=self.properties.reply_to,
            message_id=self.properties.message_id,
            type=self.properties.type,
            user_id=self.headers.get(Header.ORIGIN_USER) or self.properties.user_id,
        )


class DeadLetters:
    """The dead queue of one queue, over one channel. What is neither replayed nor discarded stays where it is."""

    def __init__(self, channel: BlockingChannel, queue: str) -> None:
        self._channel = channel
        self._queue = dead_queue(queue)
        channel.confirm_delivery()

    def __iter__(self) -> Iterator[DeadLetter]:
        """Fetches one after another; unsettled ones go back uncounted by ``release``."""
        while True:
            method, properties, body = self._channel.basic_get(self._queue)
            if method is None:
                return
            yield DeadLetter(method.delivery_tag, method.routing_key, properties, body)

    def waiting(self) -> int:
        """How many lie there now."""
        return int(self._channel.queue_declare(self._queue, passive=True).method.message_count)

    def replay(self, letter: DeadLetter) -> None:
        """Publish it again where it came from, then remove it here. Raises AMQPError, and it stays."""
        self._channel.basic_publish(letter.origin, letter.routing_key, letter.body, letter.original(), mandatory=True)
        self.discard(letter)

    def discard(self, letter: DeadLetter) -> None:
        """Remove it."""
        self._channel.basic_ack(letter.tag)

    def release(self) -> None:
        """Put back what was only looked at; a nack does not count towards a delivery limit."""
        self._channel.basic_nack(0, multiple=True, requeue=True)


def describe(letter: DeadLetter) -> str:
    """Everything about it, for a person."""
    properties = {
        "message_id": letter.id,
        "type": letter.properties.type,
        "exchange": letter.origin,
        "routing_key": letter.routing_key,
        "user_id": letter.original().user_id,
        "reply_to": letter.properties.reply_to,
        "reason": letter.reason,
        "headers": letter.headers,
        "body": letter.body.decode("utf-8", "replace"),
    }
    return json.dumps(properties, indent=2, default=str)


def _summary(letter: DeadLetter) -> str:
    saga = letter.headers.get(Header.SAGA, "-")
    return f"{letter.id or '-':36}  {letter.properties.type or '-':24}  {saga!s:40}  {letter.reason}"


def _act(letters: DeadLetters, action: str, wanted: str | None) -> int:
    """Do ``action`` to the wanted letter, or to all (None); how many there were."""
    count = 0
    # What is replayed and still cannot be acted on comes back, behind those that lie there now.
    at_most = letters.waiting() if action == "replay" else None
    for letter in islice(letters, at_most):
        if wanted not in (None, letter.id):
            continue
        count += 1
        if action == "list":
            print(_summary(letter))
        elif action == "show":
            print(describe(letter))
        else:
            {"replay": letters.replay, "discard": letters.discard}[action](letter)
            print(f"{action}: {letter.id}")
    letters.release()
    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m skald.deadletters", description="Looks after dead letters.")
    actions = parser.add_subparsers(dest="action", required=True)
    for action, meaning in (
        ("list", "one line for each"),
        ("show", "everything about one"),
        ("replay", "publish again where it came from"),
        ("discard", "remove"),
    ):
        one = actions.add_parser(action, help=meaning)
        one.add_argument("queue", help="for example commands.payments")
        if action != "list":
            which = one.add_mutually_exclusive_group(required=True)
            which.add_argument("message_id", nargs="?")
            which.add_argument("--all", action="store_true")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 when the message is not there or the broker refuses, 2 for a wrong command line."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(_BrokerSettings)
        connection = pika.BlockingConnection(pika.URLParameters(settings.amqp_url.get_secret_value()))
        with connection:
            letters = DeadLetters(connection.channel(), options.queue)
            count = _act(letters, options.action, getattr(options, "message_id", None))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    except AMQPError as error:
        print(f"the broker refused {options.action} of {dead_queue(options.queue)}: {error!r}", file=sys.stderr)
        return 1
    wanted = getattr(options, "message_id", None)
    if wanted is not None and not count:
        print(f"{dead_queue(options.queue)} has no message {wanted}", file=sys.stderr)
        return 1
    if options.action == "list" and not count:
        print(f"{dead_queue(options.queue)} is empty")
    return 0


if __name__ == "__main__":
    sys.exit(main())
