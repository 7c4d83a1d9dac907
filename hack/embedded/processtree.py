"""A process and all that it started."""

from __future__ import annotations

import contextlib
import signal

import psutil

__all__ = ["signal_tree"]


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Send it to the process and to everything it started, also to what left its process group, as PostgreSQL's do.

    Raises ProcessLookupError when there is no such process.
    """
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(f"there is no process {pid}") from error
    for process in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
