"""What a request passes, in this order: CORS, token, rate, size. Answers pass it backwards: headers come first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hack.gateway.adapter import Adapter
from hack.gateway.clusters import JWKS
from hack.gateway.errors import UnsupportedFeature
from hack.gateway.kong import GatewayFile
from hack.gateway.limits import rate_limit
from hack.gateway.plugins import Cors, Jwt, JwtConfig, RateLimiting, RequestSize, ResponseTransformer
from hack.gateway.routes import JWT_FILTER, LIMIT_FILTER, USERS

CORS_FILTER: Final = "envoy.filters.http.cors"
_FILTERS: Final = "type.googleapis.com/envoy.extensions.filters.http"
_MEBIBYTE: Final = 1024 * 1024
_COUNTED: Final = "'x-ratelimit-reset' in response.headers"
# Envoy drops the fraction of a second, and who comes back that much too early is refused again; Kong says 1 or more.
_RESET: Final = "int(response.headers['x-ratelimit-reset']) + 1"
_RETRY: Final = f"response.headers[':status'] == '429' && {_COUNTED}"


def http_filters(file: GatewayFile, adapter: Adapter) -> list[dict[str, Any]]:
    """Only those that the file asks for, and the router."""
    filters = [_headers(file)]
    if any(isinstance(plugin, Cors) for plugin in file.plugins):
        filters.append(_filter(CORS_FILTER, "cors.v3.Cors"))
    if token := _token_rules(file):
        filters.append(_jwt(token, adapter))
    limits = [rate_limit(plugin) for plugin in file.plugins if isinstance(plugin, RateLimiting)]
    filters += [{"name": LIMIT_FILTER, "typed_config": limit} for limit in limits]
    filters += [_size(plugin) for plugin in file.plugins if isinstance(plugin, RequestSize)]
    return [*filters, _filter("envoy.filters.http.router", "router.v3.Router", suppress_envoy_headers=True)]


def _filter(name: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{_FILTERS}.{kind}", **config}}


def _headers(file: GatewayFile) -> dict[str, Any]:
    """On every answer, Envoy's own included."""
    mutations = [
        _add("RateLimit-Limit", "%RESP(x-ratelimit-limit)%"),
        _add("RateLimit-Remaining", "%RESP(x-ratelimit-remaining)%"),
        _add("RateLimit-Reset", f"%CEL({_COUNTED} ? {_RESET} : '')%"),
        _add("Retry-After", f"%CEL({_RETRY} ? {_RESET} : '')%"),
        *(_remove(f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset")),
    ]
    for plugin in file.plugins:
        if isinstance(plugin, ResponseTransformer):
            mutations += [_remove(header) for header in plugin.config.remove.headers]
            mutations += [_add(*_split(line)) for line in plugin.config.add.headers]
    return _filter(
        "envoy.filters.http.header_mutation",
        "header_mutation.v3.HeaderMutation",
        mutations={"response_mutations": mutations},
    )


def _split(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    # A per cent sign begins a command in Envoy.
    return name, value.replace("%", "%%")


def _add(name: str, value: str) -> dict[str, Any]:
    return {"append": {"header": {"key": name, "value": value}, "append_action": "ADD_IF_ABSENT"}}


def _remove(name: str) -> dict[str, Any]:
    return {"remove": name}


def cors_policy(file: GatewayFile) -> dict[str, Any]:
    """The virtual host's settings; none without the plugin."""
    for plugin in file.plugins:
        if isinstance(plugin, Cors):
            return {"typed_per_filter_config": {CORS_FILTER: _cors(plugin)}}
    return {}


def _cors(plugin: Cors) -> dict[str, Any]:
    config = plugin.config
    return {
        "@type": f"{_FILTERS}.cors.v3.CorsPolicy",
        "allow_origin_string_match": [{"exact": origin} for origin in config.origins],
        "allow_methods": ", ".join(config.methods),
        "allow_headers": ", ".join(config.headers),
        "expose_headers": ", ".join(config.exposed_headers),
        "allow_credentials": config.credentials,
        "max_age": str(config.max_age),
        # By default a preflight from a foreign origin goes on to the service.
        "forward_not_matching_preflights": False,
    }


def _token_rules(file: GatewayFile) -> JwtConfig | None:
    rules: list[JwtConfig] = []
    for index, service in enumerate(file.services):
        plugins: Sequence[object] = [
            *service.plugins,
            *(plugin for route in service.routes for plugin in route.plugins),
        ]
        for config in (plugin.config for plugin in plugins if isinstance(plugin, Jwt)):
            if rules and config != rules[0]:
                raise UnsupportedFeature(f"$.services[{index}]", "jwt with other settings than on the services before")
            rules.append(config)
    return rules[0] if rules else None


def _jwt(rules: JwtConfig, adapter: Adapter) -> dict[str, Any]:
    keys = {
        "http_uri": {"uri": adapter.jwks_uri, "cluster": JWKS, "timeout": "2s"},
        "cache_duration": f"{adapter.jwks_refresh_seconds}s",
        # The listener opens once the keys were asked for, so that no good token is refused at start.
        "async_fetch": {"fast_listener": False},
    }
    provider = {
        "remote_jwks": keys,
        "forward": True,
        # Naming the header turns the query parameter off.
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "require_expiration": True,
        "max_lifetime": f"{rules.maximum_expiration}s",
        # Kong gives no leeway on exp; here 0 would mean a minute.
        "clock_skew_seconds": 1,
    }
    return _filter(
        JWT_FILTER,
        "jwt_authn.v3.JwtAuthentication",
        providers={USERS: provider},
        requirement_map={USERS: {"provider_name": USERS}},
        bypass_cors_preflight=True,
    )


def _size(plugin: RequestSize) -> dict[str, Any]:
    limit = plugin.config.allowed_payload_size * _MEBIBYTE
    return _filter("envoy.filters.http.buffer", "buffer.v3.Buffer", max_request_bytes=limit)
