"""What the machine asks the engine to do. The engine does it, in order, and reports back by events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skald_wire import Cancel, Command

from saga_operator.domain.kinds import SagaDecision


@dataclass(frozen=True, slots=True)
class Publish:
    """Send a command or a cancel; the bus fills in ``reply_to``. Answered by Confirmed, Returned or Unconfirmed."""

    message: Command | Cancel
    expires_after: float
    """Seconds until silence makes for the next copy. This one has had its time then, and may be dropped unread."""


@dataclass(frozen=True, slots=True)
class Store:
    """Write what is known (``machine.render``) to the object's status, fenced by uid and resourceVersion.

    Urgent: as soon as the write in flight, if any, is back. Otherwise: with the next checkpoint, merged with what
    comes until then.
    Answered by Stored, StoreRefused, or after a conflict by an authoritative SagaSeen.
    """

    urgent: bool


@dataclass(frozen=True, slots=True)
class Announce:
    """A Kubernetes Event on the object, for people. Only for the few occasions that the saga API names."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Look:
    """Read the object from etcd before a decision is judged (I6). Answered by an authoritative SagaSeen."""


@dataclass(frozen=True, slots=True)
class AnswerDecision:
    """Write what became of a decision to its status, with the present time if it was applied. Given once per life."""

    decision: SagaDecision
    state: Literal["Applied", "Refused"]
    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The terminal status is durable: tell the world (``dev.skald.saga.finished``) and forget the saga."""


Effect = Publish | Store | Announce | Look | AnswerDecision | Finish
