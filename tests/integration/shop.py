"""A customer of the shop: orders through the gateway, and what kubectl would show of their sagas."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from hack.embedded.errors import PlatformError

TERMINAL = {"Succeeded", "Compensated", "Aborted"}
_HALF_A_TOKENS_LIFE = 450.0
"""Seconds."""


def eventually(what: str, probe: Callable[[], Any], seconds: float = 60, every: float = 0.05) -> Any:
    """Poll until the probe gives something true; fail with what was awaited and what was seen last.

    A server that does not answer now is asked again.
    """
    deadline, seen = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        try:
            if seen := probe():
                return seen
        except (PlatformError, requests.RequestException) as error:
            seen = error
        time.sleep(every)
    raise AssertionError(f"waited {seconds:g} s for {what}; last seen: {seen!r}")


class Shop:
    """One customer, one session."""

    def __init__(self, platform: Any) -> None:
        self.platform = platform
        self.http, self.staff = requests.Session(), requests.Session()
        self.log_in()
        self.api = requests.Session()
        self.api.headers["Authorization"] = f"Bearer {platform.admin_token}"
        self.api.verify = str(platform.ca_file)
        # else requests lets REQUESTS_CA_BUNDLE win over verify
        self.api.trust_env = False

    def log_in(self) -> None:
        """With new tokens, which live for a quarter of an hour."""
        for session, client in ((self.http, "demo"), (self.staff, "demo-staff")):
            session.headers["Authorization"] = f"Bearer {self.token(client)}"
        self._since = time.monotonic()

    def stay_logged_in(self) -> None:
        """For as long as a test takes."""
        if time.monotonic() - self._since > _HALF_A_TOKENS_LIFE:
            self.log_in()

    def url(self, path: str) -> str:
        return f"{self.platform.gateway}{path}"

    def token(self, client: str) -> str:
        secret = self.platform.client_secret(client)
        answer = requests.post(
            self.url("/oauth/token"), data={"grant_type": "client_credentials"}, auth=(client, secret), timeout=10
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def post_order(self, *, key: str | None = None, **body: Any) -> requests.Response:
        """POST /v1/orders as it is; ``body`` overrides one harp paid by pm_ok."""
        order = {"lines": [{"sku": "harp", "quantity": 1}], "paymentMethod": "pm_ok", **body}
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.http.post(self.url("/v1/orders"), json=order, headers=headers, timeout=30)

    def order(self, sku: str = "harp", quantity: int = 1, method: str = "pm_ok") -> str:
        """Place an order that must be taken; its id."""
        answer = self.post_order(lines=[{"sku": sku, "quantity": quantity}], paymentMethod=method)
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def cancel(self, order: str) -> requests.Response:
        return self.http.post(self.url(f"/v1/orders/{order}/cancel"), timeout=10)

    def get_order(self, order: str) -> dict[str, Any]:
        answer = self.http.get(self.url(f"/v1/orders/{order}"), timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def saga(self, order: str) -> dict[str, Any] | None:
        """The order's Saga object, or None while there is none."""
        path = f"/apis/skald.dev/v1alpha1/namespaces/{self.platform.namespace}/sagas/order-{order}"
        answer = self.api.get(f"{self.platform.kubernetes_url}{path}", timeout=10)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def phase(self, order: str) -> str | None:
        saga = self.saga(order)
        return saga and saga.get("status", {}).get("phase")

    def finished(self, order: str, seconds: float = 90) -> dict[str, Any]:
        """Wait for the saga's verdict."""
        eventually(f"the saga of order {order} to end", lambda: self.phase(order) in TERMINAL, seconds)
        return self.saga(order)

    def verdict(self, order: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until the order itself knows."""
        return eventually(
            f"order {order} to learn its verdict",
            lambda: (found := self.get_order(order))["status"] != "Pending" and found,
            seconds,
        )
