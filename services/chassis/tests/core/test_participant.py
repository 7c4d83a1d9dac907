"""What a participant reads, what it refuses to read, and what it answers when it cannot do as asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import BaseModel, ConfigDict
from skald.effects import Done
from skald.messaging.participant import OPERATOR, Handler, Participant, Unreadable, reading
from skald.mongo import StoreUnavailable
from skald.testing.messages import SagaStep, cancel, delivered
from skald_wire import ReplyType

from .world import World


class FakeRepository:
    """The rules without a database (``test_repository`` has one)."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.world = World()
        self.failure = failure

    def apply(self, message, decide):
        from skald.repository import _reply

        if self.failure is not None:
            raise self.failure
        return _reply(message, self.world.applier.apply(message, decide))


class Lines(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int
    skus: list[str]


def reserve(_state, _command, given: Lines) -> Done[dict[str, int]]:
    return Done({"count": given.count}, {"count": given.count})


def inventory(failure: Exception | None = None, **handlers) -> Participant:
    return Participant(
        "inventory",
        FakeRepository(failure),  # type: ignore[arg-type]
        handlers
        or {
            "reserve": Handler(reading(Lines, reserve), OPERATOR),
            "release": Handler(lambda state, _: Done(state), OPERATOR, undoes="reserve"),
        },
    )


STEP = SagaStep("inventory", "order-1", "reserve-stock")
GOOD = {"count": 1, "skus": ["harp"]}


def test_a_command_is_read_and_answered() -> None:
    participant = inventory()
    reply = participant.answer(participant.read(delivered(STEP.action("reserve", GOOD))))
    assert (reply.type, reply.body, reply.step) == (ReplyType.SUCCEEDED, {"count": 1}, "reserve-stock")


def test_input_that_the_model_refuses_is_a_final_failure_that_names_each_field() -> None:
    participant = inventory()
    reply = participant.answer(STEP.action("reserve", {"count": "many", "skus": ["harp", 7], "extra": 1}))
    assert (reply.type, reply.final, reply.code) == (ReplyType.FAILED, True, "InvalidInput")
    for path in ("count: ", "skus.1: ", "extra: "):
        assert path in reply.message


@pytest.mark.parametrize("sender", [None, "payments", "admin"])
def test_only_those_whom_the_auth_rule_names_may_command(sender) -> None:
    envelope = replace(delivered(STEP.action("reserve", GOOD)), user_id=sender)
    with pytest.raises(Unreadable, match=f"sent by {sender!r}; only saga-operator may send it"):
        inventory().read(envelope)


def test_the_same_holds_for_commands_that_nobody_knows() -> None:
    with pytest.raises(Unreadable, match="only saga-operator"):
        inventory().read(delivered(STEP.action("unknown", {}), sender="payments"))


@pytest.mark.parametrize("command_id", ["a.b", "$set", "", "B1DFDD55-E594-5CA5-81D9-B3DCAD0CC6E8"])
def test_an_id_that_is_no_canonical_uuid_never_becomes_a_field_name(command_id) -> None:
    with pytest.raises(Unreadable):
        inventory().read(replace(delivered(STEP.action("reserve", GOOD)), message_id=command_id))


def test_a_command_for_another_participant_is_not_answered() -> None:
    with pytest.raises(Unreadable, match=r"payments\.charge is not for inventory"):
        inventory().read(delivered(SagaStep("payments", "order-1").action("charge", {})))


def test_an_action_sent_as_a_compensation_is_answered_without_effect() -> None:
    participant = inventory()
    participant.answer(STEP.action("reserve", GOOD))
    reply = participant.answer(STEP.compensation("reserve", GOOD))
    assert (reply.type, reply.final, reply.code) == (ReplyType.FAILED, False, "WrongDirection")


def test_an_unknown_command_is_answered_with_those_that_there_are() -> None:
    reply = inventory().answer(STEP.action("steal", {}))
    assert (reply.code, reply.final) == ("UnknownCommand", False)
    assert reply.message == "inventory has no command 'steal'; it has release, reserve"


def test_R2_a_cancel_of_an_unknown_command_is_answered() -> None:
    assert inventory().answer(cancel(STEP.action("steal", {}))).type is ReplyType.CANCELLED


def test_a_bug_is_answered_failed_but_not_final_and_without_its_insides() -> None:
    reply = inventory(ZeroDivisionError("card 4111")).answer(STEP.action("reserve", GOOD))
    assert (reply.type, reply.final, reply.code) == (ReplyType.FAILED, False, "InternalError")
    assert "4111" not in reply.message


def test_a_database_that_is_away_is_no_answer() -> None:
    with pytest.raises(StoreUnavailable):
        inventory(StoreUnavailable("away")).answer(STEP.action("reserve", GOOD))


def test_a_compensation_undoes_a_command_that_exists() -> None:
    with pytest.raises(ValueError, match=r"inventory.release undoes 'reserve', which inventory does not have"):
        inventory(release=Handler(lambda state, _: Done(state), OPERATOR, undoes="reserve"))
