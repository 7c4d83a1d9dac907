"""Looking on, and meddling, at the broker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Self

import pika
import pika.exceptions
import requests
from skald_wire.names import COMMANDS_EXCHANGE, REPLIES_EXCHANGE

COPY = "x-test-copy"
"""Header on what a test published again, so that its copy is not copied."""


class Tap:
    """Queues of copies beside the real ones: sees every command, and every reply to one, as they pass."""

    def __init__(self, platform: Any, on_message: Callable[[Tap, Any, Any, bytes], None] | None = None) -> None:
        self.platform, self.on_message = platform, on_message
        self.seen: list[tuple[str, str, str]] = []
        """(exchange, type, saga) of each message, in the order of arrival."""
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tap", daemon=True)
        self._reply_keys: set[str] = set()
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20), f"the tap did not connect: {self.error}"
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def types(self, order: str, exchange: str | None = None) -> list[str]:
        """Message types seen for one order's saga."""
        saga = f"{self.platform.namespace}/order-{order}"
        return [kind for where, kind, whose in list(self.seen) if whose == saga and exchange in (None, where)]

    def republish(self, method: Any, properties: Any, body: bytes) -> None:
        """The same message once more, as its sender's duplicate would look."""
        headers = {**(properties.headers or {}), COPY: True}
        again = pika.BasicProperties(
            message_id=properties.message_id,
            correlation_id=properties.correlation_id,
            type=properties.type,
            reply_to=properties.reply_to,
            content_type=properties.content_type,
            headers=headers,
        )
        self.channel.basic_publish(method.exchange, method.routing_key, body, again)

    def _run(self) -> None:
        try:
            connection = pika.BlockingConnection(pika.URLParameters(self.platform.amqp_url("admin")))
        except Exception as error:  # noqa: BLE001 - told by __enter__
            self.error = error
            return
        self.channel = connection.channel()
        self.queue = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.queue_bind(self.queue, COMMANDS_EXCHANGE, "#")
        for key in self._bound_for_replies():
            self._hear(key)
        self.channel.basic_consume(self.queue, self._message, auto_ack=True)
        self._ready.set()
        try:
            while not self._stop.is_set():
                connection.process_data_events(time_limit=0.05)
            connection.close()
        except pika.exceptions.AMQPConnectionError as error:
            # a test that kills the broker has seen what it wanted by then
            self.error = error

    def _bound_for_replies(self) -> list[str]:
        """Where replies go now: to learn it from a command may be too late for the reply to it."""
        url, name, password = self.platform.broker_management
        path = f"{url}/api/exchanges/{self.platform.namespace}/{REPLIES_EXCHANGE}/bindings/source"
        answer = requests.get(path, auth=(name, password), timeout=10)
        answer.raise_for_status()
        return [binding["routing_key"] for binding in answer.json()]

    def _hear(self, key: str) -> None:
        if key not in self._reply_keys:
            self._reply_keys.add(key)
            self.channel.queue_bind(self.queue, REPLIES_EXCHANGE, key)

    def _message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        if properties.reply_to:
            self._hear(properties.reply_to)
        headers = properties.headers or {}
        if COPY in headers:
            return
        self.seen.append((method.exchange, properties.type, headers.get("saga", "")))
        if self.on_message:
            self.on_message(self, method, properties, body)


def duplicator(platform: Any) -> Tap:
    """A tap that sends every command and every reply a second time."""
    return Tap(platform, on_message=lambda tap, method, properties, body: tap.republish(method, properties, body))


class Permissions:
    """Takes a broker user's right to write somewhere, and gives it back."""

    def __init__(self, platform: Any, user: str) -> None:
        url, name, password = platform.broker_management
        self.session = requests.Session()
        self.session.auth = (name, password)
        self.url = f"{url}/api/permissions/{platform.namespace}/{user}"
        self.before = self._get()

    def _get(self) -> dict[str, str]:
        answer = self.session.get(self.url, timeout=10)
        answer.raise_for_status()
        return {key: answer.json()[key] for key in ("configure", "write", "read")}

    def _put(self, rights: dict[str, str]) -> None:
        self.session.put(self.url, json=rights, timeout=10).raise_for_status()

    def __enter__(self) -> Self:
        self._put({**self.before, "write": "^$"})
        return self

    def __exit__(self, *_: object) -> None:
        self._put(self.before)
