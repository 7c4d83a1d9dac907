"""kong.yaml -> Envoy's bootstrap configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hack.gateway.adapter import Adapter, Tls, socket_address
from hack.gateway.answers import access_log, local_reply_config
from hack.gateway.clusters import clusters
from hack.gateway.errors import GatewayError
from hack.gateway.filters import cors_policy, http_filters
from hack.gateway.kong import GatewayFile, read
from hack.gateway.plugins import CorrelationId, FileLog
from hack.gateway.routes import route_configuration

_HTTP = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_EARLY_MUTATION = "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
_REQUEST_ID = "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig"
_CONNECTIONS = {
    "name": "envoy.resource_monitors.global_downstream_max_connections",
    "typed_config": {
        "@type": (
            "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3"
            ".DownstreamConnectionsConfig"
        ),
        "max_active_downstream_connections": 10_000,
    },
}


def compile_gateway(document: Mapping[str, Any], adapter: Adapter) -> dict[str, Any]:
    """Envoy's configuration, to be written as JSON or YAML.

    Raises UnsupportedFeature for what has no translation, GatewayError for an upstream that does not exist or that the
    adapter has no address for.
    """
    file = read(document)
    _check_references(file, adapter)
    listeners = [_listener("gateway", adapter.listen, _manager(file, adapter, secure=False))]
    if adapter.tls:
        secure = _listener("gateway-https", adapter.tls.listen, _manager(file, adapter, secure=True))
        secure["filter_chains"][0]["transport_socket"] = _certificate(adapter.tls)
        listeners.append(secure)
    return {
        "admin": {"address": socket_address(adapter.admin)},
        "overload_manager": {"resource_monitors": [_CONNECTIONS]},
        "static_resources": {"listeners": listeners, "clusters": clusters(file, adapter)},
    }


def _check_references(file: GatewayFile, adapter: Adapter) -> None:
    known = {upstream.name for upstream in file.upstreams}
    if not adapter.tls and any(route.redirects for service in file.services for route in service.routes):
        raise GatewayError("the file has routes for HTTPS alone, and the adapter says in no `tls` where that is served")
    for index, service in enumerate(file.services):
        if service.host not in known:
            raise GatewayError(f"$.services[{index}].host: there is no upstream {service.host}")


def _listener(name: str, address: str, manager: dict[str, Any]) -> dict[str, Any]:
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {"name": name, "address": socket_address(address), "filter_chains": [{"filters": filters}]}


def _certificate(tls: Tls) -> dict[str, Any]:
    pair = {"certificate_chain": {"filename": tls.certificate}, "private_key": {"filename": tls.key}}
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificates": [pair], "alpn_protocols": ["h2", "http/1.1"]},
        },
    }


def _manager(file: GatewayFile, adapter: Adapter, *, secure: bool) -> dict[str, Any]:
    named = any(isinstance(plugin, CorrelationId) for plugin in file.plugins)
    return {
        "@type": _HTTP,
        "stat_prefix": "gateway",
        "http_filters": http_filters(file, adapter),
        "route_config": route_configuration(file, cors_policy(file), secure=secure),
        "local_reply_config": local_reply_config(),
        "access_log": [access_log(plugin.config.path) for plugin in file.plugins if isinstance(plugin, FileLog)],
        "server_header_transformation": "PASS_THROUGH",
        **_trust_nobody(),
        **_request_ids(named=named),
    }


def _trust_nobody() -> dict[str, Any]:
    """No client is trusted more than another, one on loopback neither."""
    return {
        "use_remote_address": True,
        # Envoy obeys these headers, such as a timeout or a number of retries.
        "early_header_mutation_extensions": [
            {
                "name": "gateway.orders-to-envoy",
                "typed_config": {
                    "@type": _EARLY_MUTATION,
                    "mutations": [{"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}}],
                },
            }
        ],
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST", "idle_timeout": "60s"},
        "request_headers_timeout": "10s",
        "request_timeout": "60s",
    }


def _request_ids(*, named: bool) -> dict[str, Any]:
    if not named:
        return {"generate_request_id": False}
    return {
        "generate_request_id": True,
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        # By default Envoy changes a digit of the id, the client's own included.
        "request_id_extension": {"typed_config": {"@type": _REQUEST_ID, "pack_trace_reason": False}},
    }
