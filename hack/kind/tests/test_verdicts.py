"""The summary speaks of what pytest wrote, so pytest writes it here too."""

import subprocess
import sys
from pathlib import Path

from hack.kind.summary import describe_tests
from hack.kind.verdicts import Verdict, read_verdicts

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


def test_the_summary_names_every_test_how_it_was_proven_and_what_was_not_shown() -> None:
    verdicts = [
        Verdict("test_it::test_a_promise_holds", 1.23, "passed", ["by looking"], []),
        Verdict("test_it::test_another", 0.5, "FAILED", [], ["denial: this network enforces nothing"]),
    ]
    assert describe_tests(verdicts) == [
        "passed     1.2 s  test_it::test_a_promise_holds",
        "                  proven by: by looking",
        "FAILED     0.5 s  test_it::test_another",
        "2 tests: 1 passed, 1 FAILED",
        "not shown here: 1",
        "  denial: this network enforces nothing",
    ]


def test_the_summary_of_a_run_without_tests_says_so() -> None:
    assert describe_tests([]) == ["0 tests: pytest did not come to any", "not shown here: nothing"]
