"""I1: the same command has the same name for ever, and says what it stands for."""

from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain.kinds import Compensation
from skald_wire import Direction, Kind, command_id, fingerprint

from operators.saga.tests.unit.driver import Driver, definition, saga, step

CHAIN = definition(step("a", input={"x": "$(input.x)"}), step("b"))


def test_I1_an_id_names_namespace_key_step_and_kind():
    sent = Driver(CHAIN, saga({"x": 1}, idempotency_key="order-1")).last("a").address
    assert sent.command_id == command_id("shop", "order-1", "a", Kind.ACTION)
    assert sent.saga_key == "shop/order-1"
    assert sent.saga == "shop/s-1"
    assert sent.fingerprint == fingerprint("d-v1", "a", "do-a", {"x": 1})


def test_I1_without_a_key_the_objects_name_is_the_key():
    sent = Driver(CHAIN, saga({"x": 1})).last("a").address
    assert sent.command_id == command_id("shop", "shop/s-1", "a", Kind.ACTION)
    assert sent.saga_key == "shop/shop/s-1"


def test_I1_a_retry_a_restart_and_a_re_created_object_send_the_same_name():
    first = Driver(CHAIN, saga({"x": 1}))
    retried = Driver(CHAIN, saga({"x": 1}))
    retried.wait_until_due()
    recreated = Driver(CHAIN, saga({"x": 1}, uid="another"))
    addresses = [each.last("a").address for each in (first, retried, recreated, first.restart())]
    assert addresses == [addresses[0]] * 4


def test_I1_the_attempt_is_only_a_number_beside_the_name():
    w = Driver(CHAIN, saga({"x": 1}))
    w.wait_until_due()
    one, two = w.sent
    assert (one.attempt, two.attempt) == (1, 2)
    assert one.address == two.address
    assert one.input == two.input


def test_I1_action_cancel_and_compensation_of_a_step_are_told_apart():
    w = Driver(CHAIN, saga({"x": 1}))
    w.reply("a")
    w.fail("b", final=True)
    w.store()
    do, undo = w.last("a").address, w.last("~a").address
    assert undo.command_id == command_id("shop", "shop/s-1", "a", Kind.COMPENSATION)
    assert undo.action_id == do.command_id
    assert (do.direction, undo.direction) == (Direction.FORWARD, Direction.BACKWARD)
    assert (do.routing_key, undo.routing_key) == ("p.do-a", "p.undo-a")
    assert do.action_id is None


def test_I1_a_cancel_speaks_to_the_actions_register():
    w = Driver(CHAIN, saga({"x": 1}, cancel=True))
    assert w.last("-a").address == Driver(CHAIN, saga({"x": 1})).last("a").address


def test_I1_a_compensation_resolves_its_own_input():
    release = Compensation(command="release", input={"id": "$(steps.a.output.id)", "x": "$(input.x)"})
    w = Driver(definition(step("a", compensation=release), step("b")), saga({"x": 1}))
    w.reply("a", body={"id": "r-1"})
    w.fail("b", final=True)
    w.store()
    assert w.last("~a").input == {"id": "r-1", "x": 1}


json_inputs = st.dictionaries(st.text(max_size=5), st.one_of(st.integers(-100, 100), st.text(max_size=5)), max_size=3)


@given(json_inputs, json_inputs)
def test_I1_the_fingerprint_tells_inputs_apart_and_nothing_else(one, other):
    prints = [Driver(CHAIN, saga({"x": x})).last("a").address.fingerprint for x in (one, other)]
    assert (prints[0] == prints[1]) == (one == other)


def test_I1_outputs_are_normalised_before_anything_uses_them():
    w = Driver(definition(step("a"), step("b", input={"n": "$(steps.a.output.n)", "o": "$(steps.a.output.o)"})))
    w.reply("a", body={"n": 2.0, "o": {"gone": None, "kept": 1}})
    assert w.last("b").input == {"n": 2, "o": {"kept": 1}}
    assert w.status().steps["a"].output == {"n": 2, "o": {"kept": 1}}


def test_I1_an_output_that_cannot_be_stored_is_no_output_but_the_step_is_done():
    for body in ({"n": 2**60}, {"n": "x" * 17_000}):
        w = Driver(definition(step("a"), step("b")))
        w.reply("a", body=body)
        assert w.published() == ["b"]
        stored = w.status().steps["a"]
        assert (stored.state, stored.output, stored.error.code) == ("Succeeded", None, "OutputRejected")


def test_I1_a_step_that_needs_an_output_that_cannot_be_stored_is_dead():
    w = Driver(definition(step("a"), step("b", input={"n": "$(steps.a.output.n)"})))
    w.reply("a", body={"n": 2**60})
    assert w.stores() == [True]
    w.store()
    assert w.published() == ["~a"]
