"""Fair order where a definition bounds how many sagas run."""

from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain.concurrency import Gate


def test_without_a_bound_everybody_may_run():
    gate = Gate(None)
    assert all(gate.enter(number, 0.0) for number in range(1000))
    assert gate.waiting == 0


def test_the_oldest_runs_first_whatever_the_order_of_arrival():
    gate = Gate(1)
    assert gate.enter("first", 5.0)
    assert not any(gate.enter(key, created) for key, created in (("young", 9.0), ("old", 1.0), ("middle", 4.0)))
    assert [gate.leave(key) for key in ("first", "old", "middle")] == [["old"], ["middle"], ["young"]]


def test_who_comes_new_does_not_overtake_who_waits():
    gate = Gate(2)
    gate.enter("a", 1.0)
    gate.enter("b", 2.0)
    assert not gate.enter("c", 3.0)
    assert gate.leave("a") == ["c"]
    assert not gate.enter("d", 0.0)


def test_a_saga_that_has_begun_is_admitted_beyond_the_bound_and_takes_a_place():
    gate = Gate(1)
    assert gate.enter("a", 2.0, begun=True)
    assert gate.enter("b", 1.0, begun=True)
    assert not gate.enter("c", 0.0)
    assert gate.leave("a") == []
    assert gate.leave("b") == ["c"]


def test_who_leaves_while_waiting_is_not_admitted():
    gate = Gate(1)
    gate.enter("a", 1.0)
    gate.enter("b", 2.0)
    gate.enter("c", 3.0)
    assert gate.leave("b") == []
    assert gate.leave("a") == ["c"]


def test_asking_again_changes_nothing():
    gate = Gate(1)
    assert gate.enter("a", 1.0)
    assert gate.enter("a", 1.0)
    assert not gate.enter("b", 2.0)
    assert not gate.enter("b", 2.0)
    assert gate.leave("a") == ["b"]
    assert gate.leave("b") == []


@given(st.integers(1, 3), st.lists(st.tuples(st.integers(0, 8), st.floats(0, 10), st.booleans())))
def test_never_more_than_the_bound_run_and_a_free_place_is_never_left_free(most, deeds):
    gate, inside, waiting = Gate(most), set(), {}
    for key, created, enters in deeds:
        if enters:
            if gate.enter(key, waiting.get(key, created)):
                inside.add(key)
            else:
                waiting.setdefault(key, created)
        else:
            inside.discard(key)
            waiting.pop(key, None)
            for admitted in gate.leave(key):
                assert waiting[admitted] == min(waiting.values())
                inside.add(admitted)
                del waiting[admitted]
        assert len(inside) <= most
        assert gate.waiting == len(waiting)
        assert not waiting or len(inside) == most
