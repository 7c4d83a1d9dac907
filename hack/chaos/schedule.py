"""Which fault comes when. Pure: the same seed gives the same schedule."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["TARGETS", "Fault", "Kind", "draw"]


class Kind(StrEnum):
    """What is done to the platform."""

    KILL = "kill"
    FREEZE = "freeze"
    SNAPSHOT = "snapshot"
    """Of etcd; harms nobody, and is what a later roll-back goes back to."""
    WIPE_BROKER = "wipe broker"
    ROLL_BACK = "roll back etcd"
    BOTH = "wipe broker, roll back etcd, kill operator"


@dataclass(frozen=True, slots=True)
class Fault:
    """One blow."""

    kind: Kind
    after: float
    """Seconds since the one before."""
    target: str = ""
    """The process; empty where the kind says it."""
    lasts: float = 0
    """Seconds until a frozen process goes on."""

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip() + (f" for {self.lasts:.1f} s" if self.lasts else "")


TARGETS: Final[Mapping[str, int]] = {
    "saga-operator": 5,
    "apiserver": 2,
    "etcd": 2,
    "rabbitmq": 2,
    "inventory-worker": 3,
    "payments-worker": 3,
    "shipping-worker": 3,
    "orders-worker": 2,
    "orders-web": 1,
    "test-provider": 1,
    "ferretdb": 1,
    "postgres": 1,
}
"""Processes, and how often each is hit in proportion to the others."""

_FREEZES: Final = 0.25
_GAP: Final = 2.5
_LONGEST_GAP: Final = 8.0
_FREEZE: Final = (0.5, 6.0)
_OPERATOR_FREEZE: Final = (0.5, 25.0)
"""Longer than a Lease lives: what wakes up then must not harm, whoever has taken over."""
_DISASTERS: Final = ((0.25, Kind.WIPE_BROKER), (0.5, Kind.ROLL_BACK), (0.75, Kind.BOTH))
_SNAPSHOTS: Final = (0.35, 0.65)
"""Each as a part of the way, so that a roll-back loses what a tenth of the run has written."""


def draw(seed: int, kills: int) -> Sequence[Fault]:
    """``kills`` kills and freezes in random order, with three disasters and two snapshots among them."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    faults = [_blow(chance) for _ in range(kills)]
    special = [*((share, Kind.SNAPSHOT) for share in _SNAPSHOTS), *_DISASTERS]
    for share, kind in sorted(special, reverse=True):
        faults.insert(round(share * kills), Fault(kind, _gap(chance)))
    return faults


def _blow(chance: random.Random) -> Fault:
    (target,) = chance.choices(list(TARGETS), list(TARGETS.values()))
    if chance.random() >= _FREEZES:
        return Fault(Kind.KILL, _gap(chance), target)
    shortest, longest = _OPERATOR_FREEZE if target == "saga-operator" else _FREEZE
    return Fault(Kind.FREEZE, _gap(chance), target, round(chance.uniform(shortest, longest), 1))


def _gap(chance: random.Random) -> float:
    return round(min(chance.expovariate(1 / _GAP), _LONGEST_GAP), 2)
