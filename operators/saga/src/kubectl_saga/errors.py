"""What ends a command: one sentence on what failed, and one on what to do."""

from __future__ import annotations

from typing import IO, Any

import click


class CliError(click.ClickException):
    """Ends the command with status 1."""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.advice = advice

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it for a person."""
        click.echo(f"{click.style('error:', fg='red', bold=True)} {self.message}", file=file, err=file is None)
        if self.advice is not None:
            click.echo(self.advice, file=file, err=file is None)
