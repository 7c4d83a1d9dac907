"""``kubectl saga lint``."""

from __future__ import annotations

import click

from kubectl_saga.errors import CliError
from kubectl_saga.linting import advice_in, definitions_in, problems_in
from kubectl_saga.output import clean, say


@click.command("lint")
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
def command(files: tuple[str, ...]) -> None:
    """Check definitions in files by every rule, without a cluster.

    FILES are YAML or JSON, with one document or many; - is standard input. Objects of other kinds are passed over.
    Every problem is printed as FILE:LINE: DEFINITION: step NAME: what is wrong. The exit status is 1 if there are any.
    Where there are none, advice is given on what may be so and is hardly meant.
    """
    found: list[str] = []
    advice: list[str] = []
    checked = 0
    for file in files:
        try:
            for document in definitions_in(file):
                checked += 1
                problems = problems_in(document)
                found += map(str, problems)
                advice += map(str, [] if problems else advice_in(document))
        except CliError as error:
            found.append(error.message)
    for line in found + advice:
        say(clean(line))
    if found:
        raise CliError(f"{len(found)} problem{'s' * (len(found) > 1)} in {checked} definition{'s' * (checked != 1)}")
    if checked:
        say(f"{checked} definition{'s' * (checked != 1)}, no problems{', but some advice' if advice else ''}")
    else:
        raise CliError("there is no SagaDefinition in these files")
