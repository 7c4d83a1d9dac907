"""The relay waits for the broker's confirms once a round, however many there are."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest
from prometheus_client import CollectorRegistry
from skald.messaging import relay
from skald.messaging.confirms import Unconfirmed
from skald.messaging.metrics import WorkerMetrics
from skald.outbox import Waiting

EVENT = {"id": "e", "type": "payments.captured", "subject": "p", "time": "2026-01-01T00:00:00.000Z", "data": "{}"}


class FullOutbox:
    """A hundred documents with two events each."""

    name = "payments"

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def waiting(self) -> list[Waiting]:
        return [Waiting(f"p-{number}", 1, [EVENT, EVENT], since=1.0) for number in range(100)]

    def published(self, waiting) -> None:
        self.forgotten += [one.id for one in waiting]


class SilentBroker:
    """Confirms what is published last, and nothing else."""

    def __init__(self) -> None:
        self.asked = 0

    def publish(self, envelopes, _content_type) -> list[Future[None]]:
        self.asked += 1
        futures: list[Future[None]] = [Future() for _ in envelopes]
        if self.asked == 100:
            for future in futures:
                future.set_result(None)
        return futures


def test_a_round_has_one_deadline_after_which_what_was_confirmed_is_settled(monkeypatch) -> None:
    monkeypatch.setattr(relay, "_CONFIRM_TIMEOUT", 0.2)
    outbox = FullOutbox()
    made = relay.Relay([outbox], SilentBroker(), "payments", WorkerMetrics(CollectorRegistry()))
    began = time.monotonic()
    with pytest.raises(Unconfirmed):
        made.relay_once()
    assert time.monotonic() - began < 5, "two hundred deadlines would take 40 s"
    assert outbox.forgotten == ["p-99"]
