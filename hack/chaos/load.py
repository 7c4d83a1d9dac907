"""Customers: orders at a steady rate through the gateway, each asked for until the shop has said yes or no."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self

import requests

from hack.embedded.platform import Platform

__all__ = ["Customers", "Sku"]

RATE: Final = 1.0
"""Orders a second: what two cores bear beside parts that start again all the time."""
_THREADS: Final = 16
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
    """All customers of one run. Use it as a context manager: at its end every order has its answer."""

    def __init__(self, platform: Platform, skus: list[Sku], seed: int) -> None:
        self._platform = platform
        self._skus = skus
        self._chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._lock = threading.Lock()
        self._token = ""
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="customer")
        self._closing = threading.Event()
        self._clock = threading.Thread(target=self._come, name="customers")
        self.accepted: set[str] = set()
        self.asked = 0
        self.repeats = 0
        """Requests that got no answer, or a 429 or 5xx, and were sent again."""
        self.problems: list[str] = []
        """Answers that no customer should get."""

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._clock.join()
        self._pool.shutdown(wait=True)

    def _come(self) -> None:
        while not self._closing.wait(1 / RATE):
            chance = random.Random(self._chance.random())  # noqa: S311 - as above
            self.asked += 1
            self._pool.submit(self._shop, chance)

    def _shop(self, chance: random.Random) -> None:
        try:
            self._buy(chance)
        except Exception as error:  # noqa: BLE001 - a customer who fails silently would be an order that nobody misses
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

    def _post(self, path: str, chance: random.Random, **request: Any) -> requests.Response:
        """The first answer that is about the request itself, however often it takes. Raises TimeoutError in the end."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                headers = {**request.get("headers", {}), "Authorization": f"Bearer {self._bearer()}"}
                url = f"{self._platform.gateway}{path}"
                answer = requests.post(url, timeout=_TIMEOUT, **{**request, "headers": headers})
            except requests.RequestException:
                pass
            else:
                if answer.status_code == HTTPStatus.UNAUTHORIZED:
                    self._token = ""
                elif answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status_code not in (408, 429):
                    return answer
            self.repeats += 1
            time.sleep(chance.uniform(*_PAUSE))
        raise TimeoutError(f"POST {path} had no answer in {_PATIENCE:.0f} s")

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
