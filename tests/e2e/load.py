"""Customers who do not wait for each other: they ask all the time while something is done to the platform."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from typing import Final

import requests

from tests.integration.shop import Shop, eventually

VERDICTS: Final = {"pm_ok": "Confirmed", "pm_declined": "Rejected", "pm_slow": "Confirmed"}
"""What must become of an order, by how it is paid."""
PLENTY: Final = "lute"
"""Of which the demo has more than all tests together order."""


class Crowd:
    """Threads that call ``act`` again and again from ``with`` on until its end."""

    def __init__(self, act: Callable[[], None], size: int = 1, pause: float = 0.1) -> None:
        self._act = act
        self._pause = pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(size)]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._act()
            self._stop.wait(self._pause)


@dataclass
class Asking:
    """One kind of request, and what became of it."""

    ask: Callable[[], requests.Response]
    served: int = 0
    failures: list[str] = field(default_factory=list)

    def __call__(self) -> None:
        try:
            answer = self.ask()
        except requests.RequestException as error:
            self.failures.append(_without_answer(error))
            return
        if answer.ok:
            self.served += 1
        else:
            self.failures.append(f"{answer.status_code} {answer.url}: {answer.text[:300]}")


@dataclass
class Ordering:
    """Orders of all kinds, each under its own key until it is taken: a customer who is refused asks again."""

    shop: Shop
    expected: dict[str, str] = field(default_factory=dict)
    """The verdict to come, by order."""
    refusals: list[str] = field(default_factory=list)
    _methods: Iterator[str] = field(default_factory=lambda: cycle(VERDICTS))
    _untaken: tuple[str, str] | None = None

    def __call__(self) -> None:
        key, method = self._untaken = self._untaken or (uuid.uuid4().hex, next(self._methods))
        try:
            answer = self.shop.post_order(key=key, paymentMethod=method, lines=[{"sku": PLENTY, "quantity": 1}])
        except requests.RequestException as error:
            self.refusals.append(_without_answer(error))
            return
        if answer.status_code == 202:
            self.expected[answer.json()["id"]] = VERDICTS[method]
            self._untaken = None
        else:
            self.refusals.append(f"{answer.status_code} {answer.text[:300]}")

    def all_end_as_they_should(self, seconds: float = 120) -> None:
        """Wait for the verdict on every order that was taken; fail when one is wrong or does not come."""
        assert self.expected, f"no order was taken: {self.refusals[-3:]}"
        waiting, wrong = dict(self.expected), {}

        def all_known() -> bool:
            for order, expected in list(waiting.items()):
                answer = self.shop.http.get(self.shop.url(f"/v1/orders/{order}"), timeout=10)
                if answer.status_code in (502, 503, 504):  # whoever asks again is answered
                    return False
                assert answer.status_code == 200, answer.text
                seen = answer.json()
                if seen["status"] != "Pending":
                    del waiting[order]
                    if seen["status"] != expected:
                        wrong[order] = f"expected {expected}, became {seen['status']}: {seen.get('reason')}"
            return not waiting

        eventually(f"the verdict on {len(self.expected)} orders", all_known, seconds, every=0.5)
        assert not wrong, wrong


def _without_answer(error: requests.RequestException) -> str:
    """When, and to what: for the logs of those who should have answered."""
    asked = f"{error.request.method} {error.request.url}" if error.request is not None else "a request"
    return f"{datetime.now(UTC):%H:%M:%S.%f} {asked}: {error!r}"
