"""One round: look at file, keys and node; post when what the node has is not what it should have."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway_keys.config import BadInput, merged, public_keys
from gateway_keys.remote import Unreachable

__all__ = ["Keeper", "KeySource", "KongNode", "OutOfStep"]

EVERY: Final = 5.0
"""Seconds between rounds: how late a new key may be known, and how long a node that started anew refuses tokens."""

logger = logging.getLogger(__name__)


class KeySource(Protocol):
    """Where keys come from."""

    def key_set(self) -> object:
        """The published key set. Raises Unreachable."""


class KongNode(Protocol):
    """Where they go."""

    def configuration(self) -> str:
        """The hash of what is in force. Raises Unreachable."""

    def configure(self, config: str) -> str:
        """Replace it; returns the new hash. Raises BadInput, Unreachable."""


class OutOfStep(Exception):
    """The node does not have what it should have; why."""


class Keeper:
    """Remembers what it last gave the node, and the last good keys."""

    def __init__(
        self,
        file: Path,
        issuer: KeySource,
        node: KongNode,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._issuer = issuer
        self._node = node
        self._clock = clock
        self._known: Mapping[str, str] = {}
        """The last good keys: what the node is given while the issuer has none to tell."""
        self._posted = ""
        self._hash = ""
        self._trouble: str | None = "it has made no round yet"
        self._rounds = Counter("skald_gateway_keys_rounds", "Rounds, by how they ended", ["result"], registry=registry)
        self._keys = Gauge("skald_gateway_keys_keys", "Keys that the node was last given", registry=registry)
        self._in_step = Gauge(
            "skald_gateway_keys_in_step_timestamp_seconds",
            "When the node was last seen with the file and the keys of that moment",
            registry=registry,
        )

    def check(self) -> None:
        """Raise OutOfStep unless the node has keys, though they may be those of some rounds ago."""
        if not self._hash:
            raise OutOfStep(self._trouble)

    def round(self) -> None:
        """Bring the node in step, as far as can be, or say why not."""
        try:
            self._bring_in_step()
        except (BadInput, Unreachable, OSError) as error:
            result = "refused" if isinstance(error, BadInput) else "unreachable"
            self._trouble = str(error)
            logger.warning("the node is not in step: %s", error)
        else:
            result, self._trouble = "in-step", None
            self._in_step.set(self._clock())
        self._rounds.labels(result).inc()

    def _bring_in_step(self) -> None:
        if self._hash and self._node.configuration() != self._hash:
            logger.info("the node has another configuration than it was given; it probably started anew")
            self._posted = self._hash = ""
        try:
            self._known = public_keys(self._issuer.key_set())
        finally:
            # Also when the issuer is in trouble: a node that started anew has none, and would refuse every token.
            if self._known:
                self._give(self._known)

    def _give(self, keys: Mapping[str, str]) -> None:
        config = merged(self._file.read_text("utf-8"), keys)
        if config != self._posted:
            self._hash = self._node.configure(config)
            self._posted = config
            self._keys.set(len(keys))
            logger.info("the node has the keys %s", ", ".join(sorted(keys)))
