"""The saga API of one namespace: what the commands ask for, as the objects that the API server stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from kubectl_saga.errors import CliError
from kubectl_saga.kube.api import Api, ApiError
from kubectl_saga.kube.paging import PAGE, pages
from kubectl_saga.kube.patience import Patience, Tell, will_pass

JSON = Any
Object = dict[str, Any]
_GROUP: Final = "skald.dev"
_API: Final = f"/apis/{_GROUP}/v1alpha1"
_AT_ONCE: Final = 1.0
"""Seconds within which a stream that ends without a change has failed."""
_NAMES_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class Sagas:
    """Reads and changes sagas. Every method raises CliError with what to do."""

    def __init__(self, api: Api, namespace: str, patience: Patience | None = None) -> None:
        self.namespace = namespace
        self._api = api
        self._patience = patience or Patience()

    def saga(self, name: str) -> Object:
        """One saga."""
        return self._get("sagas", "saga", name)

    def definition(self, name: str) -> Object:
        """One definition."""
        return self._get("sagadefinitions", "saga definition", name)

    def find_definition(self, name: str) -> Object | None:
        """One definition; None when there is none."""
        return self._find("sagadefinitions", name, HTTPStatus.NOT_FOUND)

    def definition_if_readable(self, name: str) -> Object | None:
        """One definition; None when there is none, or when this user may not read definitions."""
        return self._find("sagadefinitions", name, HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)

    def all(self, *, everywhere: bool = False, **selector: str) -> list[Object]:
        """All sagas that the fields select, such as ``phase="Running"``; of all namespaces if asked for."""
        path = f"{_API}/sagas" if everywhere else self._path("sagas")
        return self._pages(path, _selecting(selector))[0]

    def names(self, plural: str, wanted: str = "") -> list[str]:
        """Names of what there is, at most one page, that begin so."""
        items = self._api.get(self._path(plural), {"limit": str(PAGE)}, accept=_NAMES_ONLY)["items"]
        return [name for item in items if (name := str(item["metadata"]["name"])).startswith(wanted)]

    def events(self, saga: Object) -> list[Object]:
        """Kubernetes Events about a saga; none when this user may not read them."""
        path = f"/api/v1/namespaces/{self.namespace}/events"
        query = {"fieldSelector": f"involvedObject.uid={saga['metadata']['uid']}"}
        try:
            return list(self._api.get(path, query)["items"])
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return []
            raise

    def decisions(self, saga: Object) -> list[Object]:
        """What people decided about a saga, the oldest first; nothing when this user may not read decisions."""
        selector = {"fieldSelector": f"spec.saga={saga['metadata']['name']}"}
        try:
            found, _ = self._pages(self._path("sagadecisions"), selector)
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return []
            raise
        return sorted(found, key=lambda each: str(each["metadata"]["creationTimestamp"]))

    def start(self, body: Mapping[str, JSON]) -> Object | None:
        """The created saga; None when there is one of that name already."""
        try:
            created: Object = self._api.create(self._path("sagas"), body)
        except ApiError as error:
            if error.status == HTTPStatus.CONFLICT:
                return None
            raise
        return created

    def cancel(self, name: str) -> Object:
        """Ask for backward recovery; the saga as it then is."""
        cancelled: Object = self._api.patch(self._path("sagas", name), {"spec": {"cancel": True}})
        return cancelled

    def suspend(self, name: str, *, hold: bool) -> Object:
        """Hold a saga, or let it go on; the saga as it then is."""
        changed: Object = self._api.patch(self._path("sagas", name), {"spec": {"suspend": hold}})
        return changed

    def me(self) -> str:
        """The name under which the API server knows this user."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = self._api.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        return str(answer["status"]["userInfo"]["username"])

    def decide(self, saga: Object, spec: Mapping[str, JSON]) -> Object:
        """The created decision about a saga, made in this user's name; it goes when its saga goes."""
        metadata = saga["metadata"]
        owner = {"apiVersion": saga["apiVersion"], "kind": "Saga", "name": metadata["name"], "uid": metadata["uid"]}
        body = {
            "apiVersion": saga["apiVersion"],
            "kind": "SagaDecision",
            "metadata": {
                "generateName": f"{metadata['name']}-{str(spec['action']).lower()}-",
                "ownerReferences": [owner],
            },
            "spec": {"saga": metadata["name"], "by": self.me(), **spec},
        }
        created: Object = self._api.create(self._path("sagadecisions"), body)
        return created

    def decision(self, name: str) -> Object:
        """One decision."""
        return self._get("sagadecisions", "decision", name)

    def follow(self, name: str | None = None, tell: Tell | None = None) -> Iterator[tuple[str, Object]]:
        """Every saga, or the one, as it is and as it changes: (ADDED, MODIFIED or DELETED, the object), for ever.

        An interruption is waited out, and ``tell`` hears of it, or else it is printed. What changed meanwhile is told
        as ADDED, and what went as DELETED. Raises CliError when not even the first list succeeds, when the API server
        refuses for good, and for what only the person can mend, such as credentials that cannot be read.
        """
        tell = tell or self._patience.to_stderr
        selector = {"fieldSelector": f"metadata.name={name}"} if name else {}
        known: dict[str, Object] = {}
        begun = False
        while True:
            try:
                items, version = self._pages(self._path("sagas"), selector)
                begun = True
                self._patience.heard(tell)
                present = {str(item["metadata"]["name"]): item for item in items}
                yield from [("DELETED", item) for gone, item in known.items() if gone not in present]
                yield from [("ADDED", item) for each, item in present.items() if known.get(each) != item]
                known = present
                yield from self._changes(selector, version, known)
            except CliError as error:
                if not begun or not will_pass(error):
                    raise
                self._patience.explain(error, tell)
            self._patience.wait()

    def _changes(
        self, selector: Mapping[str, str], version: str, known: dict[str, Object]
    ) -> Iterator[tuple[str, Object]]:
        """Until the API server no longer has the version that the stream would go on from."""
        while True:
            opened, before = self._patience.clock(), version
            for event in self._watch(selector, version):
                kind, item = str(event["type"]), event["object"]
                if kind == "ERROR":
                    return
                version = str(item["metadata"]["resourceVersion"])
                self._patience.over()
                if kind == "BOOKMARK":
                    continue
                if kind == "DELETED":
                    known.pop(str(item["metadata"]["name"]), None)
                else:
                    known[str(item["metadata"]["name"])] = item
                yield kind, item
            if version == before and self._patience.clock() - opened < _AT_ONCE:
                self._patience.wait()
            else:
                self._patience.over()

    def _watch(self, selector: Mapping[str, str], version: str) -> Iterator[JSON]:
        try:
            yield from self._api.watch(self._path("sagas"), {**selector, "resourceVersion": version})
        except ApiError as error:
            if error.status != HTTPStatus.GONE:
                raise
            yield {"type": "ERROR", "object": {}}

    def _get(self, plural: str, noun: str, name: str) -> Object:
        try:
            return self._one(plural, name)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise self._missing(plural, noun, name, error) from None

    def _find(self, plural: str, name: str, *tolerated: HTTPStatus) -> Object | None:
        try:
            return self._one(plural, name)
        except ApiError as error:
            if error.status in tolerated:
                return None
            raise

    def _one(self, plural: str, name: str) -> Object:
        if not name:
            raise CliError("the name is empty")
        found: Object = self._api.get(self._path(plural, name))
        return found

    def _missing(self, plural: str, noun: str, name: str, error: ApiError) -> CliError:
        from difflib import get_close_matches  # noqa: PLC0415 - only when something is missing

        try:
            known = self.names(plural)
        except ApiError:
            return _no_kind(error) or CliError(f"there is no {noun} {name} in namespace {self.namespace}")
        near = get_close_matches(name, known, n=3, cutoff=0.6) or [each for each in known if name in each][:3]
        advice = f"Did you mean {' or '.join(near)}?" if near else None
        if not known:
            advice = f"There is none at all in {self.namespace}; another namespace is chosen with -n."
        return CliError(f"there is no {noun} {name} in namespace {self.namespace}", advice)

    def _pages(self, path: str, query: Mapping[str, str]) -> tuple[list[Object], str]:
        items: list[Object] = []
        version = ""
        try:
            for page in pages(self._api, path, query):
                items += page["items"]
                version = str(page["metadata"]["resourceVersion"])
        except ApiError as error:
            raise _no_kind(error) or error from None
        return items, version

    def _path(self, plural: str, name: str = "") -> str:
        base = f"{_API}/namespaces/{quote(self.namespace, safe='')}/{plural}"
        return f"{base}/{quote(name, safe='')}" if name else base


def _selecting(fields: Mapping[str, str]) -> dict[str, str]:
    terms = [f"{path}={value}" for field, path in _SELECTABLE.items() if (value := fields.get(field))]
    return {"fieldSelector": ",".join(terms)} if terms else {}


_SELECTABLE: Final = {"phase": "status.phase", "definition": "spec.definition"}


def _no_kind(error: ApiError) -> ApiError | None:
    if error.status != HTTPStatus.NOT_FOUND:
        return None
    return ApiError(
        error.status,
        "this cluster does not know sagas",
        "Install the chart's CustomResourceDefinitions, or choose another cluster with --context.",
    )
