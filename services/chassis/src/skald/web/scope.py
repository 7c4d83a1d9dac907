"""What surrounds every request, whatever becomes of it: its id, its log context, its trace and its deadline."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from flask import Flask, Response, request
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from skald.deadline import BUDGET, HEADER, deadline_scope, parse_deadline, shorten_deadline
from skald.logging import log_context, log_fields
from skald.problems import PROBLEM_TYPE, Problem
from skald.tracing import server_span

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["REQUEST_ID", "install_request_scope", "request_id"]

REQUEST_ID: Final = "X-Request-ID"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Any other would become a label of its own in the metrics."""

_GOOD_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id() -> str | None:
    """The id of the request at hand, as it goes into logs, problems and calls to other services."""
    return log_fields().get("request_id")


def install_request_scope(app: Flask) -> None:
    """Wraps the whole app, so that even an answer that Flask makes by itself carries the request's id."""
    app.wsgi_app = _RequestScope(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_take_deadline)
    app.after_request(_describe_span)


class _RequestScope:
    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        identity = given if _GOOD_ID.fullmatch(given) else str(uuid.uuid4())
        carrier = {name: environ.get(f"HTTP_{name.upper()}", "") for name in ("traceparent", "tracestate")}
        method = environ["REQUEST_METHOD"]

        def start(
            status: str, headers: list[tuple[str, str]], error: OptExcInfo | None = None, /
        ) -> Callable[[bytes], object]:
            return start_response(status, [*headers, (REQUEST_ID, identity)], error)

        with log_context(request_id=identity), deadline_scope(BUDGET), server_span(f"HTTP {method}", carrier):
            if method not in METHODS:
                return _refuse_method(start)
            return self._app(environ, start)


def _refuse_method(start_response: StartResponse) -> Iterable[bytes]:
    problem = Problem.of_status(501, f"The methods known here are {', '.join(sorted(METHODS))}.")
    start_response("501 Not Implemented", [("Content-Type", PROBLEM_TYPE)])
    return [json.dumps(problem.as_json(request_id())).encode()]


def _take_deadline() -> None:
    text = request.headers.get(HEADER)
    if text is None:
        return
    try:
        seconds = parse_deadline(text)
    except ValueError:
        detail = f"{HEADER} must be an RFC 3339 time with its zone, for example 2030-01-31T12:00:00Z."
        raise Problem(400, "deadline-malformed", "Deadline not understood", detail) from None
    if seconds <= 0:
        raise Problem(504, "deadline-passed", "Too late", f"The deadline {text} had passed when the request arrived.")
    shorten_deadline(seconds)


def _describe_span(response: Response) -> Response:
    span = trace.get_current_span()
    if span.is_recording():
        route = request.url_rule.rule if request.url_rule else "(no route)"
        span.update_name(f"{request.method} {route}")
        span.set_attributes(
            {
                "http.request.method": request.method,
                "http.route": route,
                "http.response.status_code": response.status_code,
            }
        )
        if response.status_code >= 500:
            span.set_status(StatusCode.ERROR)
    return response
