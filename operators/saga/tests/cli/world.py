"""The recorded world of docs/kubectl-saga.md, served to the commands in place of an API server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from kubectl_saga.kube.api import ApiError

from operators.saga.tests.cli.objects import HERE

JSON = Any


class RecordedApi:
    """Answers as the API server did. A saga that somebody changes is shown at the later of the two moments."""

    def __init__(self) -> None:
        moments = json.loads((HERE / "recorded" / "world.json").read_text())
        self._before, self._after = moments["before"], moments["after"]
        self._changed: set[str] = set()

    @property
    def now(self) -> float:
        """Unix seconds of the moment that is shown."""
        return float((self._after if self._changed else self._before)["now"])

    def get(self, path: str, query: Mapping[str, str] | None = None, accept: str = "") -> JSON:
        plural, name = self._place(path)
        if name:
            return self._object(plural, name)
        found = [each for each in self._all(plural) if _selected(each, (query or {}).get("fieldSelector", ""))]
        return {"items": found, "metadata": {"resourceVersion": "1"}}

    def create(self, path: str, body: Mapping[str, JSON]) -> JSON:
        if path.endswith("selfsubjectreviews"):
            return {"status": {"userInfo": {"username": "ada@example.org"}}}
        if body["kind"] == "Saga":
            self._changed.add(body["metadata"]["name"])
            return self._object("sagas", body["metadata"]["name"])
        spec = body["spec"]
        self._changed.add(spec["saga"])
        made = [each for each in self._all("sagadecisions") if spec.items() <= each["spec"].items()]
        assert made, f"no such decision was recorded: {spec}"
        return made[0]

    def patch(self, path: str, body: Mapping[str, JSON]) -> JSON:
        self._changed.add(self._place(path)[1])
        return self.get(path)

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[JSON]:
        raise AssertionError("nothing changes any more in what was recorded")

    def _all(self, plural: str) -> list[JSON]:
        before = [each for each in self._before[plural] if _about(each) not in self._changed]
        return before + [each for each in self._after[plural] if _about(each) in self._changed]

    def _object(self, plural: str, name: str) -> JSON:
        for each in self._all(plural):
            if each["metadata"]["name"] == name:
                return each
        raise ApiError(HTTPStatus.NOT_FOUND, f"{plural} {name} not found")

    @staticmethod
    def _place(path: str) -> tuple[str, str]:
        found = re.fullmatch(r".*/namespaces/shop/([a-z]+)(?:/(.+))?", path)
        assert found is not None, path
        return found[1], unquote(found[2] or "")


def _about(body: JSON) -> str:
    """The saga that an object is, or is about."""
    about = body.get("involvedObject") or body["metadata"]
    return str(body.get("spec", {}).get("saga") or about["name"])


def _selected(body: JSON, selector: str) -> bool:
    """Whether the object has every field that the selector names."""
    for term in filter(None, selector.split(",")):
        field, _, wanted = term.partition("=")
        value: JSON = body
        for part in field.split("."):
            value = value.get(part, {})
        if value != wanted:
            return False
    return True
