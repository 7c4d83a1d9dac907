"""checkov, a linter of rendered manifests, in an environment of its own: its pins would hold back everyone else's."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any, Final

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import build_once, content_key, run_tool

LOCK: Final = Path(__file__).with_name("checkov.lock")
WAIVERS: Final = Path(__file__).with_name("checkov.yaml")


def find_checkov(cache: Path, logs: Path) -> Path:
    """The program, installed once per machine. Raises PlatformError when it cannot be had."""
    folder = cache / f"checkov-{content_key([LOCK, sys.version])}"
    return build_once(folder, lambda fresh: _install(fresh, folder, logs)) / "bin" / "checkov"


def _install(fresh: Path, folder: Path, logs: Path) -> None:
    venv.create(fresh, with_pip=False)
    uv = Path(sys.executable).with_name("uv")
    install: list[str | Path] = [uv, "pip", "install", "--python", fresh, "--require-hashes", "-r", LOCK]
    run_tool(install, log=logs / "build-checkov.log")
    # the environment gets its name when it is whole, and its programs must find their interpreter by that name
    for program in (fresh / "bin").iterdir():
        if program.is_file() and not program.is_symlink():
            program.write_bytes(program.read_bytes().replace(bytes(fresh), bytes(folder)))


def find_faults(checkov: Path, manifests: Path) -> list[str]:
    """What checkov finds in a file of manifests, waivers aside. Raises PlatformError when it looked at nothing."""
    command: list[str | Path] = [checkov, "--config-file", WAIVERS, "--file", manifests, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
        looked_at = found["summary"]["passed"]
    except (ValueError, KeyError) as error:
        raise PlatformError(f"checkov looked at nothing: {done.stderr.strip() or done.stdout.strip()}") from error
    if not looked_at or found["summary"]["parsing_errors"]:
        raise PlatformError(f"checkov could not read {manifests}: {found['summary']}")
    return [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in found["results"]["failed_checks"]]
