"""An object that cannot be read is left alone with a sentence."""

from __future__ import annotations

import json

from saga_operator.domain.nesting import LEVELS
from saga_operator.kube import codec

METADATA = {"name": "o", "namespace": "shop", "uid": "u"}
DEEP = '{"in":' * 5000 + "1" + "}" * 5000


def stored(**spec: object) -> str:
    """An object as the API server sends it; "DEEP" stands for more levels than a decoder takes."""
    return json.dumps({"metadata": METADATA, "spec": spec}).replace('"DEEP"', DEEP)


def levels(value: object) -> int:
    depth = 0
    while isinstance(value, dict):
        depth, value = depth + 1, next(iter(value.values()))
    return depth


def test_I7_what_is_nested_too_deep_is_read_as_far_as_any_rule_looks():
    saga = codec.decode_saga(stored(definition="d-v1", input="DEEP").encode())
    definition = codec.decode_definition(stored(steps=[{"name": "a"}], inputSchema="DEEP").encode())
    decision = codec.decode_decision(
        stored(saga="s", action="Complete", by="ann", reason="why", output="DEEP").encode()
    )
    for value in (saga.spec.input, definition.spec.input_schema, decision.spec.output):
        assert 200 < levels(value) <= LEVELS


def test_I7_a_saga_that_is_nested_too_deep_does_not_hide_the_others_of_its_page():
    page = f'{{"items": [{stored(definition="d-v1", input="DEEP")}, {stored(definition="d-v2")}], "metadata": {{}}}}'
    sagas, _ = codec.decode_page(page.encode())
    assert [saga.spec.definition for saga in sagas] == ["d-v1", "d-v2"]


def test_I7_a_saga_that_the_types_do_not_take_does_not_hide_the_others_of_its_page(caplog):
    page = f'{{"items": [{stored(definition=7)}, {stored(definition="d-v1")}], "metadata": {{"continue": "more"}}}}'
    sagas, more = codec.decode_page(page.encode())
    assert ([saga.spec.definition for saga in sagas], more) == (["d-v1"], "more")
    assert "a listed saga cannot be read" in caplog.text
