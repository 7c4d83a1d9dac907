"""The operator is killed with SIGKILL at every boundary of a saga and started again: nothing is lost or done twice."""

from __future__ import annotations

import pytest
from skald_wire import Command

from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Act, Decline, Participant, succeed
from operators.saga.tests.component.kit.process import OperatorProcess
from operators.saga.tests.component.kit.yard import CHAIN, Yard

FORWARD = ["reserve", "charge", "ship"]
BACKWARD = ["reserve", "charge", "undo-charge", "undo-reserve"]


def killing(operator: OperatorProcess, act: Act) -> Act:
    """Kills the operator in the middle of the command's first run, after the effect is decided and before the reply."""
    fired: list[str] = []

    def run(command: Command) -> dict | Decline | None:
        if not fired:
            fired.append(command.address.command_id)
            operator.kill()
        return act(command)

    return run


def crew_of(yard: Yard) -> dict[str, Participant]:
    inventory, payments, shipping = yard.serve_chain()
    return {
        "reserve": inventory,
        "charge": payments,
        "ship": shipping,
        "undo-reserve": inventory,
        "undo-charge": payments,
    }


def effects_of(crew: dict[str, Participant], saga: str) -> list[str]:
    return [command for participant in dict.fromkeys(crew.values()) for command in participant.commands(saga)]


def never_twice(crew: dict[str, Participant]) -> bool:
    return all(count == 1 for participant in crew.values() for count in participant.effects.values())


@pytest.fixture
def operator(yard: Yard) -> OperatorProcess:
    operator = yard.operator()
    operator.start()
    yard.define("chain", *CHAIN)
    return operator


@pytest.mark.parametrize("at", FORWARD)
def test_s1_s4_killed_at_a_step_on_the_way_forward(yard: Yard, operator: OperatorProcess, at: str) -> None:
    crew = crew_of(yard)
    crew[at].script[at] = killing(operator, succeed)
    yard.cluster.start("order", "chain", input={"order": "order"})
    eventually("killed", lambda: operator.returned() is not None)
    operator.start()
    yard.cluster.wait("order", "Succeeded")
    assert sorted(effects_of(crew, "order")) == sorted(FORWARD)
    assert never_twice(crew)


@pytest.mark.parametrize("at", ["ship", "undo-charge", "undo-reserve"])
def test_s1_s2_s4_killed_at_a_step_on_the_way_back(yard: Yard, operator: OperatorProcess, at: str) -> None:
    crew = crew_of(yard)
    crew["ship"].script["ship"] = lambda _: Decline("NoCarrier")
    crew[at].script[at] = killing(operator, crew[at].script.get(at, succeed))
    yard.cluster.start("order", "chain", input={"order": "order"})
    eventually("killed", lambda: operator.returned() is not None)
    operator.start()
    saga = yard.cluster.wait("order", "Compensated")
    assert saga["status"]["failure"]["code"] == "NoCarrier"
    assert sorted(effects_of(crew, "order")) == sorted(BACKWARD)
    assert never_twice(crew)


def odd_ones_find_no_carrier(command: Command) -> dict | Decline:
    number = int(command.address.saga.rsplit("-", 1)[1])
    return Decline("NoCarrier") if number % 2 else {"did": "ship"}


def test_s1_s4_killed_again_and_again_under_load(yard: Yard, operator: OperatorProcess) -> None:
    crew = crew_of(yard)
    crew["ship"].script["ship"] = odd_ones_find_no_carrier
    names = [f"order-{number}" for number in range(60)]
    for number, name in enumerate(names):
        yard.cluster.start(name, "chain", input={"order": name})
        if number % 15 == 14:
            operator.kill()
            operator.start(ready=False)
    operator.wait_ready()
    for number, name in enumerate(names):
        yard.cluster.wait(name, "Compensated" if number % 2 else "Succeeded")
        assert sorted(effects_of(crew, name)) == sorted(BACKWARD if number % 2 else FORWARD)
    assert never_twice(crew)
