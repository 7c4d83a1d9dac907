"""gRPC calls to other services."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

import grpc

from skald.clients.policy import Limits, Silent, Target, Transient
from skald.logging import log_fields
from skald.servicetokens import ServiceToken
from skald.tracing import client_span, outgoing_headers

__all__ = ["GrpcClient", "Refused"]

Reply = TypeVar("Reply")

_OPTIONS: Final = (
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_receive_message_length", 1024 * 1024),
    ("grpc.enable_retries", 0),
    # by default half a minute, in which a drained node's pods are all gone and nobody has looked for their successors
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
"""Round robin over what the name resolves to: a headless Service. Retries are ours, they have a budget."""

_RECONNECT: Final = 2.0
"""Seconds in which a client that has lost all replicas looks them up anew and connects; a refused call waits for it."""

_TRANSIENT: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)


class Refused(Exception):
    """The target understood the call and says no."""

    def __init__(self, target: str, code: grpc.StatusCode, detail: str) -> None:
        super().__init__(f"{target} refused: {code.name}: {detail}")
        self.code = code
        self.detail = detail


class GrpcClient:
    """All calls of this process to one other service. Thread-safe; make it once, after a fork."""

    def __init__(
        self, name: str, address: str, *, token: ServiceToken | None = None, limits: Limits | None = None
    ) -> None:
        """``address`` is ``host:port``; every address that the host has gets its share of the calls."""
        self.channel = grpc.insecure_channel(f"dns:///{address}", options=_OPTIONS)
        self._token = token
        self._target: Target[Any] = Target(name, limits)

    def call(
        self, method: Callable[..., Reply], message: object, *, timeout: float = 1.0, idempotent: bool = False
    ) -> Reply:
        """Calls a stub's ``method`` (of a stub made on ``channel``), for at most ``timeout`` seconds in all.

        Raises Refused for an answer that another try would not change, Unavailable (503) and DeadlineExceeded (504).
        """
        refused = False

        def attempt(seconds: float) -> Reply:
            nonlocal refused
            allowed = min(seconds, _RECONNECT) if refused else seconds
            try:
                return method(message, timeout=allowed, metadata=self._metadata(), wait_for_ready=refused)
            except grpc.RpcError as error:
                if refused and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise Transient("no connection to it") from error
                refused = error.code() is grpc.StatusCode.UNAVAILABLE
                raise self._meaning_of(error) from error

        with client_span(f"call {self._target.name}"):
            reply: Reply = self._target.call(attempt, timeout=timeout, idempotent=idempotent)
            return reply

    def _metadata(self) -> list[tuple[str, str]]:
        metadata = list(outgoing_headers().items())
        if request_id := log_fields().get("request_id"):
            metadata.append(("x-request-id", request_id))
        if self._token is not None:
            metadata.append(("authorization", f"Bearer {self._token.read()}"))
        return metadata

    def _meaning_of(self, error: grpc.RpcError) -> Exception:
        code, detail = error.code(), error.details() or ""
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return Silent(detail)
        return Transient(f"{code.name}: {detail}") if code in _TRANSIENT else Refused(self._target.name, code, detail)

    def close(self) -> None:
        """Ends the channel."""
        self.channel.close()
