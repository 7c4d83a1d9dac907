"""The summary speaks of what pytest wrote, so pytest writes it here too."""

import subprocess
import sys
from pathlib import Path

from hack.kind.verdicts import read_verdicts

TESTS = """\
import pytest

def test_a_promise_holds(record_property):
    record_property("proven", "by looking")

@pytest.mark.parametrize("who", ["broker"])
def test_a_promise_is_broken(who):
    assert False

@pytest.fixture
def cluster():
    raise RuntimeError

def test_there_is_nothing_to_test_on(cluster):
    pass

def test_a_promise_is_not_for_here(record_property):
    record_property("not_shown", "denial: this network enforces nothing")
"""


def test_the_verdicts_are_those_of_the_run_by_name_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    report = tmp_path / "report.xml"
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "."]
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    verdicts = read_verdicts(report)
    assert [(verdict.name, verdict.outcome) for verdict in verdicts] == [
        ("test_it::test_a_promise_holds", "passed"),
        ("test_it::test_a_promise_is_broken[broker]", "FAILED"),
        ("test_it::test_there_is_nothing_to_test_on", "FAILED"),
        ("test_it::test_a_promise_is_not_for_here", "passed"),
    ]
    assert list(verdicts[0].proven) == ["by looking"]
    assert list(verdicts[3].not_shown) == ["denial: this network enforces nothing"]


def test_a_run_that_wrote_no_report_has_no_verdicts(tmp_path: Path) -> None:
    assert read_verdicts(tmp_path / "none.xml") == []
