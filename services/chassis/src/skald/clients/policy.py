"""What every call to another service goes through: a deadline, a bounded number at a time, a breaker, few retries."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from prometheus_client import Counter
from tenacity import RetryCallState, Retrying, stop_after_attempt, stop_before_delay, wait_random_exponential

from skald.clients.breaker import Breaker, BreakerOpen
from skald.deadline import remaining
from skald.problems import Problem

__all__ = ["DeadlineExceeded", "Limits", "RetryBudget", "Silent", "Target", "Transient", "Unavailable", "Unconnected"]

Result = TypeVar("Result")

MARGIN: Final = 0.1
"""Seconds kept back from the caller's deadline, to answer it with."""
PATIENCE: Final = 0.5
"""The part of the time left that one attempt of an idempotent call may take: a replica that is gone says nothing, and
the next attempt may meet another."""
FAIR: Final = 0.5
"""Seconds in which a target that is well has answered. Silence for less, because its caller is in a hurry, is no proof
of anything, or one hurried caller could have the breaker opened for everybody."""

_CALLS: Final = Counter("client_calls", "Calls to other services, by how they ended", ["target", "outcome"])
_RETRIES: Final = Counter("client_retries", "Attempts after the first", ["target"])


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of this process one target may take up."""

    concurrency: int = 16
    """Calls at a time; one more fails at once."""
    attempts: int = 3
    """Of an idempotent call, the first included."""
    shortest_pause: float = 0.05
    """Seconds; the upper bound of the first pause, doubled each time. The pause itself is random below it."""
    longest_pause: float = 1.0
    failures: int = 5
    """In a row, until the breaker opens."""
    open_for: float = 5.0
    """Seconds until an open breaker lets one call through, to see."""


class Transient(Exception):
    """An attempt failed in a way that another may not."""


class Silent(Transient):
    """An attempt had no answer in the time it was given."""


class Unconnected(Transient):
    """An attempt had no connection in the time it was given."""


class Hurried(Silent):
    """That time was short for the caller's sake, so that it says nothing about the target."""


class Unavailable(Problem):
    """The target cannot be asked now: 503, with when to try again."""

    def __init__(self, target: str, reason: str, retry_after: float = 1.0) -> None:
        super().__init__(
            503,
            "dependency-unavailable",
            "Not available now",
            f"{target}: {reason}.",
            headers={"Retry-After": str(math.ceil(retry_after))},
        )


class DeadlineExceeded(Problem):
    """The target did not answer in the time that was left: 504."""

    def __init__(self, target: str) -> None:
        super().__init__(504, "deadline-exceeded", "Too late", f"{target} did not answer in time.")


class RetryBudget:
    """Lets retries be a tenth of the calls, so that a target in trouble is not asked three times as much.

    Each call earns a tenth of a retry; up to ``reserve`` are saved for a rare failure after a quiet time.
    """

    SHARE: Final = 0.1

    def __init__(self, reserve: int = 10) -> None:
        self._reserve = float(reserve)
        self._saved = float(reserve)
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call begins."""
        with self._lock:
            self._saved = min(self._reserve, self._saved + self.SHARE)

    def spend(self) -> bool:
        """Whether one more retry is within the budget; it is taken."""
        with self._lock:
            if self._saved < 1:
                return False
            self._saved -= 1
            return True


class Target(Generic[Result]):
    """One other service, as this process sees it."""

    def __init__(self, name: str, limits: Limits | None = None, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self._limits = limits or Limits()
        self._slots = threading.BoundedSemaphore(self._limits.concurrency)
        self._budget = RetryBudget()
        self._breaker = Breaker(name, self._limits.failures, self._limits.open_for, Transient, unproven=Hurried)
        self._sleep = sleep

    def call(self, attempt: Callable[[float], Result], *, timeout: float, idempotent: bool) -> Result:
        """Runs ``attempt(seconds it may take)``, again after a Transient if that is harmless and affordable.

        ``timeout`` bounds all attempts together, the caller's deadline may leave less. Raises Unavailable,
        DeadlineExceeded, and whatever else ``attempt`` raises.
        """
        seconds, fair = _allowed(timeout)
        ends = time.monotonic() + seconds
        with self._counted(), self._slot():
            self._budget.earn()
            try:
                once = self._once(attempt, ends, PATIENCE if idempotent else 1.0, fair)
                return self._retrying(ends, idempotent=idempotent)(once)
            except BreakerOpen:
                raise Unavailable(self.name, "it failed too often just now", self._limits.open_for) from None
            except Silent as error:
                raise DeadlineExceeded(self.name) from error
            except Transient as error:
                raise Unavailable(self.name, str(error)) from error

    def _once(
        self, attempt: Callable[[float], Result], ends: float, patience: float, fair: float
    ) -> Callable[[], Result]:
        # Raised too when a pause took the last of the time: then the answer is what the attempt before it met.
        failed: Exception = DeadlineExceeded(self.name)

        def once() -> Result:
            nonlocal failed
            seconds = (ends - time.monotonic()) * patience
            if seconds <= 0:
                raise failed
            try:
                return self._breaker.call(lambda: _judged(attempt, seconds, fair))
            except Transient as error:
                failed = error
                raise

        return once

    def _retrying(self, ends: float, *, idempotent: bool) -> Retrying:
        def worthwhile(state: RetryCallState) -> bool:
            failed = state.outcome is not None and isinstance(state.outcome.exception(), Transient)
            allowed = idempotent and state.attempt_number < self._limits.attempts and time.monotonic() < ends
            return failed and allowed and self._budget.spend()

        return Retrying(
            retry=worthwhile,
            stop=stop_after_attempt(self._limits.attempts) | stop_before_delay(max(ends - time.monotonic(), 0)),
            wait=wait_random_exponential(multiplier=self._limits.shortest_pause, max=self._limits.longest_pause),
            before_sleep=lambda _: _RETRIES.labels(self.name).inc(),
            sleep=self._sleep,
            reraise=True,
        )

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(blocking=False):
            raise Unavailable(self.name, f"{self._limits.concurrency} calls to it are under way already")
        try:
            yield
        finally:
            self._slots.release()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        outcome = "failed"
        try:
            yield
            outcome = "answered"
        except Unavailable:
            outcome = "unavailable"
            raise
        except DeadlineExceeded:
            outcome = "late"
            raise
        finally:
            _CALLS.labels(self.name, outcome).inc()


def _allowed(timeout: float) -> tuple[float, float]:
    """Seconds for all attempts together, and those below which one of them is too short to judge the target by."""
    left = remaining()
    if left is None or left - MARGIN >= timeout:
        return timeout, 0.0
    return left - MARGIN, min(FAIR, timeout * PATIENCE)


def _judged(attempt: Callable[[float], Result], seconds: float, fair: float) -> Result:
    """``attempt(seconds)``: what did not come is held against the target only if it had a ``fair`` time."""
    try:
        return attempt(seconds)
    except (Silent, Unconnected) as error:
        if seconds < fair:
            raise Hurried(str(error)) from error
        raise
