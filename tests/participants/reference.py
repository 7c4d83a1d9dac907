"""A participant in memory that keeps R1 to R7, but for one flaw, to see that the kit finds it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from skald.testing.conformance.tested import Tested
from skald_wire import Cancel, Command, Direction, OnFailure, Reply, ReplyType


class Flaw(Enum):
    """What may be wrong with it, and which check must find that."""

    NO_EFFECT = "R1-effect"
    ONE_REGISTER_FOR_ALL_SAGAS = "R1-two-sagas"
    NO_REGISTER = "R2-duplicate"
    LOOKS_THEN_WRITES = "R2-duplicates-at-once"
    CANCEL_WRITES_NOTHING = "R2-cancel-before"
    CANCEL_SAYS_CANCELLED_OF_WHAT_RAN = "R2-cancel-after"
    FORGETS_THE_DECISION = "R2-decision"
    DEADLINE_BEFORE_REGISTER = "R2-deadline-after-effect"
    CANCELLED_COMPENSATION_RUNS = "R2-compensation-cancelled"
    FINAL_BUT_NOT_REGISTERED = "R3-failure"
    FINAL_AFTER_THE_PIVOT = "R3-failure-after-pivot"
    DEADLINE_IGNORED = "R3-deadline"
    UNDONE_BUT_STILL_SUCCEEDED = "R4-compensation"
    NULL_COMPENSATION_WITHOUT_TOMBSTONE = "R4-null-compensation"
    CANCELLED_ACTION_CANNOT_BE_COMPENSATED = "R4-compensation-after-cancel"
    FAILED_ACTION_CANNOT_BE_COMPENSATED = "R4-compensation-after-failure"
    CANCEL_WHILE_IT_RUNS = "R5-cancel-during"
    FINGERPRINT_IGNORED = "R6-key-reuse"
    TOMBSTONE_WITHOUT_FINGERPRINT = "R6-key-reuse-after-cancel"
    HORIZON_IGNORED = "R7-horizon"


CANNOT_COMPENSATE = {
    "dead": Flaw.CANCELLED_ACTION_CANNOT_BE_COMPENSATED,
    "failed": Flaw.FAILED_ACTION_CANNOT_BE_COMPENSATED,
}


class Failure(Exception):
    """Answered Failed; not registered."""


Entry = list[Any]
"""Outcome, fingerprint, body: a list, because it is kept as JSON where the participant is a process."""


@dataclass
class Reference(Tested):
    flaw: Flaw | None = None
    action: str = "reserve"
    action_input: Mapping[str, Any] = field(default_factory=lambda: {"seats": 2})
    compensation: str | None = "release"
    failing_input: Mapping[str, Any] | None = field(default_factory=lambda: {"seats": 11})
    horizon: timedelta | None = timedelta(days=1)
    name: str = "hall"
    register: dict[str, Entry] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    _running: threading.Event = field(default_factory=threading.Event)
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _all_have_looked: threading.Barrier = field(default_factory=lambda: threading.Barrier(4))
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def effects(self, saga_key: str) -> float:
        return self.held[saga_key]

    def undo(self, step, output):
        return step.compensation("release", {})

    def ask_together(self, messages: Sequence[Command | Cancel]) -> list[Reply]:
        barrier = threading.Barrier(len(messages))

        def one(message):
            barrier.wait(timeout=10)
            return self.ask(message)

        with ThreadPoolExecutor(len(messages)) as pool:
            return list(pool.map(one, messages))

    def ask(self, message: Command | Cancel) -> Reply:
        late = self.flaw is Flaw.CANCEL_WHILE_IT_RUNS and isinstance(message, Cancel)
        if late:
            self._running.wait(1)
        racing = late or self.flaw is Flaw.LOOKS_THEN_WRITES
        with nullcontext() if racing else self._one_at_a_time:
            try:
                type_, body, final = self._meet(message)
            except Failure as failure:
                type_, body, final = ReplyType.FAILED, {"code": failure.args[0], "message": "it cannot be"}, False
        address = message.address
        echoed = (address.saga, address.step, address.direction, address.fingerprint, message.attempt)
        return Reply(address.command_id, type_, json.loads(json.dumps(body)), *echoed, final)

    def _id(self, message: Command | Cancel) -> str:
        if self.flaw is Flaw.ONE_REGISTER_FOR_ALL_SAGAS:
            return f"{message.address.step} {message.address.direction}"
        return message.address.command_id

    def _meet(self, message):
        address = message.address
        self._deadline(message, early=True)
        entry = self.register.get(self._id(message))
        if self.flaw is Flaw.LOOKS_THEN_WRITES:
            with suppress(threading.BrokenBarrierError):
                self._all_have_looked.wait(1)
        if entry is not None and not (self.flaw is Flaw.NO_REGISTER and isinstance(message, Command)):
            return self._found(message, *entry)
        if self.flaw is not Flaw.HORIZON_IGNORED and _past(message.issued_at, timedelta(days=1)):
            raise Failure("Expired")
        if isinstance(message, Cancel):
            return self._cancel(message)
        if address.direction is Direction.BACKWARD:
            return self._compensate(message)
        self._deadline(message, early=False)
        return self._act(message)

    def _deadline(self, message, *, early):
        ignored = self.flaw is Flaw.DEADLINE_IGNORED or early != (self.flaw is Flaw.DEADLINE_BEFORE_REGISTER)
        if isinstance(message, Command) and message.deadline and not ignored and _past(message.deadline):
            raise Failure("DeadlineExceeded")

    def _found(self, message, outcome, fingerprint, body):
        ignored = self.flaw is Flaw.FINGERPRINT_IGNORED or fingerprint is None
        if not ignored and fingerprint != message.address.fingerprint:
            raise Failure("KeyReused")
        if (
            outcome == "executed"
            and isinstance(message, Cancel)
            and self.flaw is Flaw.CANCEL_SAYS_CANCELLED_OF_WHAT_RAN
        ):
            return ReplyType.CANCELLED, {}, False
        kinds = {"executed": ReplyType.SUCCEEDED, "failed": ReplyType.FAILED}
        return kinds.get(outcome, ReplyType.CANCELLED), body, outcome == "failed"

    def _cancel(self, message):
        body = {"decision": message.decision} if message.decision else {}
        backward = message.address.direction is Direction.BACKWARD
        kept = {} if self.flaw is Flaw.FORGETS_THE_DECISION else body
        fingerprint = None if self.flaw is Flaw.TOMBSTONE_WITHOUT_FINGERPRINT else message.address.fingerprint
        if not (
            self.flaw is Flaw.CANCEL_WRITES_NOTHING or (backward and self.flaw is Flaw.CANCELLED_COMPENSATION_RUNS)
        ):
            self.register[self._id(message)] = ["dead", fingerprint, kept]
        self._cancelled.set()
        return ReplyType.CANCELLED, body, False

    def _compensate(self, message):
        address = message.address
        action = self.register.get(address.action_id)
        if action is None:
            if self.flaw is not Flaw.NULL_COMPENSATION_WITHOUT_TOMBSTONE:
                self.register[address.action_id] = ["dead", None, {}]
        elif action[0] == "executed":
            self.held[address.saga_key] -= 1
            if self.flaw is not Flaw.UNDONE_BUT_STILL_SUCCEEDED:
                action[0], action[2] = "undone", {}
        elif self.flaw and self.flaw is CANNOT_COMPENSATE.get(action[0]):
            raise Failure("NothingThere")
        return self._execute(message, {})

    def _act(self, message):
        if message.address.command != self.action:
            raise Failure("UnknownCommand")
        if message.input.get("seats", 0) > 10:
            return self._fail(message)
        if self.flaw is Flaw.CANCEL_WHILE_IT_RUNS:
            self._running.set()
            self._cancelled.wait(1)
        if self.flaw is not Flaw.NO_EFFECT:
            self.held[message.address.saga_key] += 1
        return self._execute(message, {"seats": message.input["seats"]})

    def _fail(self, message):
        body = {"code": "HallTooSmall", "message": "ten seats"}
        after_pivot = message.on_failure is OnFailure.RETRY
        if after_pivot and self.flaw is not Flaw.FINAL_AFTER_THE_PIVOT:
            return ReplyType.FAILED, body, False
        if self.flaw is not Flaw.FINAL_BUT_NOT_REGISTERED:
            self.register[self._id(message)] = ["failed", message.address.fingerprint, body]
        return ReplyType.FAILED, body, True

    def _execute(self, message, output):
        self.register[self._id(message)] = ["executed", message.address.fingerprint, output]
        return ReplyType.SUCCEEDED, output, False


def _past(moment: str, by: timedelta = timedelta()) -> bool:
    return datetime.fromisoformat(moment) < datetime.now(UTC) - by
