"""The whole-system tests on a cluster of their own: make it, install, test, tell what happened, delete it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY
from hack.embedded.progress import Board
from hack.kind.bring import Way, cluster_is_up, find_way, relative, take_down
from hack.kind.checkout import previous_release
from hack.kind.cluster import cluster_nodes
from hack.kind.diagnosis import FAILURES, export_nodes, snapshot
from hack.kind.kubectl import HOME
from hack.kind.summary import Phases, print_summary, versions
from hack.kind.verdicts import read_verdicts

REPORT: Final = HOME / "e2e.xml"


def run_e2e(console: Console) -> None:
    """Everything from nothing to the verdict. KEEP=1 in the environment keeps the cluster. Raises PlatformError."""
    keep = bool(os.environ.get("KEEP"))
    if cluster_is_up() and not keep:
        raise PlatformError(
            "a cluster is up already, and this run would delete it", "make kind-down, or test on it: KEEP=1 make e2e"
        )
    shutil.rmtree(FAILURES, ignore_errors=True)
    phases = Phases()
    try:
        _run(console, phases)
    finally:
        if not keep:
            with Board(console) as board, phases.phase("clean up"):
                take_down(board)
        console.print(phases.describe(), highlight=False, soft_wrap=True)


def _run(console: Console, phases: Phases) -> None:
    with Board(console) as board:
        way = find_way(board)
        console.print(f"e2e: {way.describe()}", highlight=False, soft_wrap=True)
        with _logs_of_failure(way), ThreadPoolExecutor(1) as builder:
            images = builder.submit(way.build_images, previous_release(HOME))
            listings = builder.submit(way.list_images)
            with phases.phase("cluster and images"):
                way.bring(images)
            with phases.phase("install"):
                way.install()
                listings.result()
    found = versions(way)
    with _logs_of_failure(way):
        try:
            with phases.phase("tests"):
                _test()
        finally:
            print_summary(console, way, found, read_verdicts(REPORT))


@contextmanager
def _logs_of_failure(way: Way) -> Iterator[None]:
    """When the block fails, leave what nodes and pods have to say, and say where."""
    try:
        yield
    except PlatformError as error:
        if cluster_nodes(way.engine):
            snapshot("end")
            export_nodes(way.cluster)
            error.remedy = f"{error.remedy}; pods, events and logs: {relative(FAILURES)}".removeprefix("; ")
        raise


def _test() -> None:
    REPORT.unlink(missing_ok=True)
    tests = [sys.executable, "-m", "pytest", "tests/e2e", "--verbose", "--timeout=400", f"--junitxml={REPORT}"]
    if subprocess.run(tests, cwd=REPOSITORY, check=False).returncode != 0:
        raise PlatformError("tests/e2e failed")
