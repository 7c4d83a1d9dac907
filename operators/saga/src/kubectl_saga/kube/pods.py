"""The pods of one namespace, and what their containers have written."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from kubectl_saga.errors import CliError
from kubectl_saga.kube.api import Api, ApiError
from kubectl_saga.kube.paging import pages

_RIGHTS: Final = "Logs are read with the rights to list pods and to get pods/log; the cluster's own role view has both."


@dataclass(frozen=True, slots=True)
class Log:
    """What one container has written since its last start, or what it had written before that."""

    pod: str
    container: str
    previous: bool = False


class Pods:
    """Reads logs. Every method raises CliError with what to do."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.namespace = namespace
        self._api = api
        self._path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods"

    def logs(self) -> list[Log]:
        """Every log that the namespace's pods still have."""
        with _explained():
            return [log for page in pages(self._api, self._path) for pod in page["items"] for log in _logs_of(pod)]

    def lines(self, log: Log, since: str) -> Generator[tuple[str, str]]:
        """When each line was written (RFC 3339) and the line; nothing when the pod has gone meanwhile.

        ``since`` is RFC 3339 too.
        """
        query = {"container": log.container, "sinceTime": since, "timestamps": "true"}
        if log.previous:
            query["previous"] = "true"
        try:
            with _explained(), closing(self._api.lines(f"{self._path}/{quote(log.pod, safe='')}/log", query)) as lines:
                for line in lines:
                    moment, _, text = line.decode("utf-8", "replace").rstrip("\n").partition(" ")
                    yield moment, text
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise


@contextmanager
def _explained() -> Iterator[None]:
    """Say which rights are missing."""
    try:
        yield
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        raise CliError(error.message, _RIGHTS) from None


def _logs_of(pod: dict[str, Any]) -> Iterator[Log]:
    name = str(pod["metadata"]["name"])
    for status in pod.get("status", {}).get("containerStatuses", ()):
        waits = "waiting" in status.get("state", {})
        ran_before = "terminated" in status.get("lastState", {})
        # One that waits for its next start shows its last log as the present one.
        if not waits or ran_before:
            yield Log(name, str(status["name"]))
        if not waits and ran_before:
            yield Log(name, str(status["name"]), previous=True)
