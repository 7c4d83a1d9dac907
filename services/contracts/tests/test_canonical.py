"""RFC 8785: both sides of the wire must compute the same bytes, so the RFC's own examples are held against ours."""

import json
import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from skald_wire import NotRepresentable, canonical, fingerprint, normalise
from skald_wire.names import DEPTH_LIMIT

EXACT = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer() or abs(x) < 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.booleans() | EXACT | NUMBERS | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner | st.none(), max_size=4),
    max_leaves=20,
)


def test_rfc8785_sample_of_section_3_2_2_without_what_the_wire_refuses():
    # The RFC's sample also holds 1E30 and a null inside a list; the wire refuses both (tests below).
    value = {
        "numbers": [333333333.33333329, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [True, False],
    }
    expected = (
        '{"literals":[true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(value) == expected.encode()


def test_rfc8785_keys_are_sorted_by_utf16_code_units():
    value = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical(value)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, b"0"),
        (-0.0, b"0"),
        (5e-324, b"5e-324"),
        (9007199254740991.0, b"9007199254740991"),
        (1e-6, b"0.000001"),
        (1e-7, b"1e-7"),
        (333333333.3333332, b"333333333.3333332"),
        (333333333.33333325, b"333333333.33333325"),
        (-0.0000033333333333333333, b"-0.0000033333333333333333"),
    ],
)
def test_rfc8785_numbers_of_appendix_b(number, text):
    assert canonical(number) == text


@given(VALUES)
def test_rfc8785_bytes_are_those_of_the_reference_encoder(value):
    assert canonical(value) == rfc8785.dumps(normalise(value))


@given(VALUES)
def test_I1_normalising_twice_is_normalising_once(value):
    assert normalise(normalise(value)) == normalise(value)


@given(VALUES)
def test_I1_a_value_survives_the_journey_through_a_json_store(value):
    stored = json.loads(canonical(value))
    assert normalise(stored) == normalise(value)
    assert canonical(stored) == canonical(value)


@given(st.dictionaries(TEXT, VALUES | st.none()))
def test_I1_an_absent_field_and_a_null_field_are_the_same(value):
    assert canonical(value) == canonical({key: item for key, item in value.items() if item is not None})


@given(EXACT)
def test_I1_a_whole_float_and_its_integer_are_the_same(number):
    assert canonical(float(number)) == canonical(number) == str(number).encode()


@given(st.dictionaries(TEXT, SCALARS))
def test_I1_the_order_of_keys_does_not_matter(value):
    assert canonical(dict(reversed(list(value.items())))) == canonical(value)


def nested(levels):
    value: object = "core"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": 2**53}, r"\$\.a: the integer 9007199254740992 is beyond 2\^53"),
        ([-(2**53)], r"\$\[0\]: the integer -9007199254740992 is beyond"),
        (1e30, r"\$: the number 1e\+30 is whole and beyond 2\^53"),
        (math.nan, "nan is no JSON number"),
        ({"deep": [math.inf]}, r"\$\.deep\[0\]: inf is no JSON number"),
        ([1, None], r"\$\[1\]: a list must not hold null"),
        ({"a": b"x"}, r"\$\.a: bytes is no JSON type"),
        ({1: "x"}, r"the key 1 is no string"),
        ({"a": "\ud800"}, r"\$\.a: the text holds half a surrogate pair"),
        ({"\udc00": 1}, r"a key of \$: the text holds half a surrogate pair"),
        (nested(DEPTH_LIMIT + 1), f"nested deeper than {DEPTH_LIMIT} levels"),
    ],
)
def test_what_cannot_travel_unchanged_is_refused_by_name_and_place(value, reason):
    with pytest.raises(NotRepresentable, match=reason):
        canonical(value)


def test_the_deepest_allowed_value_still_travels():
    assert json.loads(canonical(nested(DEPTH_LIMIT))) == nested(DEPTH_LIMIT)


def test_R6_the_fingerprint_is_this_one_for_ever():
    command_input = {"orderId": "4711", "lines": [{"sku": "harp", "quantity": 2}], "note": None}
    assert (
        fingerprint("place-order-v1", "reserve-stock", "reserve", command_input)
        == "36f72b1a7aeed63c21d82bb982cb39d13bacf2e1adf3bee26e61d5cde681e7b0"
    )


@given(
    first=st.tuples(TEXT, TEXT, TEXT, st.dictionaries(TEXT, SCALARS)),
    second=st.tuples(TEXT, TEXT, TEXT, st.dictionaries(TEXT, SCALARS)),
)
def test_R6_another_meaning_has_another_fingerprint(first, second):
    same = canonical(list(first)) == canonical(list(second))
    assert (fingerprint(*first) == fingerprint(*second)) == same
