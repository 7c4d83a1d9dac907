"""A cable between a client and a server that a test can cut and mend, or on which it can hold back what is sent."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit, urlunsplit

__all__ = ["Cable"]


class Cable:
    """Listens on loopback and forwards to a server; while cut it drops what is connected and refuses what comes."""

    def __init__(self, url: str) -> None:
        """``url``: of the server, with its port; ``self.url`` is the same by way of the cable."""
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", int(parts.port or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._whole = threading.Event()
        self._whole.set()
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._held: bytearray | None = None
        credentials = parts.netloc.rpartition("@")[0]
        netloc = f"{credentials}@127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = urlunsplit(parts._replace(netloc=netloc))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Drop all connections, and what is held; refuse new ones."""
        self._whole.clear()
        with self._lock:
            ends, self._ends = self._ends, []
            self._held = None
        for end in ends:
            _shut(end)

    def mend(self) -> None:
        """Let clients connect again."""
        self._whole.set()

    def hold(self) -> None:
        """From now on keep what clients send, as a slow network does, until ``cut`` loses it."""
        with self._lock:
            self._held = bytearray()

    def holds(self, sign: bytes) -> bool:
        """Whether ``sign`` is in what clients have sent since ``hold``."""
        with self._lock:
            return self._held is not None and sign in self._held

    def close(self) -> None:
        """Cut it for good."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole.is_set():
                _shut(client)
                continue
            server = socket.create_connection(self._server)
            with self._lock:
                self._ends += [client, server]
            if not self._whole.is_set():  # it was cut in between, and knew nothing of these two
                _shut(client)
                _shut(server)
            threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
            threading.Thread(target=self._pump, args=(client, server), kwargs={"up": True}, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, *, up: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not (up and self._keep(data)):
                    target.sendall(data)
        _shut(source)
        _shut(target)

    def _keep(self, data: bytes) -> bool:
        with self._lock:
            if self._held is None:
                return False
            self._held += data
            return True


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
