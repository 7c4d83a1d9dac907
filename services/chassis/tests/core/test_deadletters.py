"""Dead letters are listed, shown, replayed and discarded, and stay where they are when they are only looked at."""

from __future__ import annotations

import pytest
from skald.deadletters import main
from skald.testing.messages import SagaStep
from skald.testing.waiting import eventually
from skald_wire import ReplyType, encode

QUEUE = "commands.payments"
DEAD = f"{QUEUE}.dead"


@pytest.fixture
def as_admin(parts, stage, monkeypatch):
    monkeypatch.setenv("SKALD_AMQP_URL", parts.amqp_url("admin", stage.vhost))


@pytest.fixture
def dead(stage, operator, admin) -> str:
    """The id of a command whose body was lost on the way."""
    stage.worker()
    from dataclasses import replace

    broken = replace(
        encode(SagaStep("payments", "order-1").action("charge", {"amount": 1}), user_id="saga-operator"),
        body=b"{",
        reply_to=operator.queue,
    )
    operator.publish(broken)
    eventually("a dead letter", lambda: admin.depth(DEAD) == 1)
    return broken.message_id


def test_looking_leaves_them_where_they_are(as_admin, dead, admin, capsys) -> None:
    for _ in range(25):  # more often than the broker delivers a message before it gives up
        assert main(["list", QUEUE]) == 0
    shown = capsys.readouterr().out
    assert dead in shown
    assert "shop/order-1" in shown
    assert "the body is not JSON" in shown
    assert main(["show", QUEUE, dead]) == 0
    shown = capsys.readouterr().out
    assert '"exchange": "saga.commands"' in shown
    assert '"user_id": "saga-operator"' in shown
    eventually("it is still there", lambda: admin.depth(DEAD) == 1)


def test_a_replay_goes_where_it_came_from_under_its_senders_name(as_admin, dead, admin, capsys) -> None:
    assert main(["replay", QUEUE, dead]) == 0
    # Still broken, so it comes back; it would not have come that far under another name.
    eventually("it was refused again", lambda: admin.depth(DEAD) == 1)
    assert main(["list", QUEUE]) == 0
    assert "the body is not JSON" in capsys.readouterr().out


def test_a_replayed_command_is_answered(as_admin, stage, operator, admin, capsys) -> None:
    command = SagaStep("payments", "order-2").action("charge", {"amount": 1})
    stranger = encode(command)
    admin.publish(
        f"{QUEUE}.dead",
        "payments.charge",
        stranger.body,
        message_id=stranger.message_id,
        type=stranger.type,
        correlation_id=stranger.correlation_id,
        reply_to=operator.queue,
        headers={**stranger.headers, "origin-exchange": "saga.commands", "origin-user": "saga-operator"},
    )
    eventually("it lies there", lambda: admin.depth(DEAD) == 1)
    assert main(["replay", QUEUE, "--all"]) == 0
    stage.worker()
    assert operator.reply().type is ReplyType.SUCCEEDED
    assert admin.depth(DEAD) == 0


@pytest.mark.parametrize("which", ["--all", "m-1"])
def test_a_replay_ends_even_if_everything_comes_back_at_once(as_admin, admin, capsys, which) -> None:
    for number in range(3):
        admin.publish(DEAD, "", b"{", message_id=f"m-{number}", headers={"origin-exchange": DEAD})
    eventually("they lie there", lambda: admin.depth(DEAD) == 3)
    assert main(["replay", QUEUE, which]) == 0
    replayed = capsys.readouterr().out.splitlines()
    assert replayed == ([f"replay: m-{number}" for number in range(3)] if which == "--all" else ["replay: m-1"])
    eventually("they lie there again", lambda: admin.depth(DEAD) == 3)


def test_a_discarded_one_is_gone(as_admin, dead, admin, capsys) -> None:
    assert main(["discard", QUEUE, dead]) == 0
    assert main(["list", QUEUE]) == 0
    assert f"{DEAD} is empty" in capsys.readouterr().out


def test_one_that_is_not_there_is_said_not_to_be(as_admin, dead, admin, capsys) -> None:
    assert main(["show", QUEUE, "nonsense"]) == 1
    assert f"{DEAD} has no message nonsense" in capsys.readouterr().err


def test_a_queue_that_is_not_there_is_named(as_admin, capsys) -> None:
    assert main(["list", "commands.nobody"]) == 1
    assert "commands.nobody.dead" in capsys.readouterr().err


def test_without_a_broker_the_variable_is_named(monkeypatch, capsys) -> None:
    monkeypatch.delenv("SKALD_AMQP_URL", raising=False)
    assert main(["list", QUEUE]) == 1
    assert "SKALD_AMQP_URL is missing" in capsys.readouterr().err


@pytest.mark.parametrize("line", [[], ["list"], ["replay", QUEUE], ["discard", QUEUE, "id", "--all"], ["burn", QUEUE]])
def test_a_wrong_command_line_is_explained(line, capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err
