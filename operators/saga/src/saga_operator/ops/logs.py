"""Log lines as JSON objects on stderr, with the fields saga, step and message_id where they are known."""

from __future__ import annotations

import logging
import sys
from typing import Final

from pythonjsonlogger.json import JsonFormatter

QUIET: Final = {"kopf.objects": logging.WARNING, "kopf.activities": logging.WARNING, "pika": logging.CRITICAL}
"""kopf.objects writes a line per event; pika reports a lost connection five times, and the transport says it once."""


def configure_logs(level: str) -> None:
    """Send everything that is logged in this process to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{levelname}{name}{message}",
            style="{",
            timestamp="time",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": "saga-operator"},
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, logging.getLevelName(level)))
