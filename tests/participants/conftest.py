"""Runs the conformance kit, as its users do, against a participant on the real broker."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass

import pytest

PARTICIPANT = "inventory"
"""What the participants under test are called, because this vhost's topology has a queue and a user of that name."""


@dataclass(frozen=True)
class Kit:
    """The command line of the kit, for one vhost."""

    operator_url: str
    participant_url: str
    url_variable: str = "AMQP_URL"

    def run(self, start: list[str], effects: list[str], *options: str, env: dict[str, str]):
        """What the kit finds out about the participant that ``start`` starts: its exit status, and what it prints."""
        arguments = [
            *("--amqp-url", self.operator_url, "--participant", PARTICIPANT),
            *("--action", "reserve", "--input", '{"seats": 2}', "--failing-input", '{"seats": 11}'),
            *("--compensation", "release", "--compensation-input", "{}", "--url-variable", self.url_variable),
            *("--start", f"exec {shlex.join(start)}", "--effects-command", shlex.join(effects), *options),
        ]
        return subprocess.run(
            [sys.executable, "-m", "skald.testing.conformance", *arguments],
            env={"PATH": os.environ["PATH"], self.url_variable: self.participant_url, **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def verdict(self, *arguments, **options):
        """The same as JSON: outcome by check; the whole output when there is no verdict."""
        done = self.run(*arguments, "-o", "json", **options)
        assert done.returncode in (0, 1), done.stderr
        return {check["id"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.fixture
def kit(parts):
    vhost = parts.new_vhost()
    return Kit(parts.amqp_url("saga-operator", vhost), parts.amqp_url(PARTICIPANT, vhost))


@pytest.fixture
def unused_port():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
