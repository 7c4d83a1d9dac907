"""The whole-system tests on a cluster of their own: make it, install, test, tell what happened, delete it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rich.console import Console

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.embedded.progress import Board
from hack.kind.bring import Way, find_way, relative, show_stand_ins, take_down
from hack.kind.cluster import HOME, NAMESPACE

FAILURE_LOGS: Final = HOME / "e2e-logs"


def run_e2e(console: Console) -> None:
    """Everything from nothing to the verdict. KEEP=1 in the environment keeps the cluster. Raises PlatformError."""
    began = time.monotonic()
    try:
        with Board(console) as board:
            way = find_way(board)
            console.print(f"e2e: {way.describe()}", highlight=False, soft_wrap=True)
            way.create()
            way.load_images()
            _or_logs(way, way.install)
        _or_logs(way, _test)
    finally:
        if not os.environ.get("KEEP"):
            with Board(console) as board:
                take_down(board)
    console.print(f"passed after {time.monotonic() - began:.0f} s", highlight=False)
    show_stand_ins(way, console)


def _or_logs(way: Way, step: Callable[[], None]) -> None:
    """Run a step; when it fails leave what nodes and pods have to say in ``FAILURE_LOGS``."""
    try:
        step()
    except PlatformError as error:
        collect_logs(way, FAILURE_LOGS)
        error.remedy = f"logs of nodes and pods, and what there was: {relative(FAILURE_LOGS)}"
        raise


def collect_logs(way: Way, folder: Path) -> None:
    """The nodes' journals, the pods' logs, and the objects of the shop's namespace."""
    folder.mkdir(parents=True, exist_ok=True)
    way.cluster.export_logs(folder)
    for what in ("events --sort-by=.lastTimestamp", "pods --output=wide", "sagas", "all"):
        name, *options = what.split()
        (folder / f"{name}.txt").write_text(way.cluster.run("get", name, f"--namespace={NAMESPACE}", *options))


def _test() -> None:
    tests = [sys.executable, "-m", "pytest", "tests/e2e", "--verbose", "--timeout=400"]
    if subprocess.run(tests, cwd=REPOSITORY, check=False).returncode != 0:
        raise PlatformError("tests/e2e failed")
