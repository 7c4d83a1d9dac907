"""``kubectl saga simulate``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import click
from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Phase
from saga_operator.domain.model import compile_definition
from saga_operator.simulator.trial import Trial, replay

from kubectl_saga.errors import CliError
from kubectl_saga.linting import definitions_in, load, problems_in
from kubectl_saga.output import document, output_option, say
from kubectl_saga.trying import Tried, try_all

JSON = Any


@click.command("simulate")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--schedules", default=500, show_default=True, type=click.IntRange(1), help="How many random ones.")
@click.option("--first", default=0, show_default=True, metavar="SEED", help="The first one's seed.")
@click.option("--states", default=20_000, show_default=True, type=click.IntRange(1), help="Where exploring stops.")
@click.option("--replay", "seed", type=int, metavar="SEED", help="Tell one random schedule line by line instead.")
@output_option("json", "yaml")
def command(file: str, schedules: int, first: int, states: int, seed: int | None, output: str | None) -> None:
    """Run definitions through everything that can go wrong, without a cluster.

    The operator's own rules run sagas of each definition in FILE: every schedule of its shape until there are so many
    states, and random ones with crashes, messages lost, repeated and late, several operators, restored snapshots, and
    people who cancel and decide. What must hold is S1 to S9 of docs/invariants.md. The exit status is 1 if anything is
    violated.
    """
    definitions = list(_definitions(file))
    if seed is not None:
        _replay(definitions, seed)
        return
    tried = [_try(definition, states, range(first, first + schedules)) for definition in definitions]
    if output is not None:
        say(document([_as_document(each) for each in tried], output))
    else:
        say("\n\n".join("\n".join(_lines(each, file)) for each in tried))
    violations = sum(each.violations for each in tried)
    if violations:
        raise CliError(f"{violations} violation{'s' * (violations > 1)}")


def _definitions(file: str) -> Iterator[Definition]:
    none = True
    for each in definitions_in(file):
        none = False
        problems = problems_in(each)
        if problems:
            raise CliError("\n".join(map(str, problems)), "Only a definition without problems can be simulated.")
        yield compile_definition(load(each))
    if none:
        raise CliError(f"there is no SagaDefinition in {file}")


def _try(definition: Definition, states: int, seeds: range) -> Tried:
    with click.progressbar(
        length=len(seeds), label=definition.name, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def advance(_: Trial) -> None:
            bar.update(1)

        return try_all(definition, states, seeds, advance)


def _replay(definitions: list[Definition], seed: int) -> None:
    for definition in definitions:
        result = replay(definition, seed)
        say("\n".join([f"{definition.name}, seed {seed}:", *result.record, f"ends {result.phase}"]))
        if result.violation is not None:
            raise CliError(result.violation)


def _lines(tried: Tried, file: str) -> Iterator[str]:
    explored, drawn = tried.explored, tried.drawn
    extent = "all there are" if explored.complete else "there are more"
    yield click.style(f"{tried.definition.name}: {len(tried.definition.steps)} steps", bold=True)
    yield f"  its shape        {explored.states:,} states ({extent}), {explored.transitions:,} transitions"
    yield f"  random schedules {drawn.schedules:,}: {_counted(drawn)}"
    yield f"  sagas ended      {', '.join(f'{number:,} {ending}' for ending, number in _endings(drawn).items())}"
    for broken, trace in explored.violations.items():
        yield from (click.style(f"  violated: {broken}", fg="red"), *(f"    {line}" for line in trace))
    shortest = sorted(drawn.violations, key=lambda result: len(result.record))[:1]
    for result in shortest:
        yield click.style(f"  violated: {result.violation}", fg="red")
        yield from (f"    {line}" for line in result.record)
        yield f"  again with: kubectl saga simulate {file} --replay {result.seed}"
    if not tried.violations:
        yield click.style("  no violation of S1 to S9", fg="green")


def _counted(drawn: Trial) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in drawn.counts.items())


def _endings(drawn: Trial) -> dict[str, int]:
    """What has not ended waits for a person: the faults were over for hours."""
    ended = {str(phase): number for phase, number in drawn.phases.items() if Phase(phase).terminal}
    waiting = drawn.schedules - sum(ended.values())
    return {**dict(sorted(ended.items())), **({"waiting for a person": waiting} if waiting else {})}


def _as_document(tried: Tried) -> JSON:
    explored, drawn = tried.explored, tried.drawn
    return {
        "definition": tried.definition.name,
        "explored": {
            "states": explored.states,
            "complete": explored.complete,
            "transitions": explored.transitions,
            "violations": explored.violations,
        },
        "random": {
            "schedules": drawn.schedules,
            "counts": dict(drawn.counts),
            "phases": {str(phase): number for phase, number in drawn.phases.items()},
            "violations": [
                {"seed": result.seed, "violation": result.violation, "record": result.record}
                for result in drawn.violations
            ],
        },
    }
