"""A Kong configuration, with keys in it, as what Envoy reads: listeners, clusters and a key set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from hack.gateway import Adapter, GatewayError, Tls, compile_gateway

JWKS: Final = "127.0.0.1:8003"
"""Where the stand-in serves the keys of the configuration to its own Envoy."""
ENVOY_ADMIN: Final = "127.0.0.1:8002"
_REFRESH: Final = 1
"""Seconds until Envoy asks for the keys again; Kong needs none."""


@dataclass(frozen=True)
class Configuration:
    """What one ``POST /config`` brought."""

    hash: str
    static: Mapping[str, Any]
    """The whole as Envoy's static configuration."""
    key_set: Mapping[str, Any]


def compile_configuration(text: str, listen: str, tls: Tls | None = None) -> Configuration:
    """Compile Kong's declarative configuration (YAML or JSON). Raises GatewayError for what is no such thing."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise GatewayError(f"it is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise GatewayError("it is no mapping")
    keys = [_jwk(secret) for consumer in _consumers(document) for secret in consumer.pop("jwt_secrets", [])]
    upstreams = {
        str(upstream.get("name")): [str(target.get("target")) for target in upstream.get("targets", [])]
        for upstream in document.get("upstreams", [])
    }
    adapter = Adapter(
        upstreams=upstreams,
        jwks_uri=f"http://{JWKS}/keys",
        listen=listen,
        admin=ENVOY_ADMIN,
        tls=tls,
        jwks_refresh_seconds=_REFRESH,
    )
    static = compile_gateway(document, adapter)
    return Configuration(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), static, {"keys": keys})


def bootstrap(folder: str, static: Mapping[str, Any]) -> dict[str, Any]:
    """Envoy's configuration with listeners and clusters in files of ``folder``, which it watches."""
    source = {"resource_api_version": "V3"}
    files = {
        kind: {**source, "path_config_source": {"path": f"{folder}/{kind}.json", "watched_directory": {"path": folder}}}
        for kind in ("listeners", "clusters")
    }
    return {
        **{name: value for name, value in static.items() if name != "static_resources"},
        "node": {"id": "gateway", "cluster": "gateway"},
        "dynamic_resources": {"lds_config": files["listeners"], "cds_config": files["clusters"]},
    }


def resources(static: Mapping[str, Any]) -> Mapping[str, str]:
    """By name of the file: listeners and clusters as Envoy reads them from files."""
    types = {
        "listeners": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "clusters": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    }
    return {
        f"{kind}.json": json.dumps(
            {"resources": [{"@type": name, **entry} for entry in static["static_resources"][kind]]}
        )
        for kind, name in types.items()
    }


def _consumers(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [consumer for consumer in document.get("consumers") or [] if isinstance(consumer, dict)]


def _jwk(secret: Mapping[str, Any]) -> dict[str, Any]:
    if secret.get("algorithm") != "RS256":
        raise GatewayError(f"a key's algorithm must be RS256 here, found {secret.get('algorithm')!r}")
    try:
        key = RSAKey.import_key(str(secret["rsa_public_key"])).as_dict(private=False)
    except (JoseError, KeyError, ValueError) as error:
        raise GatewayError(f"the key {secret.get('key')!r} has no usable rsa_public_key: {error}") from error
    return {**key, "kid": str(secret["key"]), "use": "sig", "alg": "RS256"}
