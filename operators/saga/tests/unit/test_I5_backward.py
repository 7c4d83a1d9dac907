"""I5: what ran is undone, dependants first, and only once the direction Backward is known to be written."""

from hypothesis import given
from hypothesis import strategies as st
from saga_operator.domain.events import SagaSeen
from saga_operator.domain.kinds import Compensation, CompensationPolicy, RetryPolicy

from operators.saga.tests.unit.driver import Driver, definition, step

QUICK = RetryPolicy(initial_interval="1s", max_interval="4s", non_retryable_errors=["Gone"])


def chain(**policy):
    policy.setdefault("retry_policy", QUICK)
    return definition(step("a"), step("b"), step("c"), step("d"), compensation_policy=CompensationPolicy(**policy))


def beside(**policy):
    """a and b side by side, c behind b; d fails behind all."""
    policy.setdefault("retry_policy", QUICK)
    return definition(
        step("a"),
        step("b", depends_on=[]),
        step("c", depends_on=["b"]),
        step("d", depends_on=["a", "c"]),
        compensation_policy=CompensationPolicy(**policy),
    )


def failed_at_the_end(compiled) -> Driver:
    w = Driver(compiled)
    while "d" not in [message.address.step for message in w.sent]:
        for message in list(w.sent):
            w.reply(message.address.step, body={"of": message.address.step})
    w.fail("d", final=True)
    assert w.stores() == [True]
    return w


def test_I5_no_compensation_before_the_flip_is_stored():
    w = failed_at_the_end(chain())
    assert w.published() == []
    w.wait(100)
    assert w.published() == []
    w.store()
    assert w.published() == ["~c"]


def test_I5_a_flip_seen_in_the_object_counts_as_written():
    w = failed_at_the_end(chain())
    other = failed_at_the_end(chain())
    other.store()
    w.feed(SagaSeen(other.object, authoritative=True))
    assert w.published() == ["~c"]


def test_I5_compensations_go_in_reverse_order_of_dependency():
    w = failed_at_the_end(chain())
    w.store()
    for name, behind in (("c", ["~b"]), ("b", ["~a"])):
        w.reply(f"~{name}")
        assert w.published() == behind
    w.reply("~a")
    assert w.stores() == [True]
    w.store()
    assert w.phase == "Compensated"
    assert w.finished()


def test_I5_branches_are_undone_side_by_side():
    w = failed_at_the_end(beside())
    w.store()
    assert w.published() == ["~c", "~a"]
    w.reply("~c")
    assert w.published() == ["~b"]


def test_I5_Sequential_undoes_one_at_a_time_in_reverse_list_order():
    w = failed_at_the_end(beside(order="Sequential"))
    w.store()
    order = []
    while w.published():
        order += w.published()
        w.reply(w.published()[0])
    assert order == ["~c", "~b", "~a"]


def test_I5_a_step_without_compensation_hides_nothing():
    none = Compensation(none="it only reads")
    w = Driver(definition(step("a"), step("b", compensation=none), step("c")))
    w.reply("a")
    w.reply("b")
    w.fail("c", final=True)
    w.store()
    assert w.published() == ["~a"]
    w.reply("~a")
    w.store()
    assert w.phase == "Compensated"
    assert w.object.status.steps["b"].state == "Succeeded"
    assert w.object.status.progress == "1/3"


def test_I5_only_what_ran_is_undone():
    w = Driver(chain())
    w.reply("a")
    w.fail("b", final=True)
    w.store()
    assert w.published() == ["~a"]


def test_I5_a_compensation_is_retried_for_ever_under_one_id():
    w = failed_at_the_end(chain())
    w.store()
    for _ in range(50):
        w.fail("~c")
        w.wait_until_due()
        assert w.published() == ["~c"]
    ids = {message.address.command_id for message in w.sent if message.address.direction == "Backward"}
    assert len(ids) == 1


def test_I5_it_is_a_stall_once_the_interval_has_reached_its_maximum_and_success_clears_it():
    w = failed_at_the_end(chain())
    w.store()
    for _ in range(2):  # intervals of 1s and 2s
        w.fail("~c", "Busy")
        assert w.announced() == []
        w.wait_until_due()
        assert w.announced() == [], "an attempt under way has not failed"
    w.fail("~c", "Busy")
    assert w.announced() == ["CompensationFailed"]
    assert w.stores() == [False]
    w.store()
    stalled = next(each for each in w.object.status.conditions if each.type == "Stalled")
    assert stalled.status == "True"
    assert "p.undo-c of step c: Busy: Busy happened (3 times); it is sent again at least every 4s" in stalled.message
    w.wait_until_due()
    assert w.published() == ["~c"]
    w.reply("~c")
    assert w.published() == ["~b"]
    cleared = next(each for each in w.status().conditions if each.type == "Stalled")
    assert (cleared.status, cleared.reason) == ("False", "Progressing")


def test_I5_a_code_that_is_not_retryable_is_a_stall_at_once_and_sent_again_all_the_same():
    w = failed_at_the_end(chain())
    w.store()
    w.fail("~c", "Gone")
    assert w.announced() == ["CompensationFailed"]
    w.wait_until_due()
    assert w.published() == ["~c"]


def test_I5_a_stalled_compensation_is_retried_at_most_once_per_longest_interval():
    w = failed_at_the_end(chain())
    w.store()
    for jitter in (0.0, 0.5, 0.99):
        w.jitter = jitter
        w.fail("~c", "Gone")
        assert w.knowledge.wake_at - w.now >= 4
        w.wait_until_due()


def test_I5_a_stall_is_told_once():
    w = failed_at_the_end(chain())
    w.store()
    w.fail("~c", "Gone")
    w.wait_until_due()
    w.fail("~c", "Gone")
    assert w.announced() == []


