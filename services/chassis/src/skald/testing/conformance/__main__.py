"""Holds the participant at a queue to the rules: ``python -m skald.testing.conformance --help``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pika.exceptions import AMQPError

from skald.testing.broker import OperatorProbe
from skald.testing.conformance.broker import Knock, Queue
from skald.testing.conformance.checks import Broken, Check, Needs
from skald.testing.conformance.crash import CRASH_CHECKS
from skald.testing.conformance.errors import KitError
from skald.testing.conformance.program import Program, count_by
from skald.testing.conformance.register import REGISTER_CHECKS
from skald.testing.conformance.report import FORMATS, Outcome, Result
from skald.testing.conformance.wire import WIRE_CHECKS

__all__ = ["ALL_CHECKS", "main", "parser"]

ALL_CHECKS: Final[tuple[Check[Any], ...]] = (*REGISTER_CHECKS, *WIRE_CHECKS, *CRASH_CHECKS)
_KEPT, _BROKEN, _NO_VERDICT = 0, 1, 2
_NOBODY: Final = 1.0
"""Seconds of silence that prove that nobody else consumes the queue."""
_POLL: Final = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and print what they found.

    Returns 0 when all that were run are kept, 1 when one is broken, 2 when nothing could be judged.
    """
    options = parser().parse_args(arguments)
    results: list[Result] = []
    error: KitError | None = None
    try:
        with ExitStack() as stack:
            queue = _queue(options, stack)
            for check in ALL_CHECKS:
                if not options.check or check.id in options.check:
                    results.append(_run(check, queue))  # noqa: PERF401 - what was found before an error is told
    except KitError as caught:
        error = caught
    except AMQPError as lost:
        error = KitError(f"the kit's own line to the broker: {lost!r}")
    if results:
        print(FORMATS[options.output](_subject(options), results))
    if error is not None:
        print(f"error: {error}", file=sys.stderr)
        return _NO_VERDICT
    return _BROKEN if any(result.outcome is Outcome.BROKEN for result in results) else _KEPT


def _subject(options: argparse.Namespace) -> str:
    compensated = f", compensation {options.compensation}" if options.compensation else ""
    seen = "" if options.effects_command else "; effects were not looked at (--effects-command)"
    return f"{options.participant}: action {options.action}{compensated}{seen}"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m skald.testing.conformance",
        description="Holds the participant at a queue to the rules of docs/participants.md, one check after the other.",
        epilog="An input may hold $(saga), a name that is another one in each check, and the compensation's also "
        "$(output.PATH), from the action's output. Exit status: 0 all kept, 1 some broken, 2 no verdict.",
    )
    add = made.add_argument
    add("--amqp-url", required=True, help="the broker, with the operator's user and password and the vhost")
    add("--participant", required=True, help="its name: it consumes commands.NAME as the broker user NAME")
    add("--action", required=True, metavar="COMMAND", help="a command that is a step's action")
    add("--input", required=True, type=_object, metavar="JSON", help="input with which the action succeeds")
    add("--failing-input", type=_object, metavar="JSON", help="input with which it fails whenever it is tried")
    add("--compensation", metavar="COMMAND", help="the command that undoes it")
    add("--compensation-input", type=_object, metavar="JSON", help="its input; the action's when not given")
    add("--effects-command", metavar="SHELL", help="prints how often the action is in force for the saga in SAGA_KEY")
    add("--start", metavar="SHELL", help="starts the participant, which the kit then kills and starts again")
    add("--url-variable", default="AMQP_URL", metavar="NAME", help="where it finds its own AMQP URL (AMQP_URL)")
    add("--horizon", type=float, metavar="SECONDS", help="of one that prunes registers: how long it keeps them")
    add("--patience", type=float, default=10.0, metavar="SECONDS", help="how long a reply may take (10)")
    ids = [one.id for one in ALL_CHECKS]
    add("--check", action="append", choices=ids, metavar="ID", help="only this one; may be repeated")
    add("-o", "--output", choices=FORMATS, default="text", help="how to print what was found")
    return made


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return value


def _run(check: Check[Any], queue: Queue) -> Result:
    missing = sorted(need.value for need in check.needs if not _has(queue, need))
    if missing:
        return Result(check.id, check.promise, Outcome.NOT_RUN, needs=" ".join(missing))
    began, result = time.monotonic(), Result(check.id, check.promise, Outcome.KEPT)
    try:
        check.run(queue)
    except Broken as broken:
        result = replace(result, outcome=Outcome.BROKEN, expected=broken.expected, came=broken.came)
    except AssertionError as late:
        result = replace(result, outcome=Outcome.BROKEN, expected=check.promise, came=str(late))
    return replace(result, seconds=time.monotonic() - began)


def _has(queue: Queue, need: Needs) -> bool:
    match need:
        case Needs.COMPENSATION:
            return queue.compensation is not None
        case Needs.FAILURE:
            return queue.failing_input is not None
        case Needs.PROCESS:
            return queue.process is not None
        case Needs.HORIZON:
            return queue.horizon is not None


def _queue(options: argparse.Namespace, stack: ExitStack) -> Queue:
    try:
        operator = OperatorProbe(options.amqp_url)
    except AMQPError as error:
        raise KitError(f"--amqp-url: the broker cannot be reached or refuses the user: {error!r}") from error
    stack.callback(operator.close)
    process = _process(options, Knock(operator, options.participant, options.action), stack)
    queue = Queue(
        options.amqp_url,
        options.participant,
        options.action,
        options.input,
        compensation=options.compensation,
        undo_input=options.compensation_input,
        failing_input=options.failing_input,
        effects=count_by(options.effects_command) if options.effects_command else None,
        process=process,
        horizon=None if options.horizon is None else timedelta(seconds=options.horizon),
        patience=options.patience,
    )
    stack.callback(queue.close)
    return queue


def _process(options: argparse.Namespace, door: Knock, stack: ExitStack) -> Program | None:
    """The participant's process, started; None where somebody else runs it."""
    door.knock()
    runs_already = _within(options.patience if options.start is None else _NOBODY, door.answered)
    if options.start is None:
        if not runs_already:
            raise KitError(f"nobody answers for {options.participant}: start the participant, or have --start do it")
        return None
    if runs_already:
        raise KitError(f"somebody answers for {options.participant} already: end it, or leave --start out")
    log = Path(tempfile.mkdtemp(prefix="skald-conformance-"), "participant.log")
    program = Program(options.start, options.url_variable, log, door)
    stack.callback(program.close)
    program.start()
    return program


def _within(seconds: float, probe: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := probe()) and time.monotonic() < deadline:
        time.sleep(_POLL)
    return found


if __name__ == "__main__":
    # so that the participant that it started does not outlive it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_NO_VERDICT))
    sys.exit(main())
