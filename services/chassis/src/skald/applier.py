"""Carries a command or a cancel to its answer: meet the register, decide, write, run what one write cannot cover."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Generic, TypeVar

from skald_wire import Cancel, Command, NotRepresentable, ReplyType, canonical, register
from skald_wire.names import OUTPUT_LIMIT
from skald_wire.register import Answer, Code, Entry, Outcome, Run, Settle, Write

from skald.attempts import LostRace, until_settled
from skald.documents import Documents, Loaded
from skald.effects import Decide, Done, Failed, Started, UndoableWork, Work
from skald.mongo import StoreInterrupted, store_errors

__all__ = ["Applier"]

S = TypeVar("S")


class Applier(Generic[S]):
    """Rules R1-R7 over one collection."""

    def __init__(
        self,
        documents: Documents[S],
        works: Iterable[Work[S]],
        clock: Callable[[], float],
        retention: timedelta | None,
    ) -> None:
        self._documents = documents
        self._works = {work.name: work for work in works}
        self._clock = clock
        self._retention = retention
        self._opens: dict[str, bool] = {}
        """By command: whether it was the first of its saga the last time that it had an effect."""

    def apply(self, message: Command | Cancel, decide: Decide[S]) -> Answer:
        """What the register says to ``message`` once its effect, if it has one, is durable.

        Raises StoreUnavailable, Contended, and whatever ``decide`` or a work raises; each leaves the register such
        that the same message may come again.
        """
        answer = self._open(message, decide) if isinstance(message, Command) else None
        while answer is None:
            answer = until_settled(lambda: self._meet(message, decide))
        return answer

    def _open(self, command: Command, decide: Decide[S]) -> Answer | None:
        """Save the read where the command was the first of its saga the last time; None: look properly.

        Nothing but an insert proves that nothing is stored yet, so an answer that wrote nothing does not count.
        """
        if not self._opens.get(command.address.routing_key) or not isinstance(self._meeting({}, command), Run):
            return None
        try:
            answer = self._decide(Loaded(command.address.saga_key), command, decide)
        except (LostRace, StoreInterrupted):
            return None
        return answer if answer is not None and (answer.final or answer.type is ReplyType.SUCCEEDED) else None

    def _meeting(self, of: register.Register, message: Command | Cancel) -> register.Meeting:
        now = self._clock()
        horizon = None if self._retention is None else now - self._retention.total_seconds()
        return register.meet(of, message, now, horizon)

    def _meet(self, message: Command | Cancel, decide: Decide[S]) -> Answer | None:
        """One read, and at most one write; None: the register has moved on, meet it again."""
        loaded = self._documents.read(message.address.saga_key)
        meeting = self._meeting(loaded.register, message)
        match meeting:
            case Answer():
                return meeting
            case Write():
                return self._write(loaded, meeting)
            case Run():
                assert isinstance(message, Command), "a cancel never meets Run"
                return self._decide(loaded, message, decide)
            case Settle():
                return self._settle(loaded, meeting, message)

    def _write(self, loaded: Loaded[S], write: Write, effect: Done[S] | None = None, state: S | None = None) -> Answer:
        self._swap(
            loaded,
            state=state if effect is None else effect.state,
            changes=write.changes,
            events=() if effect is None else effect.events,
        )
        return write.answer

    def _swap(self, loaded: Loaded[S], **parts: Any) -> None:
        if not self._documents.swap(loaded, self._clock(), **parts):
            raise LostRace

    def _decide(self, loaded: Loaded[S], command: Command, decide: Decide[S]) -> Answer | None:
        with store_errors():
            decided = decide(loaded.state, command)
        if isinstance(decided, Done):
            decided = unfit(decided) or decided
        if not isinstance(decided, Failed):
            self._opens[command.address.routing_key] = loaded.rev == 0
        if isinstance(decided, Started):
            self._start(loaded, command, decided)
            return None
        if isinstance(decided, Failed):
            failure = register.fail(command, decided.code, decided.message, retryable=decided.retryable)
            return failure if isinstance(failure, Answer) else self._write(loaded, failure, state=decided.state)
        return self._write(loaded, register.execute(loaded.register, command, decided.reply), decided)

    def _start(self, loaded: Loaded[S], command: Command, started: Started[S]) -> None:
        name = started.work.name
        if name not in self._works:
            raise LookupError(f"the work {name!r} is not among the repository's works, so nobody could resume it")
        settle = register.start(command, name)
        self._swap(loaded, state=started.state, changes={settle.command_id: settle.entry})

    def _settle(self, loaded: Loaded[S], settle: Settle, message: Command | Cancel) -> Answer | None:
        """R5: first say in the register which way it goes, then go."""
        work, state = self._work_of(settle), loaded.state
        if state is None:
            raise LookupError(f"{loaded.id}: {settle.command_id} is {settle.entry.outcome}, but there is no state")
        if settle.entry.outcome is Outcome.UNDOING:
            if not isinstance(work, UndoableWork):
                raise LookupError(f"{settle.command_id} is being taken back, but the work {work.name!r} has no undo")
            with store_errors():
                undone = work.undo(state, settle.command_id)
            self._write(loaded, register.taken_back(settle), state=undone)
            return None
        if settle.take_back and isinstance(work, UndoableWork):
            self._swap(loaded, changes={settle.command_id: register.take_back(settle, message)})
            return None
        with store_errors():
            outcome = work.run(state, settle.command_id)
        return until_settled(lambda: self._finish(settle, work, loaded.id, outcome))

    def _finish(self, settle: Settle, work: Work[S], id_: str, outcome: Any) -> Answer | None:
        """Started -> executed, failed or undoing, unless somebody else has brought it further in the meantime."""
        loaded = self._documents.read(id_)
        if loaded.register.get(settle.command_id) != settle.entry or loaded.state is None:
            return None
        finished, undoable = work.finish(loaded.state, outcome), isinstance(work, UndoableWork)
        if isinstance(finished, Done):
            too_large = unfit(finished)
            if too_large is None:
                self._write(loaded, register.execute(loaded.register, settle, finished.reply), finished)
                return None
            # The effect is there: only work that can be taken back may be registered as failed.
            finished = Failed(too_large.code, too_large.message, retryable=not undoable)
        failure = register.fail_work(
            settle, finished.code, finished.message, retryable=finished.retryable, undoable=undoable
        )
        match failure:
            case Answer():
                return failure
            case Write():
                self._write(loaded, failure, state=finished.state)
            case Entry():
                self._swap(loaded, state=finished.state, changes={settle.command_id: failure})
        return None

    def _work_of(self, settle: Settle) -> Work[S]:
        name = settle.entry.pending.work if settle.entry.pending else None
        if name not in self._works:
            known = ", ".join(sorted(self._works)) or "none"
            raise LookupError(f"{settle.command_id} needs the work {name!r} to be settled; there are: {known}")
        return self._works[name]


def unfit(done: Done[S]) -> Failed[S] | None:
    """Why an output cannot be stored in a Saga, if so."""
    try:
        size = len(canonical(dict(done.reply)))
    except NotRepresentable as error:
        return Failed(Code.OUTPUT_TOO_LARGE, f"the output cannot travel unchanged: {error}")
    if size <= OUTPUT_LIMIT:
        return None
    return Failed(Code.OUTPUT_TOO_LARGE, f"the output has {size} bytes of JSON; at most {OUTPUT_LIMIT} may be stored")
