"""The engine's stores, on the API server."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec

from saga_operator.domain.effects import Announce
from saga_operator.domain.kinds import API_VERSION, DefinitionStatus, Phase, Saga, SagaDefinition
from saga_operator.engine.merge import merge_patch
from saga_operator.engine.ports import (
    Conflict,
    Fence,
    Metrics,
    Missing,
    Ref,
    Refused,
    Unavailable,
    WriteResult,
    Written,
)
from saga_operator.kube import codec
from saga_operator.kube.client import Answer, KubeClient
from saga_operator.kube.pages import pages, quoted

JSON = Any
log = logging.getLogger(__name__)

LIVE_SELECTOR: Final = ",".join(f"status.phase!={phase.value}" for phase in Phase if phase.terminal)
"""Field selector of the sagas that are not terminal."""
NAMES_ONLY: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
UNCHECKED: Final = "fieldValidation=Ignore"
"""Without warnings of unknown fields: nobody would read them, and to look for them costs the API server time."""
COMPONENT: Final = "saga-operator"
FINAL_REFUSALS: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
"""Answers that the same write would get again. 401 and 403 are not among them: somebody can mend a token or a role."""


class KubeStore:
    """Sagas and definitions of one namespace. Implements ``SagaStore`` and ``DefinitionStore``."""

    def __init__(self, client: KubeClient, namespace: str, metrics: Metrics) -> None:
        self._client = client
        self._namespace = namespace
        self._metrics = metrics

    async def patch_status(self, ref: Ref, fence: Fence, patch: Mapping[str, JSON]) -> WriteResult:
        """Write to the very version that was read, and say what became of it."""
        metadata = {"uid": fence.uid, "resourceVersion": fence.resource_version}
        body = codec.encode({"metadata": metadata, "status": patch})
        begun = time.perf_counter()
        try:
            answer = await self._client.merge_patch(f"{_path('sagas', ref)}/status?{UNCHECKED}", body)
        except ConnectionError as error:
            self._metrics.count("patches", {"code": "none"})
            return Unavailable(str(error))
        self._metrics.count("patches", {"code": str(answer.status)})
        self._metrics.observe("patch_seconds", time.perf_counter() - begun, {})
        result = _result(answer)
        # The API server does not compare the uid in a patch of a subresource, so the answer's is compared here.
        overtaken = isinstance(result, Written) and result.saga.metadata.uid != fence.uid
        return Conflict() if overtaken else result

    async def read(self, ref: Ref) -> Saga | None:
        """The saga as etcd has it. Raises ConnectionError."""
        answer = await self._client.get(_path("sagas", ref))
        return None if answer.status == HTTPStatus.NOT_FOUND else codec.decode_saga(_expect_ok(answer, f"saga {ref}"))

    async def live(self) -> Collection[tuple[Ref, str]]:
        """Names and uids only, from the API server's cache. Raises ConnectionError."""
        path = f"{_collection('sagas', self._namespace)}?fieldSelector={quoted(LIVE_SELECTOR)}&resourceVersion=0"
        answer = await self._client.get(path, accept=NAMES_ONLY)
        return codec.decode_names(_expect_ok(answer, "the list of live sagas"))

    async def live_sagas(self) -> list[Saga]:
        """Every saga that is not terminal, whole. Raises ConnectionError."""
        found: list[Saga] = []
        async for page in pages(self._client, _collection("sagas", self._namespace), LIVE_SELECTOR):
            found += page
        return found

    async def announce(self, saga: Saga, announcement: Announce) -> None:
        """Create the Event; the same one again after a restart is the same object, not a second one."""
        ref = Ref.of(saga.metadata)
        body = codec.encode(_event(saga, announcement))
        try:
            answer = await self._client.post(f"/api/v1/namespaces/{ref.namespace}/events", body)
        except ConnectionError as error:
            log.warning("an Event was lost: %s", error, extra={"saga": str(ref)})
            return
        if answer.status not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            log.warning("an Event was refused: %s", codec.reason(answer.body), extra={"saga": str(ref)})

    async def read_definition(self, ref: Ref) -> SagaDefinition | None:
        """The definition as etcd has it. Raises ConnectionError."""
        answer = await self._client.get(_path("sagadefinitions", ref))
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return codec.decode_definition(_expect_ok(answer, f"definition {ref}"))

    async def write_acceptance(self, definition: SagaDefinition, status: DefinitionStatus) -> None:
        """Patch the definition's status; unfenced by version, because no two operators of one version disagree."""
        ref = Ref.of(definition.metadata)
        before, after = msgspec.to_builtins(definition.status), msgspec.to_builtins(status)
        body = codec.encode({"metadata": {"uid": definition.metadata.uid}, "status": merge_patch(before, after)})
        answer = await self._client.merge_patch(f"{_path('sagadefinitions', ref)}/status", body)
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
            return  # gone, or another of that name: the watch will show it
        _expect_ok(answer, f"the status of definition {ref}")


def _collection(plural: str, namespace: str) -> str:
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{plural}"


def _path(plural: str, ref: Ref) -> str:
    return f"{_collection(plural, ref.namespace)}/{ref.name}"


def _result(answer: Answer) -> WriteResult:
    match answer.status:
        case HTTPStatus.OK:
            try:
                return Written(codec.decode_saga(answer.body))
            except codec.Unreadable as error:
                return Unavailable(f"the API server's answer cannot be read: {error}")
        case HTTPStatus.CONFLICT:
            return Conflict()
        case HTTPStatus.NOT_FOUND:
            return Missing()
        case status if status in FINAL_REFUSALS:
            return Refused(codec.reason(answer.body))
        case status:
            return Unavailable(f"{status}: {codec.reason(answer.body)}")


def _expect_ok(answer: Answer, what: str) -> bytes:
    if answer.status != HTTPStatus.OK:
        raise ConnectionError(f"{what}: the API server answered {answer.status}: {codec.reason(answer.body)}")
    return answer.body


def _event(saga: Saga, announcement: Announce) -> dict[str, JSON]:
    metadata = saga.metadata
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = uuid.uuid5(uuid.UUID(metadata.uid), f"{announcement.reason}\n{announcement.message}").hex[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata.name}.{digest}", "namespace": metadata.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": "Saga",
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
            "resourceVersion": metadata.resource_version,
        },
        "type": announcement.type,
        "reason": announcement.reason,
        "message": announcement.message[:1024],
        "source": {"component": COMPONENT},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
