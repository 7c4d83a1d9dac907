import pytest
from catalog.domain import MAX_LINES, MAX_QUANTITY, BasketError, Line, PricedLine, Product, Quote, check_basket, quote
from hypothesis import given
from hypothesis import strategies as st
from skald.money import LARGEST_AMOUNT, Money


def product(sku, amount, currency="EUR"):
    return Product(sku, sku.title(), "", Money(amount, currency))


def shelf(*products):
    return {product.sku: product for product in products}


HARP, DRUM = product("harp", 129_900), product("drum", 24_900)
BASKETS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(1, MAX_QUANTITY), st.integers(1, 10**9)),
    min_size=1,
    unique_by=lambda line: line[0],
)


def test_a_basket_costs_the_sum_of_its_lines():
    assert quote([Line("harp", 2), Line("drum", 1)], shelf(HARP, DRUM)) == Quote(
        lines=[
            PricedLine(Line("harp", 2), Money(129_900, "EUR"), Money(259_800, "EUR")),
            PricedLine(Line("drum", 1), Money(24_900, "EUR"), Money(24_900, "EUR")),
        ],
        total=Money(284_700, "EUR"),
        unknown_skus=(),
    )


@given(BASKETS)
def test_the_total_is_exact_and_every_line_is_priced_in_its_order(basket):
    lines = [Line(sku, quantity) for sku, quantity, _ in basket]
    priced = quote(lines, shelf(*(product(sku, price) for sku, _, price in basket)))
    assert [line.line for line in priced.lines] == lines
    assert priced.total == Money(sum(quantity * price for _, quantity, price in basket), "EUR")


def test_unknown_skus_are_all_named_and_nothing_is_priced():
    priced = quote([Line("kazoo", 1), Line("harp", 1), Line("gong", 1)], shelf(HARP))
    assert priced == Quote((), None, ["kazoo", "gong"])


def test_prices_in_two_currencies_cannot_be_added():
    with pytest.raises(BasketError, match="priced in EUR and USD"):
        quote([Line("harp", 1), Line("gong", 1)], shelf(HARP, product("gong", 1, "USD")))


def test_a_total_that_json_cannot_carry_exactly_is_refused():
    with pytest.raises(BasketError, match="more than one order can carry"):
        quote([Line("gong", 2)], shelf(product("gong", LARGEST_AMOUNT)))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "has 1 to 50 lines, this one has 0"),
        ([Line(f"s{number}", 1) for number in range(MAX_LINES + 1)], "this one has 51"),
        ([Line("harp", 0)], "harp: the quantity must be 1 to 1000, not 0"),
        ([Line("harp", -1)], "not -1"),
        ([Line("harp", MAX_QUANTITY + 1)], "not 1001"),
        ([Line("harp", 1), Line("drum", 1), Line("harp", 2)], "harp stands in more than one line"),
    ],
)
def test_a_basket_that_nobody_could_price_is_refused(lines, reason):
    with pytest.raises(BasketError, match=reason):
        check_basket(lines)


def test_the_largest_basket_is_fine():
    check_basket([Line(f"s{number}", MAX_QUANTITY) for number in range(MAX_LINES)])
