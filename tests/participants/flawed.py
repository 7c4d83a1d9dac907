"""A participant at a real queue with a flaw of its wire or of its memory, to see that the kit finds it.

As a program it keeps what it did in the folder STATE, or not: ``python -m tests.participants.flawed FLAW``.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pika
from skald.messaging.frames import received, send
from skald_wire import Direction, WireError, decode, encode_reply
from skald_wire.names import Header

from tests.participants.reference import Reference

WIRE_FLAWS = {
    "one message_id for all replies": "W-reply-succeeded",
    "an output that no saga can store": "W-reply-succeeded",
    "no user_id": "W-reply-cancelled",
    "no correlation_id": "W-reply-cancelled",
    "no header final": "W-reply-failed",
    "the direction is always Forward": "W-reply-compensated",
    "the first reply_to for ever": "W-reply-to",
    "understands version 1 only": "W-next-version",
    "is silent when it knows no such command": "W-unknown-command",
    "is stuck on a body that is not JSON": "W-malformed-body",
    "is stuck on a message without headers": "W-malformed-headers",
}
MEMORY_FLAWS = {
    "the register is in memory": "R1-restart",
    "the effect is in memory": "R1-crash-before-reply",
}


class Flawed:
    """Consumes the queue of the user in ``url`` until the connection is closed by ``stop``."""

    def __init__(self, url: str, flaw: str = "") -> None:
        self.flaw = flaw
        self.reference = Reference()
        self._user = urlsplit(url).username
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.basic_qos(prefetch_count=1)
        self._reply_to = None
        self.before_reply = lambda: None

    def run(self) -> None:
        self._channel.basic_consume(f"commands.{self._user}", self._deliver)
        self._channel.start_consuming()
        self._connection.close()

    def stop(self) -> None:
        self._connection.add_callback_threadsafe(self._channel.stop_consuming)

    def _deliver(self, channel, method, properties, body) -> None:
        envelope = received(method, properties, body)
        if self.flaw == "understands version 1 only" and envelope.headers.get(Header.WIRE) != 1:
            channel.basic_reject(method.delivery_tag, requeue=False)
            return
        try:
            message = decode(envelope)
        except WireError:
            stuck = {"is stuck on a body that is not JSON": True, "is stuck on a message without headers": False}
            if stuck.get(self.flaw) is not bool(envelope.headers):
                channel.basic_reject(method.delivery_tag, requeue=False)
            return
        unknown = message.address.command not in ("reserve", "release")
        if not (unknown and self.flaw == "is silent when it knows no such command"):
            reply = encode_reply(self.reference.ask(message), reply_to=message.reply_to, user_id=self._user)
            self.before_reply()
            send(channel, self._spoilt(reply), persistent=False)
        channel.basic_ack(method.delivery_tag)

    def _spoilt(self, reply):
        reply = replace(reply, message_id=str(uuid.uuid4()))
        self._reply_to = self._reply_to or reply.routing_key
        without_final = {name: value for name, value in reply.headers.items() if name != Header.FINAL}
        spoilt = {
            "one message_id for all replies": {"message_id": "the same"},
            "an output that no saga can store": {"body": json.dumps({"long": "x" * 20_000}).encode()},
            "no user_id": {"user_id": None},
            "no correlation_id": {"correlation_id": ""},
            "no header final": {"headers": without_final},
            "the direction is always Forward": {
                "headers": {**reply.headers, Header.DIRECTION: Direction.FORWARD.value}
            },
            "the first reply_to for ever": {"routing_key": self._reply_to},
        }
        return replace(reply, **spoilt.get(self.flaw, {}))


def main(flaw: str) -> None:
    register, held = Path(os.environ["STATE"], "register.json"), Path(os.environ["STATE"], "held.json")
    participant = Flawed(os.environ["AMQP_URL"], flaw)
    reference = participant.reference
    if register.exists():
        reference.register = json.loads(register.read_text())
    if held.exists():
        reference.held = Counter(json.loads(held.read_text()))

    def keep() -> None:
        if flaw != "the register is in memory":
            register.write_text(json.dumps(reference.register))
        if flaw != "the effect is in memory":
            held.write_text(json.dumps(reference.held))

    participant.before_reply = keep
    participant.run()


if __name__ == "__main__":
    main(sys.argv[1])
