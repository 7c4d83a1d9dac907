"""Logs: one JSON object per line on standard output, with the context of the request or saga and without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final

from opentelemetry import trace
from pythonjsonlogger.core import LogData
from pythonjsonlogger.msgspec import MsgspecFormatter

from skald.moments import rfc3339

__all__ = ["JsonLines", "add_log_fields", "log_context", "log_fields", "redact", "set_up_logging"]

HIDDEN: Final = "[redacted]"

_CHATTY: Final = ("pika", "authlib", "urllib3")
"""Libraries that tell every step at INFO or DEBUG, secrets included."""

_fields: ContextVar[Mapping[str, str]] = ContextVar("skald_log_fields")

_SECRET_NAME: Final = re.compile(
    r"authorization|cookie|secret|password|passwd|token|api[-_]?key|card[-_]?number|cvc|cvv|^pan$", re.IGNORECASE
)
_SECRET_TEXT: Final = (
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{4,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), HIDDEN),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"((?:set-)?cookie\s*[:=]\s*)[^\r\n]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(r"((?:\w*secret|\w*password|\w*token|cvc|cvv)[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;}]+", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
)
_HINT: Final = re.compile("bearer|basic|eyj|://|cookie|secret|password|token|cvc|cvv")
"""A text without any of these, in lower case, needs no closer look: nearly all of them, and looking costs 40 us."""
_CARD_NUMBER: Final = re.compile(r"(?<![\w-])[2-6](?:[ -]?\d){13,18}(?![\w-])")


@contextmanager
def log_context(**fields: str | None) -> Iterator[None]:
    """Every line logged inside carries these fields too, in this thread and in what it calls."""
    scope = _fields.set(_merged(fields))
    try:
        yield
    finally:
        _fields.reset(scope)


def add_log_fields(**fields: str | None) -> None:
    """Adds to the innermost ``log_context`` what is only known later, such as the subject."""
    _fields.set(_merged(fields))


def log_fields() -> Mapping[str, str]:
    """The fields of the context at hand."""
    return _fields.get({})


def _merged(fields: Mapping[str, str | None]) -> Mapping[str, str]:
    return {**log_fields(), **{name: value for name, value in fields.items() if value}}


def redact(value: Any) -> Any:
    """The value without credentials, cookies, tokens and card numbers, at any depth."""
    if isinstance(value, str):
        return _redact_text(value)
    if isinstance(value, Mapping):
        return {key: HIDDEN if _names_a_secret(str(key)) else redact(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item) for item in value]
    return value


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _redact_text(text: str) -> str:
    if _HINT.search(text.lower()):
        for pattern, replacement in _SECRET_TEXT:
            text = pattern.sub(replacement, text)
    return _CARD_NUMBER.sub(lambda match: HIDDEN if _passes_luhn(match.group()) else match.group(), text)


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


class JsonLines(MsgspecFormatter):
    """One record as one line: time, level, service, logger, message, then the context, then what ``extra`` gave."""

    def __init__(self, service: str) -> None:
        super().__init__("%(message)s")
        self._service = service

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        """Fills the line; the formatter's own fields come last, so that nobody's ``extra`` can pose as them."""
        super().add_fields(log_data, record, message_dict)
        log_data.update(log_fields())
        log_data.update(_trace_fields())
        log_data.update(
            time=rfc3339(record.created),
            level=record.levelname,
            service=self._service,
            logger=record.name,
        )

    def process_log_record(self, log_data: LogData) -> LogData:
        """The last look at a line before it is written: secrets go, the fields that people read first come first."""
        ordered = {name: log_data.pop(name) for name in ("time", "level", "service", "logger")}
        return {**ordered, **redact(log_data)}


def _trace_fields() -> dict[str, str]:
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(span.trace_id), "span_id": trace.format_span_id(span.span_id)}


def set_up_logging(service: str, level: str) -> None:
    """Makes the whole process log JSON lines to standard output from ``level`` (a name such as INFO) on."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
