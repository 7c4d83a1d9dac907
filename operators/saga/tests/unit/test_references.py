import pytest
from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain.references import BadReference, Reference, Unresolvable, parse, parse_one

INPUT = {"orderId": "o-1", "total": {"amount": 1200, "currency": "EUR"}, "lines": [{"sku": "harp"}], "gift": False}
OUTPUTS = {"reserve": {"id": "r-1", "deep": {"er": [1, 2]}}}

words = st.text(max_size=6)
json_values = st.recursive(
    st.one_of(st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)


def resolve(value):
    return parse({"value": value}).resolve(INPUT, OUTPUTS.get)["value"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$(input.orderId)", "o-1"),
        ("$(input.total)", {"amount": 1200, "currency": "EUR"}),
        ("$(input.total.amount)", 1200),
        ("$(input.lines)", [{"sku": "harp"}]),
        ("$(input.gift)", False),
        ("$(steps.reserve.output.deep.er)", [1, 2]),
    ],
)
def test_a_value_that_is_one_whole_reference_keeps_its_json_type(text, value):
    assert resolve(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("order $(input.orderId)", "order o-1"),
        ("$(input.orderId)/$(steps.reserve.output.id)", "o-1/r-1"),
        ("$(input.total.amount) cents", "1200 cents"),
        ("gift: $(input.gift)", "gift: false"),
        ("$(input.total)!", '{"amount":1200,"currency":"EUR"}!'),
    ],
)
def test_a_reference_inside_text_becomes_text(text, value):
    assert resolve(text) == value


def test_references_are_found_at_any_depth_and_the_rest_stays_as_it_is():
    value = {"a": ["$(input.orderId)", 1, {"b": "x-$(steps.reserve.output.id)"}], "c": True, "d": "$5 (five)"}
    template = parse(value)
    assert [str(each) for each in template.references] == ["$(input.orderId)", "$(steps.reserve.output.id)"]
    resolved = template.resolve(INPUT, OUTPUTS.get)
    assert resolved == {"a": ["o-1", 1, {"b": "x-r-1"}], "c": True, "d": "$5 (five)"}


@given(st.dictionaries(words, json_values, max_size=3))
def test_a_value_without_references_means_itself(value):
    assert "$(" in str(value) or parse(value).resolve({}, OUTPUTS.get) == value


@given(json_values)
def test_any_json_value_comes_through_a_whole_reference_unchanged(value):
    assert parse({"value": "$(input.field)"}).resolve({"field": value}, OUTPUTS.get) == {"value": value}


@pytest.mark.parametrize(
    "text",
    [
        "$(input)", "$(inputs.a)", "$(input.)", "$(input.a", "$(steps.reserve.id)", "$(steps.reserve.output)",
        "$()", "$(input.a b)", "$(input.a[0])", "x $(y) z", "$(input.$(input.a))", "$(step.reserve.output.id)",
    ],
)  # fmt: skip
def test_what_opens_a_reference_and_is_none_is_refused(text):
    with pytest.raises(BadReference):
        parse({"value": text})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("$(input.missing)", "there is no field missing"),
        ("$(input.total.tax.rate)", "there is no field total.tax"),
        ("$(input.orderId.length)", "there is no field orderId.length"),
        ("$(steps.other.output.id)", "the step other has no output"),
        ("at $(steps.reserve.output.name)", "there is no field name"),
    ],
)
def test_a_reference_to_what_is_missing_says_where_it_ends(text, complaint):
    with pytest.raises(Unresolvable, match=complaint):
        resolve(text)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (2**60, "beyond 2\\^53"),
        ([1, None], "must not hold null"),
        ({"deep": [2**53]}, r"\$\.deep\[0\]: the integer"),
        (float("inf"), "no JSON number"),
    ],
)
def test_a_value_that_cannot_travel_cannot_become_text_and_says_why(value, complaint):
    with pytest.raises(Unresolvable, match=rf"^\$\(input\.field\) cannot become text: .*{complaint}"):
        parse({"value": "order-$(input.field)"}).resolve({"field": value}, OUTPUTS.get)


def test_a_clause_takes_one_whole_reference():
    assert parse_one("$(input.risk)") == Reference(None, ("risk",))
    with pytest.raises(BadReference, match="one reference"):
        parse_one("risk is $(input.risk)")
    with pytest.raises(BadReference, match="one reference"):
        parse_one("risk")
