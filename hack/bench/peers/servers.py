"""Each peer's server and worker, started for one load and stopped after it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from skald.testing.ports import free_port

from hack.bench.peers import PROGRAMS, Running, loaded_by
from hack.bench.processes import process, until


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Temporal:
    """Temporal's development server, in memory or on a file."""

    programs: Path
    durable: bool
    in_flight: int
    runs: int

    @property
    def name(self) -> str:
        """As the table says it."""
        return f"Temporal dev server, {'file' if self.durable else 'in memory'}"

    @contextlib.contextmanager
    def start(self, folder: Path) -> Iterator[Running]:
        """The server and one worker."""
        port, metrics = free_port(), free_port()
        address = f"127.0.0.1:{port}"
        server = [str(self.programs / "temporal"), "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
        server += ["--port", str(port), "--metrics-port", str(metrics), "--log-level", "error"]
        server += ["--db-filename", str(folder / "temporal.db")] if self.durable else []
        program = [str(self.programs / "python"), str(PROGRAMS / "on_temporal.py")]
        with process(server, folder / "server.log") as serving:
            until("Temporal listens", lambda: listens(port))
            with process([*program, "worker", address], folder / "worker.log") as working:
                yield Running({"server": serving, "worker": working}, loaded_by([*program, "load", address]))


@dataclass
class Restate:
    """Restate's single-node server."""

    programs: Path
    server: Path
    in_flight: int
    runs: int
    name: str = "Restate server"

    @contextlib.contextmanager
    def start(self, folder: Path) -> Iterator[Running]:
        """The server and one service, registered."""
        node, admin, ingress, bind = free_port(), free_port(), free_port(), free_port()
        settings = {
            "RESTATE_BASE_DIR": str(folder),
            "RESTATE_BIND_ADDRESS": f"127.0.0.1:{node}",
            "RESTATE_ADVERTISED_ADDRESS": f"http://127.0.0.1:{node}",
            "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
            "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
            "RESTATE_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
        }
        program = [str(self.programs / "python"), str(PROGRAMS / "on_restate.py")]
        with (
            process([str(self.server), "--node-name", "bench"], folder / "server.log", settings) as serving,
            process([*program, "worker", f"127.0.0.1:{bind}"], folder / "worker.log") as working,
        ):
            until("Restate and its service listen", lambda: all(map(listens, (admin, ingress, bind))))
            until("Restate knows its service", lambda: self._register(admin, bind))
            load = loaded_by([*program, "load", f"http://127.0.0.1:{ingress}"])
            yield Running({"server": serving, "worker": working}, load)

    def _register(self, admin: int, bind: int) -> bool:
        deployment = {"uri": f"http://127.0.0.1:{bind}", "force": True}
        return requests.post(f"http://127.0.0.1:{admin}/deployments", json=deployment, timeout=30).ok


@dataclass
class Dbos:
    """DBOS on the platform's PostgreSQL."""

    programs: Path
    database_url: str
    database_pid: int
    in_flight: int
    runs: int
    name: str = "DBOS on PostgreSQL"

    @contextlib.contextmanager
    def start(self, folder: Path) -> Iterator[Running]:  # noqa: ARG002 - as every peer
        """Nothing to start: the library is in the load driver, and makes its tables in the first run."""
        program = [str(self.programs / "python"), str(PROGRAMS / "on_dbos.py"), "load", self.database_url]
        yield Running({"postgres": self.database_pid}, loaded_by(program, works=True))
