"""A circuit breaker per target: pybreaker decides, but calls run side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import pybreaker
from prometheus_client import Gauge

__all__ = ["Breaker", "BreakerOpen"]

Result = TypeVar("Result")

BreakerOpen = pybreaker.CircuitBreakerError
"""The target failed too often; it is left alone for a while."""

_VALUES: Final = {pybreaker.STATE_CLOSED: 0, pybreaker.STATE_HALF_OPEN: 1, pybreaker.STATE_OPEN: 2}
_STATE: Final = Gauge("client_breaker_state", "0 closed, 1 half-open, 2 open", ["target"], multiprocess_mode="livemax")


class _ShowState(pybreaker.CircuitBreakerListener):
    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:  # noqa: ARG002 - pybreaker's signature
        _STATE.labels(cb.name).set(_VALUES[new_state.name])


class Breaker:
    """Opens after ``failures`` in a row; ``open_for`` seconds later one call goes through, whose success closes it."""

    def __init__(
        self, target: str, failures: int, open_for: float, failure: type[Exception], unproven: type[Exception]
    ) -> None:
        """``failure`` counts against the target, ``unproven`` says nothing about it; any other one proves an answer."""
        _STATE.labels(target).set(0)
        self._probe = threading.Lock()
        self._changing = threading.Lock()
        self._open_for = timedelta(seconds=open_for)
        self._unproven = unproven
        self._storage = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures,
            reset_timeout=open_for,
            exclude=[lambda error: not isinstance(error, failure)],
            listeners=[_ShowState()],
            state_storage=self._storage,
            name=target,
            throw_new_error_on_trip=False,
        )

    def call(self, attempt: Callable[[], Result]) -> Result:
        """Raises BreakerOpen without calling while the target is left alone, else what ``attempt`` raises.

        pybreaker holds its lock while it calls, which would let one call at a time through, and counts whatever comes
        of it. So the call is made first and its outcome told afterwards, if there is one.
        """
        if self._breaker.current_state == pybreaker.STATE_CLOSED:
            return self._call_and_tell(attempt, pybreaker.STATE_CLOSED)
        if not self._probe.acquire(blocking=False):
            raise BreakerOpen(f"{self._breaker.name} is being probed")
        try:
            return self._call_and_tell(attempt, self._half_open())
        finally:
            self._probe.release()

    def _half_open(self) -> str:
        """The state that a probe begins in: half-open, or closed if the probe before this one has just closed it.

        Only a probe that proves something ends the half-open state: after any other the next call is a probe too.
        """
        with self._changing:
            opened_at = self._storage.opened_at
            if self._breaker.current_state == pybreaker.STATE_OPEN and opened_at is not None:
                if datetime.now(UTC) < opened_at + self._open_for:
                    raise BreakerOpen(f"{self._breaker.name} is left alone")
                self._breaker.half_open()
            return str(self._breaker.current_state)

    def _call_and_tell(self, attempt: Callable[[], Result], began_in: str) -> Result:
        try:
            result = attempt()
        except self._unproven:
            raise
        except Exception as error:
            with suppress(BreakerOpen, type(error)):
                self._tell(began_in, _fail, error)
            raise
        with suppress(BreakerOpen):
            self._tell(began_in, _succeed)
        return result

    def _tell(self, began_in: str, outcome: Callable[..., None], *given: Exception) -> None:
        """What became of a call is old news in any other state than it began in: there, the probe alone is heard."""
        with self._changing:
            if self._breaker.current_state == began_in:
                self._breaker.call(outcome, *given)


def _fail(error: Exception) -> None:
    raise error


def _succeed() -> None:
    """What pybreaker calls to learn of a success."""
