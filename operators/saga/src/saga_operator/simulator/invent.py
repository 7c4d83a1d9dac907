"""Inputs and outputs for any definition, so that every reference in it finds something."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from saga_operator.domain.definition import Definition
from saga_operator.domain.references import Reference

JSON = Any


def saga_input(definition: Definition, chance: random.Random) -> dict[str, JSON]:
    """A saga's input. Where a step's ``when`` looks, it holds now what the clause names, and now something else."""
    return _invent(definition, None, chance)


def outputs(definition: Definition, chance: random.Random) -> dict[str, dict[str, JSON]]:
    """What each step answers, by name."""
    return {step.name: _invent(definition, step.name, chance) for step in definition.steps}


def _invent(definition: Definition, step: str | None, chance: random.Random) -> dict[str, JSON]:
    invented: dict[str, JSON] = {}
    for reference, values in _references(definition):
        if reference.step == step:
            _put(invented, reference, chance.choice([*values, f"made up {chance.randint(1, 1_000_000)}"]))
    return invented


def _references(definition: Definition) -> Iterator[tuple[Reference, list[str]]]:
    """With the values that make a difference; those first, because what is put first stays."""
    for step in definition.steps:
        yield from ((clause.reference, sorted(clause.values)) for clause in step.when)
    for step in definition.steps:
        templates = (step.input, step.compensation.input) if step.compensation else (step.input,)
        yield from ((reference, []) for template in templates for reference in template.references)


def _put(into: dict[str, JSON], reference: Reference, value: JSON) -> None:
    *parents, last = reference.path
    for name in parents:
        if not isinstance(into.get(name), dict):
            into[name] = {}
        into = into[name]
    into.setdefault(last, value)
