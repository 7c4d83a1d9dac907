"""The control: the operator that one would write first with kopf, on the same API server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from hack.bench.driver import Driver, Target
from hack.bench.peers import PROGRAMS, Outcome, Running
from hack.bench.processes import process
from hack.embedded.platform import Platform


@dataclass
class Naive:
    """kopf's ``on.create`` with two patches per step, and no commands at all."""

    platform: Platform
    in_flight: int
    runs: int
    name: str = "naive kopf operator"

    @contextlib.contextmanager
    def start(self, folder: Path) -> Iterator[Running]:
        """Its kind, and the operator."""
        platform = self.platform
        crd = [str(platform.kubectl), "apply", "-f", str(PROGRAMS / "naive.yaml")]
        subprocess.run(crd, check=True, timeout=60, stdout=subprocess.DEVNULL)
        established = ["wait", "--for=condition=Established", "crd/naives.bench.skald.dev", "--timeout=60s"]
        subprocess.run([str(platform.kubectl), *established], check=True, timeout=90, stdout=subprocess.DEVNULL)
        command = [sys.executable, "-m", "kopf", "run", "--standalone", "--quiet", "--namespace", platform.namespace]
        settings = {"KUBECONFIG": str(platform.kubeconfig)}
        pids = {name: platform.pid(name) for name in ("etcd", "apiserver")}
        with process([*command, str(PROGRAMS / "naive.py")], folder / "kopf.log", settings) as operator:
            yield Running({"operator": operator, **pids}, self._load)

    def _load(self, runs: int, in_flight: int) -> Outcome:
        return uvloop.run(self._drive(runs, in_flight))

    async def _drive(self, runs: int, in_flight: int) -> Outcome:
        path = f"/apis/bench.skald.dev/v1/namespaces/{self.platform.namespace}/naives"
        async with Driver(Target.of(self.platform, path)) as driver:
            run = await driver.run({"apiVersion": "bench.skald.dev/v1", "kind": "Naive"}, runs, in_flight)
            return Outcome(run.latencies, run.seconds)
