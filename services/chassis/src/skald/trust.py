"""Whom a service takes for the API server."""

from __future__ import annotations

import ssl

from urllib3.util.ssl_ import create_urllib3_context

__all__ = ["api_server_trust"]


def api_server_trust() -> ssl.SSLContext:
    """For a connection whose authority is read from a file. Its chain, its name and its dates are checked.

    Left to itself, urllib3 refuses authorities without key identifiers since Python 3.13. Kubernetes' own clients take
    them, and many clusters have them.
    """
    return create_urllib3_context(verify_flags=ssl.VERIFY_X509_PARTIAL_CHAIN)
