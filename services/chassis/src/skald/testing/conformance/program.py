"""What the kit runs on the author's behalf: the participant itself, and what counts its effects."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from skald_wire.names import REPLIES_EXCHANGE

from skald.testing.cable import Cable
from skald.testing.conformance.broker import Knock
from skald.testing.conformance.errors import KitError
from skald.testing.conformance.tested import Process
from skald.testing.waiting import eventually

__all__ = ["Program", "count_by"]

_START: Final = 120.0
_EFFECTS_TIMEOUT: Final = 60.0
_LAST_LINES: Final = 15


class Program(Process):
    """The participant, started by a shell command, with its line to the broker in the kit's hands."""

    def __init__(self, command: str, variable: str, log: Path, door: Knock) -> None:
        """``variable`` holds the participant's AMQP URL in our environment; it is given another way to the same place.

        Raises KitError when the variable is not set.
        """
        url = os.environ.get(variable)
        if not url:
            raise KitError(
                f"{variable} must hold the AMQP URL that the participant itself uses, with its own broker user"
            )
        if not url.startswith("amqp://"):
            raise KitError(f"{variable}: the kit can hold back replies on a line without TLS only (amqp://)")
        self._cable = Cable(_with_port(url))
        self._command = command
        self._environment = {**os.environ, variable: self._cable.url}
        self._log = log
        self._door = door
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers. Raises KitError with its last lines when it does not."""
        self._cable.mend()
        self._door.knock()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S602 - the author's own command line
                self._command,
                shell=True,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            eventually("an answer", lambda: self._door.answered() or self._ended(), _START)
        except AssertionError:
            raise KitError(f"the participant answers no cancel within {_START:g} s;{self._said()}") from None
        if self._ended():
            raise KitError(f"the participant ended with {self._process.returncode};{self._said()}")

    def kill(self) -> None:
        """SIGKILL to it and to all that it started; the broker gets back what it had in hand."""
        self._end(signal.SIGKILL)
        self._cable.cut()

    def hold_answers(self) -> None:
        """Let nothing that it sends reach the broker, until it is killed."""
        self._cable.hold()

    def answers_held(self) -> bool:
        """Whether it has sent a reply since ``hold_answers``."""
        return self._cable.holds(REPLIES_EXCHANGE.encode())

    def close(self) -> None:
        """End it for good."""
        self._end(signal.SIGTERM)
        self._cable.close()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and not self._ended():
            os.killpg(self._process.pid, how)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _said(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
        return "\n    ".join([f" its output is in {self._log}:", *lines])


def _with_port(url: str) -> str:
    """An AMQP URL may leave its port out; the cable needs it."""
    before, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    has_port = ":" in authority.rpartition("@")[2]
    return url if has_port else f"{before}{slashes}{authority}:5672{slash}{path}"


def count_by(command: str) -> Callable[[str], float]:
    """Asks a shell command, which finds the saga key in SAGA_KEY and prints a number. Raises KitError without one."""

    def count(saga_key: str) -> float:
        try:
            done = subprocess.run(  # noqa: S602 - the author's own command line
                command,
                shell=True,
                env={**os.environ, "SAGA_KEY": saga_key},
                capture_output=True,
                text=True,
                timeout=_EFFECTS_TIMEOUT,
                check=True,
            )
            return float(done.stdout)
        except subprocess.CalledProcessError as error:
            raise KitError(f"the effects command ended with {error.returncode}: {error.stderr.strip()}") from None
        except subprocess.TimeoutExpired:
            raise KitError(f"the effects command took more than {_EFFECTS_TIMEOUT:g} s") from None
        except ValueError:
            raise KitError(f"the effects command must print one number, it printed {done.stdout!r}") from None

    return count
