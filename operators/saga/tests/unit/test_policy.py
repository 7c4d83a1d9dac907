import pytest
from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain.policy import Retry

RETRY = Retry(initial=0.2, coefficient=2.0, maximum=30.0, attempts=5, final_codes=frozenset({"InvalidInput"}))

policies = st.builds(
    Retry,
    initial=st.floats(0.001, 60),
    coefficient=st.floats(1, 10),
    maximum=st.floats(60, 86_400),
    attempts=st.one_of(st.none(), st.integers(1, 1000)),
    final_codes=st.just(frozenset()),
)


def test_intervals_double_up_to_the_maximum():
    assert [RETRY.interval(n) for n in (1, 2, 3, 8, 9, 10_000)] == [0.2, 0.4, 0.8, 25.6, 30.0, 30.0]


def test_a_coefficient_of_one_keeps_the_interval():
    steady = Retry(1.0, 1.0, 30.0, 5, frozenset())
    assert [steady.interval(n) for n in (1, 2, 500)] == [1.0, 1.0, 1.0]
    assert steady.patience == 1


@given(policies, st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_full_jitter_within_the_interval(retry, attempt, jitter):
    assert 0 <= retry.delay(attempt, jitter) <= retry.interval(max(attempt, 1)) <= retry.maximum


@given(policies)
def test_the_interval_is_largest_from_the_attempt_that_patience_names(retry):
    assert all(retry.interval(retry.patience) >= retry.interval(n) for n in range(1, min(retry.patience, 50)))
    assert retry.interval(retry.patience) == retry.interval(retry.patience + 100)


def test_failures_exhaust_a_policy_by_number_or_by_code():
    assert not RETRY.exhausted(4, "Boom")
    assert RETRY.exhausted(5, "Boom")
    assert RETRY.exhausted(1, "InvalidInput")


def test_without_a_number_of_attempts_only_a_code_exhausts():
    forever = Retry(0.5, 2.0, 60.0, None, frozenset({"Gone"}))
    assert not forever.exhausted(10_000, "Boom")
    assert forever.exhausted(1, "Gone")


def test_the_longest_time_counts_every_timeout_and_every_wait():
    assert RETRY.longest(5.0) == pytest.approx(5 * 5 + 0.2 + 0.4 + 0.8 + 1.6)
