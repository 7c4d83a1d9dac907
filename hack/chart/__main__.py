"""Write what is generated of the chart: values.schema.json, docs/values.md and the renders under examples/.

With ``--check`` nothing is written; exit status 1 and a list of what would change, if anything would.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final

from hack.chart.examples import render_examples
from hack.chart.reference import render_reference
from hack.chart.schema import render_schema
from hack.chart.values import read_values
from hack.embedded.instance import REPOSITORY


def from_values() -> dict[str, str]:
    """Path in the repository -> content, of what is made of values.yaml."""
    values = read_values()
    return {
        "values.schema.json": json.dumps(render_schema(values), indent=2, ensure_ascii=False) + "\n",
        "docs/values.md": render_reference(values),
    }


STEPS: Final = (from_values, render_examples)
"""In this order: nothing is rendered but by the schema that is in the file."""


def stale() -> list[str]:
    """The paths whose content is not what it would be now; those of the first step that has any."""
    for step in STEPS:
        if paths := [path for path, content in step().items() if _read(path) != content]:
            return paths
    return []


def _read(path: str) -> str:
    file = REPOSITORY / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def main() -> int:
    """Exit status 0 if all is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m hack.chart", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    if parser.parse_args().check:
        paths = stale()
        print("\n".join(f"{path} is stale: run python -m hack.chart" for path in paths) or "all as it should be")
        return 1 if paths else 0
    for step in STEPS:
        for path, content in step().items():
            file = REPOSITORY / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
