"""The kit's command line: what it prints, and what it says when it cannot judge."""

from __future__ import annotations

import json
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from skald.testing.conformance.__main__ import main
from skald.testing.conformance.errors import KitError
from skald.testing.conformance.templates import fill


@pytest.fixture
def judge(kit, capsys, monkeypatch):
    """Runs the command line in this process."""
    monkeypatch.setenv(kit.url_variable, kit.participant_url)

    def run(*options):
        try:
            status = main(kit.arguments(*options))
        except SystemExit as ended:
            status = ended.code
        printed = capsys.readouterr()
        return SimpleNamespace(returncode=status, stdout=printed.out, stderr=printed.err)

    return run


def test_what_is_kept_is_listed_and_the_exit_status_is_0(judge, flawed):
    flawed()
    done = judge("--check", "R1-effect")
    assert done.returncode == 0, done.stderr
    first, _, kept, _, total = done.stdout.splitlines()
    assert first == "inventory: action reserve; effects were not looked at (--effects-command)"
    assert kept.split(maxsplit=2) == ["KEPT", "R1-effect", "The action has its effect once, and says Succeeded."]
    assert total == "1 kept, 0 broken, 0 not run"


def test_what_is_broken_says_what_was_expected_and_what_came(judge, flawed):
    flawed("no user_id")
    done = judge("--check", "W-reply-cancelled", "--check", "R4-compensation")
    assert done.returncode == 1, done.stderr
    assert "BROKEN   W-reply-cancelled" in done.stdout
    assert "expected: {'user_id': 'inventory'}" in done.stdout
    assert "came:     {'user_id': None}" in done.stdout
    assert "NOT RUN  R4-compensation" in done.stdout
    assert "needs --compensation\n" in done.stdout
    assert done.stdout.endswith("0 kept, 1 broken, 1 not run\n")


def test_the_report_is_one_for_a_ci_too(judge, flawed):
    flawed("no user_id")
    checks = [f"--check={id_}" for id_ in ("W-reply-cancelled", "R4-compensation", "R1-effect")]
    suite = ET.fromstring(judge(*checks, "-o", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["W-reply-cancelled"]
    outcomes = {one["id"]: one["outcome"] for one in json.loads(judge(*checks, "-o", "json").stdout)["checks"]}
    assert outcomes == {"R1-effect": "kept", "R4-compensation": "not run", "W-reply-cancelled": "broken"}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            ["--participant", "nobody"],
            "no queue is bound for nobody.reserve: add the participant to the broker's topology",
        ),
        (["--patience", "0.5"], "nobody answers for inventory: start the participant, or have --start do it"),
        (["--start", "echo no database; exit 3"], "no database"),
        (["--start", "true", "--url-variable", "ABSENT"], "ABSENT must hold the AMQP URL"),
        (["--input", "[1]"], "'[1]' is no JSON object"),
        (["--input", "{"], "'{' is not JSON"),
        (["--amqp-url", "amqp://nobody:wrong@127.0.0.1:1/x"], "--amqp-url: the broker cannot be reached"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_without_a_verdict_it_says_what_to_do(judge, options, error):
    done = judge(*options)
    assert done.returncode == 2, done.stdout
    assert error in done.stderr
    assert "Traceback" not in done.stderr


def test_it_does_not_start_a_second_participant(judge, flawed):
    flawed()
    done = judge("--start", "true")
    assert (done.returncode, done.stdout) == (2, "")
    assert "somebody answers for inventory already" in done.stderr


def test_an_effects_command_that_counts_nothing_is_no_verdict(judge, flawed):
    flawed()
    done = judge("--check", "R1-effect", "--effects-command", "echo many")
    assert done.returncode == 2
    assert "the effects command must print one number, it printed 'many\\n'" in done.stderr


def test_references_in_inputs_are_filled_in_and_keep_their_type():
    values = {"saga": "test-1", "output": {"hold": {"id": 7}}}
    template = {"order": "o-$(saga)", "hold": "$(output.hold)", "ids": ["$(output.hold.id)"], "plain": 1}
    assert fill(template, values) == {"order": "o-test-1", "hold": {"id": 7}, "ids": [7], "plain": 1}


def test_a_reference_to_nothing_says_what_there_is():
    with pytest.raises(KitError, match=r"\$\(output\.id\): there is no 'id' in"):
        fill({"a": "$(output.id)"}, {"output": {"hold": 1}})
