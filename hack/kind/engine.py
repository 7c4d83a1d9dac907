"""The docker daemon: the one that is up, or else one of our own that leaves nothing behind.

Ours is started where no daemon answers. Its socket is its own, its images stay in the user's cache, so that a second
cluster comes up sooner, and what it does to the machine's packet filter is put back when it stops.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from hack.embedded.errors import PlatformError
from hack.embedded.parts.cache import cache_folder
from hack.kind import packetfilter

RUN: Final = Path("/run/skald")
"""A socket's path may have 107 bytes, so it does not lie in the cache."""

_SOCKET: Final = RUN / "docker.sock"
_PATIENCE: Final = 60.0


@dataclass(frozen=True)
class Engine:
    """A docker daemon that answers."""

    env: Mapping[str, str]
    """What ``docker`` and ``kind`` need in their environment to find it."""
    own: bool

    def docker(self, *arguments: str | Path, stdin: bytes | None = None) -> str:
        """What ``docker ARGUMENTS`` prints. Raises PlatformError with its complaint."""
        done = subprocess.run(["docker", *arguments], env=self.env, input=stdin, capture_output=True, check=False)
        if done.returncode != 0:
            complaint = done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}"
            raise PlatformError(f"docker {arguments[0]} failed: {complaint}")
        return done.stdout.decode()

    def has_image(self, name: str) -> bool:
        """Whether the daemon holds the image."""
        found = subprocess.run(["docker", "image", "inspect", name], env=self.env, capture_output=True, check=False)
        return found.returncode == 0

    def remove_networks(self) -> None:
        """Remove networks that nothing uses; their bridges would outlive the daemon. Raises PlatformError."""
        self.docker("network", "prune", "--force")

    def reaches_registry(self, image: str) -> bool:
        """Whether the registry that has ``image`` answers for it."""
        try:
            asked = subprocess.run(
                ["docker", "manifest", "inspect", image], env=self.env, capture_output=True, check=False, timeout=30
            )
        except subprocess.TimeoutExpired:
            return False
        return asked.returncode == 0


def running_engine() -> Engine | None:
    """The daemon that the environment points to, else the one of ours if it is up, else None."""
    theirs = Engine(dict(os.environ), own=False)
    if _answers(theirs):
        return theirs
    ours = Engine(_environment(_programs_link()), own=True)
    return ours if _answers(ours) else None


def start_own(programs: Path) -> Engine:
    """Start a daemon of our own from the folder of its programs. Raises PlatformError with its last words."""
    state = _state()
    for folder in (state, RUN):
        folder.mkdir(parents=True, exist_ok=True)
    _replace_link(_programs_link(), programs)
    before = state / "packet-filter.json"
    if not before.exists():
        packetfilter.remember(before)
    engine = Engine(_environment(programs), own=True)
    log = state / "dockerd.log"
    with log.open("w") as output:
        daemon = subprocess.Popen(
            _command(state),
            env=engine.env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _PATIENCE
    while not _answers(engine):
        if daemon.poll() is not None or time.monotonic() > deadline:
            lines = "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-10:])
            stop_own()
            raise PlatformError(f"the docker daemon did not come up:\n{lines}", f"the whole log: {log}")
        time.sleep(0.2)
    return engine


def stop_own() -> bool:
    """Stop our daemon, if it runs, and put the packet filter back. Returns whether one ran."""
    process = _own_process()
    if process:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)
    packetfilter.put_back(_state() / "packet-filter.json")
    return process is not None


def _own_process() -> psutil.Process | None:
    try:
        process = psutil.Process(int((RUN / "docker.pid").read_text()))
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
    return process if process.name() == "dockerd" else None


def _command(state: Path) -> Sequence[str]:
    return (
        "dockerd",
        f"--host=unix://{_SOCKET}",
        f"--data-root={state / 'data'}",
        f"--exec-root={RUN / 'docker'}",
        f"--pidfile={RUN / 'docker.pid'}",
        f"--userland-proxy-path={_programs_link() / 'docker-proxy'}",
        f"--init-path={_programs_link() / 'docker-init'}",
        "--bridge=none",
    )


def _environment(programs: Path) -> Mapping[str, str]:
    """Its programs come first on PATH; its client shares no configuration with the user's."""
    path = f"{programs}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "DOCKER_HOST": f"unix://{_SOCKET}", "DOCKER_CONFIG": str(programs / "config")}


def _answers(engine: Engine) -> bool:
    try:
        asked = subprocess.run(["docker", "info"], env=engine.env, capture_output=True, check=False, timeout=20)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    # the client exits with 0 even where the server is missing
    return asked.returncode == 0 and b"ERROR:" not in asked.stdout + asked.stderr


def _state() -> Path:
    return cache_folder() / "docker"


def _programs_link() -> Path:
    """Where the programs of the daemon that is up lie, also when the next one's would be others."""
    return _state() / "programs"


def _replace_link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)
