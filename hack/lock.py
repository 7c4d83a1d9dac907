#!/usr/bin/env python3
"""Write requirements/dev.lock: every third-party package that a member of this workspace needs, pinned by hash.

The lock names no index, so it works behind any mirror. Run it after a change to a pyproject.toml:

    python hack/lock.py [--upgrade]
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "dev.lock"
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def projects() -> list[Path]:
    """Every pyproject.toml of the workspace, the root's first."""
    members = [*ROOT.glob("services/*/pyproject.toml"), *ROOT.glob("operators/*/pyproject.toml")]
    return [ROOT / "pyproject.toml", *sorted(members)]


def third_party() -> list[str]:
    """What the members require, less the members themselves."""
    wanted: set[str] = set()
    members: set[str] = set()
    for path in projects():
        document = tomllib.loads(path.read_text())
        members.add(document["project"]["name"])
        wanted.update(document["project"].get("dependencies", []))
        wanted.update(document.get("build-system", {}).get("requires", []))
        for extra in document["project"].get("optional-dependencies", {}).values():
            wanted.update(extra)
    return sorted(line for line in wanted if (match := NAME.match(line)) and match.group() not in members)


def main() -> int:
    """Compile the lock; the exit status is uv's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions, not the locked ones")
    arguments = parser.parse_args()
    with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
        source.write("\n".join(third_party()) + "\n")
        source.flush()
        command = ["uv", "pip", "compile", "--universal", "--generate-hashes", "--python-version", "3.11"]
        command += ["--no-header", "--no-annotate", "--quiet"]
        command += ["--upgrade"] if arguments.upgrade else []
        status = subprocess.run([*command, source.name, "--output-file", str(LOCK)], check=False).returncode
    print(f"wrote {LOCK.relative_to(ROOT)}" if status == 0 else "the lock was not written: see the message above")
    return status


if __name__ == "__main__":
    sys.exit(main())
