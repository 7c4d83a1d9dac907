"""Customers: each buys, waits for the verdict on the order, thinks, and buys again, all through the gateway."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self

import requests

from hack.embedded.platform import Platform

__all__ = ["Customers", "Sku"]

_CUSTOMERS: Final = 16
"""So many orders are open at most: a load that waits for its answers cannot pile up while everything is down."""
_THINKING: Final = 2.0
"""Seconds, at most, between a verdict and the next order."""
_LOOK_EVERY: Final = 0.5
_METHODS: Final[Mapping[str, int]] = {"pm_ok": 7, "pm_declined": 1, "pm_flaky": 1, "pm_slow": 1}
_CANCELLED: Final = 0.1
"""The share of customers who change their mind."""
_SOON: Final = 1.5
"""Seconds within which they do."""
_PAUSE: Final = (0.2, 1.5)
"""Seconds before the same is asked again."""
_TIMEOUT: Final = 10
_PATIENCE: Final = 900.0


@dataclass(frozen=True, slots=True)
class Sku:
    """A product that nobody but this run buys."""

    name: str
    price: int
    """Minor units."""
    pieces: int
    weight: int
    """How often it is bought in proportion to the others."""


class Customers:
    """All customers of one run. Use it as a context manager: at its end each knows whether its order was taken."""

    def __init__(self, platform: Platform, skus: list[Sku], seed: int) -> None:
        self._platform = platform
        self._skus = skus
        self._lock = threading.Lock()
        self._token = ""
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._shop, args=(f"{seed}/{number}",), name=f"customer {number}")
            for number in range(_CUSTOMERS)
        ]
        self.accepted: set[str] = set()
        self.repeats = 0
        """Requests that got no answer, or a 429 or 5xx, and were sent again."""
        self.problems: list[str] = []
        """Answers that no customer should get."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _shop(self, seed: str) -> None:
        chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        while not self._closing.wait(chance.uniform(0, _THINKING)):
            try:
                self._buy(chance)
            except Exception as error:  # noqa: BLE001 - a customer who fails silently is an order that nobody misses
                self.problems.append(f"a customer gave up: {error!r}")

    def _buy(self, chance: random.Random) -> None:
        (sku,) = chance.choices(self._skus, [one.weight for one in self._skus])
        (method,) = chance.choices(list(_METHODS), list(_METHODS.values()))
        body = {"lines": [{"sku": sku.name, "quantity": chance.randint(1, 3)}], "paymentMethod": method}
        key = uuid.uuid4().hex  # not from the seed: the same seed may have been run on this platform before
        answer = self._post("/v1/orders", chance, json=body, headers={"Idempotency-Key": key})
        if answer.status_code != HTTPStatus.ACCEPTED:
            self.problems.append(f"POST /v1/orders was answered {answer.status_code}: {answer.text[:200]}")
            return
        order = answer.json()["id"]
        with self._lock:
            self.accepted.add(order)
        if chance.random() < _CANCELLED:
            time.sleep(chance.uniform(0, _SOON))
            answer = self._post(f"/v1/orders/{order}/cancel", chance)
            if answer.status_code not in (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT):
                self.problems.append(f"the cancel of {order} was answered {answer.status_code}: {answer.text[:200]}")
        self._wait_for(order, chance)

    def _wait_for(self, order: str, chance: random.Random) -> None:
        while not self._closing.wait(_LOOK_EVERY):
            if self._request("GET", f"/v1/orders/{order}", chance).json().get("status") != "Pending":
                return

    def _post(self, path: str, chance: random.Random, **request: Any) -> requests.Response:
        return self._request("POST", path, chance, **request)

    def _request(self, method: str, path: str, chance: random.Random, **request: Any) -> requests.Response:
        """The first answer that is about the request itself, however often it takes. Raises TimeoutError in the end."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                headers = {**request.get("headers", {}), "Authorization": f"Bearer {self._bearer()}"}
                url = f"{self._platform.gateway}{path}"
                answer = requests.request(method, url, timeout=_TIMEOUT, **{**request, "headers": headers})
            except requests.RequestException:
                pass
            else:
                if answer.status_code == HTTPStatus.UNAUTHORIZED:
                    self._token = ""
                elif answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status_code not in (408, 429):
                    return answer
            self.repeats += 1
            time.sleep(chance.uniform(*_PAUSE))
        raise TimeoutError(f"{method} {path} had no answer in {_PATIENCE:.0f} s")

    def _bearer(self) -> str:
        with self._lock:
            if not self._token:
                answer = requests.post(
                    f"{self._platform.gateway}/oauth/token",
                    data={"grant_type": "client_credentials"},
                    auth=("demo", self._platform.client_secret("demo")),
                    timeout=_TIMEOUT,
                )
                answer.raise_for_status()
                self._token = str(answer.json()["access_token"])
            return self._token
