"""What can happen to a saga. Watch, replies, confirms, writes and timers all arrive as these, through one mailbox."""

from __future__ import annotations

from dataclasses import dataclass

from skald_wire import Reply

from saga_operator.domain.kinds import Saga, SagaDecision, Status


@dataclass(frozen=True, slots=True)
class SagaSeen:
    """The API server showed the object: by watch, list, or the answer to a GET."""

    saga: Saga
    authoritative: bool
    """From a GET: the truth, even when older than one's last write (rule I7). From a watch: perhaps stale."""


@dataclass(frozen=True, slots=True)
class SagaGone:
    """The object no longer exists, or another of the same name took its place."""


@dataclass(frozen=True, slots=True)
class DefinitionChanged:
    """The definition appeared, vanished, or its acceptance changed; ``advance`` is given the present one."""


@dataclass(frozen=True, slots=True)
class ReplyArrived:
    """A participant said what one of its registers holds."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The broker took a publish. Only now does an attempt count (rule I8)."""

    command_id: str
    attempt: int
    cancel: bool


@dataclass(frozen=True, slots=True)
class Returned:
    """The broker had no queue for a publish: nobody listens under that participant's name."""

    command_id: str
    attempt: int
    cancel: bool


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The connection was lost, or the broker refused, before it confirmed a publish."""

    command_id: str
    attempt: int
    cancel: bool


@dataclass(frozen=True, slots=True)
class Reconnected:
    """There is a new reply queue: what is open is sent again, so that answers find it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A status write succeeded."""

    resource_version: str
    status: Status
    """As the API server gave it back."""


@dataclass(frozen=True, slots=True)
class StoreRefused:
    """A status write was refused for good, not for its version; ``reason`` is the API server's sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A person decided, and nobody has answered yet (I6). Telling it again is harmless.

    Answered, sooner or later, by AnswerDecision.
    """

    decision: SagaDecision


@dataclass(frozen=True, slots=True)
class Admitted:
    """The saga may begin: fewer than ``concurrency.maxRunning`` of its definition run."""


@dataclass(frozen=True, slots=True)
class Woken:
    """The time that ``Knowledge.wake_at`` named has come."""


Event = (
    SagaSeen
    | SagaGone
    | DefinitionChanged
    | ReplyArrived
    | Confirmed
    | Returned
    | Unconfirmed
    | Reconnected
    | Stored
    | StoreRefused
    | DecisionMade
    | Admitted
    | Woken
)
