"""A participant in memory for unit tests: documents with real compare-and-swap, and a provider with a memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from skald.applier import Applier
from skald.documents import Loaded
from skald.effects import Done, Failed, Started
from skald_wire import Address, Cancel, Command, Direction, Kind, OnFailure, command_id, fingerprint
from skald_wire.register import Answer

SAGA_KEY = "shop/order-1"
NOW = 1_000_000.0
DEADLINE_AHEAD = "2100-01-01T00:00:00Z"
DEADLINE_PAST = "1970-01-02T00:00:00Z"


@dataclass
class MemoryDocuments:
    """One document; ``interfere`` runs once, between somebody's read and write."""

    loaded: Loaded[dict[str, Any]] = field(default_factory=lambda: Loaded(SAGA_KEY))
    events: list[Any] = field(default_factory=list)
    interfere: Callable[[], None] | None = None
    writes: int = 0

    def read(self, id_: str) -> Loaded[dict[str, Any]]:
        return replace(self.loaded, id=id_)

    def swap(self, loaded, now, *, state=None, changes=None, events=(), fields=None) -> bool:
        interfere, self.interfere = self.interfere, None
        if interfere is not None:
            interfere()
        if loaded.rev != self.loaded.rev:
            return False
        self.loaded = Loaded(
            id=loaded.id,
            rev=loaded.rev + 1,
            state=loaded.state if state is None else state,
            register={**loaded.register, **(changes or {})},
        )
        self.events += events
        self.writes += 1
        return True


@dataclass
class Provider:
    """Somebody else's service: does a thing once per key, takes it back once, and never does it after that."""

    held: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)

    def hold(self, key: str) -> bool:
        if key in self.released:
            return False
        if key not in self.held:
            self.held.add(key)
            self.done[key] += 1
        return True

    def release(self, key: str) -> None:
        self.held.discard(key)
        self.released.add(key)


class Died(Exception):
    """The process ended here."""


@dataclass
class HoldForGood:
    """A work over the provider that nobody can take back. ``fails``: the outcome is a failure; ``dies``: the process
    ends before or after it."""

    provider: Provider
    name: str = "hold"
    fails: Failed[Any] | None = None
    dies_before: int = 0
    dies_after: int = 0
    meanwhile: Callable[[], None] | None = None
    """Happens between the work and its registration."""
    meanwhile_in_undo: Callable[[], None] | None = None
    """Happens before anything is taken back."""

    def run(self, state: dict[str, Any], command_id: str, /) -> bool:
        if self.dies_before:
            self.dies_before -= 1
            raise Died
        if not self.may_hold(command_id):
            return False
        held = self.provider.hold(command_id)
        if self.dies_after:
            self.dies_after -= 1
            raise Died
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return held

    def may_hold(self, command_id: str) -> bool:
        """What cannot be taken back fails without effect."""
        return self.fails is None or command_id in self.provider.held

    def finish(self, state: dict[str, Any], outcome: bool, /) -> Done[dict[str, Any]] | Failed[dict[str, Any]]:
        if self.fails is not None and not outcome:
            return self.fails
        return Done({**state, "held": outcome}, {"held": outcome})


@dataclass
class HoldWork(HoldForGood):
    """The same, where what is held can be released: it may also fail after it has held."""

    def may_hold(self, command_id: str) -> bool:
        return True

    def finish(self, state: dict[str, Any], outcome: bool, /) -> Done[dict[str, Any]] | Failed[dict[str, Any]]:
        return self.fails or super().finish(state, outcome)

    def undo(self, state: dict[str, Any], command_id: str, /) -> dict[str, Any]:
        meanwhile, self.meanwhile_in_undo = self.meanwhile_in_undo, None
        if meanwhile is not None:
            meanwhile()
        self.provider.release(command_id)
        return {**state, "held": False}


@dataclass
class World:
    """One participant with the step ``reserve`` and its compensation ``release``."""

    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    provider: Provider = field(default_factory=Provider)
    effects: Counter[str] = field(default_factory=Counter)
    retention: Any = None
    work: HoldForGood = field(init=False)
    applier: Applier[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.use(HoldWork(self.provider))

    def use(self, work: HoldForGood) -> None:
        """Have this work instead: a participant of another make."""
        self.work = work
        self.applier = Applier(self.documents, [self.work], lambda: NOW, self.retention)  # type: ignore[arg-type]

    @property
    def state(self) -> dict[str, Any] | None:
        return self.documents.loaded.state

    @property
    def register(self) -> Any:
        return self.documents.loaded.register

    def apply(self, message: Command | Cancel, decide: Any = None) -> Answer:
        return self.applier.apply(message, decide or self.direct)

    def direct(self, state: dict[str, Any] | None, command: Command) -> Done[dict[str, Any]]:
        """An effect that fits in one write."""
        state = state or {"level": 0, "applied": []}
        level = state["level"] + (1 if command.address.direction is Direction.FORWARD else -1)
        return Done({"level": level, "applied": [*state["applied"], command.address.command_id]}, {"level": level})

    def starting(self, state: dict[str, Any] | None, command: Command) -> Started[dict[str, Any]]:
        """An effect that does not (R5)."""
        return Started({**(state or {}), "begun": True}, self.work)


def refuse(code: str = "Declined", *, retryable: bool = False, state: Any = None) -> Any:
    return lambda _state, _command: Failed(code, f"it is {code}", retryable=retryable, state=state)


def address(kind: Kind = Kind.ACTION, *, content: str = "a", step: str = "reserve-stock") -> Address:
    backward = kind is Kind.COMPENSATION
    command = "release" if backward else "reserve"
    return Address(
        command_id=command_id("shop", "order-1", step, kind),
        saga_key=SAGA_KEY,
        saga="shop/order-1",
        step=step,
        participant="inventory",
        command=command,
        direction=Direction.BACKWARD if backward else Direction.FORWARD,
        fingerprint=fingerprint("place-order-v1", step, command, {"content": content}),
        action_id=command_id("shop", "order-1", step, Kind.ACTION) if backward else None,
    )


def action(
    *, on_failure: OnFailure = OnFailure.COMPENSATE, deadline: str | None = DEADLINE_AHEAD, content: str = "a"
) -> Command:
    return Command(
        address(content=content),
        {"content": content},
        attempt=1,
        on_failure=on_failure,
        issued_at="2000-01-01T00:00:00Z",
        reply_to="replies",
        deadline=deadline,
    )


def compensation(*, content: str = "a") -> Command:
    return Command(
        address(Kind.COMPENSATION, content=content),
        {"content": content},
        attempt=1,
        on_failure=OnFailure.RETRY,
        issued_at="2000-01-01T00:00:00Z",
        reply_to="replies",
    )


def cancel(kind: Kind = Kind.ACTION, *, decision: Any = None, content: str = "a") -> Cancel:
    return Cancel(
        address(kind, content=content),
        attempt=1,
        issued_at="2000-01-01T00:00:00Z",
        reply_to="replies",
        decision=decision,
    )


ACTION = address().command_id
COMPENSATION = address(Kind.COMPENSATION).command_id
