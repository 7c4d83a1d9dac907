"""The gateway file compiled to Envoy's configuration, where no container can run Kong.

    envoy = compile_gateway(yaml.safe_load(text), Adapter(...))

The file means the same to both, or the compiler raises UnsupportedFeature: nothing in it is silently left out.
"""

from hack.gateway.adapter import Adapter, Tls
from hack.gateway.compiler import compile_gateway
from hack.gateway.envoy import command, validate
from hack.gateway.errors import GatewayError, UnsupportedFeature

__all__ = ["Adapter", "GatewayError", "Tls", "UnsupportedFeature", "command", "compile_gateway", "validate"]
