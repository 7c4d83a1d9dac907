"""The supervisor of one instance: its configuration, its control socket, and what to do when it is gone."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from hack.embedded.credentials import write_private
from hack.embedded.errors import PlatformError
from hack.embedded.instance import MARK, REPOSITORY, Instance
from hack.embedded.processes.model import Process

_RUNNING: Final = {"STARTING", "RUNNING"}
_AT_REST: Final = {"STOPPED", "FATAL", "UNKNOWN"}
_FILES_WANTED: Final = 16384
_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 20


@dataclass(frozen=True)
class ProcessInfo:
    """What the supervisor knows of a process."""

    name: str
    state: str
    """The supervisor's word: RUNNING, STARTING, STOPPED, BACKOFF, EXITED, FATAL, ..."""
    pid: int
    """0 when it does not run."""
    uptime: float
    """Seconds."""

    @property
    def alive(self) -> bool:
        """Is there a process?"""
        return self.state in _RUNNING

    @property
    def at_rest(self) -> bool:
        """Will there be none until somebody starts it?"""
        return self.state in _AT_REST


class Supervisor:
    """supervisord of one instance, reached by its socket. Safe to use from several threads."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._socket = instance.socket
        self._config = instance.run / "supervisord.conf"

    def is_up(self) -> bool:
        """Does it answer?"""
        if not self._socket.exists():
            return False
        try:
            return bool(self._call("getState")["statecode"] == 1)
        except (OSError, xmlrpc.client.Error):
            return False

    def launch(self, processes: Iterable[Process]) -> None:
        """Start supervisord, with every process known to it and none started. Raises PlatformError if it stays away."""
        self._write_config(processes)
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "--configuration", self._config],
            env={**environment, MARK: str(self._instance.home)},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_up():
            if done.returncode != 0 or time.monotonic() > deadline:
                raise PlatformError(
                    f"supervisord did not start: {(done.stdout + done.stderr).strip() or 'no answer on its socket'}",
                    f"look into {self._instance.log('supervisord')}",
                )
            time.sleep(0.05)

    def reload(self, processes: Iterable[Process]) -> list[str]:
        """Take over a changed configuration. Processes that changed are stopped; their names are returned."""
        self._write_config(processes)
        added, changed, removed = self._call("reloadConfig")[0]
        for name in (*changed, *removed):
            self.stop(name)
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)
        return [*changed, *removed]

    def info(self, name: str) -> ProcessInfo:
        """The state of one process. Raises PlatformError when there is none of that name."""
        try:
            return _info(self._call("getProcessInfo", name))
        except xmlrpc.client.Fault as fault:
            raise self._unknown(name, fault) from fault

    def all(self) -> list[ProcessInfo]:
        """The state of all processes, in the order they are configured."""
        return [_info(raw) for raw in self._call("getAllProcessInfo")]

    def start(self, name: str) -> None:
        """Start a process, without waiting for anything. One that runs is left alone."""
        self._tolerate(Faults.ALREADY_STARTED, "startProcess", name, False)  # noqa: FBT003 - the wire has no names

    def stop(self, name: str) -> None:
        """Stop a process and wait for its end; the supervisor kills it when it takes too long.

        One that has just ended by itself would come back: it is stopped when it has.
        """
        while not self._tolerate(Faults.NOT_RUNNING, "stopProcess", name, True):  # noqa: FBT003 - the wire has no names
            if self.info(name).at_rest:
                return
            time.sleep(0.05)

    def shut_down(self) -> None:
        """End supervisord, and with it whatever still runs under it. One that hangs is a stray from then on."""
        daemon = psutil.Process(self._call("getPID"))
        self._call("shutdown")
        psutil.wait_procs([daemon], timeout=_STOP_SECONDS * 2)

    def _tolerate(self, fault_code: int, method: str, name: str, *arguments: object) -> bool:
        """Whether it was done, and not refused with this fault."""
        try:
            self._call(method, name, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != fault_code:
                raise self._unknown(name, fault) from fault
            return False
        return True

    def _unknown(self, name: str, fault: xmlrpc.client.Fault) -> PlatformError:
        names = ", ".join(info.name for info in self.all())
        return PlatformError(f"{name}: {fault.faultString}", f"processes are: {names}")

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)

    def _write_config(self, processes: Iterable[Process]) -> None:
        self._instance.logs.mkdir(parents=True, exist_ok=True)
        self._socket.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(self._config, render_config(self._instance, processes))


def render_config(instance: Instance, processes: Iterable[Process]) -> str:
    """Supervisord's configuration. Nothing starts by itself: ``up`` starts things in the order of their needs."""
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    head: dict[str, Mapping[str, object]] = {
        "unix_http_server": {"file": instance.socket, "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "supervisorctl": {"serverurl": f"unix://{instance.socket}"},
        "supervisord": {
            "pidfile": instance.run / "supervisord.pid",
            "logfile": instance.log("supervisord"),
            "logfile_maxbytes": "10MB",
            "logfile_backups": 1,
            "minfds": min(most_files, _FILES_WANTED),
            "user": "root",
        },
    }
    programs = {f"program:{process.name}": _program(instance, process) for process in processes}
    return "\n".join(_section(name, settings) for name, settings in {**head, **programs}.items())


def _program(instance: Instance, process: Process) -> Mapping[str, object]:
    environment = {**process.env, MARK: str(instance.home), "SKALD_CONFIG_DIGEST": process.digest}
    return {
        "command": " ".join(_quote(word) for word in process.command),
        "environment": ",".join(f'{name}="{_literal(value)}"' for name, value in environment.items()),
        "directory": REPOSITORY,
        "autostart": "false",
        "autorestart": "true",
        "stopsignal": process.stop_signal,
        "stopwaitsecs": _STOP_SECONDS,
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": instance.log(process.name),
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": 1,
    }


def _quote(word: str) -> str:
    """One word of a command line, which supervisord splits as a shell would."""
    escaped = re.sub(r'(["\\])', r"\\\1", _literal(word))
    return f'"{escaped}"'


def _literal(text: str) -> str:
    """A percent sign begins an expansion in supervisord's configuration."""
    return text.replace("%", "%%")


def _section(name: str, settings: Mapping[str, object]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in settings.items()), ""])


def _info(raw: Mapping[str, Any]) -> ProcessInfo:
    alive = raw["statename"] in _RUNNING
    return ProcessInfo(
        name=raw["name"],
        state=raw["statename"],
        pid=raw["pid"],
        uptime=raw["now"] - raw["start"] if alive else 0,
    )


def end_strays(instance: Instance) -> list[str]:
    """End processes of this instance that no supervisor watches any more, as after a kill -9 of it.

    They are found by the variable that all of them carry. Returns what was ended, ``name (pid)``.
    """
    strays = [process for process in psutil.process_iter() if _carries_mark(process, instance)]
    names = [f"{process.name()} ({process.pid})" for process in strays if process.is_running()]
    for process in strays:
        _signal(process.terminate)
    _, stubborn = psutil.wait_procs(strays, timeout=_STOP_SECONDS)
    for process in stubborn:
        _signal(process.kill)
    psutil.wait_procs(stubborn, timeout=_STOP_SECONDS)
    return names


def _carries_mark(process: psutil.Process, instance: Instance) -> bool:
    try:
        return process.environ().get(MARK) == str(instance.home)
    except (psutil.Error, OSError):
        return False


def _signal(send: Callable[[], None]) -> None:
    try:
        send()
    except psutil.NoSuchProcess:
        return
