"""Runs the conformance kit, as its users do, against a participant on the real broker."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from threading import Thread

import pytest
from skald.testing.broker import BrokerAdmin

from .flawed import Flawed

PARTICIPANT = "inventory"
"""What the participants under test are called, because this vhost's topology has a queue and a user of that name."""


@dataclass(frozen=True)
class Kit:
    """The command line of the kit, for one vhost."""

    operator_url: str
    participant_url: str
    url_variable: str = "AMQP_URL"

    def arguments(self, *options: str) -> list[str]:
        """Those that it cannot do without, and ``options``, which win."""
        needed = ["--amqp-url", self.operator_url, "--participant", PARTICIPANT, "--action", "reserve"]
        return [*needed, "--input", '{"seats": 2}', *options]

    def verdict(self, start: list[str], effects: list[str], *options: str, env: dict[str, str]):
        """What all checks find out about the participant that ``start`` starts, by their ids."""
        arguments = self.arguments(
            *("--failing-input", '{"seats": 11}', "--compensation", "release", "--compensation-input", "{}"),
            *("--url-variable", self.url_variable, "--start", f"exec {shlex.join(start)}"),
            *("--effects-command", shlex.join(effects), "-o", "json", *options),
        )
        done = subprocess.run(
            [sys.executable, "-m", "skald.testing.conformance", *arguments],
            env={"PATH": os.environ["PATH"], self.url_variable: self.participant_url, **env},
            capture_output=True,
            text=True,
            timeout=550,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return {check["id"]: check for check in json.loads(done.stdout)["checks"]}


@pytest.fixture
def vhost(parts):
    return parts.new_vhost()


@pytest.fixture
def kit(parts, vhost):
    return Kit(parts.amqp_url("saga-operator", vhost), parts.amqp_url(PARTICIPANT, vhost))


@pytest.fixture
def dead_letters(parts, vhost):
    """How many messages nobody could act on."""
    admin = BrokerAdmin(parts.amqp_url("admin", vhost))
    yield lambda: admin.depth(f"commands.{PARTICIPANT}.dead")
    admin.close()


@pytest.fixture
def flawed(kit):
    """Starts a participant on a thread, with a flaw or without; gives the reference that it answers from."""
    started = []

    def start(flaw=""):
        participant = Flawed(kit.participant_url, flaw)
        thread = Thread(target=participant.run)
        thread.start()
        started.append((participant, thread))
        return participant.reference

    yield start
    for participant, thread in started:
        participant.stop()
        thread.join()
