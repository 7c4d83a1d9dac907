"""I1: the id of a command is a function of its name, so these exact values must come out for ever."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skald_wire import Direction, Kind, command_id, saga_key

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
QUADRUPLE = st.tuples(NAMES, NAMES, NAMES, st.sampled_from(Kind))


@pytest.mark.parametrize(
    ("namespace", "key", "step", "kind", "expected"),
    [
        ("shop", "order-4711", "reserve-stock", Kind.ACTION, "f2975dde-1519-552a-a3f9-511b5ca8f422"),
        ("shop", "order-4711", "reserve-stock", Kind.COMPENSATION, "ab31f918-bfdf-5b16-891c-664764d62831"),
        ("shop", "order-4711", "capture-payment", Kind.ACTION, "dcb97ab1-e7bb-5933-ab88-4ee48f2ef9f5"),
        ("shop", "Bestellung-ä/1", "reserve-stock", Kind.ACTION, "f1e34927-c003-5ceb-8186-7d94e0016b00"),
        ("lager", "order-4711", "reserve-stock", Kind.ACTION, "e44f35e1-26d4-5530-b742-b7da923e2a4c"),
    ],
)
def test_I1_golden_ids(namespace, key, step, kind, expected):
    assert command_id(namespace, key, step, kind) == expected


@given(QUADRUPLE)
def test_I1_an_id_is_a_uuid_of_version_5(parts):
    assert uuid.UUID(command_id(*parts)).version == 5


@given(QUADRUPLE, QUADRUPLE)
def test_I1_no_two_commands_share_an_id(first, second):
    assert (command_id(*first) == command_id(*second)) == (first == second)


def test_I1_an_action_and_its_compensation_travel_in_opposite_directions():
    assert Direction.FORWARD.kind is Kind.ACTION
    assert Direction.BACKWARD.kind is Kind.COMPENSATION


def test_the_saga_key_names_the_participants_document():
    assert saga_key("shop", "order-4711") == "shop/order-4711"
