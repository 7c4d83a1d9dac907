from __future__ import annotations

import os
import socket
import sys

import pytest

from hack.embedded.errors import PlatformError
from hack.embedded.ports import BASES, OFFSETS, Ports, ports_for, refuse_busy


def test_every_instance_has_its_own_ports() -> None:
    taken = [number for name in BASES for number in ports_for(name, {}).numbers.values()]
    assert len(taken) == len(set(taken))


def test_no_port_is_one_that_linux_gives_to_clients() -> None:
    assert all(number < 32768 for name in BASES for number in ports_for(name, {}).numbers.values())


def test_the_base_moves_all_and_a_name_moves_one() -> None:
    ports = ports_for("main", {"SKALD_PORT_BASE": "20000", "SKALD_PORT_GATEWAY": "8080"})
    assert ports["gateway"] == 8080
    assert ports["apiserver"] == 20000 + OFFSETS["apiserver"]


def test_a_process_has_the_ports_that_begin_with_its_name() -> None:
    ports = Ports({"etcd": 1, "etcd-peer": 2, "orders-web": 3, "orders-web-metrics": 4, "orders-worker-metrics": 5})
    assert ports.of("etcd") == {"etcd": 1, "etcd-peer": 2}
    assert ports.of("orders-worker") == {"orders-worker-metrics": 5}


@pytest.mark.parametrize("value", ["80", "65536", "http", "-1"])
def test_a_value_that_is_no_port_is_refused_with_its_variable(value: str) -> None:
    with pytest.raises(PlatformError, match=f"SKALD_PORT_ETCD={value} is no port"):
        ports_for("main", {"SKALD_PORT_ETCD": value})


def test_two_names_on_one_port_are_refused() -> None:
    with pytest.raises(PlatformError, match="apiserver and etcd would both listen on port 18010"):
        ports_for("main", {"SKALD_PORT_ETCD": "18010"})


def test_another_instance_needs_a_base() -> None:
    with pytest.raises(PlatformError, match="'mine' has no port base") as caught:
        ports_for("mine", {})
    assert "SKALD_PORT_BASE" in caught.value.remedy
    assert ports_for("mine", {"SKALD_PORT_BASE": "30000"})["gateway"] == 30000


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(PlatformError) as caught:
        Ports({"etcd": 1})["ectd"]
    assert "etcd" in caught.value.remedy


def test_a_busy_port_is_refused_with_who_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        number = holder.getsockname()[1]
        with pytest.raises(PlatformError, match=f"port {number}, which orders-web needs") as caught:
            refuse_busy({"orders-web": number})
    assert f"held by pid {os.getpid()}, {sys.executable}" in str(caught.value)
    assert "SKALD_PORT_ORDERS_WEB" in caught.value.remedy


def test_a_free_port_is_no_trouble() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        number = holder.getsockname()[1]
    refuse_busy({"orders-web": number})
