"""A render of the chart, and how to find one's way in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from hack.chart.helm import render

Object = dict[str, Any]

PROFILES: Final[dict[str, tuple[str, ...]]] = {
    "default": (),
    "minimal": ("--values=values-minimal.yaml",),
    "kind": ("--values=values-kind.yaml",),
    "production": ("--values=values-production.yaml", "--api-versions=monitoring.coreos.com/v1"),
    "a-server-for-each": ("--set=global.mongodb.serverPerService=true,mongodb.enabled=false",),
    "https": ("--set=gateway.tls.existingSecret=shop-tls",),
}
"""Kinds of installation, and the options that make them."""

HASH: Final = re.compile(r"(?<=-users-1)-[0-9a-f]{8}$")

WORKLOADS: Final = ("Deployment", "StatefulSet", "Job", "Pod")


@dataclass(frozen=True)
class Render:
    """All objects of one render."""

    profile: str
    objects: list[Object]

    def of(self, *kinds: str) -> Iterator[Object]:
        return (one for one in self.objects if one["kind"] in kinds)

    def get(self, kind: str, name: str) -> Object:
        (found,) = (one for one in self.of(kind) if one["metadata"]["name"] == name)
        return found

    def names(self, *kinds: str) -> set[str]:
        return {one["metadata"]["name"] for one in self.of(*kinds)}

    def pods(self) -> dict[str, Object]:
        """By workload, {metadata, spec} of its pods. A Job's name is without the hash of what it runs."""
        return {
            HASH.sub("", one["metadata"]["name"]): one if one["kind"] == "Pod" else one["spec"]["template"]
            for one in self.of(*WORKLOADS)
        }


@cache
def rendered(profile: str) -> Render:
    return Render(profile, render(*PROFILES[profile]))