def test_I5_a_compensation_that_nobody_answers_becomes_a_stall_too():
    w = failed_at_the_end(chain())
    w.store()
    told = []
    for _ in range(4):
        w.wait_until_due()
        told += w.announced()
    assert told == ["CompensationFailed"]


def test_I5_onFailure_Stall_starts_no_further_compensation():
    w = failed_at_the_end(beside(on_failure="Stall"))
    w.store()
    w.fail("~c", "Gone")
    w.reply("~a")
    assert w.published() == []
    w.reply("~c")
    assert w.published() == ["~b"]


def test_I5_onFailure_Stall_keeps_pursuing_what_is_under_way():
    w = failed_at_the_end(beside(on_failure="Stall"))
    w.store()
    w.fail("~c", "Gone")
    w.fail("~a", "Busy")
    w.wait(10)
    assert w.published() == ["~c", "~a"]


def test_I5_onFailure_Continue_undoes_what_no_stalled_step_depends_on():
    wide = definition(
        step("a"),
        step("b", depends_on=[]),
        step("c", depends_on=["a"]),
        step("d", depends_on=["b", "c"]),
        compensation_policy=CompensationPolicy(order="Sequential", on_failure="Continue", retry_policy=QUICK),
    )
    w = failed_at_the_end(wide)
    w.store()
    assert w.published() == ["~c"]
    w.fail("~c", "Gone")
    assert w.published() == ["~b"], "b is beside the stalled c; a is under it"
    w.reply("~b")
    assert w.published() == []
    w.reply("~c")
    assert w.published() == ["~a"]


def test_I5_a_compensation_whose_input_cannot_be_computed_is_a_stall():
    lost = Compensation(command="undo", input={"x": "$(steps.a.output.id)"})
    w = Driver(definition(step("a", compensation=lost), step("b")))
    w.reply("a")
    w.fail("b", final=True)
    w.store()
    assert w.published() == []
    assert w.announced() == ["Compensating", "CompensationFailed"]
    assert w.status().steps["a"].compensation.error.code == "UnresolvableInput"
    w.wait(100)
    assert w.published() == []


def test_I5_a_reused_key_of_a_compensation_is_a_stall():
    w = failed_at_the_end(chain())
    w.store()
    w.fail("~c", "KeyReused")
    assert w.announced() == ["KeyReused"]


def test_I5_a_new_operator_goes_on_where_the_stored_status_stands():
    w = failed_at_the_end(chain())
    w.store()
    w.reply("~c")
    w.store()
    successor = w.restart()
    assert successor.published() == ["~b"]
    assert successor.last("~b").attempt == 2
    assert successor.last("~b").address == w.last("~b").address


def test_I5_a_stall_is_still_one_after_a_restart_and_not_told_again():
    w = failed_at_the_end(chain())
    w.store()
    w.fail("~c", "Gone")
    w.store()
    successor = w.restart()
    assert successor.announced() == []
    assert successor.status().reason == "CompensationFailed"


def test_I5_going_back_is_told_once_with_the_reason():
    w = failed_at_the_end(chain())
    w.store()
    assert w.announced() == ["Compensating"]
    assert "Step d: Boom: Boom happened" in w.effects[0].message


def test_I5_the_last_step_fails_fast_three_writes_with_the_create():
    w = failed_at_the_end(chain())
    w.store()
    for name in "cba":
        w.reply(f"~{name}")
    w.store()
    assert len(w.writes) == 2


@given(st.data())
def test_I5_whatever_the_shape_no_step_is_undone_before_its_dependants(data):
    size = data.draw(st.integers(2, 6))
    names = [f"s{i}" for i in range(size)]
    steps = []
    for i, name in enumerate(names):
        needed = data.draw(st.lists(st.sampled_from(names[:i]), unique=True, max_size=3)) if i else []
        kind = data.draw(st.sampled_from(["undo", "undo", "none"]))
        compensation = Compensation(command="undo") if kind == "undo" else Compensation(none="reads")
        steps.append(step(name, depends_on=needed, compensation=compensation))
    order = data.draw(st.sampled_from(["ReverseDependency", "Sequential"]))
    compiled = definition(*steps, compensation_policy=CompensationPolicy(order=order))
    w = Driver(compiled)
    fails = data.draw(st.sampled_from(names))
    while w.stores() != [True]:
        pending = [each for each in compiled.steps if each.index in _unanswered(w)]
        chosen = data.draw(st.sampled_from([each.name for each in pending]))
        label = next(label for label in (f"-{chosen}", chosen) if _was_sent(w, label))
        w.fail(label, final=True) if chosen == fails else w.reply(label)
    in_force = {each.name for each in compiled.steps if w.knowledge.steps[each.index].outcome == "Succeeded"}
    undoable = {each.name for each in compiled.steps if each.compensation}
    w.store()
    under_way = set(w.published())
    while not w.finished():
        chosen = data.draw(st.sampled_from(sorted(under_way)))
        step_ = compiled.steps[compiled.positions[chosen[1:]]]
        behind = {each.name for each in compiled.steps if each.bit & step_.dependants}
        assert not behind & in_force & undoable
        in_force.discard(chosen[1:])
        under_way.discard(chosen)
        w.reply(chosen)
        under_way |= set(w.published())
        if w.stores() == [True]:
            w.store()
    assert not in_force & undoable


def _unanswered(w):
    return {w.definition.positions[m.address.step] for m in w.sent} & {
        i for i, known in enumerate(w.knowledge.steps) if known.outcome is None
    }


def _was_sent(w, label):
    try:
        w.last(label)
    except StopIteration:
        return False
    return True
