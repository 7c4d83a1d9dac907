"""Whom the plugin takes for the API server: whom kubectl takes, with every Python."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kubectl_saga.errors import CliError
from kubectl_saga.kube.access import Access, Authority, User
from kubectl_saga.kube.api import Api

from operators.saga.tests.cli.authority import Files, make_authority

_default = ssl.create_default_context


class Server(BaseHTTPRequestHandler):
    """Has one answer."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"items": []}')

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


@contextmanager
def served(files: Files) -> Iterator[int]:
    """Its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as serving:
        serving.socket = files.serve().wrap_socket(serving.socket, server_side=True)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving.server_port
        serving.shutdown()


def ask(port: int, ca_file: Path, **authority: Any) -> Any:
    access = Access(f"https://127.0.0.1:{port}", Authority(ca_file=ca_file, **authority), User(), "shop", "a test")
    return Api(access).get("/sagas")


@pytest.fixture(autouse=True)
def as_in_python_3_13(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(**options: Any) -> ssl.SSLContext:
        context = _default(**options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)


def test_an_authority_without_key_identifiers_is_trusted(tmp_path: Path) -> None:
    files = make_authority(tmp_path)
    with served(files) as port:
        assert ask(port, files.authority) == {"items": []}


@pytest.mark.parametrize(
    ("lasts", "authority", "why"),
    [
        (timedelta(hours=-1), {}, "certificate has expired"),
        (timedelta(hours=1), {"server_name": "api.example.org"}, "not valid for 'api.example.org'"),
    ],
)
def test_dates_and_name_still_count(lasts: timedelta, authority: Any, why: str, tmp_path: Path) -> None:
    files = make_authority(tmp_path, lasts)
    with served(files) as port, pytest.raises(CliError, match=why):
        ask(port, files.authority, **authority)


def test_another_authority_is_refused(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    mine.mkdir()
    other.mkdir()
    with served(make_authority(mine)) as port, pytest.raises(CliError, match="certificate verify failed"):
        ask(port, make_authority(other).authority)
