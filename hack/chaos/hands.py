"""Carries out the faults, and meanwhile starts again whatever has died for good, as a kubelet would."""

from __future__ import annotations

import contextlib
import shutil
import signal
import threading
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Self

from hack.chaos.etcd import Etcd
from hack.chaos.schedule import Fault, Kind
from hack.embedded.errors import PlatformError
from hack.embedded.platform import Platform
from hack.embedded.processtree import signal_tree
from hack.embedded.supervisor import Supervisor

__all__ = ["Hands"]

_KEEP_EVERY: Final = 0.5
_tolerated: Final = contextlib.suppress(PlatformError, OSError, xmlrpc.client.Error)
"""Whatever the supervisor answers now, the next round asks again."""
_PATIENCE: Final = 120.0
"""Seconds that a process may take to be there again, so that it can be hit."""


class Hands:
    """Hands on the processes of one platform. Use them as a context manager: at the end nothing is frozen any more."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._supervisor = Supervisor(platform.instance)
        self._etcd = Etcd(platform)
        self._held_down: set[str] = set()
        self._frozen: set[int] = set()
        self._timers: list[threading.Timer] = []
        self._stop = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._acts: dict[Kind, Callable[[Fault], None]] = {
            Kind.KILL: lambda fault: self._kill(fault.target),
            Kind.FREEZE: lambda fault: self._freeze(fault.target, fault.lasts),
            Kind.SNAPSHOT: lambda _: self._snapshot(),
            Kind.WIPE_BROKER: lambda _: self._wipe_broker(),
            Kind.ROLL_BACK: lambda _: self._roll_back("saga-operator"),
            Kind.BOTH: lambda _: self._everything(),
        }

    def __enter__(self) -> Self:
        self._keeper.start()
        self._snapshot()
        return self

    def __exit__(self, *_: object) -> None:
        for timer in self._timers:
            timer.cancel()
        for pid in list(self._frozen):
            self._thaw(pid)
        self._stop.set()
        self._keeper.join()

    def carry_out(self, fault: Fault) -> None:
        """Returns when the blow has fallen, not when what it hit is well again. Raises PlatformError."""
        self._acts[fault.kind](fault)

    def unwell(self) -> list[str]:
        """The processes that do not do their work now."""
        alive = {info.name for info in self._supervisor.all() if info.alive}
        return [one.name for one in self._platform.catalogue.processes if one.name not in alive or not one.ready()]

    def _keep(self) -> None:
        while not self._stop.wait(_KEEP_EVERY):
            with _tolerated:
                for info in self._supervisor.all():
                    if not info.alive and info.name not in self._held_down:
                        with _tolerated:
                            self._supervisor.start(info.name)

    def _kill(self, process: str) -> None:
        self._signal(process, signal.SIGKILL)

    def _signal(self, process: str, number: signal.Signals) -> int:
        """Send it to the process, as soon as there is one, and to all it started; its id."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            pid = self._supervisor.info(process).pid
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    signal_tree(pid, number)
                    return pid
            time.sleep(0.1)
        raise PlatformError(f"{process} was not started again within {_PATIENCE:.0f} s, so it cannot be hit")

    def _freeze(self, process: str, seconds: float) -> None:
        pid = self._signal(process, signal.SIGSTOP)
        self._frozen.add(pid)
        timer = threading.Timer(seconds, self._thaw, [pid])
        self._timers.append(timer)
        timer.start()

    def _thaw(self, pid: int) -> None:
        self._frozen.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            signal_tree(pid, signal.SIGCONT)

    def _snapshot(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._etcd.take_snapshot()
            except (OSError, ValueError) as error:
                if time.monotonic() > deadline:
                    raise PlatformError(f"etcd gave no snapshot within {_PATIENCE:.0f} s: {error}") from error
                time.sleep(0.5)
            else:
                return

    def _wipe_broker(self) -> None:
        with self._stopped("rabbitmq"):
            shutil.rmtree(self._platform.catalogue.broker.folder / "data")

    def _roll_back(self, *with_it: str) -> None:
        """As the runbook says: what has cached the newer state is started again with the API server."""
        with self._stopped("controller-manager", *with_it, "apiserver", "etcd"):
            self._etcd.restore()

    def _everything(self) -> None:
        self._kill("saga-operator")
        with self._stopped("saga-operator"):
            self._wipe_broker()
            self._roll_back()

    @contextmanager
    def _stopped(self, *processes: str) -> Iterator[None]:
        self._held_down.update(processes)
        for process in processes:
            if pid := self._supervisor.info(process).pid:
                self._thaw(pid)
            self._supervisor.stop(process)
        try:
            yield
        finally:
            self._held_down.difference_update(processes)
            for process in reversed(processes):
                self._supervisor.start(process)
