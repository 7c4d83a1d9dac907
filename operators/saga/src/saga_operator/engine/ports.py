"""What the engine needs from the world. ``kube``, ``amqp`` and the simulator implement it; the engine imports none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from skald_wire import Cancel, Command, Reply

from saga_operator.domain.effects import Announce
from saga_operator.domain.events import Confirmed, ReplyArrived, Returned, Unconfirmed
from saga_operator.domain.kinds import DecisionStatus, DefinitionStatus, Metadata, Saga, SagaDecision, SagaDefinition

JSON = Any


@dataclass(frozen=True, slots=True)
class Ref:
    """Where an object lies."""

    namespace: str
    name: str

    @classmethod
    def of(cls, metadata: Metadata) -> Ref:
        """Where the object with this metadata lies."""
        return cls(metadata.namespace, metadata.name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Fence:
    """Preconditions of a write (rule I7)."""

    uid: str
    resource_version: str

    @classmethod
    def of(cls, metadata: Metadata) -> Fence:
        """Only this very version of this very object."""
        return cls(metadata.uid, metadata.resource_version)


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
    """The API server will never take this write (422), with its sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer, or one that somebody can change (401, 403, 429, 5xx): try again later."""

    reason: str


WriteResult = Written | Conflict | Missing | Refused | Unavailable


class SagaStore(Protocol):
    """The API server, as far as sagas go."""

    async def patch_status(self, ref: Ref, fence: Fence, patch: Mapping[str, JSON]) -> WriteResult:
        """One merge-patch (RFC 7386) of ``status``, fenced. Never raises, whatever the API server does."""

    async def read(self, ref: Ref) -> Saga | None:
        """A GET from etcd, not from a cache; None: no such object. Raises ConnectionError when nobody answers."""

    async def live(self) -> Collection[tuple[Ref, str]]:
        """Place and uid of every saga not terminal; perhaps stale. Raises ConnectionError when nobody answers."""

    async def announce(self, saga: Saga, announcement: Announce) -> None:
        """A Kubernetes Event. Its loss is harmless, so it never raises."""


class DefinitionStore(Protocol):
    """The API server, as far as definitions go."""

    async def read_definition(self, ref: Ref) -> SagaDefinition | None:
        """A GET from etcd; None when there is no such object. Raises ConnectionError when nobody answers."""

    async def write_acceptance(self, definition: SagaDefinition, status: DefinitionStatus) -> None:
        """Say on the object whether it is accepted; one gone is fine. Raises ConnectionError when nobody answers."""


class DecisionStore(Protocol):
    """The API server, as far as decisions go."""

    async def answer(self, decision: SagaDecision, status: DecisionStatus, saga: Saga | None) -> None:
        """Write the answer unless there is one, and make the decision the saga's own; one gone is fine.

        Raises ConnectionError when nobody answers.
        """


BusEvent = ReplyArrived | Confirmed | Returned | Unconfirmed


class CommandBus(Protocol):
    """The broker, as far as the engine goes. The composition root wires outcomes to ``Engine.deliver``."""

    def send(self, saga: Ref, message: Command | Cancel, *, expires_after: float) -> None:
        """Publish with confirm, mandatory and persistence; many in flight; returns at once.

        Nobody who has not been given it ``expires_after`` seconds from now need be given it at all.
        Answered by exactly one of Confirmed, Returned and Unconfirmed: the last at once while the broker is away.
        """

    async def publish_finished(self, saga: Saga) -> None:
        """``dev.skald.saga.finished``; returns when the broker has confirmed it, however long that takes."""


Deliver = Callable[[Ref, BusEvent], None]
"""From the bus to the mailbox of one saga."""
Reconnect = Callable[[], None]
"""From the bus to every saga: there is a new reply queue."""


class Reaper(Protocol):
    """Deletes what has ended when its time has come."""

    def told(self, saga: Saga) -> None:
        """It has ended as its status shows, and the broker has confirmed the news."""


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


class Tracer(Protocol):
    """Distributed tracing. Times are Unix seconds."""

    def sent(self, saga: Ref, message: Command | Cancel, now: float) -> None:
        """An attempt begins."""

    def answered(self, saga: Ref, reply: Reply, now: float) -> None:
        """An attempt ends."""

    def record(self, saga: Saga) -> None:
        """Export the spans of a saga that reached a terminal phase."""
