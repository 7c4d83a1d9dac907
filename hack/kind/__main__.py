"""The cluster's commands."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
from rich.console import Console

from hack.embedded.errors import PlatformError
from hack.embedded.progress import Board
from hack.kind.bring import find_way, relative, show_stand_ins, take_down
from hack.kind.cluster import GATEWAY_PORT
from hack.kind.e2e import run_e2e
from hack.kind.kubectl import KUBECONFIG
from hack.kind.listing import LISTINGS

_EPILOG = """\
Where no docker daemon answers, one of our own is started, and stopped by "down", which also puts the machine's packet
filter back. Where no registry answers, nodes and images are made from package registries. Built parts are kept in
$XDG_CACHE_HOME/skald, logs in .platform/kind/logs.
"""


def _up(console: Console) -> None:
    began = time.monotonic()
    with Board(console) as board:
        way = find_way(board)
        console.print(way.describe(), highlight=False, soft_wrap=True)
        with ThreadPoolExecutor(1) as builder:
            way.bring(builder.submit(way.build_images))
        way.install()
    console.print(f"[green]up[/] after {time.monotonic() - began:.0f} s", highlight=False)
    show_stand_ins(way, console)
    console.print(f"  kubectl   export KUBECONFIG={relative(KUBECONFIG)}", highlight=False, soft_wrap=True)
    console.print(f"  gateway   http://127.0.0.1:{GATEWAY_PORT}", highlight=False)


def _down(console: Console) -> None:
    with Board(console) as board:
        existed = take_down(board)
    console.print("deleted" if existed else "there was no cluster")


def _images(console: Console) -> None:
    with Board(console) as board:
        way = find_way(board)
        console.print(way.describe(), highlight=False, soft_wrap=True)
        way.build_images()
        way.list_images()
    show_stand_ins(way, console)
    console.print(f"what they hold: {relative(LISTINGS)}", highlight=False, soft_wrap=True)


COMMANDS: dict[str, tuple[Callable[[Console], None], str]] = {
    "up": (_up, "make a cluster of two nodes and install the chart; on one that is there, bring it up to date"),
    "down": (_down, "delete the cluster and everything that came up with it"),
    "e2e": (run_e2e, "make a cluster, install the chart, run tests/e2e, delete the cluster (KEEP=1 keeps it)"),
    "images": (_images, "build all images, and leave them with the docker daemon"),
}


def main(arguments: list[str]) -> int:
    """Run one command. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m hack.kind",
        description="Skald in a Kubernetes cluster on this machine.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, says) in COMMANDS.items():
        commands.add_parser(name, help=says, description=says)
    command = parser.parse_args(arguments).command
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        COMMANDS[command][0](Console())
    except PlatformError as error:
        complaints = Console(stderr=True)
        complaints.print(f"[red]{command} failed:[/] ", end="")
        complaints.print(str(error), markup=False, highlight=False, soft_wrap=True)
        if error.remedy:
            complaints.print(f"  -> {error.remedy}", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _interrupt(*_: object) -> None:
    """End as on Ctrl-C, by which a terminal ends the tools that are running as well."""
    for tool in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            # a daemon that was started has a group of its own, and is stopped in its turn
            if os.getpgid(tool.pid) == os.getpgrp():
                tool.terminate()
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
