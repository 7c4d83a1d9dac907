import pytest
from hypothesis import given
from hypothesis import strategies as st
from orders.domain import Concluded, Order, PricedLine, Status, repeated_skus
from skald.money import Money

ORDER = Order(
    id="7b0f3c52-6a5e-5b7b-9a2e-0c6f5a8d1e44",
    user="ada",
    request="f" * 64,
    lines=(PricedLine("harp", 2, Money(129_900, "EUR"), Money(259_800, "EUR")),),
    total=Money(259_800, "EUR"),
    payment_method="pm_ok",
    address="default",
    placed_at="2025-11-22T12:00:00.000Z",
)
VERDICTS = {
    Status.CONFIRMED: lambda order: order.confirm(),
    Status.REJECTED: lambda order: order.reject("OutOfStock"),
    Status.CANCELLED: lambda order: order.cancel("CancelRequested"),
    Status.NEEDS_ATTENTION: lambda order: order.need_attention("Aborted", "Stopped by sam."),
}


def test_an_order_begins_pending_and_without_a_reason():
    assert (ORDER.status, ORDER.reason) == (Status.PENDING, None)


def test_a_confirmed_order_needs_no_reason():
    confirmed = ORDER.confirm()
    assert (confirmed.status, confirmed.reason) == (Status.CONFIRMED, None)


def test_a_rejected_order_says_why():
    rejected = ORDER.reject("CardDeclined")
    assert (rejected.status, rejected.reason) == (Status.REJECTED, "CardDeclined")


def test_an_aborted_order_says_why_in_a_sentence_too():
    stopped = ORDER.need_attention("Aborted", "Stopped by sam.")
    assert (stopped.status, stopped.reason, stopped.message) == (Status.NEEDS_ATTENTION, "Aborted", "Stopped by sam.")


def test_a_cancel_is_asked_for_and_decided_later():
    asked = ORDER.request_cancel()
    assert (asked.status, asked.cancel_requested) == (Status.PENDING, True)
    assert asked.request_cancel() == asked


@pytest.mark.parametrize("verdict", VERDICTS)
def test_after_the_verdict_there_is_nothing_to_cancel(verdict):
    with pytest.raises(Concluded, match=f"is {verdict}"):
        VERDICTS[verdict](ORDER).request_cancel()


@pytest.mark.parametrize("first", VERDICTS)
@pytest.mark.parametrize("second", VERDICTS)
def test_a_verdict_stays(first, second):
    concluded = VERDICTS[first](ORDER)
    with pytest.raises(Concluded, match=f"is {first} and cannot become {second}"):
        VERDICTS[second](concluded)


@given(st.lists(st.sampled_from("abc")))
def test_repeated_skus_are_those_met_more_than_once(skus):
    assert set(repeated_skus(skus)) == {sku for sku in skus if skus.count(sku) > 1}
    assert len(set(repeated_skus(skus))) == len(repeated_skus(skus))
