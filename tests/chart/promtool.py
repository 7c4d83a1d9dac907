"""What Prometheus itself says of alert rules."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tests.chart.alerts import Case, Series
from tests.chart.renders import Object

SCRAPE: Final = "15s"


@dataclass(frozen=True)
class Promtool:
    """Prometheus' own program, and a folder to work in."""

    program: Path
    folder: Path

    def check(self, groups: Sequence[Object]) -> None:
        """Raise AssertionError with what Prometheus does not understand of the rules."""
        self._run("check", self._write("rules.yaml", {"groups": groups}))

    def judge(self, group: Object, case: Case, series: Series, alerts: Sequence[Object]) -> None:
        """Raise AssertionError unless ``series`` make exactly these alerts of the case's name at its moment."""
        rules = self._write("rules.yaml", {"groups": [group]})
        test = {
            "interval": SCRAPE,
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "alert_rule_test": [{"eval_time": case.at, "alertname": case.alert, "exp_alerts": alerts}],
        }
        tests = {"rule_files": [rules.name], "evaluation_interval": SCRAPE, "tests": [test]}
        self._run("test", self._write("tests.yaml", tests))

    def _write(self, name: str, content: Object) -> Path:
        file = self.folder / name
        file.write_text(yaml.safe_dump(content))
        return file

    def _run(self, verb: str, file: Path) -> None:
        done = subprocess.run([self.program, verb, "rules", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
