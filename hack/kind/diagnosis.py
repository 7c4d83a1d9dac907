"""What a failure leaves for the person who looks into it: state, events and logs, while the cluster still stands."""

from __future__ import annotations

from typing import Final

from hack.embedded.errors import PlatformError
from hack.kind.cluster import Cluster
from hack.kind.kubectl import HOME, NAMESPACE, KubectlError, kubectl

FAILURES: Final = HOME / "failures"

_LOGS: Final = ("--all-containers", "--prefix", "--tail=300", "--max-log-requests=100", "--ignore-errors")
_QUESTIONS: Final = {
    "pods.txt": ("get", "pods", "--all-namespaces", "--output=wide"),
    "events.txt": ("get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"),
    "describe-pods.txt": ("describe", "pods", f"--namespace={NAMESPACE}"),
    "describe-nodes.txt": ("describe", "nodes"),
    "objects.txt": ("get", "all,pvc,pdb,netpol,sagas", f"--namespace={NAMESPACE}", "--output=wide"),
    "sagas.yaml": ("get", "sagas", f"--namespace={NAMESPACE}", "--output=yaml"),
    "logs.txt": ("logs", "--selector=app.kubernetes.io/part-of=skald", f"--namespace={NAMESPACE}", *_LOGS),
}


def snapshot(name: str) -> None:
    """Write the answers to all questions into a folder of that name in ``FAILURES``."""
    folder = FAILURES / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, question in _QUESTIONS.items():
        (folder / file).write_text(_ask(*question))


def export_nodes(cluster: Cluster) -> None:
    """The nodes' journals, and the logs of all containers that they still have."""
    folder = FAILURES / "nodes"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        cluster.export_logs(folder)
    except PlatformError as error:
        (folder / "why-there-are-none.txt").write_text(f"{error}\n{error.remedy}\n")


def _ask(*question: str) -> str:
    try:
        return kubectl(*question, "--request-timeout=20s")
    except KubectlError as error:
        return f"{error}\n"
