"""What an operator knows of one saga between two events. Immutable; made and changed only by ``machine``."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Literal

from msgspec import Struct
from skald_wire import Address, Direction, Reply
from skald_wire.names import OUTPUT_LIMIT

from saga_operator.domain.kinds import AppliedDecision, Failure, Saga, SagaDecision, StepError, StepState

JSON = Any

DONE: Final = (StepState.SUCCEEDED, StepState.SKIPPED, StepState.COMPLETED, StepState.WAIVED)
"""Outcomes that let dependants go on. A waived step ran, and stays."""
DEAD: Final = (StepState.FAILED, StepState.CANCELLED, StepState.COMPENSATED)
"""Outcomes after which a step's action is not in force and never will be."""

KEY_REUSED: Final = "KeyReused"
"""Error code of a register that stands for other content (rule R6)."""
UNRESOLVABLE: Final = "UnresolvableInput"
"""Error code of a command whose input refers to what the saga does not hold."""
CANCELLED: Final = "Cancelled"
"""Error code of a command whose register is dead, so that it cannot go on by itself; failure code of such a step."""
REJECTED: Final = "Rejected"
"""Error code of an approval that a person refused."""
EXPIRED: Final = "Expired"
"""Error code of an approval that nobody gave in time."""
NEVER_RUNS: Final = (UNRESOLVABLE, CANCELLED)
"""Error codes of commands that are known never to run: acted on without asking a register, and no attempt helps."""
MESSAGE_LENGTH: Final = 500
"""Characters of an error's sentence that are kept, because they lie in etcd."""


def as_heard(code: str) -> str:
    """A participant's error code as it is kept: never one under which the operator keeps its own knowledge (I2)."""
    return f"Participant{code}" if code in NEVER_RUNS else code


def unresolvable(why: object) -> StepError:
    """What is kept of a command that cannot be made."""
    return StepError(UNRESOLVABLE, str(why)[:MESSAGE_LENGTH])


StallReason = Literal[
    "DefinitionMissing",
    "DefinitionChanged",
    "NotAccepted",
    "KeyReused",
    "CompensationFailed",
    "StepFailed",
    "Unanswered",
    "Unroutable",
]

OF_DEFINITION: Final[tuple[StallReason, ...]] = ("DefinitionMissing", "DefinitionChanged", "NotAccepted")
"""Stalls that end by themselves as soon as the saga can run."""


class Verdict(Enum):
    """The choice that the next write records. It is in force only once that write is known to have succeeded."""

    BACKWARD = "turn back"
    SUCCEEDED = "end as Succeeded"
    COMPENSATED = "end as Compensated"
    ABORTED = "end as Aborted"


class Stall(Struct, frozen=True):
    """Why the saga waits for something that it cannot bring about."""

    reason: StallReason
    step: str | None
    message: str


class Prepared(Struct, frozen=True):
    """A command whose input is resolved: all that is the same in each of its attempts."""

    address: Address
    input: dict[str, JSON]


class Ran(Struct, frozen=True):
    """How the action fared, when the command at hand is its compensation."""

    attempts: int
    failures: int
    error: StepError | None
    started_at: float | None
    finished_at: float | None


class StepKnowledge(Struct, frozen=True):
    """What is known of one step, and how the command at hand (its action, cancel or compensation) fares."""

    outcome: StepState | None = None
    """What the register said, as a state of DONE or DEAD; None while unknown."""
    output: dict[str, JSON] | None = None
    error: StepError | None = None
    """The last Failed answer to the command at hand, or why the step is dead."""
    attempts: int = 0
    """Sends of the command at hand that count, its cancels included."""
    failures: int = 0
    """Failed answers to the command at hand."""
    failed_attempt: int = 0
    """The attempt whose Failed answer was counted last; the same answer may come twice."""
    cancels: int = 0
    """Cancels among the attempts."""
    unsent: int = 0
    """Publishes in a row that reached no queue."""
    unroutable: bool = False
    """The last of these came back because nobody listens under the participant's name."""
    due: float = 0.0
    """When the command at hand is to be sent (again), in Unix seconds."""
    started_at: float | None = None
    finished_at: float | None = None
    action: Prepared | None = None
    """Only remembered, never decided by: it can be computed again from the facts."""
    compensation: Prepared | None = None
    """As ``action``."""
    stall: StallReason | None = None
    """Why it waits for what it cannot bring about, as far as this operator has seen."""
    stalled_since: float | None = None
    decision: str | None = None
    """uid of the SagaDecision that the outcome came from."""
    ran: Ran | None = None
    """Set: the command at hand is the compensation."""


def waits_its_turn(steps: Sequence[StepKnowledge], *, admitted: bool) -> bool:
    """Whether a saga has not begun, because it is not admitted."""
    return not admitted and not any(step.attempts or step.outcome for step in steps)


class Asked(Struct, frozen=True):
    """A SagaDecision that waits for its answer (I6)."""

    decision: SagaDecision
    accepted: bool = False
    """It makes sense, and is being carried out."""


class Knowledge(Struct, frozen=True):
    """What an operator knows of one saga."""

    saga: Saga
    """The object, with the status as last stored or seen: the direction and the phase in it are in force."""
    steps: tuple[StepKnowledge, ...] = ()
    """One per step of the definition; empty until the definition is first given."""
    admitted: bool = True
    """Whether it may begin; else it waits its turn (``concurrency.maxRunning``)."""
    definition_hash: str | None = None
    started_at: float = 0.0
    deadline: float = 0.0
    """Unix seconds."""
    input_problem: str | None = None
    """Why the saga's input does not fit the definition's schema."""
    output_limit: int = OUTPUT_LIMIT
    """Bytes of JSON that one step's output may have."""
    early: tuple[Reply, ...] = ()
    """Replies that cannot be checked yet, because the input they answer cannot be computed yet."""
    cause: Failure | None = None
    """Set: the saga is being sealed (I4), or goes back, because of this."""
    verdict: Verdict | None = None
    """Set: a write with this choice was asked for."""
    asked: tuple[Asked, ...] = ()
    applied: tuple[AppliedDecision, ...] = ()
    """Decisions whose effect is known here, stored or about to be."""
    stall: Stall | None = None
    store_again_at: float | None = None
    """When to ask once more for a write that the API server refused."""
    wake_at: float | None = None
    """When the machine wants to be woken, in Unix seconds; None: only by events."""

    @property
    def waits_its_turn(self) -> bool:
        """Whether it has not begun, because it is not admitted."""
        return waits_its_turn(self.steps, admitted=self.admitted)

    @property
    def direction(self) -> Direction:
        """The direction in force, that is, as written."""
        return self.saga.status.direction or Direction.FORWARD

    @property
    def terminal(self) -> bool:
        """Whether the saga has ended, durably."""
        return self.saga.status.phase.terminal
