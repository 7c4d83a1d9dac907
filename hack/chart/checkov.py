"""checkov, a linter of rendered manifests, in an environment of its own: its pins would hold back everyone else's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

from hack.embedded.errors import PlatformError
from hack.embedded.parts.environment import find_programs

LOCK: Final = Path(__file__).with_name("checkov.lock")
WAIVERS: Final = Path(__file__).with_name("checkov.yaml")


def find_checkov(cache: Path, logs: Path) -> Path:
    """The program, installed once per machine. Raises PlatformError when it cannot be had."""
    return find_programs("checkov", LOCK, cache, logs) / "checkov"


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
