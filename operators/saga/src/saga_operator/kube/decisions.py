"""Answers to decisions, on the API server."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from saga_operator.domain.kinds import API_VERSION, DecisionStatus, Saga, SagaDecision
from saga_operator.engine.ports import Ref
from saga_operator.kube import codec
from saga_operator.kube.client import Answer, KubeClient

UNANSWERED_SELECTOR: Final = "status.state!=Applied,status.state!=Refused"
"""Field selector of the decisions that nobody has answered."""
_NOBODY_ELSE: Final = 3
"""Versions of one decision that an answer is tried on; nothing but a person's hand changes them."""


class KubeDecisions:
    """Implements ``DecisionStore``."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def answer(self, decision: SagaDecision, status: DecisionStatus, saga: Saga | None) -> None:
        """Adopt and answer the very version that was seen, or the present one if that has no answer either."""
        present: SagaDecision | None = decision
        for _ in range(_NOBODY_ELSE):
            if saga is not None and present is not None and not present.metadata.owner_references:
                present = await self._adopt(present, saga)
            if present is None or await self._write(present, status):
                return
            present = await self._read(decision)
            if present is None or present.status.state is not None:
                return
        raise ConnectionError("it changes all the time")

    async def _adopt(self, decision: SagaDecision, saga: Saga) -> SagaDecision | None:
        """So that it goes when its saga goes. Who made the decision may have done so already."""
        owner = {"apiVersion": API_VERSION, "kind": "Saga", "name": saga.metadata.name, "uid": saga.metadata.uid}
        metadata = {**_fence(decision), "ownerReferences": [owner]}
        answer = await self._client.merge_patch(_path(decision), codec.encode({"metadata": metadata}))
        if answer.status == HTTPStatus.CONFLICT:
            return decision  # the write of the answer will find the same, and read again
        return _found(answer)

    async def _write(self, decision: SagaDecision, status: DecisionStatus) -> bool:
        """Whether that settles it; False when another write came first."""
        body = codec.encode({"metadata": _fence(decision), "status": msgspec.to_builtins(status)})
        answer = await self._client.merge_patch(f"{_path(decision)}/status", body)
        if answer.status == HTTPStatus.CONFLICT:
            return False
        _found(answer)
        return True

    async def _read(self, decision: SagaDecision) -> SagaDecision | None:
        """As etcd has it, if it is still this one."""
        found = _found(await self._client.get(_path(decision)))
        return found if found is not None and found.metadata.uid == decision.metadata.uid else None


def _fence(decision: SagaDecision) -> dict[str, str]:
    return {"uid": decision.metadata.uid, "resourceVersion": decision.metadata.resource_version}


def _path(decision: SagaDecision) -> str:
    ref = Ref.of(decision.metadata)
    return f"/apis/{API_VERSION}/namespaces/{ref.namespace}/sagadecisions/{ref.name}"


def _found(answer: Answer) -> SagaDecision | None:
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        raise ConnectionError(f"the API server answered {answer.status}: {codec.reason(answer.body)}")
    return codec.decode_decision(answer.body)
