from __future__ import annotations

import json

from saga_operator.amqp.bus import finished_event
from skald.testing.contracts import event_errors

from operators.saga.tests.unit.engine.doubles import UID, finished_saga


def test_the_event_keeps_its_published_schema() -> None:
    event = json.loads(finished_event(finished_saga(), "saga-operator").body)
    assert event_errors(event) == []
    assert event["data"] == {"namespace": "shop", "name": "order-1", "uid": UID, "phase": "Succeeded"}


def test_repeated_it_has_the_same_id_so_that_consumers_can_tell() -> None:
    first, again = (finished_event(finished_saga(), user) for user in ("saga-operator", "another"))
    assert first.message_id == again.message_id == json.loads(first.body)["id"]
