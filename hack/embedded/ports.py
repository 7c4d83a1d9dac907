"""Every port of the platform: one table of offsets from a base that differs by instance."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psutil

from hack.embedded.errors import PlatformError

BASES: Final = {"chaos": 13000, "main": 18000, "bench": 23000, "test": 28000}
"""All below the ports that Linux gives to clients (from 32768 on): there a probe of a port where nobody listens yet may
be given that very port, be connected with itself, and keep out the process that it waits for."""

OFFSETS: Final = {
    "gateway": 0,
    "gateway-admin": 1,
    "apiserver": 10,
    "etcd": 11,
    "etcd-peer": 12,
    "controller-manager": 13,
    "ferretdb": 20,
    "ferretdb-debug": 21,
    "postgres": 22,
    "rabbitmq": 30,
    "rabbitmq-management": 31,
    "rabbitmq-metrics": 32,
    "rabbitmq-distribution": 33,
    "epmd": 34,
    "saga-operator-metrics": 40,
    "identity-web": 50,
    "identity-web-metrics": 51,
    "catalog-web": 52,
    "catalog-web-metrics": 53,
    "catalog-grpc": 54,
    "catalog-grpc-metrics": 55,
    "orders-web": 60,
    "orders-web-metrics": 61,
    "orders-worker-metrics": 62,
    "inventory-web": 65,
    "inventory-web-metrics": 66,
    "inventory-worker-metrics": 67,
    "payments-web": 70,
    "payments-web-metrics": 71,
    "payments-worker-metrics": 72,
    "test-provider": 73,
    "test-provider-metrics": 74,
    "shipping-web": 75,
    "shipping-web-metrics": 76,
    "shipping-worker-metrics": 77,
}


@dataclass(frozen=True)
class Ports:
    """The ports of one instance, by name."""

    numbers: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        try:
            return self.numbers[name]
        except KeyError:
            raise PlatformError(f"no port is called {name!r}", f"one of: {', '.join(sorted(self.numbers))}") from None

    def address(self, name: str) -> str:
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self[name]}"

    def of(self, process: str) -> dict[str, int]:
        """The ports that a process listens on: its own name's, and second ones such as ``etcd-peer``."""
        return {n: port for n, port in self.numbers.items() if n == process or n.startswith(f"{process}-")}


def ports_for(instance: str, environ: Mapping[str, str]) -> Ports:
    """The instance's ports: base + offset, each one overridden by ``SKALD_PORT_<NAME>``.

    Raises PlatformError for an instance without a base, a value that is no port, and two names on one port.
    """
    base = _number(environ, "SKALD_PORT_BASE", BASES.get(instance))
    if base is None:
        raise PlatformError(
            f"the instance {instance!r} has no port base",
            f"set SKALD_PORT_BASE; {', '.join(f'{name} has {number}' for name, number in BASES.items())}",
        )
    numbers: dict[str, int] = {}
    for name, offset in OFFSETS.items():
        numbers[name] = _number(environ, f"SKALD_PORT_{name.upper().replace('-', '_')}", base + offset) or 0
    _refuse_doubles(numbers)
    return Ports(numbers)


def _number(environ: Mapping[str, str], variable: str, default: int | None) -> int | None:
    text = environ.get(variable)
    if not text:
        return default
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise PlatformError(f"{variable}={text} is no port", "give a number from 1024 to 65535")
    return int(text)


def _refuse_doubles(numbers: Mapping[str, int]) -> None:
    owners: dict[int, str] = {}
    for name, number in numbers.items():
        if number in owners:
            raise PlatformError(
                f"{owners[number]} and {name} would both listen on port {number}",
                "change one of SKALD_PORT_BASE and the SKALD_PORT_<NAME> that are set",
            )
        owners[number] = name


def refuse_busy(ports: Mapping[str, int]) -> None:
    """Raise PlatformError when somebody else listens on one of these ports, naming who."""
    for name, number in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError as error:
                raise PlatformError(
                    f"port {number}, which {name} needs, cannot be had ({error.strerror}): {_holder(number)}",
                    f"end that process, or choose another port with SKALD_PORT_{name.upper().replace('-', '_')}"
                    " (all of them: SKALD_PORT_BASE)",
                ) from error


def _holder(number: int) -> str:
    """Who listens on a port, as far as this user may see."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (number,) and connection.pid:
            try:
                command = " ".join(psutil.Process(connection.pid).cmdline())
            except psutil.Error:
                command = "(it ended meanwhile)"
            return f"held by pid {connection.pid}, {command[:200]}"
    return "its holder is not to be seen from here"
