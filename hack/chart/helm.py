"""Runs Helm on this repository's chart."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from hack.embedded.instance import REPOSITORY
from hack.embedded.parts.cache import cache_folder
from hack.embedded.parts.helm import Line, find_helm

JSON = dict[str, Any]

_NOISE: Final = ("found symbolic link",)
"""Helm says so of each link that it follows; the links are ours."""


class HelmError(Exception):
    """Helm refused; the message is what it said."""


def helm(
    arguments: Sequence[str], *, line: Line = 4, env: Mapping[str, str] | None = None, folder: Path = REPOSITORY
) -> str:
    """What Helm prints. Raises HelmError when it fails, and when it complains about anything."""
    program = find_helm(line, cache_folder(), REPOSITORY / ".platform" / "logs")
    environ = {**os.environ, **(env or {})}
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, env=environ, cwd=folder)
    complaints = [text for text in done.stderr.splitlines() if text and not any(noise in text for noise in _NOISE)]
    if done.returncode != 0 or complaints:
        raise HelmError("\n".join(complaints) or done.stdout)
    return done.stdout


def template(*options: str, line: Line = 4, env: Mapping[str, str] | None = None) -> str:
    """The rendered chart, as text, in the namespace ``shop``."""
    return helm(["template", ".", "--namespace", "shop", *options], line=line, env=env)


def render(*options: str, line: Line = 4) -> list[JSON]:
    """The rendered chart's objects, hooks and tests too."""
    return [one for one in yaml.load_all(template(*options, line=line), yaml.CSafeLoader) if one]
