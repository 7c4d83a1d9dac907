"""The program as a person runs it: on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

BIN = Path(sys.executable).parent


def on_a_terminal(
    arguments: list[str],
    kubeconfig: str,
    stop_at: str | None = None,
    when: tuple[str, Callable[[], None]] | None = None,
    **environment: str,
) -> str:
    """Everything that a program writes to a terminal until it ends, or until Ctrl-C when it has written ``stop_at``.

    ``when``: what is done once it has written something.
    """
    ours, theirs = pty.openpty()
    given = {"KUBECONFIG": kubeconfig, "TERM": "xterm", "COLUMNS": "120", "LINES": "40", **environment}
    command = [BIN / "kubectl-saga", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **given}) as program:
        os.close(theirs)
        try:
            interrupt = partial(program.send_signal, signal.SIGINT)
            written = _read(ours, (stop_at, interrupt) if stop_at is not None else when)
            assert program.wait(30) == 0, written
        finally:
            program.kill()  # one that never draws would otherwise be waited for without end
            os.close(ours)
    return written


def _read(terminal: int, when: tuple[str, Callable[[], None]] | None) -> str:
    written = ""
    with suppress(OSError):  # how Linux says that the other side is closed
        while part := os.read(terminal, 65536):
            written += part.decode(errors="replace")
            if when is not None and when[0] in written:
                when[1]()
                when = None
    return written
