"""The broker grants each user what its work needs and refuses the rest; what it gives up on is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError
from skald.testing.waiting import eventually

from hack.embedded.platform import Platform

REFUSED = 403
"""ACCESS_REFUSED, with which the broker closes the channel."""


@pytest.fixture(scope="module")
def vhost(parts: Platform) -> str:
    return parts.new_vhost()


@contextmanager
def channel(parts: Platform, user: str, vhost: str) -> Iterator[BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(parts.amqp_url(user, vhost))) as connection:
        opened = connection.channel()
        opened.confirm_delivery()
        yield opened


def publish(
    to: BlockingChannel, exchange: str, key: str, body: bytes = b"{}", *, expiration: str | None = None
) -> None:
    properties = pika.BasicProperties(delivery_mode=2, expiration=expiration)
    to.basic_publish(exchange, key, body, properties, mandatory=True)


def depth(to: BlockingChannel, queue: str) -> int:
    """Messages that wait in a queue."""
    return int(to.queue_declare(queue, passive=True).method.message_count)


def eventually_get(from_: BlockingChannel, queue: str, *, ack: bool = True) -> bytes:
    """The next message of a queue, which may still be on its way."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        method, _, body = from_.basic_get(queue, auto_ack=ack)
        if method and body is not None:
            return body
        from_.connection.process_data_events(0.05)
    pytest.fail(f"nothing arrived in {queue}")


FORBIDDEN: dict[str, tuple[str, Callable[[BlockingChannel], object]]] = {
    "a participant sends no command": ("payments", lambda c: publish(c, "saga.commands", "inventory.reserve")),
    "a participant reads no other's queue": ("payments", lambda c: c.basic_get("commands.inventory")),
    "a participant reaches no queue by the default exchange": (
        "payments",
        lambda c: publish(c, "", "commands.shipping"),
    ),
    "a participant buries nothing in another's dead letters": (
        "payments",
        lambda c: publish(c, "commands.shipping.dead", ""),
    ),
    "a participant gives no dead letter in the broker's name": (
        "payments",
        lambda c: publish(c, "dead-letters", ""),
    ),
    "a participant makes no queue": ("payments", lambda c: c.queue_declare("mine", durable=True)),
    "a participant binds nothing": (
        "payments",
        lambda c: c.queue_bind("commands.payments", "saga.commands", "inventory.*"),
    ),
    "inventory publishes no event": ("inventory", lambda c: publish(c, "events", "inventory.reserved")),
    "orders publishes no event of payments": ("orders", lambda c: publish(c, "events", "payments.captured")),
    "orders announces no saga's end": ("orders", lambda c: publish(c, "events", "dev.skald.saga.finished")),
    "orders sends no reply": ("orders", lambda c: publish(c, "saga.replies", "amq.gen-x")),
    "the operator reads no commands": ("saga-operator", lambda c: c.basic_get("commands.inventory")),
    "the operator removes no queue": ("saga-operator", lambda c: c.queue_delete("commands.inventory")),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_is_refused_that(parts: Platform, vhost: str, what: str) -> None:
    user, attempt = FORBIDDEN[what]
    with channel(parts, user, vhost) as opened, pytest.raises(ChannelClosedByBroker) as caught:
        attempt(opened)
    assert caught.value.reply_code == REFUSED


def test_a_sender_cannot_pose_as_another(parts: Platform, vhost: str) -> None:
    """Replies and commands are believed by their ``user_id``, so the broker has to check it."""
    posing = pika.BasicProperties(user_id="saga-operator")
    with channel(parts, "payments", vhost) as opened, pytest.raises(ChannelClosedByBroker) as caught:
        opened.basic_publish("commands.payments.dead", "", b"{}", posing)
    assert "user_id" in caught.value.reply_text


def test_there_is_no_guest(parts: Platform) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{parts.port('rabbitmq')}/shop"
    with pytest.raises((ProbableAuthenticationError, ProbableAccessDeniedError)):
        pika.BlockingConnection(pika.URLParameters(url))


def test_a_command_reaches_its_participant_and_the_reply_the_operator(parts: Platform, vhost: str) -> None:
    with channel(parts, "saga-operator", vhost) as operator, channel(parts, "payments", vhost) as payments:
        replies = operator.queue_declare("", exclusive=True).method.queue
        operator.queue_bind(replies, "saga.replies", replies)
        publish(operator, "saga.commands", "payments.authorize", b"command")
        assert eventually_get(payments, "commands.payments") == b"command"
        publish(payments, "saga.replies", replies, b"reply")
        assert eventually_get(operator, replies) == b"reply"


def test_a_copy_that_nobody_could_read_is_kept_beside_its_queue(parts: Platform, vhost: str) -> None:
    with channel(parts, "shipping", vhost) as shipping:
        publish(shipping, "commands.shipping.dead", "shipping.dispatch", b"unreadable")
        assert eventually_get(shipping, "commands.shipping.dead") == b"unreadable"


def test_a_message_that_its_consumer_refuses_ends_among_the_dead_letters(parts: Platform, vhost: str) -> None:
    with channel(parts, "saga-operator", vhost) as operator:
        publish(operator, "saga.commands", "payments.capture", b"refused")
    with channel(parts, "payments", vhost) as payments:
        assert eventually_get(payments, "commands.payments", ack=False) == b"refused"
        payments.basic_nack(0, multiple=True, requeue=False)
        assert eventually_get(payments, "commands.payments.dead") == b"refused"


def test_a_message_that_has_had_its_time_is_no_dead_letter(parts: Platform, vhost: str) -> None:
    """One that is refused after they have gone is not overtaken by any of them."""
    with channel(parts, "saga-operator", vhost) as operator, channel(parts, "shipping", vhost) as shipping:
        for _ in range(100):
            publish(operator, "saga.commands", "shipping.dispatch", b"expired", expiration="1")
        eventually("nothing is left", lambda: depth(shipping, "commands.shipping") == 0)
        publish(operator, "saga.commands", "shipping.dispatch", b"refused")
        assert eventually_get(shipping, "commands.shipping", ack=False) == b"refused"
        shipping.basic_nack(0, multiple=True, requeue=False)
        assert eventually_get(shipping, "commands.shipping.dead") == b"refused"
        assert depth(shipping, "commands.shipping.dead") == 0


def test_a_message_that_keeps_killing_its_consumer_ends_among_the_dead_letters(parts: Platform, vhost: str) -> None:
    with channel(parts, "saga-operator", vhost) as operator:
        publish(operator, "saga.commands", "inventory.reserve", b"poison")
    with channel(parts, "inventory", vhost) as inventory:
        deliveries = 0
        for method, _, _ in inventory.consume("commands.inventory", inactivity_timeout=0.1):
            if method is not None:
                deliveries += 1
                inventory.basic_reject(method.delivery_tag, requeue=True)
            elif depth(inventory, "commands.inventory.dead"):
                break
        assert deliveries == 21, "the first delivery and twenty more"
        assert eventually_get(inventory, "commands.inventory.dead") == b"poison"
