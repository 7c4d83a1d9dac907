"""The way to the API server leads through the proxy that kubectl takes, and no word of it is said in the open."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from kubectl_saga.errors import CliError
from kubectl_saga.kube.access import Access, Authority, User
from kubectl_saga.kube.api import Api
from kubectl_saga.kube.proxies import proxy_for

PROXY = "http://proxy.example:3128"


def spared(rules: str, url: str) -> bool:
    return proxy_for(url, {"HTTPS_PROXY": PROXY, "NO_PROXY": rules}) is None


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "https_proxy": "http://other"}, PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "*"}, None),
    ],
)
def test_the_environment_names_it_in_either_case(environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for("https://api.example.org:6443", environment) == proxy
    assert proxy_for("http://api.example.org", {"HTTP_PROXY": PROXY}) == PROXY


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.0.1", "[::1]"])
def test_this_machine_is_reached_without(host: str) -> None:
    assert spared("", f"https://{host}:6443")


@pytest.mark.parametrize(
    ("rules", "spares", "spares_not"),
    [
        ("*", ["api.example.org", "10.0.0.1"], []),
        ("example.org", ["example.org", "api.Example.org"], ["anexample.org", "example.com"]),
        (".example.org", ["api.example.org"], ["example.org"]),
        ("*.example.org", ["api.example.org"], ["example.org"]),
        ("10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "api.example.org"]),
        ("fd00::/8", ["[fd00::1]"], ["[fe80::1]", "10.0.0.1"]),
        ("10.0.0.1", ["10.0.0.1"], ["10.0.0.11", "110.0.0.1"]),
        ("fd00::1", ["[fd00::1]", "[fd00:0::1]"], ["[fd00::2]"]),
        ("a.example:6443, b.example:443", ["a.example"], ["b.example"]),
        ("[fd00::1]:6443,[fd00::2]:443,[fd00::3]", ["[fd00::1]", "[fd00::3]"], ["[fd00::2]"]),
        (" , :6443,/8,a.example/", [], ["a.example", "10.0.0.1"]),
        ("1.2.3.4, Svc.Local", ["kubernetes.svc.local"], ["api.example.org"]),
    ],
)
def test_rules_name_whom_to_reach_without(rules: str, spares: list[str], spares_not: list[str]) -> None:
    assert [spared(rules, f"https://{host}:6443") for host in spares] == [True] * len(spares)
    assert [spared(rules, f"https://{host}:6443") for host in spares_not] == [False] * len(spares_not)


def test_what_is_no_url_has_no_proxy_and_is_refused_where_it_is_used() -> None:
    for url in ("https://api.example:port", "https://[api", "api.example"):
        assert proxy_for(url, {"HTTPS_PROXY": PROXY}) is None
        with pytest.raises(CliError, match="is no URL"):
            get(url)


def get(url: str = "https://api.example:6443", proxy: str | None = None) -> None:
    Api(Access(url, Authority(proxy=proxy), User(token="t"), "shop", "a test")).get("/sagas")


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A port, and what was said to it first by each who came."""
    heard: list[bytes] = []

    def listen() -> None:
        while True:
            try:
                caller, _ = serving.accept()
            except OSError:
                return
            with caller:
                heard.append(caller.recv(1000))

    with socket.create_server(("127.0.0.1", 0)) as serving:
        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield serving.getsockname()[1], heard
        serving.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_proxy_is_asked_for_a_way_to_the_server_and_told_who_asks() -> None:
    with listening() as (port, heard), pytest.raises(CliError, match="does not answer"):
        get(proxy=f"http://me:secret@127.0.0.1:{port}")
    assert len(heard) == 1
    assert heard[0].startswith(b"CONNECT api.example:6443 HTTP/1.")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0" in heard[0]
    assert b"Bearer" not in heard[0]


@pytest.mark.parametrize("scheme", ["https", "socks5"])
def test_to_a_proxy_of_another_kind_nothing_is_said(scheme: str) -> None:
    with listening() as (port, heard), pytest.raises(CliError) as caught:
        get(proxy=f"{scheme}://me:secret@127.0.0.1:{port}")
    assert heard == []
    assert caught.value.message == (
        f"a test: the proxy {scheme}://127.0.0.1:{port} on the way to https://api.example:6443 is not http://"
    )
