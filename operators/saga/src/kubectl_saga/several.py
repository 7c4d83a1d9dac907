"""One thing done to several sagas: each says what became of it, and one that fails does not keep the rest from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kubectl_saga.errors import CliError
from kubectl_saga.output import say


def each(names: Sequence[str], act: Callable[[str], str], done: str) -> None:
    """``act`` gives the sentence to say; ``done`` is what was done, as in "2 of 3 sagas were not cancelled"."""
    failed: list[CliError] = []
    for name in names:
        try:
            say(act(name))
        except CliError as error:
            if len(names) > 1:
                error.show()
            failed.append(error)
    if failed:
        raise failed[0] if len(names) == 1 else CliError(f"{len(failed)} of {len(names)} sagas were not {done}")
