"""The operator as a process of its own, as it runs in production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import requests
from skald.testing.ports import free_port

from operators.saga.tests.component.kit.cluster import eventually


class OperatorProcess:
    """``python -m saga_operator run`` with an environment, or another program that takes the same."""

    def __init__(self, environment: dict[str, str], log: Path, program: str = "saga_operator") -> None:
        self.port = free_port()
        self._environment = {**os.environ, **environment, "SKALD_METRICS_BIND": f"127.0.0.1:{self.port}"}
        self._log = log
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written."""
        return self._log.read_text()

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it says that it is ready."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", self._program, "run"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        if ready:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Until /readyz is 200."""
        eventually(f"operator ready, its log:\n{self.log}", self.is_ready)

    def is_ready(self) -> bool:
        """What /readyz says."""
        assert self._process is not None
        assert self._process.poll() is None, f"the operator died:\n{self.log}"
        try:
            return self.get("/readyz").status_code == 200
        except requests.RequestException:
            return False

    def get(self, path: str) -> requests.Response:
        """From its health server."""
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)

    def metric(self, line_start: str) -> float:
        """The sum of the metrics whose line starts so."""
        lines = self.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(line_start))

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        return self._end(signal.SIGTERM)

    def wait(self, seconds: float = 30) -> int:
        """The exit status of one that ends by itself."""
        assert self._process is not None
        return self._process.wait(seconds)

    def returned(self) -> int | None:
        """The exit status, if it has ended."""
        assert self._process is not None
        return self._process.poll()

    def close(self) -> None:
        """Make sure that it is gone."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(30)
