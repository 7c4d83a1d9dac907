"""The part of Kong's format that the compiler knows, as types: whatever they lack is refused, with its path.

A field that may be absent has Kong's own default here. One that has none must be written in the file, because Kong's
default would mean something that Envoy is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from hack.gateway.errors import UnsupportedFeature
from hack.gateway.plugins import GlobalPlugin, RateLimiting, RoutePlugin, ServicePlugin

Milliseconds = Annotated[int, Meta(ge=1)]
Seconds = Annotated[int, Meta(ge=1)]
ExactPath = Annotated[str, Meta(pattern=r"^~/[^|]*[^|\\]\$$")]
"""Of Kong's paths only regular expressions that say where the path ends: ``/api`` would match ``/apix`` too. And no
alternatives, because the end belongs to the last of them only."""
Method = Annotated[str, Meta(pattern=r"^[A-Z]+$")]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class ActiveHealthy(_Strict, frozen=True):
    """What brings a target back."""

    interval: Seconds
    successes: Annotated[int, Meta(ge=1)]
    http_statuses: list[int]


class ActiveUnhealthy(_Strict, frozen=True):
    """What takes a target out, as the checks see it."""

    interval: Seconds
    http_failures: Annotated[int, Meta(ge=1)]
    tcp_failures: int
    timeouts: int
    http_statuses: list[int]

    def __post_init__(self) -> None:
        if not self.http_failures == self.tcp_failures == self.timeouts:
            raise ValueError("http_failures, tcp_failures and timeouts must be equal: Envoy has one threshold for them")


class ActiveChecks(_Strict, frozen=True):
    """The gateway asks each target."""

    type: Literal["http"]
    http_path: str
    timeout: Seconds
    healthy: ActiveHealthy
    unhealthy: ActiveUnhealthy


class PassiveUnhealthy(_Strict, frozen=True):
    """What takes a target out, as the traffic shows it."""

    http_failures: Annotated[int, Meta(ge=0)]
    """Answers with these statuses in a row; 0: what a service answers is no reason."""
    tcp_failures: Annotated[int, Meta(ge=1)]
    timeouts: int
    http_statuses: list[int] = []

    def __post_init__(self) -> None:
        if self.timeouts not in (0, self.tcp_failures):
            raise ValueError("timeouts must be 0 or as many as tcp_failures: Envoy counts them together")
        if self.http_failures and sorted(self.http_statuses) != [502, 503, 504]:
            raise ValueError("http_statuses must be 502, 503 and 504: what Envoy calls a gateway failure")


class PassiveChecks(_Strict, frozen=True):
    """The gateway watches the traffic; only an active check brings a target back."""

    type: Literal["http"]
    unhealthy: PassiveUnhealthy


class HealthChecks(_Strict, frozen=True):
    """Both kinds, because neither is enough alone."""

    active: ActiveChecks
    passive: PassiveChecks


class Target(_Strict, frozen=True):
    """Where the upstream is in a cluster; elsewhere the adapter says."""

    target: str


class Upstream(_Strict, frozen=True):
    """A name for several targets."""

    name: str
    algorithm: Literal["least-connections"]
    healthchecks: HealthChecks
    targets: Annotated[list[Target], Meta(min_length=1)]


class Route(_Strict, frozen=True):
    """Which requests go to a service."""

    name: str
    methods: Annotated[list[Method], Meta(min_length=1)]
    paths: Annotated[list[ExactPath], Meta(min_length=1)]
    strip_path: bool
    preserve_host: bool
    protocols: tuple[Literal["http", "https"], ...] = ("http", "https")
    https_redirect_status_code: Literal[308, 426] = 426
    """What plain HTTP is answered where only HTTPS is served; 426 is Kong's default."""
    plugins: list[RoutePlugin] = []

    def __post_init__(self) -> None:
        if self.strip_path:
            raise ValueError("strip_path must be false: a service sees the path that the client sent")
        if not self.preserve_host:
            raise ValueError("preserve_host must be true: a service sees the host that the client sent")
        if "https" not in self.protocols:
            raise ValueError("protocols must have https: what may come by HTTP may come by HTTPS")
        if self.redirects and self.https_redirect_status_code == 426:
            raise ValueError("https_redirect_status_code must be 308: a client that is redirected finds its way")

    @property
    def redirects(self) -> bool:
        """Whether plain HTTP is sent on to HTTPS."""
        return "http" not in self.protocols


class Service(_Strict, frozen=True):
    """One service behind the gateway, and how long it may take."""

    name: str
    host: str
    """Name of the upstream."""
    connect_timeout: Milliseconds
    read_timeout: Milliseconds
    write_timeout: Milliseconds
    retries: Annotated[int, Meta(ge=0)]
    routes: Annotated[list[Route], Meta(min_length=1)]
    plugins: list[ServicePlugin] = []

    def __post_init__(self) -> None:
        if self.read_timeout != self.write_timeout:
            raise ValueError("read_timeout and write_timeout must be equal: Envoy has one timeout for the exchange")


class Consumer(_Strict, frozen=True):
    """Only its name: keys come from identity's key set, never from the file."""

    username: str


class GatewayFile(_Strict, frozen=True, rename={"format_version": "_format_version"}):
    """gateway-config/kong.yaml."""

    format_version: Literal["3.0"]
    upstreams: Annotated[list[Upstream], Meta(min_length=1)]
    services: Annotated[list[Service], Meta(min_length=1)]
    consumers: list[Consumer] = []
    plugins: list[GlobalPlugin] = []

    def __post_init__(self) -> None:
        kinds = [type(plugin) for plugin in self.plugins]
        if len(kinds) != len(set(kinds)):
            raise ValueError("each plugin may be listed once")
        routes = [route for service in self.services for route in service.routes]
        limited = any(isinstance(plugin, RateLimiting) for route in routes for plugin in route.plugins)
        if limited and RateLimiting not in kinds:
            raise ValueError("rate-limiting on a route needs one for all: in Envoy the route's takes its place")


def read(document: Mapping[str, Any]) -> GatewayFile:
    """The file's content, understood. Raises UnsupportedFeature for the first thing that is not."""
    try:
        return msgspec.convert(document, GatewayFile)
    except msgspec.ValidationError as error:
        feature, _, path = str(error).partition(" - at `")
        raise UnsupportedFeature(path.rstrip("`") or "$", feature) from None
