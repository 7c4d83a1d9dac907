from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from hack.embedded import instance as instance_module
from hack.embedded.errors import PlatformError
from hack.embedded.instance import open_instance
from hack.embedded.record import Record, write_record


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(instance_module, "REPOSITORY", tmp_path)
    return tmp_path


def test_the_main_instance_and_others_do_not_share_a_folder(checkout: Path) -> None:
    assert open_instance("main", {}).home == checkout / ".platform"
    assert open_instance("test", {}).home == checkout / ".platform" / "instances" / "test"


@pytest.mark.parametrize("name", ["", "..", "a/b", "Main", "x" * 30])
def test_a_name_that_could_leave_the_folder_is_refused(checkout: Path, name: str) -> None:
    with pytest.raises(PlatformError, match="is no name for an instance"):
        open_instance(name, {"SKALD_PORT_BASE": "30000"})


def test_a_deep_checkout_does_not_outgrow_a_sockets_path(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_module, "REPOSITORY", checkout / ("deep" * 30))
    assert len(os.fsencode(open_instance("test", {}).socket)) < 100


def test_what_is_up_keeps_its_ports_whatever_the_environment_says(checkout: Path) -> None:
    instance = open_instance("main", {})
    write_record(instance.run, Record({**instance.ports.numbers, "gateway": 8080}, {}, [], ""))
    assert open_instance("main", {}).ports["gateway"] == 18000, "nobody answers on the socket: it is not up"
    instance.socket.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as supervisor:
        supervisor.bind(str(instance.socket))
        supervisor.listen()
        assert open_instance("main", {"SKALD_PORT_GATEWAY": "9090"}).ports["gateway"] == 8080
        write_record(instance.run, Record({"gateway": 8080}, {}, [], ""))
        grown = open_instance("main", {"SKALD_PORT_ETCD": "9090"}).ports
        assert (grown["gateway"], grown["etcd"]) == (8080, 9090), (
            "a port that it does not have yet is still free to choose"
        )
    instance.socket.unlink()
