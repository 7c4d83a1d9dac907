"""What a service's decisions are made of: done, failed, or started as work that one write cannot cover."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from skald_wire import Command

from skald.outbox import Event

__all__ = [
    "AlreadyExists",
    "Contended",
    "Decide",
    "Done",
    "Failed",
    "NotFound",
    "NotUnique",
    "RevisionConflict",
    "Started",
    "Stored",
    "UndoableWork",
    "Work",
]

JSON = Any
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Done(Generic[S]):
    """The effect: the new state, what to reply, what to tell the world. All written at once."""

    state: S
    reply: Mapping[str, JSON] = field(default_factory=dict)
    """The step's output, at most 16 KiB of JSON."""
    events: Sequence[Event] = ()


@dataclass(frozen=True, slots=True)
class Failed(Generic[S]):
    """No effect. ``retryable`` means that another try may go well; such a failure is answered but never registered."""

    code: str
    message: str
    retryable: bool = False
    state: S | None = None
    """Written only with a failure that is registered (R3), for example a payment shown as declined."""


class Work(Protocol[S]):
    """An effect that one write cannot cover: a provider, several documents (R5). Once begun, a cancel finishes it.

    One object serves all commands, so it holds dependencies only; what a run needs is in the state. Any number of runs
    of one command may happen, also at the same time, in any process: the command id makes them one.
    """

    @property
    def name(self) -> str:
        """Stored in the register: how a redelivery or a cancel finds this work again. Never change it."""

    def run(self, state: S, command_id: str, /) -> Any:
        """Have the external effect under ``command_id`` and return what came of it.

        An exception is answered as a failure that may go away; the work stays started and is run again.
        """

    def finish(self, state: S, outcome: Any, /) -> Done[S] | Failed[S]:
        """Pure: what the outcome means for the state as it is now. Repeated when somebody else wrote in between."""


@runtime_checkable
class UndoableWork(Work[S], Protocol[S]):
    """Work that can be taken back when it has begun: that is what a cancel does, and what follows its own failure."""

    def undo(self, state: S, command_id: str, /) -> S:
        """Take back whatever ``run`` did or is still doing, and bar it from doing more; the state afterwards."""


@dataclass(frozen=True, slots=True)
class Started(Generic[S]):
    """Write this state and the work's name first, then run the work."""

    state: S
    work: Work[S]


Decide = Callable[[S | None, Command], Done[S] | Failed[S] | Started[S]]
"""What a command means for a state (None: nothing was ever done for this saga). Called again after a lost race."""


@dataclass(frozen=True, slots=True)
class Stored(Generic[S]):
    """An aggregate as it is stored."""

    id: str
    rev: int
    """Grows with each write: good for an ETag."""
    state: S


class NotFound(LookupError):
    """There is no such aggregate."""


class AlreadyExists(Exception, Generic[S]):
    """There is one already, in ``stored``."""

    def __init__(self, stored: Stored[S]) -> None:
        super().__init__(f"{stored.id} exists already, at revision {stored.rev}")
        self.stored = stored


class NotUnique(Exception):
    """A unique index refused the write."""


class RevisionConflict(Exception):
    """Somebody else changed the aggregate since the revision that the caller saw."""


class Contended(Exception):
    """Others wrote the same document each time between reading and writing it; trying again later is safe."""
