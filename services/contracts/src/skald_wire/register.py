"""The participant's register: what a command, a cancel and a compensation meet, and what they leave behind.

Pure, so that the repository, the operator's simulator and a participant in another language can follow the same text.
One register belongs to one saga at one participant and holds an ``Entry`` per command id:

    (none) --> executed | failed | dead                      an effect that fits in one write, a cancel
    (none) --> started --> executed | failed                 an effect that does not (R5)
               started --> undoing --> dead | failed         the same, taken back
    executed --> executed, undone                            its compensation was executed

``meet`` tells what a message meets. It changes nothing: what it returns is either the answer, or a write that carries
its answer, or what has to be done before the message can be answered. Every write is compare-and-swap against the
register that was read; whoever loses reads again and meets again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from skald_wire.messages import Cancel, Command, Direction, OnFailure, ReplyType

__all__ = [
    "Answer",
    "Code",
    "Entry",
    "Meeting",
    "Outcome",
    "Pending",
    "Register",
    "Run",
    "Settle",
    "Write",
    "answer_of",
    "execute",
    "fail",
    "fail_work",
    "meet",
    "start",
    "take_back",
    "taken_back",
]

JSON = Any
NOTHING_TO_UNDO: Final[Mapping[str, JSON]] = {"nothingToUndo": True}
"""The output of a compensation whose action never ran (R4)."""


class Outcome(StrEnum):
    """What became of a command. The last three are final and written once."""

    STARTED = "started"
    UNDOING = "undoing"
    EXECUTED = "executed"
    FAILED = "failed"
    DEAD = "dead"


class Code(StrEnum):
    """Error codes that the chassis itself answers with. Only the last two are ever registered."""

    KEY_REUSED = "KeyReused"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    EXPIRED = "Expired"
    UNKNOWN_COMMAND = "UnknownCommand"
    WRONG_DIRECTION = "WrongDirection"
    INTERNAL_ERROR = "InternalError"
    INVALID_INPUT = "InvalidInput"
    OUTPUT_TOO_LARGE = "OutputTooLarge"


@dataclass(frozen=True, slots=True)
class Pending:
    """What someone needs who finds work begun (R5) and has only a cancel, which carries no input."""

    work: str
    """The name under which the participant finds the work."""
    action_id: str | None = None
    """Of a compensation: the action that the work undoes."""
    registers_failure: bool = False
    """Whether the command allows its failure to be registered (R3)."""
    becomes: Outcome = Outcome.DEAD
    """Of undoing: dead (a cancel took the work back) or failed (its own failure did)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The register of one command id."""

    outcome: Outcome
    fingerprint: str | None
    """None on a tombstone left by a compensation: it matches any (R4)."""
    body: Mapping[str, JSON] = field(default_factory=dict)
    """executed: the output; failed: ``{code, message}``; dead: the cancel's body. Of undoing: what it will hold."""
    undone: bool = False
    """Of an executed action: its compensation is executed too."""
    pending: Pending | None = None
    """Of started and undoing."""


Register = Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Answer:
    """Reply this; nothing changes."""

    type: ReplyType
    body: Mapping[str, JSON] = field(default_factory=dict)
    final: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """Write these entries, together with the effect if there is one; when that is durable, reply the answer."""

    changes: Mapping[str, Entry]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Run:
    """Nothing is registered: the command may have its effect."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Begun work stands in the way (R5): bring it to its end, then meet again."""

    command_id: str
    entry: Entry
    take_back: bool
    """Take it back, unless it cannot be; else finish it."""


Meeting = Answer | Write | Run | Settle


def meet(register: Register, message: Command | Cancel, now: float, horizon: float | None = None) -> Meeting:
    """What ``message`` meets in ``register`` at ``now`` (Unix seconds).

    ``horizon`` is for participants that prune registers (R7): where nothing is registered, a message issued before it
    is refused, because what it asks about may have been forgotten. Raises ValueError for a time that is not RFC 3339.
    """
    address = message.address
    entry = register.get(address.command_id)
    if entry is None:
        if horizon is not None and _seconds(message.issued_at) < horizon:
            return _failed(Code.EXPIRED, f"issued at {message.issued_at}, before the oldest register that is kept")
        return _meet_none(register, message, now)
    if entry.fingerprint is not None and entry.fingerprint != address.fingerprint:
        return _failed(Code.KEY_REUSED, f"command id {address.command_id} already stands for other content")
    if entry.outcome in (Outcome.STARTED, Outcome.UNDOING):
        return Settle(address.command_id, entry, take_back=isinstance(message, Cancel))
    return answer_of(entry)


def _meet_none(register: Register, message: Command | Cancel, now: float) -> Meeting:
    address = message.address
    if isinstance(message, Cancel):
        body = {} if message.decision is None else {"decision": message.decision}
        return _write(address.command_id, Entry(Outcome.DEAD, address.fingerprint, body))
    if address.direction is Direction.BACKWARD:
        return _meet_action(register, message)
    if message.deadline is not None and _seconds(message.deadline) < now:
        return _failed(Code.DEADLINE_EXCEEDED, f"the saga's deadline {message.deadline} has passed")
    return Run()


