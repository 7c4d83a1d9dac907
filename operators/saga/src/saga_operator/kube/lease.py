"""One Lease per namespace: who holds it runs the sagas, the others stand by.

It saves work done twice, and nothing else rests on it: several operators at once are slow, not wrong. So its holder
goes on while the API server is away, when nobody could take over anyway, and ends only when another one holds it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from saga_operator.engine.ports import Metrics
from saga_operator.kube import codec
from saga_operator.kube.client import Answer, KubeClient
from saga_operator.kube.codec import Lease, LeaseSpec

log = logging.getLogger(__name__)

NAME: Final = "saga-operator"
DURATION: Final = 15
"""Seconds without a sign of life after which another one takes over."""
RENEWAL: Final = 5.0
"""Seconds between signs of life: two may be lost."""
LOOK: Final = 1.0
"""Seconds between looks at a Lease that another one holds, and between tries while nobody answers."""


class LeaseLost(Exception):
    """Another operator holds the Lease."""


class Elector:
    """Stands for election. ``identity`` is the same after a restart, which so takes its own Lease back at once."""

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        identity: str,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._identity = identity
        self._metrics = metrics
        self._clock = clock
        self._version = ""
        """Of the Lease as last seen, whoever wrote it."""
        self._changed_at = 0.0
        self.stands_by = False
        """Another one was seen to hold the Lease."""
        self._show(held=False)

    async def acquire(self) -> None:
        """Return when the Lease is ours."""
        while not await self._try():  # noqa: ASYNC110  who holds it is known only by asking
            await asyncio.sleep(LOOK)
        self.stands_by = False
        self._show(held=True)
        log.info("%s holds the Lease and runs the sagas", self._identity)

    async def keep(self) -> None:
        """Renew for ever. Raises LeaseLost."""
        pause = RENEWAL
        while True:
            await asyncio.sleep(pause)
            try:
                pause = RENEWAL if await self._renew() else LOOK
            except ConnectionError as error:
                log.warning("the Lease cannot be renewed, trying again: %s", error)
                pause = LOOK

    async def release(self) -> None:
        """Let another one take over at once; one who could not be told waits for the Lease to expire."""
        self._show(held=False)
        try:
            lease = await self._read()
            if lease is not None and lease.spec.holder_identity == self._identity:
                await self._write(lease, None)
        except ConnectionError as error:
            log.warning("the Lease could not be released and expires in %d s: %s", DURATION, error)

    async def _try(self) -> bool:
        try:
            lease = await self._read()
            if lease is None:
                return await self._create()
            return self._is_free(lease) and await self._write(lease, self._identity)
        except ConnectionError as error:
            log.warning("the Lease cannot be had yet, trying again: %s", error)
            return False

    def _is_free(self, lease: Lease) -> bool:
        if lease.spec.holder_identity in (None, "", self._identity):
            return True
        if lease.metadata.resource_version != self._version:
            # Expiry is measured from here, by our own clock: two machines' clocks are never compared.
            self._version = lease.metadata.resource_version
            self._changed_at = self._clock()
        if not self.stands_by:
            self.stands_by = True
            log.info("%s stands by: %s holds the Lease", self._identity, lease.spec.holder_identity)
        return self._clock() - self._changed_at > (lease.spec.lease_duration_seconds or DURATION)

    async def _renew(self) -> bool:
        lease = await self._read()
        if lease is None:
            return await self._create()
        if lease.spec.holder_identity not in (None, "", self._identity):
            self._show(held=False)
            raise LeaseLost(
                f"{lease.spec.holder_identity} took the Lease from {self._identity}, which did not renew it"
            )
        return await self._write(lease, self._identity)

    async def _read(self) -> Lease | None:
        answer = await self._client.get(f"{self._collection}/{NAME}")
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise _unexpected(answer)
        return codec.decode_lease(answer.body)

    async def _create(self) -> bool:
        body = codec.encode_lease(NAME, "", self._spec(None, self._identity))
        answer = await self._client.post(self._collection, body)
        if answer.status not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            raise _unexpected(answer)
        return answer.status == HTTPStatus.CREATED

    async def _write(self, lease: Lease, holder: str | None) -> bool:
        """Whether it took; False when another write came first."""
        body = codec.encode_lease(NAME, lease.metadata.resource_version, self._spec(lease.spec, holder))
        answer = await self._client.put(f"{self._collection}/{NAME}", body)
        if answer.status not in (HTTPStatus.OK, HTTPStatus.CONFLICT):
            raise _unexpected(answer)
        return answer.status == HTTPStatus.OK

    def _spec(self, before: LeaseSpec | None, holder: str | None) -> LeaseSpec:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        transitions = 0 if before is None else before.lease_transitions
        kept = before is not None and before.holder_identity == holder
        return LeaseSpec(
            holder_identity=holder,
            lease_duration_seconds=DURATION,
            acquire_time=before.acquire_time if before is not None and kept else now,
            renew_time=now,
            lease_transitions=transitions if kept or before is None or holder is None else transitions + 1,
        )

    def _show(self, *, held: bool) -> None:
        self._metrics.gauge("lease_held", float(held), {})


def _unexpected(answer: Answer) -> ConnectionError:
    return ConnectionError(f"the API server answered {answer.status}: {codec.reason(answer.body)}")
