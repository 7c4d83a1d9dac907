import pytest
from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain import durations, moments


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("5s", 5), ("1.5s", 1.5), ("10m", 600), ("1h30m", 5400), ("720h", 2_592_000), ("1m30s", 90)],
)
def test_a_duration_is_read_as_kubernetes_users_write_it(text, seconds):
    assert durations.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "1d", "-5s", "5s ", "1e3s", "five", ".5s", "5.s"])
def test_what_is_no_duration_is_refused_with_the_form_that_is(text):
    with pytest.raises(ValueError, match="such as 200ms or 1h30m"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0ms"), (0.2, "200ms"), (1.5, "1.5s"), (5, "5s"), (59.96, "1m"), (90, "1m30s"), (5400, "1h30m"), (7200, "2h")],
)
def test_a_duration_is_shown_short(seconds, text):
    assert durations.show(seconds) == text


@given(st.floats(min_value=0.001, max_value=2_592_000))
def test_what_is_shown_can_be_read_again_and_is_close(seconds):
    again = durations.parse(durations.show(seconds))
    assert again == pytest.approx(seconds, rel=0.03, abs=0.001)


@given(st.floats(min_value=0, max_value=4_000_000_000))
def test_a_moment_survives_being_shown_to_the_millisecond(moment):
    assert moments.parse(moments.show(moment)) == pytest.approx(moment, abs=0.0011)


def test_a_moment_is_rfc_3339_in_utc():
    assert moments.show(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"
    assert moments.parse("2023-11-14T23:13:20+01:00") == 1_700_000_000


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        moments.parse("2023-11-14T22:13:20")
