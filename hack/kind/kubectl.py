"""What is said to the cluster that this checkout is connected to."""

from __future__ import annotations

import subprocess
from typing import Final

from hack.embedded.errors import PlatformError
from hack.kind.parts import LOGS

RELEASE: Final = "shop"
NAMESPACE: Final = "shop"

HOME: Final = LOGS.parent
KUBECONFIG: Final = HOME / "kubeconfig"
"""The administrator's; the user's own file is left alone."""
KUBECTL: Final = HOME / "bin" / "kubectl"


class KubectlError(PlatformError):
    """kubectl ended with a complaint."""


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """What ``kubectl ARGUMENTS`` prints. Raises KubectlError with its complaint."""
    command = [str(KUBECTL), f"--kubeconfig={KUBECONFIG}", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise KubectlError(f"kubectl {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
