"""Upstreams as Envoy's clusters: where requests go, and when a target is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hack.gateway.adapter import Adapter
from hack.gateway.kong import GatewayFile, HealthChecks, Service, Upstream

JWKS: Final = "jwks"
"""The cluster that identity's key set is fetched from."""
_UNTIL_CHECKED: Final = "3600s"
"""A target that traffic tripped stays out until an active check lets it back, as in Kong; time alone does not."""
_IDLE: Final = "60s"
"""How long a connection to a service is kept for the next request; a service must keep it longer."""


def clusters(file: GatewayFile, adapter: Adapter) -> list[dict[str, Any]]:
    """One per service, and one for the keys."""
    upstreams = {upstream.name: upstream for upstream in file.upstreams}
    keys = _cluster(JWKS, 2000, [adapter.jwks_address])
    return [_of_service(service, upstreams[service.host], adapter) for service in file.services] + [keys]


def _cluster(name: str, connect_timeout: int, endpoints: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": f"{connect_timeout / 1000:g}s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}} for address in endpoints]}],
        },
    }


def _of_service(service: Service, upstream: Upstream, adapter: Adapter) -> dict[str, Any]:
    return _cluster(service.name, service.connect_timeout, adapter.targets(upstream.name)) | {
        "lb_policy": "LEAST_REQUEST",
        # As Kong: a pod that is to end leaves DNS while it still serves and passes checks. Envoy would use it until it
        # is gone, and with it the request that it was sent last.
        "ignore_health_on_host_removal": True,
        "common_lb_config": {
            # With every target out the answer is 503; by default Envoy would try the broken ones.
            "healthy_panic_threshold": {"value": 0},
            # As Kong: a target is out, or back, at once. By default Envoy uses it for up to a second more.
            "update_merge_window": "0s",
        },
        "health_checks": [_active(upstream.healthchecks)],
        "outlier_detection": _passive(upstream.healthchecks),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {}},
                "common_http_protocol_options": {"idle_timeout": _IDLE},
            }
        },
    }


def _active(checks: HealthChecks) -> dict[str, Any]:
    healthy, unhealthy = checks.active.healthy, checks.active.unhealthy
    return {
        "timeout": f"{checks.active.timeout}s",
        "interval": f"{healthy.interval}s",
        "unhealthy_interval": f"{unhealthy.interval}s",
        # Envoy waits a minute between checks of a target that had no request yet.
        "no_traffic_interval": f"{healthy.interval}s",
        "no_traffic_healthy_interval": f"{healthy.interval}s",
        "healthy_threshold": healthy.successes,
        "unhealthy_threshold": unhealthy.http_failures,
        "http_health_check": {
            "path": checks.active.http_path,
            "expected_statuses": _ranges(healthy.http_statuses),
            # Any other status would take the target out at once.
            "retriable_statuses": _ranges(unhealthy.http_statuses),
        },
    }


def _passive(checks: HealthChecks) -> dict[str, Any]:
    unhealthy = checks.passive.unhealthy
    return {
        # Counts what Envoy itself saw apart from what a service answered.
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": unhealthy.tcp_failures,
        "enforcing_consecutive_local_origin_failure": 100,
        "consecutive_gateway_failure": max(unhealthy.http_failures, 1),
        "enforcing_consecutive_gateway_failure": 100 if unhealthy.http_failures else 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "max_ejection_percent": 100,
        "base_ejection_time": _UNTIL_CHECKED,
        "max_ejection_time": _UNTIL_CHECKED,
    }


def _ranges(statuses: Sequence[int]) -> list[dict[str, int]]:
    return [{"start": status, "end": status + 1} for status in statuses]
