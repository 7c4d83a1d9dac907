"""Envoy, with its configuration compiled from the gateway file."""

from __future__ import annotations

import json
from typing import Final

import yaml

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY, Instance
from hack.embedded.probes import answers
from hack.embedded.processes.model import Process
from hack.embedded.processes.services import SERVICES
from hack.gateway import Adapter, GatewayError, command, compile_gateway

GATEWAY_FILE: Final = REPOSITORY / "gateway-config" / "kong.yaml"


def gateway_process(instance: Instance) -> Process:
    """The front door. Raises PlatformError when the gateway file cannot be compiled."""
    config = instance.run / "envoy.json"
    return Process(
        name="gateway",
        command=tuple(command(config)),
        files={config: _compile(instance)},
        # before it opens its listener it asks identity for the signing keys
        needs=frozenset({"identity-web"}),
        ready=answers(f"http://{instance.ports.address('gateway-admin')}/ready"),
    )


def _compile(instance: Instance) -> str:
    address = instance.ports.address
    adapter = Adapter(
        upstreams={f"{service}-web": [address(f"{service}-web")] for service in SERVICES},
        jwks_uri=instance.jwks_url,
        listen=address("gateway"),
        admin=address("gateway-admin"),
    )
    try:
        return json.dumps(compile_gateway(yaml.safe_load(GATEWAY_FILE.read_text("utf-8")), adapter), indent=1)
    except GatewayError as error:
        raise PlatformError(f"{GATEWAY_FILE.relative_to(REPOSITORY)} cannot be compiled: {error}") from error
