"""Skald's own engine under load: operator, participants that do nothing, and what they use."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests
import uvloop
from saga_operator.domain.kinds import Phase

from hack.bench.driver import Driver, Run, Target
from hack.bench.measure import ApiServer, cpu_seconds
from hack.bench.peers import Outcome, Running
from hack.bench.processes import process, until
from hack.embedded.platform import Platform

DEFINITIONS = Path(__file__).with_name("definitions.yaml")
PARTICIPANTS = ("inventory", "payments", "shipping")
ENDED = ",".join(f"status.phase!={phase.value}" for phase in Phase if not phase.terminal)
"""Field selector of the sagas that have come to an end: all that somebody who waits for one has to be shown."""
PARTS = ("etcd", "apiserver", "rabbitmq")


def sagas_path(platform: Platform) -> str:
    """Of the sagas of the platform's namespace, at its API server."""
    return f"/apis/skald.dev/v1alpha1/namespaces/{platform.namespace}/sagas"


def target(platform: Platform) -> Target:
    """The sagas of the platform's namespace."""
    return Target.of(platform, sagas_path(platform), watched=ENDED)


def api_server(platform: Platform) -> ApiServer:
    """The platform's, with an admin's rights."""
    return ApiServer(platform.kubernetes_url, platform.admin_token, str(platform.ca_file))


def template(definition: str) -> dict[str, Any]:
    """A saga, less its name."""
    spec = {"definition": definition, "input": {"orderId": "bench", "amount": 4200}}
    return {"apiVersion": "skald.dev/v1alpha1", "kind": "Saga", "spec": spec}


@dataclass(frozen=True)
class Skald:
    """The running engine."""

    platform: Platform
    pids: Mapping[str, int]

    def load(self, definition: str, sagas: int, in_flight: int) -> Run:
        """Sagas of one definition, from a client's side."""
        return uvloop.run(self._load(definition, sagas, in_flight))

    async def _load(self, definition: str, sagas: int, in_flight: int) -> Run:
        async with Driver(target(self.platform)) as driver:
            return await driver.run(template(definition), sagas, in_flight)

    def as_running(self) -> Running:
        """As the peers are seen, with the chain of three steps."""

        def load(sagas: int, in_flight: int) -> Outcome:
            run = self.load("bench-chain-v1", sagas, in_flight)
            return Outcome(run.latencies, run.seconds)

        return Running(self.pids, load)

    def measured(self, definition: str, sagas: int, in_flight: int) -> dict[str, Any]:
        """A run with what it cost."""
        api = api_server(self.platform)
        cpu, writes = cpu_seconds(self.pids), api.writes("sagas")
        run = self.load(definition, sagas, in_flight)
        spent = {name: after - cpu[name] for name, after in cpu_seconds(self.pids).items()}
        return {
            "definition": definition,
            "in_flight": in_flight,
            "sagas": sagas,
            "phases": run.phases,
            "sagas_per_second": round(run.rate, 1),
            "p50_ms": round(run.quantile(0.5) * 1000, 1),
            "p99_ms": round(run.quantile(0.99) * 1000, 1),
            "etcd_writes_per_saga": round((api.writes("sagas") - writes) / sagas, 2),
            "cpu_ms_per_saga": {name: round(seconds / sagas * 1000, 2) for name, seconds in spent.items()},
            "cpu_ms_per_saga_sum": round(sum(spent.values()) / sagas * 1000, 2),
        }


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(url, timeout=2).ok
    return False


@contextlib.contextmanager
def participants(platform: Platform) -> Iterator[int]:
    """The ones that do nothing; their pid."""
    urls = [f"{name}={platform.amqp_url(name)}" for name in PARTICIPANTS]
    with process([sys.executable, "-m", "hack.bench.participant", *urls], platform.logs / "noop.log") as pid:
        yield pid


@contextlib.contextmanager
def operator(platform: Platform) -> Iterator[int]:
    """The operator, ready; its pid."""
    settings = platform.env("saga-operator")
    with process([sys.executable, "-m", "saga_operator", "run"], platform.logs / "bench-operator.log", settings) as pid:
        until("the operator is ready", partial(_answers, f"http://{settings['SKALD_METRICS_BIND']}/readyz"))
        yield pid


def define(platform: Platform) -> None:
    """Have the API server know the definitions."""
    kubectl = [str(platform.kubectl), "apply", "-n", platform.namespace, "-f", str(DEFINITIONS)]
    subprocess.run(kubectl, check=True, timeout=60)


@contextlib.contextmanager
def skald(platform: Platform) -> Iterator[Skald]:
    """Operator and participants on the platform's parts, warm."""
    define(platform)
    with participants(platform) as noop, operator(platform) as ours:
        pids = {"operator": ours, "participants": noop, **{name: platform.pid(name) for name in PARTS}}
        engine = Skald(platform, pids)
        engine.load("bench-chain-v1", 50, 8)
        yield engine