def _meet_action(register: Register, compensation: Command) -> Meeting:
    """R4: what is to be undone decides."""
    address = compensation.address
    if address.action_id is None:
        raise ValueError(f"compensation {address.command_id} does not name the action that it undoes")
    action = register.get(address.action_id)
    nothing = Entry(Outcome.EXECUTED, address.fingerprint, NOTHING_TO_UNDO)
    if action is None:
        tombstone = Entry(Outcome.DEAD, fingerprint=None)
        return Write({address.action_id: tombstone, address.command_id: nothing}, answer_of(nothing))
    if action.outcome in (Outcome.STARTED, Outcome.UNDOING):
        return Settle(address.action_id, action, take_back=True)
    return Run() if action.outcome is Outcome.EXECUTED else _write(address.command_id, nothing)


def answer_of(entry: Entry) -> Answer:
    """R2: what a settled entry says, to a command and to a cancel alike."""
    match entry.outcome:
        case Outcome.EXECUTED if entry.undone:
            return Answer(ReplyType.CANCELLED)
        case Outcome.EXECUTED:
            return Answer(ReplyType.SUCCEEDED, entry.body)
        case Outcome.FAILED:
            return Answer(ReplyType.FAILED, entry.body, final=True)
        case Outcome.DEAD:
            return Answer(ReplyType.CANCELLED, entry.body)
        case Outcome.STARTED | Outcome.UNDOING:
            raise ValueError(f"an entry that is {entry.outcome} has no answer yet")


def execute(register: Register, message: Command | Settle, output: Mapping[str, JSON]) -> Write:
    """The effect happened: of a command that met Run, or of the work that Settle named."""
    if isinstance(message, Settle):
        command_id, fingerprint = message.command_id, message.entry.fingerprint
        action_id = message.entry.pending.action_id if message.entry.pending else None
    else:
        command_id, fingerprint = message.address.command_id, message.address.fingerprint
        action_id = message.address.action_id
    entry = Entry(Outcome.EXECUTED, fingerprint, output)
    changes = {command_id: entry}
    action = register.get(action_id) if action_id else None
    if action_id and action and action.outcome is Outcome.EXECUTED:
        changes[action_id] = replace(action, undone=True)
    return Write(changes, answer_of(entry))


def fail(command: Command, code: str, message: str, *, retryable: bool) -> Write | Answer:
    """A command that met Run failed without effect. Registered only where R3 allows it."""
    if retryable or not _registers_failure(command):
        return _failed(code, message)
    return _write(
        command.address.command_id,
        Entry(Outcome.FAILED, command.address.fingerprint, {"code": code, "message": message}),
    )


def _registers_failure(command: Command) -> bool:
    return command.address.direction is Direction.FORWARD and command.on_failure is OnFailure.COMPENSATE


def start(command: Command, work: str) -> Settle:
    """R5: the entry to write before ``work`` touches anything, and how to go on afterwards."""
    address = command.address
    pending = Pending(work, address.action_id, registers_failure=_registers_failure(command))
    entry = Entry(Outcome.STARTED, address.fingerprint, pending=pending)
    return Settle(address.command_id, entry, take_back=False)


def take_back(settle: Settle, message: Command | Cancel) -> Entry:
    """R5: started -> undoing, to write before anything is taken back; a cancel's body is kept for its tombstone."""
    pending = _pending(settle)
    carries = isinstance(message, Cancel) and message.address.command_id == settle.command_id and message.decision
    body = {"decision": carries} if carries else {}
    return replace(settle.entry, outcome=Outcome.UNDOING, body=body, pending=replace(pending, becomes=Outcome.DEAD))


def fail_work(settle: Settle, code: str, message: str, *, retryable: bool, undoable: bool) -> Write | Entry | Answer:
    """Begun work failed.

    Where the failure may be registered (R3): Write ``failed``, or first the Entry ``undoing`` when the work can have
    left something to take back. Where not: it stays started, and whoever comes next resumes it.
    """
    pending = _pending(settle)
    if retryable or not pending.registers_failure:
        return _failed(code, message)
    failed = Entry(Outcome.FAILED, settle.entry.fingerprint, {"code": code, "message": message})
    if undoable:
        return replace(failed, outcome=Outcome.UNDOING, pending=replace(pending, becomes=Outcome.FAILED))
    return _write(settle.command_id, failed)


def taken_back(settle: Settle) -> Write:
    """Everything is taken back: undoing -> dead or failed."""
    entry = settle.entry
    return _write(settle.command_id, Entry(_pending(settle).becomes, entry.fingerprint, entry.body))


def _pending(settle: Settle) -> Pending:
    if settle.entry.pending is None:
        raise ValueError(f"the register of {settle.command_id} is {settle.entry.outcome} but names no work")
    return settle.entry.pending


def _write(command_id: str, entry: Entry) -> Write:
    return Write({command_id: entry}, answer_of(entry))


def _failed(code: str, message: str) -> Answer:
    return Answer(ReplyType.FAILED, {"code": str(code), "message": message})


def _seconds(rfc3339: str) -> float:
    moment = datetime.fromisoformat(rfc3339)
    if moment.tzinfo is None:
        raise ValueError(f"{rfc3339!r} has no time zone")
    return moment.timestamp()
