"""Three operators that know of no Lease run the same sagas, and are killed meanwhile: slow, and never wrong."""

from __future__ import annotations

import itertools
from collections import defaultdict

import requests
from skald_wire import Command

from operators.saga.tests.component.kit import unelected
from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Decline, Participant
from operators.saga.tests.component.kit.yard import CHAIN, Yard

SAGAS = 45
ACTIONS = ("reserve", "charge", "ship")


class Book:
    """What had an effect, in the order of all participants together, and the direction that was stored then."""

    def __init__(self, yard: Yard, participants: tuple[Participant, ...]) -> None:
        self._cluster = yard.cluster
        self._lines: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for participant, action in zip(participants, ACTIONS, strict=True):
            participant.script |= {action: self._carry_out, f"undo-{action}": self._carry_out}

    def check(self, saga: str, phase: str) -> None:
        """Raises AssertionError with the rule that was broken."""
        effects = [command for command, _ in self._lines[saga]]
        assert len(effects) == len(set(effects)), f"S4: {effects}"
        assert all(way == "Backward" for command, way in self._lines[saga] if command.startswith("undo-")), "S2"
        assert all(way != "Backward" for command, way in self._lines[saga] if command in ACTIONS), "S3"
        if phase == "Succeeded":
            assert effects == list(ACTIONS), f"S1, S6: {effects}"
        else:
            done = [action for action in ACTIONS if action in effects]
            assert effects == [*done, *(f"undo-{action}" for action in reversed(done))], f"S1, S5, S6: {effects}"

    def _carry_out(self, command: Command) -> dict[str, str] | Decline:
        name = command.address.command
        _, saga = command.address.saga.split("/")
        number = int(saga.rsplit("-", 1)[1])
        if name == "ship" and number % 3 == 0:
            return Decline("NoCarrier")
        self._lines[saga].append((name, eventually("the direction is read", lambda: self._direction(saga))))
        return {"did": name}

    def _direction(self, saga: str) -> str | None:
        try:
            return str(self._cluster.saga(saga)["status"].get("direction", "Forward"))
        except requests.RequestException:  # slow for a moment; the participant must live on
            return None


def test_s1_to_s6_three_operators_without_a_lease_and_with_kills(yard: Yard) -> None:
    operators = [yard.operator(unelected.__name__) for _ in range(3)]
    for operator in operators:
        operator.start()
    yard.define("chain", *CHAIN)
    book = Book(yard, yard.serve_chain())
    victims = itertools.cycle(operators)
    names = [f"order-{number}" for number in range(SAGAS)]
    for number, name in enumerate(names):
        yard.cluster.start(name, "chain", input={"order": name})
        if number % 15 == 7:
            victim = next(victims)
            victim.kill()
            victim.start(ready=False)
    for number, name in enumerate(names):
        phase = "Succeeded" if number % 3 else "Compensated"
        yard.cluster.wait(name, phase)
        book.check(name, phase)
