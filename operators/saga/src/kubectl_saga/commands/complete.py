"""``kubectl saga complete``."""

from __future__ import annotations

import json

import click

from kubectl_saga.completion import saga_names, steps_to
from kubectl_saga.errors import CliError
from kubectl_saga.files import object_in
from kubectl_saga.kube.sagas import Object
from kubectl_saga.session import Session, connection_options, pass_session
from kubectl_saga.verdict import decide, decision_options


@click.command("complete")
@click.argument("name", shell_complete=saga_names)
@click.argument("step", required=False, shell_complete=steps_to("Complete"))
@click.option("--output", required=True, metavar="JSON|@FILE", help="What the step would have answered; may be {}.")
@decision_options
@connection_options
@pass_session
def command(session: Session, name: str, step: str | None, output: str, reason: str, *, wait: bool) -> None:
    """Take a stalled step for done, because somebody did it by hand.

    First the participant is asked to cancel its command: if that ran, completing is refused. STEP may be left out when
    only one is stalled. Steps that refer to its output get what you give.
    """
    decide(session, "Complete", name, step, reason, wait=wait, output=_read(output))


def _read(text: str) -> Object:
    if text.startswith("@"):
        return object_in(text[1:], "the step's output")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise CliError(
            f"--output is no JSON: {error.msg} at character {error.pos + 1}",
            'Give an object, such as \'{"paymentId": "p-1"}\', or a file\'s name after @.',
        ) from None
    if not isinstance(value, dict):
        raise CliError("--output must be a JSON object, because that is what participants answer")
    return value
