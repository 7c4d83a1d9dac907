from __future__ import annotations

from msgspec.structs import replace
from saga_operator.domain.definition import NotAccepted
from saga_operator.domain.kinds import Metadata, SagaDefinition, SagaDefinitionSpec, Step
from saga_operator.domain.model import compile_definition
from saga_operator.engine.definitions import acceptance

STORED = SagaDefinition(
    metadata=Metadata(name="d", namespace="shop", uid="u", generation=1),
    spec=SagaDefinitionSpec(steps=[Step(name="ship", participant="shipping", command="ship", pivot=True)]),
)
REFUSED = NotAccepted("Invalid", "step a: $(input.x names nothing; step b: too long")


def test_a_sound_definition_is_accepted_with_the_hash_that_its_sagas_record() -> None:
    compiled = compile_definition(STORED)
    status = acceptance(STORED, compiled, 0)
    [condition] = status.conditions
    assert (condition.type, condition.status) == ("Accepted", "True")
    assert status.hash == compiled.hash


def test_a_refusal_carries_every_reason() -> None:
    [condition] = acceptance(STORED, REFUSED, 0).conditions
    assert (condition.status, condition.reason, condition.message) == ("False", "Invalid", REFUSED.message)


def test_said_once_it_is_not_said_again() -> None:
    said = acceptance(STORED, REFUSED, 0)
    assert acceptance(replace(STORED, status=said), REFUSED, 100) == said


def test_a_change_of_mind_has_a_new_transition_time() -> None:
    said = acceptance(STORED, REFUSED, 0)
    [condition] = acceptance(replace(STORED, status=said), compile_definition(STORED), 100).conditions
    assert condition.last_transition_time == "1970-01-01T00:01:40Z"
