"""Prometheus metrics: of all gunicorn processes together in the web role, of the one process in the others."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, multiprocess
from prometheus_client.exposition import choose_encoder

from skald.roles import MULTIPROCESS_DIR

__all__ = ["exposition", "forget_process"]


def exposition(accept: str) -> tuple[str, bytes]:
    """Content type and text of all metrics, in the newest format that ``accept`` (a header's value) names."""
    registry: CollectorRegistry = REGISTRY
    if MULTIPROCESS_DIR in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry)


def forget_process(pid: int) -> None:
    """Drops what a process that has ended said about its present state; what it counted stays."""
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
