#!/usr/bin/env python3
"""Generate the Python stubs of services/contracts/proto into services/contracts/src/skald_contracts.

Run it after a change to a .proto file; a test compares the committed stubs with what it would write:

    .venv/bin/python hack/protos.py [--out DIR]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[1] / "services" / "contracts"
PROTOS = CONTRACTS / "proto"
PACKAGE = "skald_contracts"
"""Where protoc is told that the files lie: else the stubs would import ``catalog``, which is a service's name."""


def generate(out: Path) -> int:
    """Write the stubs of every .proto file to ``out``/skald_contracts. Returns protoc's status; it prints why."""
    sources = sorted(f"{PACKAGE}/{path.relative_to(PROTOS)}" for path in PROTOS.rglob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PACKAGE}={PROTOS}"]
    command += [f"--{plugin}_out=quiet:{out}" for plugin in ("mypy", "mypy_grpc")]
    command += [f"--{plugin}_out={out}" for plugin in ("python", "grpc_python")]
    # protoc looks for the two mypy plugins on PATH, and the virtual environment need not be active
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return subprocess.run([*command, *sources], check=False, env={**os.environ, "PATH": path}).returncode


def main() -> int:
    """Generate; the exit status is protoc's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=CONTRACTS / "src", help="default: the committed stubs' place")
    out = parser.parse_args().out
    if status := generate(out):
        return status
    print(f"wrote the stubs to {out / PACKAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
