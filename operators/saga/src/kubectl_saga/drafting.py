"""A definition's steps and what they wait for: as text, and as a Mermaid flowchart."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

import click
from saga_operator.domain.durations import show
from saga_operator.domain.kinds import SagaDefinition, Step
from saga_operator.domain.model import DEADLINE
from saga_operator.domain.shape import members, shape_of

from kubectl_saga.output import Cell, clean, table


class _Role(Enum):
    """What a step is to the transaction: the mark in the text, the class in Mermaid, and its colours there."""

    COMPENSATABLE = ("○", "compensatable", "")
    APPROVAL = ("?", "approval", "fill:#dbeafe,stroke:#1d4ed8")
    PIVOT = ("◆", "pivot", "fill:#fde68a,stroke:#b45309")
    RETRIABLE = ("●", "retriable", "fill:#dcfce7,stroke:#15803d")


_COLOURS: Final = {_Role.PIVOT: "yellow", _Role.RETRIABLE: "green", _Role.APPROVAL: "cyan"}


class Draft:
    """Draws one definition, valid or not."""

    def __init__(self, definition: SagaDefinition) -> None:
        self._definition = definition
        self._steps = definition.spec.steps
        self._shape = shape_of(self._steps)

    def text(self) -> Iterator[str]:
        """Lines, one per step. Its number says when it starts at the earliest; those of one number run side by side."""
        spec, count = self._definition.spec, len(self._steps)
        sequential = spec.compensation_policy is not None and spec.compensation_policy.order == "Sequential"
        yield (
            f"{click.style(clean(self._definition.metadata.name), bold=True)}: {count} step{'s' * (count != 1)}, "
            f"deadline {spec.deadline or show(DEADLINE)}, compensated "
            f"{'one at a time, the last first' if sequential else 'dependants first'}"
        )
        yield table(("", "STEP", "COMMAND", "WAITS FOR", "TO GO BACK"), self._rows())

    def mermaid(self) -> Iterator[str]:
        """Lines of a flowchart."""
        yield "flowchart TD"
        for index, step in enumerate(self._steps):
            back = self._way_back(index)
            arrow = "↩ " if back and self._role(index) is _Role.COMPENSATABLE else ""
            lines = [f"<b>{step.name}</b>", self._command(step), arrow + back, self._condition(step)]
            label = "<br/>".join(_escaped(line) if place else line for place, line in enumerate(lines) if line)
            yield f'    s{index}["{label}"]:::{self._role(index).value[1]}'
        for index in range(len(self._steps)):
            yield from (f"    s{needed} --> s{index}" for needed in self._direct(index))
        yield from (f"    classDef {role.value[1]} {role.value[2]}" for role in _Role if role.value[2])

    def _rows(self) -> list[list[Cell | str]]:
        levels = self._levels()
        return [
            [
                Cell(f"{levels[index]:>2} {self._role(index).value[0]}", _COLOURS.get(self._role(index))),
                step.name,
                self._command(step),
                "; ".join(filter(None, (self._awaited(index), self._condition(step)))),
                self._way_back(index),
            ]
            for index, step in enumerate(self._steps)
        ]

    def _awaited(self, index: int) -> str:
        return ", ".join(self._steps[needed].name for needed in self._direct(index))

    def _levels(self) -> list[int]:
        levels: list[int] = []
        for needs in self._shape.needs:
            levels.append(1 + max((levels[needed] for needed in members(needs)), default=0))
        return levels

    def _direct(self, index: int) -> list[int]:
        """What the step waits for, without what follows from it."""
        needs = list(members(self._shape.needs[index]))
        return [one for one in needs if not any(self._shape.ancestors[other] >> one & 1 for other in needs)]

    def _role(self, index: int) -> _Role:
        pivot = self._shape.pivot
        if self._steps[index].approval is not None:
            return _Role.APPROVAL
        if pivot is None or index < pivot:
            return _Role.COMPENSATABLE
        return _Role.PIVOT if index == pivot else _Role.RETRIABLE

    def _command(self, step: Step) -> str:
        if step.approval is not None:
            expiry = step.approval.expires_after
            return f"a person decides{f' within {expiry}' if expiry else ''}"
        return f"{step.participant}.{step.command}"

    def _way_back(self, index: int) -> str:
        step, role = self._steps[index], self._role(index)
        if role is _Role.PIVOT:
            return "no way back from here"
        if role is _Role.RETRIABLE:
            return "retried until it succeeds"
        if step.compensation is None:
            return ""
        if step.compensation.none is not None:
            return f"nothing: {step.compensation.none}"
        return f"{step.participant}.{step.compensation.command}"

    @staticmethod
    def _condition(step: Step) -> str:
        clauses = [
            f"{clause.input} {'in' if clause.operator == 'In' else 'not in'} {', '.join(clause.values)}"
            for clause in step.when or ()
        ]
        return f"only if {' and '.join(clauses)}" if clauses else ""


def _escaped(text: str) -> str:
    """Mermaid's labels are HTML; quotes end them, and ``#`` begins an entity."""
    return "".join(f"#{ord(letter)};" if letter in '#"<>&' else letter for letter in clean(text))
