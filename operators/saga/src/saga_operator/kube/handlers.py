"""kopf as the shell: it lists and watches; what it sees goes to the engine. The only file with its decorators.

Only ``on.event``: every other kind of handler writes annotations or finalizers, two to four calls per object.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, Self

import kopf

from saga_operator.domain.kinds import GROUP, VERSION, Saga, SagaDecision, SagaDefinition
from saga_operator.engine.ports import Ref
from saga_operator.kube import codec
from saga_operator.kube.client import Access
from saga_operator.kube.decisions import UNANSWERED_SELECTOR
from saga_operator.kube.session import session_of
from saga_operator.kube.store import LIVE_SELECTOR

log = logging.getLogger(__name__)

LOGIN_LIFE: Final = timedelta(minutes=5)
"""How long kopf uses a token before it asks for the file's present one; projected tokens are renewed well ahead."""


class Watcher(Protocol):
    """Who is told what the watches show: the engine."""

    def saga_seen(self, saga: Saga, *, listed: bool = False) -> None:
        """A saga is new or changed."""

    def saga_deleted(self, ref: Ref, uid: str) -> None:
        """A saga left the list of live ones."""

    def definition_seen(self, definition: SagaDefinition) -> None:
        """A definition is new or changed."""

    def definition_deleted(self, ref: Ref, uid: str) -> None:
        """A definition is gone."""

    def decision_seen(self, decision: SagaDecision) -> None:
        """A decision is new or changed."""

    def decision_deleted(self, decision: SagaDecision) -> None:
        """A decision left the list of unanswered ones."""


class Shell:
    """kopf's memo: what the handlers need."""

    def __init__(self, watcher: Watcher, access: Access) -> None:
        self.watcher = watcher
        self.access = access

    def __copy__(self) -> Self:
        # kopf copies the memo for every object; ours is the same for all.
        return self


def make_registry() -> kopf.OperatorRegistry:
    """The handlers, in a registry of their own, so that importing this module registers nothing."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(log_in)
    kopf.on.event(GROUP, VERSION, "sagas", registry=registry)(handle_saga_event)
    kopf.on.event(GROUP, VERSION, "sagadefinitions", registry=registry)(handle_definition_event)
    kopf.on.event(GROUP, VERSION, "sagadecisions", registry=registry)(handle_decision_event)
    return registry


async def log_in(memo: Shell, **_: Any) -> kopf.AiohttpSession:
    """Called at the start, after a 401, and when the last answer has expired: then the file holds a newer token."""
    access = memo.access
    expiration = datetime.now(UTC) + LOGIN_LIFE
    return kopf.AiohttpSession(server=access.url, aiohttp_session=session_of(access), expiration=expiration)


async def handle_saga_event(event: Mapping[str, Any], memo: Shell, **_: Any) -> None:
    """Pass on a saga. The type is None for what the list at the beginning of a watch shows."""
    raw, kind = event["object"], event["type"]
    if kind == "DELETED":
        memo.watcher.saga_deleted(_ref(raw), raw["metadata"]["uid"])
        return
    try:
        saga = codec.to_saga(raw)
    except codec.Unreadable as error:
        log.error("the saga cannot be read and is left alone: %s", error, extra={"saga": str(_ref(raw))})  # noqa: TRY400  the sentence says it all
        return
    memo.watcher.saga_seen(saga, listed=kind is None)


async def handle_definition_event(event: Mapping[str, Any], memo: Shell, **_: Any) -> None:
    """Pass on a definition."""
    raw = event["object"]
    if event["type"] == "DELETED":
        memo.watcher.definition_deleted(_ref(raw), raw["metadata"]["uid"])
        return
    try:
        definition = codec.to_definition(raw)
    except codec.Unreadable as error:
        log.error("definition %s cannot be read and is left alone: %s", _ref(raw), error)  # noqa: TRY400  the sentence says it all
        return
    memo.watcher.definition_seen(definition)


async def handle_decision_event(event: Mapping[str, Any], memo: Shell, **_: Any) -> None:
    """Pass on a decision."""
    raw = event["object"]
    try:
        decision = codec.to_decision(raw)
    except codec.Unreadable as error:
        log.error("decision %s cannot be read and is left alone: %s", _ref(raw), error)  # noqa: TRY400  the sentence says it all
        return
    if event["type"] == "DELETED":
        memo.watcher.decision_deleted(decision)
    else:
        memo.watcher.decision_seen(decision)


def _ref(raw: Mapping[str, Any]) -> Ref:
    return Ref(raw["metadata"]["namespace"], raw["metadata"]["name"])


class _NoDiffBase(kopf.DiffBaseStorage):
    """Keeps no last-seen state: only change handlers need one, and computing it costs four deep copies per event."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        return None


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress: an event handler has none."""

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        return None

    def purge(self, **_: Any) -> None:
        return None

    def touch(self, **_: Any) -> None:
        return None

    def clear(self, *, essence: Any) -> Any:
        return essence


def make_settings() -> kopf.OperatorSettings:
    """kopf, with everything switched off that would write to an object or slow an event down."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    settings.queueing.idle_timeout = 1
    settings.watching.chunk_size = 500
    # Terminal sagas leave the watch as DELETED, and a restart lists only live ones.
    settings.watching.field_selectors[GROUP, "sagas"] = LIVE_SELECTOR
    settings.watching.field_selectors[GROUP, "sagadecisions"] = UNANSWERED_SELECTOR
    settings.networking.request_timeout = 10
    # Short, because sagas wait; many, because kopf, and with it the process, ends when they are used up, and an API
    # server that starts answers 403 and 5xx for a while.
    settings.networking.error_backoffs = (0.1, 0.2, 0.5, *([1.0] * 30))
    return settings
