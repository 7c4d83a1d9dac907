"""A connection to the broker on a thread of its own, made again whenever it is lost.

pika's connections belong to one thread. Everything here that touches a connection or a channel runs on that thread;
the others hand it callbacks by ``Link.soon``.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

import pika
from pika.adapters.select_connection import SelectConnection

from skald.messaging.connection import BatchingConnection

__all__ = ["Link", "Session"]

logger = logging.getLogger(__name__)

_HEARTBEAT: Final = 20
_BLOCKED_TIMEOUT: Final = 60
"""Seconds that a broker in memory or disk alarm may hold a connection before it is made anew."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_DOUBLINGS: Final = 10
"""More than the longest pause needs. Without a bound, a broker that is away for an hour makes a number too large."""
_STABLE: Final = 10.0
"""Seconds that a connection must last for its loss to be the first of a row."""


class Session(Protocol):
    """What one connection is used for. Called on the link's thread only."""

    def opened(self, connection: SelectConnection) -> None:
        """The connection is there: open channels."""

    def lost(self) -> None:
        """It is gone, with all its channels; another session takes over."""


class Link:
    """Keeps one connection; a new ``Session`` for each time that it is made."""

    def __init__(self, url: str, name: str, new_session: Callable[[], Session]) -> None:
        """``name`` is shown by the broker's management page."""
        self._parameters = pika.URLParameters(url)
        if self._parameters.heartbeat is None:
            self._parameters.heartbeat = _HEARTBEAT
        self._parameters.blocked_connection_timeout = _BLOCKED_TIMEOUT
        self._parameters.client_properties = {"connection_name": name}
        self._name = name
        self._new_session = new_session
        self._lock = threading.Lock()
        self._connection: BatchingConnection | None = None
        self._callbacks: deque[Callable[[], None]] = deque()
        self._stopping = threading.Event()
        self._failures = 0

    def run(self) -> None:
        """Connect, and connect again, until ``close``."""
        while not self._stopping.is_set():
            began = time.monotonic()
            self._keep(self._new_session())
            lasted = time.monotonic() - began
            self._failures = 0 if lasted > _STABLE else self._failures + 1
            pause = min(_FIRST_PAUSE * 2 ** min(self._failures, _DOUBLINGS), _LONGEST_PAUSE)
            self._stopping.wait(random.uniform(0, pause))  # noqa: S311 - jitter is no secret

    def soon(self, callback: Callable[[], None]) -> bool:
        """Have ``callback`` run once on the link's thread; False when there is no connection, and then it never runs.

        When its turn comes the connection may be lost, so it looks at its channel first.
        """
        with self._lock:
            if self._connection is None:
                return False
            self._callbacks.append(callback)
            # Whoever runs those before this one finds this one too. Asked after the append: between a look and an
            # append the last of them may end.
            if len(self._callbacks) == 1:
                self._wake(self._connection)
            return True

    def _wake(self, connection: BatchingConnection) -> None:
        connection.ioloop.add_callback_threadsafe(partial(self._run_callbacks, connection))

    def _run_callbacks(self, connection: BatchingConnection) -> None:
        # Not those that come meanwhile: what these have written must not wait for them.
        with connection.together():
            for _ in range(len(self._callbacks)):
                self._callbacks.popleft()()
        if self._callbacks:
            self._wake(connection)

    def close(self) -> None:
        """Close in order, after all callbacks handed over so far; ``run`` then returns."""
        self._stopping.set()
        self.soon(self._close_connection)

    def drop(self) -> None:
        """Close this connection and make another, later. Only on the link's thread."""
        connection = self._connection
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()

    def _keep(self, session: Session) -> None:
        connection = BatchingConnection(
            self._parameters,
            on_open_callback=session.opened,
            on_open_error_callback=self._refused,
            on_close_callback=self._lost,
        )
        with self._lock:
            self._connection = connection
        if self._stopping.is_set():
            self.soon(self._close_connection)
        try:
            connection.ioloop.start()
        finally:
            with self._lock:
                self._connection = None
            connection.ioloop.close()
            session.lost()
            while self._callbacks:
                self._callbacks.popleft()()

    def _refused(self, connection: SelectConnection, error: BaseException) -> None:
        if not self._stopping.is_set():
            logger.warning("%s: no connection to the broker at %s: %s", self._name, self._address, error)
        connection.ioloop.stop()

    def _lost(self, connection: SelectConnection, reason: Exception) -> None:
        if not self._stopping.is_set():
            logger.warning("%s: lost the connection to the broker at %s: %s", self._name, self._address, reason)
        connection.ioloop.stop()

    def _close_connection(self) -> None:
        connection = self._connection
        if connection is None or connection.is_closing or connection.is_closed:
            return
        if connection.is_open:
            connection.close()
        else:
            connection.ioloop.stop()

    @property
    def _address(self) -> str:
        to: Any = self._parameters
        return f"{to.host}:{to.port}, vhost {to.virtual_host}, as user {to.credentials.username}"
