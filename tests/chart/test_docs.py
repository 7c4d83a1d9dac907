"""What the documents name is there, and what needs a word from them has it."""

from __future__ import annotations

import re
from pathlib import Path

FOLDERS = (Path("tests/chart"), Path("tests/e2e"))


def test_every_test_that_the_promises_name_exists():
    files = [file for folder in FOLDERS for file in folder.glob("test_*.py")]
    functions = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    named = set(re.findall(r"`(test_[\w.]+)`", Path("docs/chart.md").read_text()))
    assert named
    assert named <= functions | {file.name for file in files}


def test_operations_says_what_to_do_about_every_alert():
    alerts = re.findall(r"alert: (\w+)", Path("charts/platform-lib/templates/_alerts.tpl").read_text())
    table = "".join(line for line in Path("docs/operations.md").read_text().splitlines() if line.startswith("|"))
    assert alerts
    assert [alert for alert in alerts if alert not in table] == []
