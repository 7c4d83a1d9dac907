"""Reads a JSON document that somebody publishes: signing keys and what says where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import urllib3
from urllib3.exceptions import HTTPError

from skald.trust import api_server_trust

__all__ = ["fetch_json"]

_TIMEOUT: Final = 2.0


def fetch_json(url: str, *, token: str | None = None, ca_file: Path | None = None) -> Any:
    """The document. Raises OSError when it cannot be had within 2 seconds, ValueError when it is no JSON."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib3.PoolManager(**_trust(ca_file)) as pool:
            answer = pool.request("GET", url, headers=headers, timeout=_TIMEOUT, retries=False)
    except HTTPError as error:
        raise OSError(f"{url}: {error}") from error
    if answer.status != 200:
        raise OSError(f"{url} answered {answer.status}")
    return answer.json()


def _trust(ca_file: Path | None) -> dict[str, Any]:
    """Without a file: the system's authorities, and urllib3's own idea of them."""
    return {} if ca_file is None else {"ca_certs": str(ca_file), "ssl_context": api_server_trust()}
