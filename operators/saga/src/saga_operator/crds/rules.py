"""What the schema of a kind demands beyond its types: the rules that look at one step, or at an object and its past.

Rules that compare steps with each other exceed the cost budget of a CRD a hundredfold; they are admission policies
(``charts/saga-operator/files/policies``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from saga_operator.domain.kinds import Phase


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule and the sentence for whoever broke it: fixed text, or an expression that names the culprit."""

    rule: str
    message: str
    message_expression: str | None = None

    def as_dict(self) -> dict[str, str]:
        """As it stands under ``x-kubernetes-validations``."""
        rule = {"rule": self.rule, "message": self.message}
        return rule if self.message_expression is None else rule | {"messageExpression": self.message_expression}


def _of_step(rule: str, sentence: str) -> Rule:
    return Rule(rule, f"a step {sentence}", f"'step ' + self.name + ' {sentence}'")


def _constant(field: str) -> Rule:
    return Rule(
        f"has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})",
        f"spec.{field} is immutable: start another saga instead",
    )


def duration(shortest: str, longest: str) -> dict[str, Any]:
    """Schema of a duration between two others, both included."""
    return {
        "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$",
        "x-kubernetes-validations": [
            Rule(
                f"duration(self) >= duration('{shortest}') && duration(self) <= duration('{longest}')",
                f"must be between {shortest} and {longest}",
            ).as_dict()
        ],
    }


_TERMINAL: Final = ", ".join(f"'{phase.value}'" for phase in Phase if phase.terminal)

RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "SagaDefinitionSpec": (
        Rule("self == oldSelf", "a SagaDefinition is immutable: apply the change under a new name, such as NAME-v2"),
    ),
    "Step": (
        _of_step(
            "has(self.approval) != has(self.command)",
            "must have either a command or an approval: give exactly one of the two",
        ),
        _of_step(
            "has(self.command) == has(self.participant)",
            "must have command and participant together: the participant names who carries the command out",
        ),
        _of_step(
            "!has(self.approval) || (!has(self.input) && !has(self.compensation) && !has(self.timeout)"
            " && !has(self.retryPolicy))",
            "is an approval: it takes no input, compensation, timeout or retryPolicy, so remove them",
        ),
        _of_step(
            "!(has(self.pivot) && self.pivot && has(self.approval))",
            "is an approval and cannot be the pivot: mark the command that it guards",
        ),
        _of_step(
            "!(has(self.pivot) && self.pivot && has(self.compensation))",
            "is the pivot and cannot have a compensation: remove one of the two",
        ),
    ),
    "Compensation": (
        Rule(
            "has(self.command) != has(self.none)",
            "a compensation must have either a command or the reason why there is nothing to undo, as {none: why}",
        ),
        Rule(
            "!has(self.none) || (!has(self.input) && !has(self.timeout))",
            "a compensation {none: why} sends nothing: remove its input and timeout",
        ),
    ),
    "Condition": (
        Rule(
            "self.input.startsWith('$(') && self.input.endsWith(')')",
            "the input of a condition must be one reference, such as $(input.risk)",
        ),
    ),
    "RetryPolicy": (
        Rule(
            "!has(self.initialInterval) || !has(self.maxInterval)"
            " || duration(self.initialInterval) <= duration(self.maxInterval)",
            "initialInterval must not be longer than maxInterval",
        ),
    ),
    "SagaSpec": (
        _constant("definition"),
        _constant("input"),
        _constant("idempotencyKey"),
        _constant("ttlSecondsAfterFinished"),
        Rule(
            "!(has(oldSelf.cancel) && oldSelf.cancel) || (has(self.cancel) && self.cancel)",
            "spec.cancel cannot be taken back: backward recovery may have begun",
        ),
    ),
    "Status": (
        Rule(
            "!(has(oldSelf.direction) && oldSelf.direction == 'Backward')"
            " || (has(self.direction) && self.direction == 'Backward')",
            "status.direction never changes from Backward to Forward",
        ),
        Rule(
            f"!(has(oldSelf.phase) && oldSelf.phase in [{_TERMINAL}])"
            " || (has(self.phase) && self.phase == oldSelf.phase)",
            "a terminal status.phase never changes",
        ),
    ),
    "DecisionStatus": (
        Rule(
            "!has(oldSelf.state) || (has(self.state) && self.state == oldSelf.state)",
            "an answer to a SagaDecision never changes",
        ),
    ),
    "SagaDecisionSpec": (
        Rule("self == oldSelf", "a SagaDecision is immutable: create another one"),
        Rule(
            "has(self.step) != (self.action == 'Abort')",
            "Abort concerns the whole saga and takes no step; every other action needs one",
        ),
        Rule(
            "has(self.output) == (self.action == 'Complete')",
            "Complete needs the output that the step would have given (it may be {}); no other action takes one",
        ),
    ),
}
"""By name of the struct."""

DURATIONS: Final = {
    "deadline": ("1s", "720h"),
    "expiresAfter": ("1s", "720h"),
    "timeout": ("10ms", "1h"),
    "initialInterval": ("1ms", "1h"),
    "maxInterval": ("1ms", "24h"),
}
"""By name of the field: the shortest and the longest."""

LISTS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("SagaDefinitionSpec", "steps"): {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    ("DefinitionStatus", "conditions"): {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    ("Status", "conditions"): {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
}
"""By struct and field: which lists of objects refuse duplicates, and of what."""

PROPERTIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("Saga", "status"): {"default": {"phase": Phase.PENDING.value}, "x-kubernetes-map-type": "atomic"},
    ("Status", "phase"): {"default": Phase.PENDING.value},
}
"""By struct and field.

The one default, so that a saga that nobody has looked at yet is found under a phase too; and that a status has one
owner, else the API server keeps a set of every field of every step, which makes a saga two fifths larger.
"""
