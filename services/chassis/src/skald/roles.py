"""The entry point of every service: one image, many roles, each with its own process.

Loads only what the chosen role needs, so a worker carries no Flask. Knows nothing but the standard library, because
what it prepares has to be there before anything else is imported.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Final

__all__ = ["MULTIPROCESS_DIR", "entry_point", "main"]

MULTIPROCESS_DIR: Final = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's own variable: the folder in which the processes of one web role count together."""


def main(roles: Mapping[str, str], arguments: Sequence[str] | None = None) -> None:
    """Runs the role that the command line names; each is a ``module:function`` without arguments.

    Exits with 2 and the list of roles when it names none of them, with 1 and the reason when the settings are wrong.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1 or given[0] not in roles:
        print(f"expected one role of {', '.join(roles)}; got {' '.join(given) or 'none'}", file=sys.stderr)
        sys.exit(2)
    if given[0] == "web":
        with _shared_metrics():
            _run(roles["web"])
    else:
        _run(roles[given[0]])


def entry_point(target: str) -> Callable[[], None]:
    """The function that ``module:function`` names. Raises ImportError or AttributeError when there is none."""
    module, _, name = target.partition(":")
    function: Callable[[], None] = getattr(import_module(module), name)
    return function


def _run(target: str) -> None:
    start = entry_point(target)
    from skald.settings import SettingsError  # noqa: PLC0415 - as late as everything else

    try:
        start()
    except SettingsError as error:
        sys.exit(str(error))


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """prometheus_client looks for the folder once, when it is first imported."""
    owner = os.getpid()
    folder = os.environ[MULTIPROCESS_DIR] = tempfile.mkdtemp(prefix="skald-metrics-")
    try:
        yield
    finally:
        # A forked worker leaves through here too; the folder is the parent's.
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)
