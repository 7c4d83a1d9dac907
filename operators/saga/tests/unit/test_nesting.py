"""JSON of any depth can be read, and what is deeper than every rule is not there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain import nesting
from saga_operator.domain.nesting import LEVELS, shallow

JSON = Any
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=30,
)
AWKWARD = 'brackets {[ quotes \\" and a backslash \\\\'


def nested(value: JSON, levels: int, opening: str = "object") -> JSON:
    for level in range(levels):
        lists = opening == "list" or (opening == "both" and level % 2)
        value = [value] if lists else {AWKWARD: value}
    return value


def written(value: JSON) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def cut(value: JSON, levels: int) -> JSON:
    """The definition of what ``shallow`` makes of a document that it finds too deep."""
    if isinstance(value, dict):
        return {key: cut(item, levels - 1) for key, item in value.items()} if levels else None
    if isinstance(value, list):
        return [cut(item, levels - 1) for item in value] if levels else None
    return value


@given(VALUES, st.sampled_from(["object", "list", "both"]), st.integers(0, 20))
def test_what_is_not_too_deep_stays_as_it_is(value: JSON, opening: str, levels: int) -> None:
    document = written(nested(value, levels, opening))
    assert shallow(document) is document


@given(VALUES, VALUES, st.sampled_from(["object", "list", "both"]), st.integers(1, 20))
def test_what_is_deeper_is_null_and_all_else_is_there(value: JSON, beside: JSON, opening: str, levels: int) -> None:
    deep = {"deep": nested(value, 40 * levels + 2 * LEVELS, opening), "beside": beside}
    assert json.loads(shallow(written(deep))) == cut(deep, LEVELS)


@pytest.mark.parametrize("opening", ["object", "list", "both"])
def test_what_the_rules_let_through_is_not_cut(opening: str) -> None:
    document = written(nested(1, LEVELS, opening))
    assert shallow(document) is document


def test_many_siblings_are_not_deep() -> None:
    document = written([{"a": [{}] * 10, "b": AWKWARD}] * 1000)
    assert shallow(document) is document


def test_a_document_that_is_cut_can_be_decoded_by_everyone() -> None:
    document = shallow(b'{"a":' * 9_990 + b"1" + b"}" * 9_990)
    assert json.loads(document)
    assert nesting._is_deep(document) is False
