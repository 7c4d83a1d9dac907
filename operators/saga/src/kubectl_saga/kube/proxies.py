"""The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, which kubectl reads as every Go program does.

Not ``urllib.request.getproxies``: that knows neither ranges of addresses in NO_PROXY, such as a cluster's own, nor that
this machine needs no proxy, and on some systems it asks for more than the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"http": 80, "https": 443}


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """The URL of the proxy on the way to ``url``; None when there is none."""
    server = parts_of(url)
    proxy = _either_case(f"{server.scheme.upper()}_PROXY", environment)
    if not proxy or server.hostname is None or _is_here(server.hostname):
        return None
    host, port = server.hostname, server.port or _PORTS.get(server.scheme)
    if any(_spares(rule.strip().lower(), host, port) for rule in _either_case("NO_PROXY", environment).split(",")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def parts_of(url: str) -> SplitResult:
    """What is no URL at all has no scheme and no host."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def _either_case(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name) or environment.get(name.lower()) or ""


def _is_here(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _spares(rule: str, host: str, port: int | None) -> bool:
    """Whether a rule of NO_PROXY is about this server: ``*``, a range, an address[:port] or a domain[:port]."""
    if "/" in rule:
        return _is_within(rule, host)
    name, _, only = rule.rpartition(":") if rule.count(":") == 1 or "]:" in rule else (rule, "", "")
    if rule == "*" or not name:
        return rule == "*"
    return only in ("", str(port)) and _is_named(name.strip("[]"), host)


def _is_within(network: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


def _is_named(name: str, host: str) -> bool:
    """``example.org`` is about that host and all below, ``.example.org`` and ``*.example.org`` about those below."""
    if (address := _address(name)) is not None:
        return address == _address(host)
    below = name.removeprefix("*")
    return host == name or host.endswith(below if below.startswith(".") else f".{below}")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
