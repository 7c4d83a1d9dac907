"""Participants that do nothing: one process answers every command of three participants at once.

No database and no register, so that the numbers are the engine's and the broker's. ``decline`` fails for good, ``park``
is answered only when it is cancelled, anything else succeeds.
"""

from __future__ import annotations

import signal
import sys
import threading
import uuid

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic
from skald_wire import Cancel, Command, Envelope, Reply, ReplyType, decode, encode_reply
from skald_wire.names import REPLIES_EXCHANGE, commands_queue


def answer(message: Command | Cancel) -> tuple[ReplyType, dict[str, str]] | None:
    """What a participant without effects says; None: nothing, for now."""
    match message:
        case Cancel():
            return ReplyType.CANCELLED, {}
        case Command(address=address) if address.command == "decline":
            return ReplyType.FAILED, {"code": "Declined", "message": "as the benchmark asked"}
        case Command(address=address) if address.command == "park":
            return None
        case Command(address=address):
            return ReplyType.SUCCEEDED, {"id": address.command_id}


def on_message(channel: BlockingChannel, method: Basic.Deliver, properties: pika.BasicProperties, body: bytes) -> None:
    """Answer, then ack."""
    message = decode(
        Envelope(
            exchange=method.exchange,
            routing_key=method.routing_key,
            message_id=properties.message_id,
            correlation_id=properties.correlation_id,
            type=properties.type,
            headers=properties.headers,
            body=body,
            reply_to=properties.reply_to,
        )
    )
    said = answer(message)
    if said is not None:
        send(channel, message, *said)
    channel.basic_ack(method.delivery_tag)


def send(channel: BlockingChannel, message: Command | Cancel, kind: ReplyType, content: dict[str, str]) -> None:
    """The reply, under the participant's own name."""
    address = message.address
    reply = Reply(
        command_id=address.command_id,
        type=kind,
        body=content,
        saga=address.saga,
        step=address.step,
        direction=address.direction,
        fingerprint=address.fingerprint,
        attempt=message.attempt,
        final=kind is ReplyType.FAILED,
        message_id=str(uuid.uuid4()),
    )
    envelope = encode_reply(reply, reply_to=message.reply_to)
    properties = pika.BasicProperties(
        message_id=envelope.message_id,
        correlation_id=envelope.correlation_id,
        type=envelope.type,
        headers=dict(envelope.headers),
        user_id=address.participant,
    )
    channel.basic_publish(REPLIES_EXCHANGE, envelope.routing_key, envelope.body, properties)


def serve(url: str, participant: str, stop: threading.Event) -> None:
    """One connection, one participant, until told to stop."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=64)
        channel.basic_consume(commands_queue(participant), on_message)
        while not stop.is_set():
            connection.process_data_events(time_limit=0.2)


def main(urls: dict[str, str]) -> None:
    """A thread per participant."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threads = [threading.Thread(target=serve, args=(url, name, stop)) for name, url in urls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))
