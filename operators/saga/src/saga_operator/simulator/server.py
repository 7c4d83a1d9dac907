"""The API server of one schedule: one object, compare-and-swap, a watch that lags, snapshots that are restored."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from skald_wire import Direction

from saga_operator.domain.definition import Definition
from saga_operator.domain.kinds import Phase, Saga, Status
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
        self._definition = definition
        self._timeline = timeline
        self._scene = scene
        self._version = 1
        self._first = saga

    def patch(self, seen: Saga, status: Status) -> Saga | None:
        """The object as written, or None: a conflict."""
        mine, present = seen.metadata, self.saga.metadata
        if (mine.uid, mine.resource_version) != (present.uid, present.resource_version):
            return None
        broken = properties.stored(self._definition, self._scene.world, status)
        if broken is not None:
            raise Violation(broken)
        before = self.saga.status
        if before.direction is Direction.BACKWARD and status.direction is not Direction.BACKWARD:
            raise Violation("I7: a write would turn the direction from Backward to Forward")
        self._scene.object_says(status)
        self.writes += 1
        self._replace(replace(self.saga, status=status))
        return self.saga

    def cancel(self) -> None:
        """The user sets spec.cancel."""
        self._timeline.tell("the user sets spec.cancel")
        self._replace(replace(self.saga, spec=replace(self.saga.spec, cancel=True)))

    def restore(self, snapshot: Saga) -> None:
        """Etcd goes back to a snapshot; versions go on counting up (--bump-revision)."""
        self._timeline.tell(f"etcd is restored to {describe(snapshot.status)}")
        self._replace(snapshot)

    def recreate(self) -> None:
        """The object is deleted and created again, under the same idempotency key."""
        self._timeline.tell("the object is deleted and created again")
        uid = f"uid-{self._version + 1}"
        self._replace(replace(self._first, metadata=replace(self._first.metadata, uid=uid)))

    def _replace(self, saga: Saga) -> None:
        self._version += 1
        metadata = replace(saga.metadata, resource_version=str(self._version))
        self.saga = replace(saga, metadata=metadata)
        self.past.append(self.saga)
        for watcher in self.watchers:
            watcher()


def describe(status: Status) -> str:
    """A status in one line."""
    if status.phase.terminal or status.phase is Phase.PENDING:
        return status.phase
    steps = " ".join(f"{name}={step.state}" for name, step in status.steps.items())
    return f"{status.direction} {steps}"
