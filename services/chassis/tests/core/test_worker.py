"""A worker process over the real broker and the real database: nothing is lost, nothing happens twice."""

from __future__ import annotations

import json
import signal
import uuid
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from skald.messaging.metrics import WorkerMetrics
from skald.mongo import connect
from skald.testing.messages import SagaStep, cancel
from skald.testing.waiting import eventually
from skald_wire import Envelope, ReplyType, encode

from .conftest import store_settings

QUEUE = "commands.payments"


def step() -> SagaStep:
    return SagaStep("payments", f"order-{uuid.uuid4()}", "charge")


@pytest.fixture
def accounts(parts, stage):
    opened = connect(store_settings(parts.mongodb_uri("payments", stage.database), stage.database))
    yield opened["accounts"]
    opened.client.close()


def test_a_command_is_answered_to_the_queue_that_it_names_under_the_participants_user(stage, operator, admin) -> None:
    stage.worker()
    stage.ready()
    command = step().action("charge", {"amount": 5})
    reply = operator.ask(command)
    assert (reply.type, reply.body, reply.user_id) == (ReplyType.SUCCEEDED, {"charged": 1}, "payments")
    assert (reply.command_id, reply.fingerprint) == (command.address.command_id, command.address.fingerprint)
    eventually("the command is acked", lambda: admin.depth(QUEUE) == 0)


def test_R2_duplicates_cancels_and_compensations_are_answered_from_the_register(stage, operator, accounts) -> None:
    stage.worker()
    stage.ready()
    one = step()
    command, undo = one.action("charge", {"amount": 5}), one.compensation("refund", {})
    for message, expected in (
        (command, ReplyType.SUCCEEDED),
        (command, ReplyType.SUCCEEDED),
        (cancel(command), ReplyType.SUCCEEDED),
        (undo, ReplyType.SUCCEEDED),
        (command, ReplyType.CANCELLED),
    ):
        assert operator.ask(message).type is expected
    assert accounts.find_one({"_id": one.saga_key})["state"] == {"amount": 0, "charged": 1}


def test_R1_a_worker_killed_after_the_effect_and_before_the_reply_is_followed_by_one_that_answers_from_the_register(
    stage, operator, accounts, tmp_path
) -> None:
    dying = stage.worker(TOY_DIE_BEFORE_REPLY=str(tmp_path / "died"))
    one = step()
    operator.send(one.action("charge", {"amount": 5}))
    assert dying.wait(timeout=30) == -signal.SIGKILL
    assert accounts.find_one({"_id": one.saga_key})["state"]["charged"] == 1
    assert operator.silent()
    stage.worker()
    assert operator.reply().body == {"charged": 1}
    assert accounts.find_one({"_id": one.saga_key})["state"]["charged"] == 1


def test_a_handler_with_a_bug_is_answered_failed_and_not_redelivered(stage, operator, admin) -> None:
    stage.worker()
    reply = operator.ask(step().action("charge", {"fail": True}))
    assert (reply.type, reply.final, reply.code) == (ReplyType.FAILED, False, "InternalError")
    eventually("the command is acked", lambda: admin.depth(QUEUE) == 0)
    assert '"message_id"' in stage.log()
    assert "ZeroDivisionError" in stage.log()


def test_a_command_that_the_participant_does_not_know_is_answered_and_its_cancel_too(stage, operator) -> None:
    stage.worker()
    unknown = step().action("tip", {})
    reply = operator.ask(unknown)
    assert (reply.type, reply.final, reply.code) == (ReplyType.FAILED, False, "UnknownCommand")
    assert operator.ask(cancel(unknown)).type is ReplyType.CANCELLED
    assert operator.ask(unknown).type is ReplyType.CANCELLED


def _broken(**changes) -> Envelope:
    return replace(
        encode(step().action("charge", {"amount": 1}), user_id="saga-operator"), reply_to="nobody", **changes
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (_broken(body=b"{not json"), "the body is not JSON"),
        (_broken(body=b"{not json", expiration="60000"), "the body is not JSON"),
        (_broken(message_id=""), "the property message_id (the command id) is missing"),
        (_broken(message_id="$where.x"), "message_id must be a UUID in its canonical form, found '$where.x'"),
        (_broken(headers={}), "the header 'wire'"),
        (_broken(user_id=None), "sent by None; only saga-operator may send it"),
    ],
)
def test_a_message_that_nobody_can_act_on_goes_to_the_dead_queue_with_the_reason(
    stage, operator, admin, message, reason
) -> None:
    stage.worker()
    operator.publish(message)
    properties, _ = eventually("a copy in the dead queue", lambda: admin.take(f"{QUEUE}.dead"))
    assert reason in properties.headers["reason"]
    assert properties.headers["origin-exchange"] == "saga.commands"
    assert properties.expiration is None, "a dead letter waits for a person"
    eventually("the message is acked", lambda: admin.depth(QUEUE) == 0)
    assert operator.ask(step().action("charge", {"amount": 1})).type is ReplyType.SUCCEEDED


