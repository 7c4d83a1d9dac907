"""A snapshot of etcd, and etcd as it was then: what an administrator does after losing its data."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Final

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import cache_folder
from hack.embedded.parts.etcdutl import find_etcdutl
from hack.embedded.platform import Platform

__all__ = ["Etcd"]

_BUMP: Final = 1_000_000_000
"""Revisions that clients may have seen since the snapshot; none of them may ever be given out again."""


class Etcd:
    """The data of a platform's etcd."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._address = f"127.0.0.1:{platform.port('etcd')}"
        self._peer = f"http://127.0.0.1:{platform.port('etcd-peer')}"
        self._data = platform.instance.state / "etcd"
        self._snapshot = platform.instance.state / "etcd.snapshot"
        self._etcdutl = find_etcdutl(cache_folder(), platform.logs)

    def take_snapshot(self) -> None:
        """Keep what is there now. Raises OSError while etcd is away."""
        request = urllib.request.Request(f"http://{self._address}/v3/maintenance/snapshot", data=b"{}")
        unfinished = self._snapshot.with_suffix(".new")
        with urllib.request.urlopen(request, timeout=30) as answer, unfinished.open("wb") as file:  # noqa: S310
            for line in answer:
                file.write(base64.b64decode(json.loads(line)["result"].get("blob", "")))
        unfinished.rename(self._snapshot)

    def restore(self) -> None:
        """Put the snapshot in the place of the data. etcd must be stopped. Raises PlatformError."""
        fresh: Path = self._data.with_name("etcd.restored")
        shutil.rmtree(fresh, ignore_errors=True)
        command = [
            str(self._etcdutl),
            "snapshot",
            "restore",
            str(self._snapshot),
            f"--data-dir={fresh}",
            "--name=skald",
        ]
        command += [f"--initial-cluster=skald={self._peer}", f"--initial-advertise-peer-urls={self._peer}"]
        command += [f"--bump-revision={_BUMP}", "--mark-compacted"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PlatformError(f"etcdutl snapshot restore ended with {done.returncode}:\n{done.stderr.strip()}")
        shutil.rmtree(self._data)
        fresh.rename(self._data)
