"""Kong's own variables, as far as the chart sets them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hack.gateway import Tls


@dataclass(frozen=True)
class Settings:
    """Addresses are ``host:port``."""

    file: Path
    prefix: Path
    proxy: str
    tls: Tls | None
    admin: str
    status: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Kong's variables, with Kong's defaults. Raises ValueError for a TLS listener without a certificate."""
        plain, secure = _listeners(environ.get("KONG_PROXY_LISTEN", "0.0.0.0:8000"))
        return cls(
            file=Path(environ.get("KONG_DECLARATIVE_CONFIG", "/kong/kong.yaml")),
            prefix=Path(environ.get("KONG_PREFIX", "/tmp/kong")),  # noqa: S108 - a container's own
            proxy=plain,
            tls=_tls(secure, environ) if secure else None,
            admin=_address(environ.get("KONG_ADMIN_LISTEN", "127.0.0.1:8001")),
            status=_address(environ.get("KONG_STATUS_LISTEN", "127.0.0.1:8007")),
        )


def _listeners(listen: str) -> tuple[str, str | None]:
    """The one for HTTP, and the one for HTTPS where there is one."""
    secure = [entry for entry in listen.split(",") if "ssl" in entry.split()]
    plain = [entry for entry in listen.split(",") if entry not in secure]
    if not plain or len(secure) > 1:
        raise ValueError(f"KONG_PROXY_LISTEN={listen!r}: the stand-in takes one address, and one more with ssl")
    return _address(plain[0]), _address(secure[0]) if secure else None


def _tls(listen: str, environ: Mapping[str, str]) -> Tls:
    try:
        return Tls(listen, environ["KONG_SSL_CERT"], environ["KONG_SSL_CERT_KEY"])
    except KeyError as missing:
        raise ValueError(f"KONG_PROXY_LISTEN has an address with ssl, and {missing.args[0]} is not set") from None


def _address(listen: str) -> str:
    """The first listener, without its options (``reuseport``)."""
    return listen.split(",", maxsplit=1)[0].split(maxsplit=1)[0]
