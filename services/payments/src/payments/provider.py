"""The payment provider, over HTTP. What it needs to do once, it does once per key; so every call may be made again."""

from __future__ import annotations

from typing import Any, Final

from skald.clients.http import Answer, HttpClient
from skald.clients.policy import DeadlineExceeded, Unavailable
from skald.money import Money

from payments.domain import ProviderRefused, ProviderUnavailable

__all__ = ["HttpProvider"]

_TIMEOUT: Final = 4.0
"""Seconds for one call, less than the order saga gives one attempt of a step."""
_REFUSALS: Final = frozenset({402, 404, 409})
"""Answers about the money. Others, such as 403 or 422, are about a mistake of ours, for which no card is to blame."""


class HttpProvider:
    """A ``Provider``. Calls are not repeated here: the operator owns the retry, and counts it."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def authorize(self, key: str, token: str, money: Money, order: str) -> str:
        """Set the money aside and return the authorization's id. Raises ProviderRefused, ProviderUnavailable."""
        request = {"token": token, "amount": money.amount, "currency": money.currency, "order": order}
        return str(self._put(f"/v1/authorizations/{key}", request)["authorization"])

    def void(self, key: str) -> None:
        """Free what was authorized under ``key``, or bar it. Raises ProviderRefused, ProviderUnavailable."""
        self._put(f"/v1/authorizations/{key}/void", {})

    def capture(self, key: str, authorized: str) -> str:
        """Move the money and return the capture's id. Raises ProviderRefused, ProviderUnavailable."""
        return str(self._put(f"/v1/captures/{key}", {"authorizationKey": authorized})["capture"])

    def _put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.request("PUT", path, body=body, timeout=_TIMEOUT, idempotent=False)
        except (Unavailable, DeadlineExceeded) as error:
            raise ProviderUnavailable(error.detail) from error
        if answer.status == 200 and isinstance(answer.json, dict):
            return answer.json
        if answer.status in _REFUSALS:
            raise ProviderRefused(_detail(answer))
        raise ProviderUnavailable(f"the provider answered {answer.status} to PUT {path}: {_detail(answer)}")


def _detail(answer: Answer) -> str:
    problem = answer.json if isinstance(answer.json, dict) else {}
    return str(problem.get("detail") or problem.get("title") or "it gave no reason")
