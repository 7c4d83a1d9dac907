"""Participants that do nothing: one process answers every command of three participants at once.

No database and no register, so that the numbers are the engine's and the broker's. ``decline`` fails for good, ``park``
is answered only when it is cancelled, anything else succeeds.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import uuid

import pika
import uvloop
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel
from pika.spec import Basic
from saga_operator.amqp.connection import CoalescingConnection
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


def on_message(channel: Channel, method: Basic.Deliver, properties: pika.BasicProperties, body: bytes) -> None:
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


def send(channel: Channel, message: Command | Cancel, kind: ReplyType, content: dict[str, str]) -> None:
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


def serve(url: str, participant: str) -> CoalescingConnection:
    """One connection, one participant."""

    def consume(channel: Channel) -> None:
        channel.basic_qos(prefetch_count=64)
        channel.basic_consume(commands_queue(participant), on_message)

    return CoalescingConnection(
        pika.URLParameters(url),
        on_open_callback=lambda connection: connection.channel(on_open_callback=consume),
        on_open_error_callback=_end,
        on_close_callback=_end,
        custom_ioloop=asyncio.get_running_loop(),
    )


def _end(_: AsyncioConnection, reason: BaseException | str) -> None:
    sys.exit(f"no connection to the broker: {reason!r}")


async def main(urls: dict[str, str]) -> None:
    """All of them, until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    connections = [serve(url, name) for name, url in urls.items()]
    await stop.wait()
    for connection in connections:
        connection.close()


if __name__ == "__main__":
    uvloop.run(main(dict(argument.split("=", 1) for argument in sys.argv[1:])))
