"""A participant written in Python with the chassis alone: no Flask in its interpreter, and it passes the kit."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from skald.testing.ports import free_port

from .conftest import PARTICIPANT
from .programs import EXAMPLES

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = EXAMPLES / "python"
ABSENT = {"flask", "werkzeug", "apiflask", "gunicorn", "joserfc", "prometheus_flask_exporter", "pybreaker", "urllib3"}


@pytest.fixture
def env(parts):
    database = parts.new_database(PARTICIPANT)
    return {
        "PYTHONPATH": str(Path(__file__).with_name("absent")),
        "ABSENT": ",".join(sorted(ABSENT)),
        "SKALD_SERVICE": PARTICIPANT,
        "SKALD_NAMESPACE": "shop",
        "SKALD_METRICS_BIND": f"127.0.0.1:{free_port()}",
        "SKALD_MONGODB_URI": parts.mongodb_uri(PARTICIPANT, database),
        "SKALD_MONGODB_DATABASE": database,
    }


def test_what_is_absent_is_what_the_extra_web_brings():
    chassis = tomllib.loads((ROOT / "services" / "chassis" / "pyproject.toml").read_text())["project"]
    assert {name.replace("-", "_") for name in chassis["optional-dependencies"]["web"]} | {"werkzeug"} == ABSENT


def test_flask_cannot_be_imported_there(env):
    done = subprocess.run([sys.executable, "-c", "import flask"], env=env, capture_output=True, text=True, check=False)
    assert "No module named 'flask'" in done.stderr


def test_the_python_example_passes_the_kit_without_flask(kit, env, dead_letters):
    python = sys.executable
    kit = replace(kit, url_variable="SKALD_AMQP_URL")
    verdict = kit.verdict([python, str(EXAMPLE / "participant.py")], [python, str(EXAMPLE / "effects.py")], env=env)
    not_kept = {id_: check for id_, check in verdict.items() if check["outcome"] != "kept"}
    assert set(not_kept) == {"R7-horizon"}, not_kept
    assert dead_letters() > 0, "what nobody can act on is kept for whoever looks into it"


def test_the_python_example_is_as_short_as_its_page_says():
    code = [line for line in (EXAMPLE / "participant.py").read_text().splitlines() if line.strip()]
    assert len(code) <= 40
