"""Ports for servers that are started later."""

from __future__ import annotations

import socket
from typing import Final

__all__ = ["free_port"]

_held: Final[list[socket.socket]] = []


def free_port() -> int:
    """A port of loopback on which nobody listens until a server of one's own does, however late.

    It stays bound here: Linux lets a server that allows reuse listen beside a socket that does not listen, and gives
    the number to nobody who asks for any port.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return int(held.getsockname()[1])
