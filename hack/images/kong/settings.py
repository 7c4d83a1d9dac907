"""Kong's own variables, as far as the chart sets them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Addresses are ``host:port``."""

    file: Path
    prefix: Path
    proxy: str
    admin: str
    status: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Kong's variables, with Kong's defaults. Raises ValueError for a listener that speaks TLS."""
        proxy = environ.get("KONG_PROXY_LISTEN", "0.0.0.0:8000")
        if " ssl" in proxy:
            raise ValueError(f"KONG_PROXY_LISTEN={proxy!r}: the stand-in of Kong speaks no TLS")
        return cls(
            file=Path(environ.get("KONG_DECLARATIVE_CONFIG", "/kong/kong.yaml")),
            prefix=Path(environ.get("KONG_PREFIX", "/tmp/kong")),  # noqa: S108 - a container's own
            proxy=_address(proxy),
            admin=_address(environ.get("KONG_ADMIN_LISTEN", "127.0.0.1:8001")),
            status=_address(environ.get("KONG_STATUS_LISTEN", "127.0.0.1:8007")),
        )


def _address(listen: str) -> str:
    """The first listener, without its options (``reuseport``)."""
    return listen.split(",", maxsplit=1)[0].split(maxsplit=1)[0]
