"""A session at a terminal that explains itself: each command is shown as a reader would type it, then run."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.markup import escape

CommandFailed = subprocess.CalledProcessError


class Terminal:
    """Runs shell commands in one environment and shows them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """``environment`` is added to the process's own."""
        self.console = Console(highlight=False, soft_wrap=True)
        self.environment = {**os.environ, **environment}

    def chapter(self, title: str, why: str = "") -> None:
        """Say what comes next, and why."""
        self.console.print(f"\n[bold cyan]{escape(title)}[/]" + (f"  [dim]{escape(why)}[/]" if why else ""))

    def say(self, text: str) -> None:
        """A remark."""
        self.console.print(f"  [dim]{escape(text)}[/]")

    def run(self, command: str, *, show: Callable[[str], str] = str) -> str:
        """Show a command, run it with bash, show what it printed, and return that. Raises CommandFailed."""
        self.console.print(f"[bold green]$[/] {escape(command)}")
        output = self.run_quietly(command)
        if shown := show(output).rstrip():
            self.console.print(escape(shown))
        return output

    def assign(self, name: str, command: str) -> str:
        """``NAME=$(command)``: later commands may use it. Raises CommandFailed."""
        self.console.print(f"[bold green]$[/] {name}=$({escape(command)})")
        value = self.environment[name] = self.run_quietly(command)
        return value

    def run_quietly(self, command: str) -> str:
        """Run without showing anything but a failure. Raises CommandFailed."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.environment,
        )
        if done.returncode != 0:
            self.console.print(f"[red]{escape(command)}\n{escape((done.stdout + done.stderr).strip())}[/]")
            raise CommandFailed(done.returncode, command)
        return done.stdout.rstrip()

    def until(self, what: str, probe: Callable[[], bool], seconds: float) -> None:
        """Wait with a line that says for what. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        with self.console.status(what):
            while not probe():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"waited {seconds:g} s: {what}")
                time.sleep(0.1)
