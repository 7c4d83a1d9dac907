"""Rate limits: one bucket of a minute per caller, as Kong counts them."""

from __future__ import annotations

from typing import Any

from hack.gateway.plugins import RateLimiting

_CALLERS = 10_000
"""Buckets kept at a time; the one that was used longest ago makes room."""
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
_ADDRESS: dict[str, Any] = {"remote_address": {}}


def rate_limit(plugin: RateLimiting) -> dict[str, Any]:
    """The filter's settings: of the listener, or of one route in their place."""
    minute = plugin.config.minute
    bucket = {"max_tokens": minute, "tokens_per_fill": minute, "fill_interval": "60s"}
    callers = _callers(plugin)
    return {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "gateway",
        "filter_enabled": _ALWAYS,
        "filter_enforced": _ALWAYS,
        "enable_x_ratelimit_headers": "DRAFT_VERSION_03",
        "max_dynamic_descriptors": _CALLERS,
        "rate_limits": [{"actions": actions} for actions, _ in callers],
        "descriptors": [{"entries": [{"key": key} for key in keys], "token_bucket": bucket} for _, keys in callers],
        # Each request has a caller, so this bucket is never asked; Envoy demands one.
        "token_bucket": bucket,
        "always_consume_default_token_bucket": False,
    }


def _callers(plugin: RateLimiting) -> list[tuple[list[dict[str, Any]], list[str]]]:
    """Who is counted: actions that find a value in the request, and the keys under which it is a caller."""
    if plugin.config.header_name is None:
        return [([_ADDRESS], ["remote_address"])]
    header = plugin.config.header_name
    named = {"request_headers": {"header_name": header, "descriptor_key": "header"}}
    nameless = {
        "header_value_match": {
            "descriptor_key": "nameless",
            "descriptor_value": "true",
            "headers": [{"name": header, "present_match": True}],
            "expect_match": False,
        }
    }
    return [([named], ["header"]), ([nameless, _ADDRESS], ["nameless", "remote_address"])]
