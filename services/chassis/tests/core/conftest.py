"""A vhost and a database of their own for tests that need the real broker and the real database."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from skald.mongo import connect
from skald.settings import StoreSettings
from skald.testing.broker import BrokerAdmin, OperatorProbe
from skald.testing.cable import Cable
from skald.testing.ports import free_port
from skald.testing.waiting import eventually


def store_settings(uri: str, database: str, service: str = "payments") -> StoreSettings:
    return StoreSettings.from_env(
        {
            "SKALD_SERVICE": service,
            "SKALD_NAMESPACE": "shop",
            "SKALD_METRICS_BIND": "127.0.0.1:0",
            "SKALD_MONGODB_URI": uri,
            "SKALD_MONGODB_DATABASE": database,
        }
    )


@pytest.fixture
def database(parts) -> Iterator[Database[dict[str, Any]]]:
    name = parts.new_database("payments")
    opened = connect(store_settings(parts.mongodb_uri("payments", name), name))
    yield opened
    opened.client.drop_database(name)
    opened.client.close()


@dataclass
class Stage:
    """A vhost and a database with the cables to them, and the workers that a test starts there."""

    parts: Any
    folder: Path
    vhost: str
    database: str
    broker: Cable
    store: Cable
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def worker(self, service: str = "payments", **env: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"worker-{len(self.workers)}.log").open("wb")
        worker = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("toy_worker.py"))],
            env={
                "PATH": os.environ["PATH"],
                "SKALD_SERVICE": service,
                "SKALD_NAMESPACE": "shop",
                "SKALD_METRICS_BIND": f"127.0.0.1:{self.metrics_port}",
                "SKALD_MONGODB_URI": self.store.url,
                "SKALD_MONGODB_DATABASE": self.database,
                "SKALD_AMQP_URL": self.broker.url.replace("payments:", f"{service}:", 1)
                if service == "payments"
                else self.parts.amqp_url(service, self.vhost),
                "SKALD_WORKER_THREADS": "2",
                **env,
            },
            stdout=log,
            stderr=log,
        )
        self.workers.append(worker)
        return worker

    def ready(self) -> None:
        eventually(f"the worker is ready ({self.log()[-2000:]})", lambda: self.get("/readyz") == 200)

    def get(self, path: str) -> int:
        return self._fetch(path)[0]

    def metrics(self) -> str:
        return self._fetch("/metrics")[1]

    def _fetch(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except OSError:
            return 0, ""

    def log(self) -> str:
        return "".join(file.read_text() for file in sorted(self.folder.glob("worker-*.log")))

    metrics_port: int = 0

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.broker.close()
        self.store.close()


@pytest.fixture
def stage(parts, tmp_path) -> Iterator[Stage]:
    vhost, name = parts.new_vhost(), parts.new_database("payments")
    made = Stage(
        parts,
        tmp_path,
        vhost,
        name,
        broker=Cable(parts.amqp_url("payments", vhost)),
        store=Cable(parts.mongodb_uri("payments", name)),
    )
    made.metrics_port = free_port()
    yield made
    made.close()


@pytest.fixture
def operator(parts, stage) -> Iterator[OperatorProbe]:
    probe = OperatorProbe(parts.amqp_url("saga-operator", stage.vhost))
    yield probe
    probe.close()


@pytest.fixture
def admin(parts, stage) -> Iterator[BrokerAdmin]:
    probe = BrokerAdmin(parts.amqp_url("admin", stage.vhost))
    yield probe
    probe.close()
