"""docs/values.md, from the values and their comments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from hack.chart.values import Value

_HEAD = """# Values

Generated from the comments in `values.yaml` by `python -m hack.chart`; do not edit. A value that is not listed here is
refused. Differences for kinds of installation: `values-minimal.yaml`, `values-kind.yaml`, `values-production.yaml`.
"""


def render_reference(values: Sequence[Value]) -> str:
    """One table for each top-level key."""
    return _HEAD + "".join(line for value in values for line in _section(value))


def _section(section: Value) -> Iterator[str]:
    yield f"\n## {section.name}\n\n{section.text}\n\n| Value | Default | Meaning |\n|---|---|---|\n"
    for value in section.below():
        yield f"| `{'.'.join(value.path)}` | {'' if value.children else _code(value.default)} | {_meaning(value)} |\n"


def _code(default: object) -> str:
    text = json.dumps(default, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 100 else "see `values.yaml`"


def _meaning(value: Value) -> str:
    choices = value.schema.get("enum")
    text = f"{value.text} One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else value.text
    return text.replace("|", "\\|")
