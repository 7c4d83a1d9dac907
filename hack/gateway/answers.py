"""What Envoy itself answers, as problem documents (RFC 9457) of the services' kinds, and one line of log each."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

_DETAILS: Final = {
    HTTPStatus.BAD_REQUEST: "The request is malformed.",
    HTTPStatus.UNAUTHORIZED: "%LOCAL_REPLY_BODY%",
    HTTPStatus.FORBIDDEN: "The request is not allowed here.",
    HTTPStatus.NOT_FOUND: "There is nothing at this path for this method.",
    HTTPStatus.REQUEST_TIMEOUT: "The request did not arrive in time.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the gateway lets through.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests: wait as long as Retry-After says.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are larger than the gateway lets through.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The service behind this path cannot be reached. Nothing was lost: try again.",
    HTTPStatus.GATEWAY_TIMEOUT: (
        "The service behind this path did not answer in time; it may have acted. Repeat the request with the same "
        "Idempotency-Key."
    ),
}


def local_reply_config() -> dict[str, Any]:
    """A problem for each status that Envoy answers by itself."""
    other = _body("The gateway could not handle the request.", "about:blank", "%RESPONSE_CODE_DETAILS%")
    return {"mappers": [_mapper(status, detail) for status, detail in _DETAILS.items()], "body_format": other}


def _mapper(status: HTTPStatus, detail: str) -> dict[str, Any]:
    kind = "urn:skald:problem:" + status.phrase.lower().replace(" ", "-")
    return {
        "filter": {
            "status_code_filter": {
                "comparison": {"op": "EQ", "value": {"default_value": status.value, "runtime_key": "gateway.unused"}}
            }
        },
        "body_format_override": _body(status.phrase, kind, detail),
    }


def _body(title: str, kind: str, detail: str) -> dict[str, Any]:
    return {
        "json_format": {
            "type": kind,
            "title": title,
            "status": "%RESPONSE_CODE%",
            "detail": detail,
            "requestId": "%REQ(X-REQUEST-ID)%",
        },
        "content_type": "application/problem+json",
    }


def access_log(path: str) -> dict[str, Any]:
    """One JSON object per request with Kong's names. No query string, no headers: they may hold secrets."""
    line = {
        "started_at": "%START_TIME%",
        "client_ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "request": {
            "id": "%REQ(X-REQUEST-ID)%",
            "method": "%REQ(:METHOD)%",
            "uri": "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%",
            "size": "%BYTES_RECEIVED%",
        },
        "response": {"status": "%RESPONSE_CODE%", "size": "%BYTES_SENT%", "details": "%RESPONSE_CODE_DETAILS%"},
        "latencies": {"request": "%DURATION%", "proxy": "%RESPONSE_DURATION%"},
        "route": {"name": "%ROUTE_NAME%"},
        "service": {"name": "%UPSTREAM_CLUSTER_RAW%"},
        "upstream": {"address": "%UPSTREAM_HOST%", "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"},
    }
    without_query = {
        "name": "envoy.formatter.req_without_query",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery"
        },
    }
    log_format = {"json_format": line, "formatters": [without_query]}
    kind = "stream.v3.StdoutAccessLog" if path == "/dev/stdout" else "file.v3.FileAccessLog"
    return {
        "name": "gateway",
        "typed_config": {
            "@type": f"type.googleapis.com/envoy.extensions.access_loggers.{kind}",
            "log_format": log_format,
            **({} if path == "/dev/stdout" else {"path": path}),
        },
    }
