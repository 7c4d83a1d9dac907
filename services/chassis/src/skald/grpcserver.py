"""Serves gRPC to other services: every call with a known caller, a deadline, a log context and metrics."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from prometheus_client import Histogram
from pymongo.errors import ConnectionFailure

from skald.deadline import BUDGET, deadline_scope
from skald.ending import Ending
from skald.health import HealthServer, Readiness
from skald.logging import log_context, set_up_logging
from skald.mongo import StoreUnavailable
from skald.problems import Problem
from skald.servicetokens import Callers
from skald.settings import GrpcSettings
from skald.tokens import InvalidToken
from skald.tracing import server_span, set_up_tracing

__all__ = ["make_server", "serve_grpc"]

logger = logging.getLogger(__name__)

_THREADS: Final = 8
_GRACE: Final = 20.0
"""Seconds that calls under way have left when the process is told to stop."""
_HEALTH: Final = "/grpc.health.v1.Health/"
"""Open to all: kubelet has no token of ours."""
_OPTIONS: Final = (
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.max_receive_message_length", 64 * 1024),
    # a client that connects again asks for the name again, and so finds replicas that came later
    ("grpc.max_connection_age_ms", 20_000),
    ("grpc.max_connection_age_grace_ms", 10_000),
)
_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ABORTED,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
_SECONDS: Final = Histogram("grpc_request_duration_seconds", "Calls served", ["method", "code"])

Register = Callable[[grpc.Server], None]
"""Adds servicers to a server, for example ``lambda server: add_QuotesServicer_to_server(quotes, server)``."""


def make_server(register: Register, callers: Callers, allowed: Collection[str]) -> tuple[grpc.Server, Any]:
    """A server that only the services named in ``allowed`` may call, and its health servicer. Not started.

    Servicers raise Problem, never ``context.abort``: a 404 becomes NOT_FOUND and so on.
    """
    server = grpc.server(
        ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc"),
        interceptors=[_Guard(callers, frozenset(allowed))],
        options=_OPTIONS,
    )
    register(server)
    status = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    return server, status


def serve_grpc(
    settings: GrpcSettings, register: Register, *, callers: Callers, allowed: Collection[str], readiness: Readiness
) -> None:
    """Serves until SIGTERM: then not ready, no new calls, and up to 20 s for those under way.

    Raises OSError when the port is taken.
    """
    set_up_logging(settings.service, settings.log_level)
    end_tracing = set_up_tracing(settings.service, settings.trace_endpoint)
    server, status = make_server(register, callers, allowed)
    try:
        server.add_insecure_port(str(settings.grpc_bind))
    except RuntimeError as error:
        raise OSError(f"SKALD_GRPC_BIND={settings.grpc_bind}: {error}") from error
    ending = Ending()
    ending.heed_signals()
    health_server = HealthServer(settings.metrics_bind, readiness)
    health_server.start()
    server.start()
    status.set("", health_pb2.HealthCheckResponse.SERVING)
    logger.info("serving gRPC on %s", settings.grpc_bind)
    ending.wait()
    readiness.drain()
    status.enter_graceful_shutdown()
    server.stop(_GRACE).wait()
    health_server.stop()
    end_tracing()


class _Guard(grpc.ServerInterceptor):
    """Stands before every method. Only calls of one message each way are let through: others are not used here."""

    def __init__(self, callers: Callers, allowed: frozenset[str]) -> None:
        self._callers = callers
        self._allowed = allowed

    def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Any], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        method = handler_call_details.method
        handler = continuation(handler_call_details)
        if handler is None or method.startswith(_HEALTH):
            return handler
        metadata = {key: str(value) for key, value in handler_call_details.invocation_metadata}

        def answer(message: Any, context: grpc.ServicerContext) -> Any:
            with (
                log_context(request_id=metadata.get("x-request-id")),
                server_span(method, metadata),
                deadline_scope(min(context.time_remaining() or BUDGET, BUDGET)),
            ):
                return self._measured(method, handler.unary_unary, metadata, message, context)

        return grpc.unary_unary_rpc_method_handler(
            answer if handler.unary_unary else _refuse_streams,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _measured(
        self,
        method: str,
        handle: Callable[[Any, grpc.ServicerContext], Any],
        metadata: Mapping[str, str],
        message: Any,
        context: grpc.ServicerContext,
    ) -> Any:
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            self._admit(metadata)
            return handle(message, context)
        except Exception as error:  # noqa: BLE001 - _meaning_of sorts them, and logs what nobody expected
            code, detail = _meaning_of(error)
            context.abort(code, detail)
        finally:
            _SECONDS.labels(method, code.name).observe(time.perf_counter() - started)

    def _admit(self, metadata: Mapping[str, str]) -> None:
        scheme, _, token = metadata.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("there is none; send authorization: Bearer TOKEN")
        caller = self._callers.caller(token)
        if caller not in self._allowed:
            raise Problem(403, "caller-not-allowed", "Not allowed", f"The service {caller} may not call this method.")


def _meaning_of(error: Exception) -> tuple[grpc.StatusCode, str]:
    match error:
        case InvalidToken():
            return grpc.StatusCode.UNAUTHENTICATED, f"The service-account token is refused: {error}."
        case Problem():
            return _CODES.get(error.status, grpc.StatusCode.INTERNAL), error.detail or error.title
        case StoreUnavailable() | ConnectionFailure():
            logger.warning("the database cannot be reached: %s", error)
            return grpc.StatusCode.UNAVAILABLE, "The service cannot reach its database."
        case _:
            logger.error("a gRPC handler failed", exc_info=error)
            return grpc.StatusCode.INTERNAL, "It is our fault; the request id leads to the cause in our logs."


def _refuse_streams(_: Any, context: grpc.ServicerContext) -> None:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "Only calls of one message each way are served.")
