"""What stands between a target in trouble and us: budget, breaker, bulkhead, deadline."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from skald.clients.policy import DeadlineExceeded, Limits, RetryBudget, Silent, Target, Transient, Unavailable
from skald.deadline import deadline_scope


class Flaky:
    """Fails as often as told, then answers; remembers what time it was given."""

    def __init__(self, failures, error=Transient):
        self.failures = failures
        self.error = error
        self.given = []

    def __call__(self, seconds):
        self.given.append(seconds)
        if len(self.given) <= self.failures:
            raise self.error("it is in trouble")
        return "answer"


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def target(request, pauses):
    return Target(request.node.name, Limits(failures=100), sleep=pauses.append)


def call(target, attempt, *, idempotent=True, timeout=5.0):
    return target.call(attempt, timeout=timeout, idempotent=idempotent)


def test_an_idempotent_call_is_tried_again_with_full_jitter(target, pauses):
    attempt = Flaky(2)
    assert call(target, attempt) == "answer"
    assert len(attempt.given) == 3
    limits = Limits()
    bounds = [limits.shortest_pause, 2 * limits.shortest_pause]
    assert all(0 <= pause <= bound for pause, bound in zip(pauses, bounds, strict=True))


def test_a_call_that_is_not_idempotent_is_made_once(target):
    attempt = Flaky(1)
    with pytest.raises(Unavailable):
        call(target, attempt, idempotent=False)
    assert len(attempt.given) == 1


def test_attempts_are_bounded(target):
    attempt = Flaky(100)
    with pytest.raises(Unavailable) as refused:
        call(target, attempt)
    assert len(attempt.given) == Limits().attempts
    assert (refused.value.status, int(refused.value.headers["Retry-After"]) > 0) == (503, True)
    assert "it is in trouble" in refused.value.detail


def test_an_error_that_another_try_would_not_change_comes_through_at_once(target):
    attempt = Flaky(1, error=KeyError)
    with pytest.raises(KeyError):
        call(target, attempt)
    assert len(attempt.given) == 1


@given(st.lists(st.booleans(), max_size=400))
def test_retries_stay_within_a_tenth_of_the_calls_and_the_reserve(failing):
    budget, retries = RetryBudget(reserve=10), 0
    for fails in failing:
        budget.earn()
        retries += fails and budget.spend()
    assert retries <= 10 + len(failing) * RetryBudget.SHARE + 1e-6


def test_a_target_in_trouble_gets_few_more_calls_than_without_retries(target):
    attempt = Flaky(10_000)
    for _ in range(90):
        with pytest.raises(Unavailable):
            call(target, attempt)
    assert 90 < len(attempt.given) <= 90 + 10 + 9


def state_of(name):
    return REGISTRY.get_sample_value("client_breaker_state", {"target": name})


def open_breaker(name, open_for):
    target, attempt = Target(name, Limits(failures=3, attempts=1, open_for=open_for)), Flaky(3)
    for _ in range(3):
        with pytest.raises(Unavailable):
            call(target, attempt)
    assert state_of(name) == 2
    return target, attempt


def test_the_breaker_opens_and_fails_fast(request):
    target, attempt = open_breaker(request.node.name, open_for=3600)
    with pytest.raises(Unavailable, match="too often"):
        call(target, attempt)
    assert len(attempt.given) == 3, "an open breaker calls nobody"


def test_after_its_time_an_open_breaker_lets_one_call_through_and_its_success_closes_it(request):
    name = request.node.name
    target, attempt = open_breaker(name, open_for=0.05)
    ends = time.monotonic() + 10
    while time.monotonic() < ends and state_of(name) != 0:
        try:
            call(target, attempt)
        except Unavailable:
            time.sleep(0.01)
    assert state_of(name) == 0
    assert len(attempt.given) == 4, "one call went through to see"


def test_a_failed_probe_opens_the_breaker_again(request):
    target = Target(request.node.name, Limits(failures=1, attempts=1, open_for=0.02))
    attempt = Flaky(100)
    ends = time.monotonic() + 10
    while len(attempt.given) < 3 and time.monotonic() < ends:
        with pytest.raises(Unavailable):
            call(target, attempt)
        assert state_of(request.node.name) == 2
    assert len(attempt.given) == 3


def test_refusals_do_not_count_against_the_target(request):
    target = Target(request.node.name, Limits(failures=2, attempts=1))
    for _ in range(10):
        with pytest.raises(KeyError):
            call(target, Flaky(1, error=KeyError))
    assert state_of(request.node.name) == 0


def hurry(target, attempt, *, seconds=0.3, **options):
    with deadline_scope(seconds), pytest.raises(DeadlineExceeded) as late:
        call(target, attempt, **options)
    assert late.value.status == 504


@pytest.mark.parametrize("idempotent", [True, False])
def test_hurried_callers_do_not_open_the_breaker_for_everybody(request, idempotent):
    target = Target(request.node.name, Limits(failures=3))
    for _ in range(10):
        hurry(target, Flaky(100, error=Silent), idempotent=idempotent)
    assert state_of(request.node.name) == 0
    assert call(target, Flaky(0)) == "answer"


def test_a_hurried_call_that_meets_silence_is_tried_again_where_that_is_harmless(target):
    attempt = Flaky(1, error=Silent)
    with deadline_scope(0.5):
        assert call(target, attempt) == "answer"
    assert len(attempt.given) == 2


def test_a_hurried_callers_silence_does_not_make_good_for_failures_either(request):
    target = Target(request.node.name, Limits(failures=2, attempts=1))
    for _ in range(2):
        hurry(target, Flaky(1, error=Silent))
        with pytest.raises(Unavailable):
            call(target, Flaky(1))
    assert state_of(request.node.name) == 2


@pytest.mark.parametrize("left", [None, 9.0, 1.6])
def test_silence_for_a_fair_time_counts_against_the_target(request, left):
    target = Target(request.node.name, Limits(failures=2, attempts=1))
    for _ in range(2):
        with deadline_scope(left or 100.0), pytest.raises(DeadlineExceeded):
            call(target, Flaky(1, error=Silent))
    assert state_of(request.node.name) == 2


def test_silence_for_all_of_a_short_timeout_counts_whatever_the_caller_has_left(request):
    target = Target(request.node.name, Limits(failures=2, attempts=1))
    for _ in range(2):
        with deadline_scope(10.0), pytest.raises(DeadlineExceeded):
            call(target, Flaky(1, error=Silent), timeout=0.2)
    assert state_of(request.node.name) == 2


def test_what_fails_at_once_counts_against_the_target_however_hurried_the_caller_is(request):
    target = Target(request.node.name, Limits(failures=2, attempts=1))
    for _ in range(2):
        with deadline_scope(0.3), pytest.raises(Unavailable):
            call(target, Flaky(1))
    assert state_of(request.node.name) == 2


def test_where_a_pause_takes_the_rest_of_the_time_the_answer_is_what_came_before_it(request):
    sleeper = Target(request.node.name, sleep=lambda _: time.sleep(0.6))
    with pytest.raises(Unavailable, match="it is in trouble"):
        call(sleeper, Flaky(100), timeout=0.5, idempotent=True)


def half_open(name, attempt):
    """A breaker whose first probe is such an attempt in a hurry."""
    target, _ = open_breaker(name, open_for=0.05)
    time.sleep(0.1)
    hurry(target, attempt)
    assert state_of(name) == 1
    return target


def test_a_hurried_probe_that_meets_silence_leaves_the_verdict_to_the_next(request):
    name, silent = request.node.name, Flaky(100, error=Silent)
    target = half_open(name, silent)
    hurry(target, silent)
    assert (state_of(name), len(silent.given)) == (1, 2), "each of them was let through"
    assert call(target, Flaky(0)) == "answer"
    assert state_of(name) == 0


def test_a_probe_with_a_fair_time_opens_the_breaker_again_after_a_hurried_one(request):
    target = half_open(request.node.name, Flaky(1, error=Silent))
    with pytest.raises(DeadlineExceeded):
        call(target, Flaky(1, error=Silent))
    assert state_of(request.node.name) == 2


def test_while_one_call_probes_the_others_are_refused(request):
    target, _ = open_breaker(request.node.name, open_for=0.05)
    time.sleep(0.1)

    def probe(_):
        with pytest.raises(Unavailable, match="too often"):
            call(target, Flaky(0))
        return "answer"

    assert call(target, probe) == "answer"
    assert state_of(request.node.name) == 0


def begin_and_hang(target, *outcome):
    """A call that is under way, and what ends it: with this error, if there is one."""
    began, release = threading.Event(), threading.Event()

    def attempt(_):
        began.set()
        release.wait(10)
        for error in outcome:
            raise error
        return "answer"

    def run():
        with suppress(Unavailable):
            call(target, attempt, idempotent=False, timeout=30)

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(10)

    def end():
        release.set()
        thread.join(10)

    return end


@pytest.fixture
def outdated(request):
    """A breaker that opened, and is ready for a probe, while calls with these outcomes were under way."""

    def open_meanwhile(*outcomes):
        target = Target(request.node.name, Limits(failures=2, attempts=1, open_for=0.05))
        ends = [begin_and_hang(target, *outcome) for outcome in outcomes]
        for _ in range(2):
            with pytest.raises(Unavailable):
                call(target, Flaky(1))
        assert state_of(request.node.name) == 2
        time.sleep(0.1)
        return target, ends

    return open_meanwhile


def test_an_old_calls_failure_does_not_spoil_the_probe_that_is_under_way(request, outdated):
    target, (end,) = outdated([Transient("from before")])

    def probe(_):
        end()
        return "answer"

    assert call(target, probe) == "answer"
    assert state_of(request.node.name) == 0


@pytest.mark.parametrize("outcome", [[], [Transient("from before")]])
def test_an_old_calls_end_is_no_probe(request, outdated, outcome):
    _, (end,) = outdated(outcome)
    end()
    assert state_of(request.node.name) == 2


def test_an_old_calls_success_does_not_close_the_breaker_in_the_probes_place(request, outdated):
    target, (end,) = outdated([])

    def probe(_):
        end()
        assert state_of(request.node.name) == 1
        raise Transient("still in trouble")

    with pytest.raises(Unavailable, match="still in trouble"):
        call(target, probe)
    assert state_of(request.node.name) == 2


def test_calls_run_side_by_side_and_the_bulkhead_bounds_them(request):
    target = Target(request.node.name, Limits(concurrency=3))
    together, release = threading.Barrier(4), threading.Event()

    def attempt(_):
        together.wait(10)
        release.wait(10)
        return "answer"

    answers = []
    threads = [threading.Thread(target=lambda: answers.append(call(target, attempt, timeout=30))) for _ in range(3)]
    for thread in threads:
        thread.start()
    together.wait(10)
    with pytest.raises(Unavailable, match="3 calls to it are under way"):
        call(target, attempt)
    release.set()
    for thread in threads:
        thread.join()
    assert answers == ["answer"] * 3
    assert call(target, lambda _: "room again") == "room again"


def test_the_callers_deadline_leaves_a_margin(target):
    attempt = Flaky(0)
    with deadline_scope(1.0):
        call(target, attempt, timeout=5.0, idempotent=False)
    call(target, attempt, timeout=2.0, idempotent=False)
    assert 0 < attempt.given[0] < 1.0
    assert 1.0 < attempt.given[1] <= 2.0


def test_after_the_deadline_nobody_is_called(target):
    attempt = Flaky(0)
    with deadline_scope(0.05), pytest.raises(DeadlineExceeded) as late:
        call(target, attempt)
    assert attempt.given == []
    assert late.value.status == 504


def test_an_attempt_leaves_time_for_another_where_that_is_harmless(target):
    attempt = Flaky(1, error=Silent)
    assert call(target, attempt, timeout=800.0) == "answer"
    first, second = attempt.given
    assert 350 < first <= 400
    assert 350 < second <= 400, "the first failed at once, so that all of its time was left"


def test_a_call_that_may_be_made_once_only_has_all_the_time(target):
    attempt = Flaky(0)
    call(target, attempt, timeout=800.0, idempotent=False)
    assert 750 < attempt.given[0] <= 800


def test_who_is_silent_to_the_last_is_late_not_unavailable(target):
    with pytest.raises(DeadlineExceeded):
        call(target, Flaky(100, error=Silent))


def test_outcomes_are_counted(request, target):
    def count(outcome):
        return REGISTRY.get_sample_value("client_calls_total", {"target": request.node.name, "outcome": outcome})

    call(target, Flaky(0))
    with pytest.raises(Unavailable):
        call(target, Flaky(1), idempotent=False)
    with pytest.raises(KeyError):
        call(target, Flaky(1, error=KeyError))
    assert (count("answered"), count("unavailable"), count("failed")) == (1, 1, 1)