def test_the_broker_connection_may_be_lost_at_any_time(stage, operator, accounts) -> None:
    stage.worker()
    stage.ready()
    steps = [step() for _ in range(30)]
    for number, one in enumerate(steps):
        operator.send(one.action("charge", {"amount": 1, "takes": 0.01}))
        if number % 10 == 5:
            stage.broker.cut()
            stage.broker.mend()
    waiting = {one.action("charge", {}).address.command_id for one in steps}
    while waiting:
        # A reply may be lost with the connection: the operator asks again, and the register answers.
        waiting.discard(operator.reply().command_id) if not operator.silent() else None
        for one in steps:
            if one.action("charge", {}).address.command_id in waiting:
                reply = operator.ask(one.action("charge", {"amount": 1, "takes": 0.01}))
                waiting.discard(reply.command_id)
    for one in steps:
        assert accounts.find_one({"_id": one.saga_key})["state"] == {"amount": 1, "charged": 1}


def test_while_the_database_is_away_nothing_is_consumed_and_nothing_lost(stage, operator, admin, accounts) -> None:
    stage.worker()
    stage.ready()
    stage.store.cut()
    steps = [step() for _ in range(5)]
    for one in steps:
        operator.send(one.action("charge", {"amount": 1}))
    eventually("the worker notices", lambda: "stops consuming until the database answers" in stage.log())
    eventually("all commands are back in the queue", lambda: admin.depth(QUEUE) == 5)
    assert stage.get("/readyz") == 503
    assert 'skald_consuming{queue="commands.payments"} 0.0' in stage.metrics()
    assert operator.silent()
    stage.store.mend()
    assert {operator.reply().type for _ in steps} == {ReplyType.SUCCEEDED}
    for one in steps:
        assert accounts.find_one({"_id": one.saga_key})["state"]["charged"] == 1
    assert admin.depth(f"{QUEUE}.dead") == 0


def test_the_first_unreadable_message_is_an_increase() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry).watch_consumer(QUEUE, lambda: True)
    assert registry.get_sample_value("skald_unreadable_total", {"queue": QUEUE}) == 0


def test_a_worker_may_start_before_its_database_and_its_broker(stage, operator) -> None:
    stage.store.cut()
    stage.broker.cut()
    worker = stage.worker()
    eventually("the worker waits", lambda: "waits to start" in stage.log())
    assert stage.get("/livez") == 200
    stage.store.mend()
    eventually("the worker looks for the broker", lambda: "no connection to the broker" in stage.log())
    stage.broker.mend()
    assert operator.ask(step().action("charge", {"amount": 1})).type is ReplyType.SUCCEEDED
    assert worker.poll() is None


def test_sigterm_finishes_what_is_in_hand_and_leaves_the_rest_to_others(stage, operator, admin, tmp_path) -> None:
    in_hand = tmp_path / "in-hand"
    in_hand.touch()
    worker = stage.worker(TOY_IN_HAND=str(in_hand))
    for _ in range(6):
        operator.send(step().action("charge", {"amount": 1, "takes": 0.5}))
    eventually("two are in hand", lambda: len(in_hand.read_text().splitlines()) >= 2)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0, stage.log()
    answered = [operator.reply(), operator.reply()]
    assert {one.type for one in answered} == {ReplyType.SUCCEEDED}
    replies = 2
    while not operator.silent():
        replies += 1
    eventually("the rest is in the queue", lambda: admin.depth(QUEUE) == 6 - replies)


def test_a_worker_that_cannot_finish_in_time_says_where_it_hangs_and_leaves_it_to_others(
    stage, operator, admin, tmp_path
) -> None:
    in_hand = tmp_path / "in-hand"
    in_hand.touch()
    worker = stage.worker(TOY_IN_HAND=str(in_hand), TOY_DRAIN="0.5")
    operator.send(step().action("charge", {"amount": 1, "takes": 60}))
    eventually("it is in hand", in_hand.read_text)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 1
    assert "in charge" in stage.log()
    eventually("the command is back in the queue", lambda: admin.depth(QUEUE) == 1)


