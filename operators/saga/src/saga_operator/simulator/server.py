"""The API server of one schedule: one object, compare-and-swap, a watch that lags, snapshots that are restored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Metadata, Phase, Saga, SagaDecision, SagaSpec, Status
from saga_operator.simulator import properties
from saga_operator.simulator.scene import Scene
from saga_operator.simulator.timeline import Timeline, Violation


class Server:
    """Holds the Saga object."""

    def __init__(self, definition: Definition, timeline: Timeline, scene: Scene, saga: Saga) -> None:
        self.saga = saga
        self.past: list[Saga] = [saga]
        """Everything that a stale read may return."""
        self.writes = 0
        self.watchers: list[Callable[[], None]] = []
        self.decisions: dict[str, SagaDecision] = {}
        """By uid: those that nobody has answered."""
        self._definition = definition
        self._timeline = timeline
        self._scene = scene
        self._version = 1
        self._first = saga
        self._decisions_at: dict[str, dict[str, SagaDecision]] = {}

    def patch(self, seen: Saga, status: Status) -> Saga | None:
        """The object as written, or None: a conflict."""
        mine, present = seen.metadata, self.saga.metadata
        if not is_fenced(mine, present):
            return None
        broken = properties.stored(self._definition, self._scene.world, self.saga.status, status)
        broken = broken or properties.content(self._definition, self._scene.contents, self.saga, status)
        if broken is not None:
            raise Violation(broken)
        self._scene.object_says(status)
        self.writes += 1
        self._replace(replace(self.saga, status=status))
        return self.saga

    def cancel(self) -> None:
        """The user sets spec.cancel."""
        self._timeline.tell("the user sets spec.cancel")
        self._ask_for(replace(self.saga.spec, cancel=True))

    def suspend(self, *, suspended: bool) -> None:
        """The user sets spec.suspend, or takes it back."""
        self._timeline.tell(f"the user sets spec.suspend to {suspended}")
        self._ask_for(replace(self.saga.spec, suspend=suspended))

    def restore(self, snapshot: Saga) -> None:
        """Etcd goes back to a snapshot; versions go on counting up (--bump-revision)."""
        self._timeline.tell(f"etcd is restored to {describe(snapshot.status)}")
        self.decisions = dict(self._decisions_at.get(snapshot.metadata.resource_version, {}))
        self._replace(snapshot)

    def recreate(self) -> None:
        """The object is deleted and created again, under the same idempotency key."""
        self._timeline.tell("the object is deleted and created again")
        self._recreate(self._first.spec)

    def reuse_key(self, other_input: dict[str, Any]) -> None:
        """Somebody uses the key of a saga that is under way for another one."""
        world = self._scene.world
        if world.flipped or world.ended is not None or any(step.when for step in self._definition.steps):
            return  # what the first saga went through would be held against the second, which may skip other steps
        self._timeline.tell("the object is deleted, and another saga uses its key")
        self._recreate(replace(self._first.spec, input=other_input))

    def decide(self, decision: SagaDecision) -> None:
        """A person's decision is created."""
        self.decisions[decision.metadata.uid] = decision
        self._scene.person_says(decision)
        self._changed()

    def answer(self, decision: SagaDecision, state: str) -> None:
        """An operator says what became of it."""
        if self.decisions.pop(decision.metadata.uid, None) is not None:
            self._timeline.tell(f"{decision.spec.action} of {decision.spec.step} is {state}")

    def _ask_for(self, spec: SagaSpec) -> None:
        metadata = replace(self.saga.metadata, generation=self.saga.metadata.generation + 1)
        self._replace(replace(self.saga, spec=spec, metadata=metadata))

    def _recreate(self, spec: SagaSpec) -> None:
        uid = f"uid-{self._version + 1}"
        self.decisions = {}
        self._replace(replace(self._first, spec=spec, metadata=replace(self._first.metadata, uid=uid)))

    def _replace(self, saga: Saga) -> None:
        self._version += 1
        metadata = replace(saga.metadata, resource_version=str(self._version))
        self.saga = replace(saga, metadata=metadata)
        self.past.append(self.saga)
        self._decisions_at[str(self._version)] = dict(self.decisions)
        self._changed()

    def _changed(self) -> None:
        for watcher in self.watchers:
            watcher()


def is_fenced(seen: Metadata, present: Metadata) -> bool:
    """Whether a write that names what its writer has seen is about the object as it is (I7)."""
    return (seen.uid, seen.resource_version) == (present.uid, present.resource_version)


def describe(status: Status) -> str:
    """A status in one line."""
    if status.phase.terminal or status.phase is Phase.PENDING:
        return status.phase
    steps = " ".join(f"{name}={step.state}" for name, step in status.steps.items())
    return f"{status.direction} {steps}"
