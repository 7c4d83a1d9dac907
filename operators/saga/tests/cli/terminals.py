"""The program as a person runs it: on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BIN = Path(sys.executable).parent


def press_ctrl_c(program: subprocess.Popen[bytes]) -> None:
    """Interrupt it."""
    program.send_signal(signal.SIGINT)


def on_a_terminal(
    arguments: list[str],
    kubeconfig: str,
    stop_at: str | None = None,
    then: Callable[[subprocess.Popen[bytes]], object] = press_ctrl_c,
    **environment: str,
) -> str:
    """What a program writes to a terminal until it ends; ``then`` is done once it has written ``stop_at``."""
    ours, theirs = pty.openpty()
    given = {"KUBECONFIG": kubeconfig, "TERM": "xterm", "COLUMNS": "120", "LINES": "40", **environment}
    command = [BIN / "kubectl-saga", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **given}) as program:
        os.close(theirs)
        try:
            written = _read(ours, stop_at, lambda: then(program))
            assert program.wait(30) == 0, written
        finally:
            program.kill()  # one that never draws would otherwise be waited for without end
            os.close(ours)
    return written


def _read(terminal: int, stop_at: str | None, then: Callable[[], object]) -> str:
    written = ""
    with suppress(OSError):  # how Linux says that the other side is closed
        while part := os.read(terminal, 65536):
            written += part.decode(errors="replace")
            if stop_at is not None and stop_at in written:
                then()
                stop_at = None
    return written
