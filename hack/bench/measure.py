"""CPU seconds and memory of processes, and writes at the API server, before and after a load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
import psutil
import requests

WRITE = re.compile(
    r'^etcd_request_duration_seconds_count\{[^}]*operation="(create|update|delete)"[^}]*\} (\S+)$', re.MULTILINE
)


def tree(pid: int) -> list[psutil.Process]:
    """A process and its descendants."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """User plus system seconds so far, by name, children included: those that live, and those that were waited for."""
    return {name: sum(sum(process.cpu_times()[:4]) for process in tree(pid)) for name, pid in pids.items()}


def memory(pids: Mapping[str, int]) -> dict[str, int]:
    """Proportional set size in bytes, by name: shared pages are counted once over all processes."""
    return {name: sum(process.memory_full_info().pss for process in tree(pid)) for name, pid in pids.items()}


@dataclass(frozen=True)
class ApiServer:
    """What the API server says of itself, and of what it keeps."""

    url: str
    token: str
    ca_file: str

    def writes(self, resource: str) -> int:
        """Creates, updates and deletes of one resource that went to etcd since the API server started."""
        text = self._get("/metrics").text
        return sum(int(float(found[2])) for found in WRITE.finditer(text) if f'{resource}"' in found[0])

    def bytes_per_object(self, path: str, sample: int) -> int:
        """Mean size of the first objects of a collection as JSON, which is what etcd holds of a custom resource."""
        items = self._get(f"{path}?limit={sample}").json()["items"]
        return round(sum(len(orjson.dumps(item)) for item in items) / len(items))

    def _get(self, path: str) -> requests.Response:
        with requests.Session() as session:
            # else requests lets REQUESTS_CA_BUNDLE win over verify
            session.trust_env, session.verify = False, self.ca_file
            session.headers["Authorization"] = f"Bearer {self.token}"
            answer = session.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer
