from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from saga_operator.amqp.confirms import Confirms, Outcome


def published(number: int) -> tuple[Confirms, dict[int, list[Outcome]]]:
    confirms = Confirms()
    outcomes: dict[int, list[Outcome]] = {tag: [] for tag in range(1, number + 1)}
    for tag, ended in outcomes.items():
        confirms.published((f"id-{tag}", "inventory.reserve", 1), ended.append)
    return confirms, outcomes


def test_i8_a_multiple_ack_confirms_all_up_to_it() -> None:
    confirms, outcomes = published(3)
    confirms.settled(2, multiple=True, taken=True)
    assert outcomes == {1: [Outcome.CONFIRMED], 2: [Outcome.CONFIRMED], 3: []}


def test_i8_a_returned_publish_is_returned_although_it_is_acked_afterwards() -> None:
    confirms, outcomes = published(2)
    confirms.returned(("id-1", "inventory.reserve", 1))
    confirms.settled(2, multiple=True, taken=True)
    assert outcomes == {1: [Outcome.RETURNED], 2: [Outcome.CONFIRMED]}


def test_i8_a_nack_is_no_confirm() -> None:
    confirms, outcomes = published(1)
    confirms.settled(1, multiple=False, taken=False)
    assert outcomes == {1: [Outcome.REFUSED]}


@given(st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.booleans()), max_size=12))
def test_i8_every_publish_ends_in_exactly_one_outcome(acks: list[tuple[int, bool, bool]]) -> None:
    confirms, outcomes = published(8)
    for tag, multiple, taken in acks:
        confirms.settled(tag, multiple=multiple, taken=taken)
    confirms.lose_all()
    assert all(len(each) == 1 for each in outcomes.values())
    assert len(confirms) == 0
