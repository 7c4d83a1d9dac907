"""What the gateway file leaves to the place where it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hack.gateway.errors import GatewayError


@dataclass(frozen=True, slots=True)
class Tls:
    """Where HTTPS is answered, and with what."""

    listen: str
    certificate: str
    """A file: PEM, the chain after it."""
    key: str
    """A file: PEM."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """Addresses, all as ``host:port``."""

    upstreams: Mapping[str, Sequence[str]]
    """By name of the upstream in the file: where its targets really are."""
    jwks_uri: str
    """identity's key set, ``http://host:port/path``: Envoy reads it itself."""
    listen: str
    admin: str
    """Envoy's own port, for metrics and readiness. Keep it on loopback."""
    tls: Tls | None = None
    """Without it there is no HTTPS."""
    jwks_refresh_seconds: int = 30
    """How long a retired key may still pass, and a new one may still be refused."""

    def __post_init__(self) -> None:
        url = urlsplit(self.jwks_uri)
        if url.scheme != "http" or not url.hostname or not url.port or not url.path:
            raise GatewayError(f"jwks_uri must be http://host:port/path, found {self.jwks_uri!r}")

    def targets(self, upstream: str) -> list[Mapping[str, Any]]:
        """The upstream's addresses as Envoy's endpoints. Raises GatewayError when there are none."""
        addresses = self.upstreams.get(upstream)
        if not addresses:
            known = ", ".join(sorted(self.upstreams)) or "none"
            raise GatewayError(
                f"the adapter has no address for the upstream {upstream} of the gateway file (it has: {known})"
            )
        return [socket_address(address) for address in addresses]

    @property
    def jwks_address(self) -> Mapping[str, Any]:
        """Where the key set is served, as Envoy's endpoint."""
        return socket_address(urlsplit(self.jwks_uri).netloc)


def socket_address(address: str) -> Mapping[str, Any]:
    """``host:port`` in Envoy's words. Raises GatewayError when it is none."""
    host, colon, port = address.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise GatewayError(f"an address must be host:port, found {address!r}")
    return {"socket_address": {"address": host, "port_value": int(port)}}
