"""Participants that keep the wire contract and do nothing else: a register in memory, a script of what to answer."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pika
from pika.adapters.blocking_connection import BlockingChannel
from skald_wire import Cancel, Command, Envelope, Reply, decode, encode_reply, register
from skald_wire.names import commands_queue
from skald_wire.register import Answer, Entry, Run, Write

JSON = Any


@dataclass(frozen=True)
class Decline:
    """Answer Failed."""

    code: str
    message: str = "says the script"
    retryable: bool = False


Act = Callable[[Command], Mapping[str, JSON] | Decline | None]
"""What a command does: its output, a refusal, or None for no answer at all."""


def succeed(command: Command) -> Mapping[str, JSON]:
    """The default act."""
    return {"did": command.address.command}


class Participant:
    """Serves ``commands.<name>`` from a thread, as the broker user ``name``."""

    def __init__(
        self,
        url: str,
        name: str,
        script: Mapping[str, Act] | None = None,
        *,
        reply_as: str | None = None,
        pace: float = 0.0,
    ):
        self.name = name
        self._pace = pace
        """Seconds that each message takes, whatever becomes of it."""
        self.script = dict(script or {})
        self.effects: Counter[str] = Counter()
        """How often each command id had its effect (S4: never more than once)."""
        self.order: list[tuple[str, str]] = []
        """(saga, command) of every effect, in order."""
        self.seen: list[Command | Cancel] = []
        self._registers: dict[str, dict[str, Entry]] = {}
        self._url = url
        self._user = name if reply_as is None else reply_as
        self._stop = threading.Event()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"participant-{name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(20), f"participant {self.name} could not consume"
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)

    def reset(self) -> None:
        """Forget the script and what was seen; the registers stay, as they would."""
        self.script.clear()
        self.effects.clear()
        self.order.clear()
        self.seen.clear()

    def commands(self, saga: str) -> list[str]:
        """The commands that had an effect for a saga, in order."""
        return [command for of, command in self.order if of.endswith(f"/{saga}")]

    def messages(self, saga: str) -> list[Command | Cancel]:
        """Every message that came for a saga."""
        return [message for message in self.seen if message.address.saga.endswith(f"/{saga}")]

    def inputs(self, saga: str) -> list[Mapping[str, JSON]]:
        """What the commands for a saga were given, however often each was sent."""
        commands = {m.address.command_id: m.input for m in self.messages(saga) if isinstance(m, Command)}
        return list(commands.values())

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                self._consume()
            except pika.exceptions.AMQPError:
                time.sleep(0.1)  # the broker is away: a real participant would wait as well

    def _consume(self) -> None:
        with pika.BlockingConnection(pika.URLParameters(self._url)) as connection:
            channel = connection.channel()
            # what was fetched no longer expires
            channel.basic_qos(prefetch_count=1 if self._pace else 100)
            channel.basic_consume(commands_queue(self.name), self._on_message)
            self._up.set()
            while not self._stop.is_set():
                connection.process_data_events(time_limit=0.05)

    def _on_message(
        self, channel: BlockingChannel, deliver: Any, properties: pika.BasicProperties, body: bytes
    ) -> None:
        message = decode(
            Envelope(
                exchange=deliver.exchange,
                routing_key=deliver.routing_key,
                message_id=properties.message_id,
                correlation_id=properties.correlation_id,
                type=properties.type,
                headers=properties.headers,
                body=body,
                reply_to=properties.reply_to,
                user_id=properties.user_id,
            )
        )
        self.seen.append(message)
        self._stop.wait(self._pace)
        answer = self._meet(message)
        if answer is not None:
            self._reply(channel, message, answer)
        channel.basic_ack(deliver.delivery_tag)

    def _meet(self, message: Command | Cancel) -> Answer | None:
        entries = self._registers.setdefault(message.address.saga_key, {})
        match register.meet(entries, message, time.time()):
            case Answer() as answer:
                return answer
            case Write(changes, answer):
                entries.update(changes)
                return answer
            case Run():
                assert isinstance(message, Command)
                return self._run(entries, message)
            case other:
                raise AssertionError(f"{other} needs work that takes time; this participant has none")

    def _run(self, entries: dict[str, Entry], command: Command) -> Answer | None:
        result = self.script.get(command.address.command, succeed)(command)
        if result is None:
            return None
        if isinstance(result, Decline):
            failed = register.fail(command, result.code, result.message, retryable=result.retryable)
            if isinstance(failed, Write):
                entries.update(failed.changes)
            return failed.answer if isinstance(failed, Write) else failed
        write = register.execute(entries, command, result)
        entries.update(write.changes)
        self.effects[command.address.command_id] += 1
        self.order.append((command.address.saga, command.address.command))
        return write.answer

    def _reply(self, channel: BlockingChannel, message: Command | Cancel, answer: Answer) -> None:
        address = message.address
        reply = Reply(
            command_id=address.command_id,
            type=answer.type,
            body=answer.body,
            saga=address.saga,
            step=address.step,
            direction=address.direction,
            fingerprint=address.fingerprint,
            attempt=message.attempt,
            final=answer.final,
            message_id=str(uuid.uuid4()),
        )
        publish(channel, encode_reply(reply, reply_to=message.reply_to, user_id=self._user))


def publish(channel: BlockingChannel, envelope: Envelope) -> None:
    """Put an envelope on the broker."""
    properties = pika.BasicProperties(
        content_type="application/json",
        message_id=envelope.message_id,
        correlation_id=envelope.correlation_id,
        type=envelope.type,
        reply_to=envelope.reply_to,
        user_id=envelope.user_id,
        headers=dict(envelope.headers),
    )
    channel.basic_publish(envelope.exchange, envelope.routing_key, envelope.body, properties)
