#!/usr/bin/env python3
"""Write the locks in requirements/: third-party packages, pinned by hash.

dev.lock has every package that a member of this workspace needs; of it, runtime.lock has what goes into images, and
build.lock what the members themselves are built by. The locks name no index, so they work behind any mirror. Run it
after a change to a pyproject.toml:

    python hack/lock.py [--upgrade]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEVELOPMENT = ROOT / "requirements" / "dev.lock"
RUNTIME = ROOT / "requirements" / "runtime.lock"
BUILD = ROOT / "requirements" / "build.lock"
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def members() -> list[Path]:
    """Every member's pyproject.toml."""
    return sorted([*ROOT.glob("services/*/pyproject.toml"), *ROOT.glob("operators/*/pyproject.toml")])


def third_party(projects: Sequence[Path], *, to_run: bool = True, to_build: bool = True) -> list[str]:
    """What these need to run, or to be built, less the members themselves."""
    documents = [tomllib.loads(path.read_text()) for path in projects]
    own = {tomllib.loads(path.read_text())["project"]["name"] for path in members()}
    wanted: set[str] = set()
    for document in documents:
        if to_build:
            wanted.update(document.get("build-system", {}).get("requires", []))
        if to_run:
            wanted.update(document["project"].get("dependencies", []))
            for extra in document["project"].get("optional-dependencies", {}).values():
                wanted.update(extra)
    return sorted(line for line in wanted if (match := NAME.match(line)) and match.group() not in own)


def compile_lock(lock: Path, requirements: Sequence[str], *options: str) -> bool:
    """Write one lock; whether uv could."""
    with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
        source.write("\n".join(requirements) + "\n")
        source.flush()
        command = ["uv", "pip", "compile", "--universal", "--generate-hashes", "--python-version", "3.11"]
        command += ["--no-header", "--no-annotate", "--quiet", *options, source.name, "--output-file", str(lock)]
        done = subprocess.run(command, check=False).returncode == 0
    name = lock.relative_to(ROOT)
    print(f"wrote {name}" if done else f"{name} was not written: see the message above")
    return done


def main() -> int:
    """Exit status 0 if all locks were written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions, not the locked ones")
    arguments = parser.parse_args()
    upgrade = ["--upgrade"] if arguments.upgrade else []
    # images get the very versions that were developed and tested with
    same = f"--constraint={DEVELOPMENT}"
    done = (
        compile_lock(DEVELOPMENT, third_party([ROOT / "pyproject.toml", *members()]), *upgrade)
        and compile_lock(RUNTIME, third_party(members(), to_build=False), same)
        and compile_lock(BUILD, third_party(members(), to_run=False), same)
    )
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
