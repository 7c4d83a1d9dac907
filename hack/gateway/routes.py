"""Routes: which requests go to which service, and what is asked of them there."""

from __future__ import annotations

from typing import Any, Final

from hack.gateway.kong import GatewayFile, Route, Service
from hack.gateway.limits import rate_limit
from hack.gateway.plugins import Jwt, RateLimiting, RequestTransformer

JWT_FILTER: Final = "envoy.filters.http.jwt_authn"
LIMIT_FILTER: Final = "envoy.filters.http.local_ratelimit"
USERS: Final = "users"
"""The requirement of a route that asks for a token."""
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_UNSENT: Final = "connect-failure,refused-stream"
"""Failures after which a service cannot have seen the request."""
_ANOTHER_TARGET: Final = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    },
}
_JWT_RULE: Final = "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig"
_NO_TOKEN: Final = {"@type": _JWT_RULE, "disabled": True}
_ENVOYS_OWN: Final = ("x-envoy-internal", "x-envoy-external-address")
"""Headers that Envoy adds for services that know it; ours do not."""


def route_configuration(file: GatewayFile, virtual_host: dict[str, Any], *, secure: bool) -> dict[str, Any]:
    """All routes, on the one virtual host with these settings; ``secure``: as they are by HTTPS."""
    routes = [
        entry
        for service in file.services
        for route in service.routes
        for entry in (_entries(service, route) if secure or not route.redirects else [_to_https(route)])
    ]
    configuration: dict[str, Any] = {
        "name": "gateway",
        "virtual_hosts": [{"name": "gateway", "domains": ["*"], "routes": routes} | virtual_host],
    }
    transformers = [plugin.config for plugin in file.plugins if isinstance(plugin, RequestTransformer)]
    removed = [header for config in transformers for header in config.remove.headers]
    return configuration | {"request_headers_to_remove": [*_ENVOYS_OWN, *removed]}


def _entries(service: Service, route: Route) -> list[dict[str, Any]]:
    """Two for a route whose methods differ in whether they may be sent again after a service may have seen them."""
    repeatable = [method for method in route.methods if method in _REPEATABLE]
    once = [method for method in route.methods if method not in _REPEATABLE]
    return [
        _entry(service, route, methods, retry_on)
        for methods, retry_on in ((repeatable, f"{_UNSENT},reset"), (once, _UNSENT))
        if methods
    ]


def _to_https(route: Route) -> dict[str, Any]:
    """Before any token is asked for, or one would have travelled in the clear for nothing."""
    return {
        "name": route.name,
        "match": _match(route, route.methods),
        "redirect": {"https_redirect": True, "port_redirect": 443, "response_code": "PERMANENT_REDIRECT"},
        "typed_per_filter_config": {JWT_FILTER: _NO_TOKEN},
    }


def _match(route: Route, methods: list[str]) -> dict[str, Any]:
    return {
        "safe_regex": {"regex": "|".join(f"(?:{_whole(path)})" for path in route.paths)},
        "headers": [{"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(methods)}}}],
    }


def _entry(service: Service, route: Route, methods: list[str], retry_on: str) -> dict[str, Any]:
    return {
        "name": route.name,
        "match": _match(route, methods),
        "route": {
            "cluster": service.name,
            "timeout": f"{service.read_timeout / 1000:g}s",
            "retry_policy": {
                "retry_on": retry_on,
                "num_retries": service.retries,
                "retry_host_predicate": [_ANOTHER_TARGET],
                "host_selection_retry_max_attempts": 5,
            },
        },
        "typed_per_filter_config": _per_filter(service, route),
    }


def _whole(path: str) -> str:
    """Kong's ``~/path$`` begins at the path's beginning by itself; Envoy's expressions match the whole path."""
    return path.removeprefix("~").removesuffix("$")


def _per_filter(service: Service, route: Route) -> dict[str, Any]:
    plugins = [*service.plugins, *route.plugins]
    asks = any(isinstance(plugin, Jwt) for plugin in plugins)
    config: dict[str, Any] = {JWT_FILTER: {"@type": _JWT_RULE, "requirement_name": USERS} if asks else _NO_TOKEN}
    for plugin in route.plugins:
        if isinstance(plugin, RateLimiting):
            config[LIMIT_FILTER] = rate_limit(plugin)
    return config
