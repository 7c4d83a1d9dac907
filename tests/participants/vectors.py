"""Vectors of canonical JSON and fingerprints for any value, as Python computes them, for the other languages."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from skald_wire import canonical, fingerprint

from .programs import EXAMPLES

COMMITTED = EXAMPLES.parents[1] / "services" / "contracts" / "vectors.json"

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer() or abs(x) < 2**53)
SCALARS = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | NUMBERS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner | st.none(), max_size=4),
    max_leaves=12,
)
INPUTS = st.dictionaries(TEXT, VALUES, max_size=4)


def of_any_values(folder: Path, examples: int = 300) -> Path:
    """A file of the form of vectors.json."""
    vectors = {"canonical": [], "refused": [], "fingerprints": []}

    @settings(max_examples=examples, deadline=None, database=None)
    @given(VALUES, TEXT, TEXT, TEXT, INPUTS)
    def collect(value, definition, step, command, given_input):
        vectors["canonical"].append({"json": json.dumps(value), "canonical": canonical(value).decode()})
        names = {"definition": definition, "step": step, "command": command}
        expected = fingerprint(definition, step, command, given_input)
        vectors["fingerprints"].append({**names, "input": json.dumps(given_input), "fingerprint": expected})

    collect()
    file = folder / "vectors.json"
    file.write_text(json.dumps(vectors))
    return file
