"""A circuit breaker per target: pybreaker decides, but calls run side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
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

    def __init__(self, target: str, failures: int, open_for: float, failure: type[Exception]) -> None:
        """``failure`` is what counts against the target; any other exception proves that it answers."""
        _STATE.labels(target).set(0)
        self._probe = threading.Lock()
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures,
            reset_timeout=open_for,
            exclude=[lambda error: not isinstance(error, failure)],
            listeners=[_ShowState()],
            name=target,
            throw_new_error_on_trip=False,
        )

    def call(self, attempt: Callable[[], Result]) -> Result:
        """Raises BreakerOpen without calling while the target is left alone, else what ``attempt`` raises.

        pybreaker holds its lock while it calls, which would let one call at a time through. So while the breaker is
        closed the call is made first and its outcome told afterwards.
        """
        if self._breaker.current_state == pybreaker.STATE_CLOSED:
            return self._call_and_tell(attempt)
        if not self._probe.acquire(blocking=False):
            raise BreakerOpen(f"{self._breaker.name} is being probed")
        try:
            result: Result = self._breaker.call(attempt)
            return result
        finally:
            self._probe.release()

    def _call_and_tell(self, attempt: Callable[[], Result]) -> Result:
        """BreakerOpen, from telling, only means that others opened it meanwhile."""
        try:
            result = attempt()
        except Exception as error:
            with suppress(BreakerOpen, type(error)):
                self._breaker.call(_fail, error)
            raise
        with suppress(BreakerOpen):
            self._breaker.call(_succeed)
        return result


def _fail(error: Exception) -> None:
    raise error


def _succeed() -> None:
    """What pybreaker calls to learn of a success."""