def test_a_thread_that_fails_ends_the_process_in_good_order(stage, operator) -> None:
    worker = stage.worker(TOY_LOOP_FAILS="1")
    assert worker.wait(timeout=30) == 1
    assert "the thread doomed failed, so this process ends" in stage.log()


def test_a_handler_that_takes_longer_than_the_heartbeat_keeps_its_connection(stage, operator) -> None:
    stage.worker(SKALD_AMQP_URL=f"{stage.broker.url}?heartbeat=1")
    assert operator.ask(step().action("charge", {"amount": 1, "takes": 4})).body == {"charged": 1}
    assert "lost the connection" not in stage.log()


def test_events_leave_the_outbox_as_cloud_events_and_are_forgotten_there(stage, operator, admin, accounts) -> None:
    seen = admin.subscribe("payments.#")
    stage.worker()
    one = step()
    operator.ask(one.action("charge", {"amount": 7}))
    properties, body = eventually("the event", lambda: admin.take(seen))
    event = json.loads(body)
    assert properties.content_type == "application/cloudevents+json"
    assert (event["specversion"], event["type"], event["source"]) == ("1.0", "payments.captured", "payments")
    assert (event["subject"], event["data"]) == (one.saga_key, {"amount": 7})
    assert event["id"] == properties.message_id
    eventually("the outbox is empty", lambda: "outbox" not in accounts.find_one({"_id": one.saga_key}))


def test_events_that_nobody_subscribes_to_do_not_fill_the_outbox(stage, operator, accounts) -> None:
    stage.worker()
    one = step()
    operator.ask(one.action("charge", {"amount": 7}))
    eventually("the outbox is empty", lambda: "outbox" not in accounts.find_one({"_id": one.saga_key}))


def test_events_wait_in_the_outbox_while_the_broker_is_away(stage, operator, admin, accounts, tmp_path) -> None:
    in_hand, hold = tmp_path / "in-hand", tmp_path / "hold"
    in_hand.touch()
    hold.touch()
    seen = admin.subscribe("payments.#")
    stage.worker(TOY_IN_HAND=str(in_hand), TOY_HOLD=str(hold))
    stage.ready()
    one = step()
    operator.send(one.action("charge", {"amount": 7}))
    eventually("the command is in hand", in_hand.read_text)
    stage.broker.cut()
    hold.unlink()
    eventually("the effect", lambda: accounts.find_one({"_id": one.saga_key}))
    eventually("the relay notices", lambda: "the outbox waits" in stage.log())
    stage.broker.mend()
    _, body = eventually("the event", lambda: admin.take(seen))
    assert json.loads(body)["subject"] == one.saga_key


def _finished(event_id: str, **data) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "saga-operator",
            "type": "dev.skald.saga.finished",
            "subject": "shop/order-1",
            "data": data,
        }
    ).encode()


def test_an_event_delivered_twice_is_handled_once(stage, admin, accounts) -> None:
    stage.worker("orders")
    for _ in range(3):
        admin.publish("events", "dev.skald.saga.finished", _finished("e-1"))
    admin.publish("events", "dev.skald.saga.finished", _finished("e-2"))
    heard = accounts.database["heard"]
    eventually("the second event", lambda: heard.find_one({"_id": "e-2"}))
    eventually("all are acked", lambda: admin.depth("events.orders") == 0)
    assert heard.find_one({"_id": "e-1"})["count"] == 1


def test_an_event_whose_handler_fails_comes_again(stage, admin, accounts) -> None:
    stage.worker("orders")
    admin.publish("events", "dev.skald.saga.finished", _finished("e-1", fail_once=True))
    eventually("handled", lambda: (accounts.database["heard"].find_one({"_id": "e-1"}) or {}).get("count") == 1)


def test_an_unreadable_event_goes_to_the_dead_queue_with_the_reason(stage, admin) -> None:
    stage.worker("orders")
    admin.publish("events", "dev.skald.saga.finished", b"nonsense")
    properties, body = eventually("a copy in the dead queue", lambda: admin.take("events.orders.dead"))
    assert "the body is no CloudEvent 1.0: JSON is malformed" in properties.headers["reason"]
    assert body == b"nonsense"
