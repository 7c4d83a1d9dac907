from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from saga_operator.engine.merge import merge_patch

# Nulls never occur: outputs are normalised before they are stored, and absent fields are left out.
values = st.recursive(
    st.booleans() | st.text(max_size=3) | st.floats(allow_nan=False).map(lambda number: number + 0.5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.text(max_size=2), values, max_size=4)


def apply_as_rfc_7386_says(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply_as_rfc_7386_says(result.get(key), value)
    return result


@given(documents, documents)
def test_the_patch_turns_before_into_after(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert apply_as_rfc_7386_says(before, merge_patch(before, after)) == after


@given(documents)
def test_equal_documents_need_no_write(document: dict[str, Any]) -> None:
    assert merge_patch(document, dict(document)) == {}


def test_a_field_that_vanishes_is_sent_as_null() -> None:
    before = {"failure": {"code": "X"}, "steps": {"a": {"state": "Running", "error": {"code": "E"}}}}
    after = {"steps": {"a": {"state": "Succeeded"}}}
    assert merge_patch(before, after) == {"failure": None, "steps": {"a": {"state": "Succeeded", "error": None}}}
