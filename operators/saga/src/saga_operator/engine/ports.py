"""What the engine needs from the world. ``kube``, ``amqp`` and the simulator implement it; the engine imports none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from skald_wire import Cancel, Command

from saga_operator.domain.effects import Announce
from saga_operator.domain.events import Confirmed, Reconnected, ReplyArrived, Returned, Unconfirmed
from saga_operator.domain.kinds import Saga, Status


@dataclass(frozen=True, slots=True)
class Ref:
    """Where an object lies."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Fence:
    """Preconditions of a write (rule I7)."""

    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class Written:
    """The write took; the object as it is now."""

    saga: Saga


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else wrote first (409), or the object is another one of the same name."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such object (404)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The API server will never take this write (422 or 403), with its sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer, or 429 or 5xx: try again later."""

    reason: str


WriteResult = Written | Conflict | Missing | Refused | Unavailable


class SagaStore(Protocol):
    """The API server, as far as sagas go."""

    async def write_status(self, ref: Ref, fence: Fence, status: Status) -> WriteResult:
        """One merge-patch of the status subresource, fenced. Never raises for what the API server answers."""

    async def read(self, ref: Ref) -> Saga | None:
        """A GET from etcd, not a cache; None when there is no such object. Raises ConnectionError without an answer."""

    async def announce(self, saga: Saga, announcement: Announce) -> None:
        """A Kubernetes Event. Its loss is harmless, so it never raises."""


BusEvent = ReplyArrived | Confirmed | Returned | Unconfirmed


class CommandBus(Protocol):
    """The broker, as far as the engine goes. Outcomes come back by ``deliver``, which the composition root wires."""

    def send(self, saga: Ref, message: Command | Cancel) -> None:
        """Publish with confirm, mandatory and persistence; many in flight; returns at once."""

    async def publish_finished(self, saga: Saga) -> None:
        """``dev.skald.saga.finished``; returns when the broker has confirmed it."""


Deliver = Callable[[Ref, BusEvent], None]
"""From the bus to the mailbox of one saga."""
Reconnect = Callable[[Reconnected], None]
"""From the bus to every saga."""


class Clock(Protocol):
    """Time and chance, so that the simulator can own both."""

    def now(self) -> float:
        """Unix seconds."""

    def jitter(self) -> float:
        """Uniform in [0, 1)."""


class Metrics(Protocol):
    """What the engine counts; ``ops.metrics`` gives it to Prometheus, tests to a dictionary."""

    def count(self, name: str, labels: Mapping[str, str]) -> None:
        """Add one."""

    def observe(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Add one observation, in seconds or bytes as the name says."""

    def gauge(self, name: str, value: float, labels: Mapping[str, str]) -> None:
        """Set a level."""


JSON = Any
