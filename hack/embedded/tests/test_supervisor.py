from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from skald.testing.waiting import eventually

from hack.embedded.errors import PlatformError
from hack.embedded.instance import MARK, Instance
from hack.embedded.plan import start
from hack.embedded.processes.model import Process
from hack.embedded.supervisor import Supervisor, end_strays
from hack.embedded.tests.conftest import web_server


def test_a_process_gets_its_words_and_variables_unharmed(instance: Instance, tmp_path: Path) -> None:
    """Percent signs, quotes, spaces and braces mean something to supervisord's own configuration."""
    words = ["100%", 'a "quoted" word', "it's", r"back\slash", "{127,0,0,1}", "$HOME"]
    script = "import os, sys, time; open(sys.argv[1], 'w').write(repr((sys.argv[2:], os.environ['V']))); time.sleep(60)"
    said = tmp_path / "said"
    command = (sys.executable, "-c", script, str(said), *words)
    talker = Process("etcd", command, lambda: said.exists() and said.stat().st_size > 0, env={"V": "50%, a=b; c"})
    supervisor = Supervisor(instance)
    supervisor.launch([talker])
    start(talker, instance, supervisor)
    assert said.read_text() == repr((words, "50%, a=b; c"))


def test_nothing_starts_by_itself_and_a_second_start_or_stop_changes_nothing(instance: Instance) -> None:
    server = web_server(instance, "etcd")
    supervisor = Supervisor(instance)
    assert not supervisor.is_up()
    supervisor.launch([server])
    assert supervisor.is_up()
    assert not supervisor.info("etcd").alive
    start(server, instance, supervisor)
    pid = supervisor.info("etcd").pid
    supervisor.start("etcd")
    assert supervisor.info("etcd").pid == pid
    supervisor.stop("etcd")
    supervisor.stop("etcd")
    assert not psutil.pid_exists(pid)


def test_a_process_that_was_killed_just_before_it_is_stopped_does_not_come_back(instance: Instance) -> None:
    etcd = web_server(instance, "etcd")
    supervisor = Supervisor(instance)
    supervisor.launch([etcd])
    for _ in range(2):
        start(etcd, instance, supervisor)
        # One that ends sooner after its start is not waited for by the supervisor in the same way.
        eventually("it counts as running", lambda: supervisor.info("etcd").state == "RUNNING")
        os.kill(supervisor.info("etcd").pid, signal.SIGKILL)
        supervisor.stop("etcd")
        assert supervisor.info("etcd").state == "STOPPED"


def test_an_unknown_process_is_answered_with_the_known_ones(instance: Instance) -> None:
    supervisor = Supervisor(instance)
    supervisor.launch([web_server(instance, "etcd")])
    with pytest.raises(PlatformError, match="ectd") as caught:
        supervisor.start("ectd")
    assert "etcd" in caught.value.remedy


def test_a_changed_configuration_stops_that_process_and_no_other(instance: Instance) -> None:
    etcd, apiserver = web_server(instance, "etcd"), web_server(instance, "apiserver")
    supervisor = Supervisor(instance)
    supervisor.launch([etcd, apiserver])
    for process in (etcd, apiserver):
        start(process, instance, supervisor)
    kept = supervisor.info("apiserver").pid
    changed = replace(etcd, files={instance.run / "etcd.conf": "quota = 2"})
    assert supervisor.reload([changed, apiserver]) == ["etcd"]
    assert not supervisor.info("etcd").alive
    assert supervisor.info("apiserver").pid == kept


def test_a_process_that_is_no_more_wanted_is_stopped_and_forgotten(instance: Instance) -> None:
    etcd, apiserver = web_server(instance, "etcd"), web_server(instance, "apiserver")
    supervisor = Supervisor(instance)
    supervisor.launch([etcd])
    start(etcd, instance, supervisor)
    supervisor.reload([apiserver])
    assert [info.name for info in supervisor.all()] == ["apiserver"]
    assert not etcd.ready()


def test_what_a_killed_supervisor_leaves_behind_is_found_and_ended(instance: Instance) -> None:
    server = web_server(instance, "etcd")
    supervisor = Supervisor(instance)
    supervisor.launch([server])
    start(server, instance, supervisor)
    orphan = supervisor.info("etcd").pid
    daemon = psutil.Process(int((instance.run / "supervisord.pid").read_text()))
    daemon.send_signal(signal.SIGKILL)
    psutil.wait_procs([daemon], timeout=10)
    assert not supervisor.is_up()
    assert psutil.pid_exists(orphan)
    assert end_strays(instance) == [f"python ({orphan})"]
    assert not psutil.pid_exists(orphan)
    assert end_strays(instance) == []


def test_another_instances_processes_are_left_alone(instance: Instance, tmp_path: Path) -> None:
    other = replace(instance, home=tmp_path / "other")
    server = web_server(instance, "etcd")
    supervisor = Supervisor(instance)
    supervisor.launch([server])
    start(server, instance, supervisor)
    assert end_strays(other) == []
    assert server.ready()
    assert MARK not in os.environ


def test_a_supervisor_that_cannot_start_says_why(instance: Instance) -> None:
    bad = Process("etcd", ("true",), lambda: True, stop_signal="NOSUCHSIGNAL")
    with pytest.raises(PlatformError, match=r"supervisord did not start: .*NOSUCHSIGNAL"):
        Supervisor(instance).launch([bad])
