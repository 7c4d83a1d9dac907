"""Definitions that break one rule each, with who refuses them in which words, and definitions that break none.

A broken one says so in the comments at its head: the rule, ``net`` (``admission``, or ``Accepted``: the operator's
condition), what that net ``says``, and what ``lint`` says where its words are others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

HERE = Path(__file__).parent
Net = Literal["admission", "Accepted"]


@dataclass(frozen=True, slots=True)
class Broken:
    """A definition that is refused."""

    path: Path
    rule: str
    net: Net
    says: str
    lint: str

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")


def broken() -> list[Broken]:
    return [_broken(path) for path in sorted((HERE / "broken").glob("*.yaml"))]


def good() -> list[Path]:
    return sorted((HERE / "good").glob("*.yaml"))


def named(paths: list[Any]) -> list[str]:
    """Test ids."""
    return [getattr(each, "path", each).stem for each in paths]


def _broken(path: Path) -> Broken:
    head = [line.removeprefix("# ") for line in path.read_text("utf-8").splitlines() if line.startswith("# ")]
    said = yaml.safe_load("\n".join(head[1:]))
    return Broken(path, head[0], said["net"], said["says"], said.get("lint", said["says"]))
