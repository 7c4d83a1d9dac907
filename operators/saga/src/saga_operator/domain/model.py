"""From a stored SagaDefinition to one that can run, or to every reason why it cannot.

Defaults live here and nowhere else (rule I1), so that what a stored definition means is read in one place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec
from skald_wire import NotRepresentable, canonical

from saga_operator.domain import durations, references
from saga_operator.domain.definition import Clause, Compensation, Definition, DefinitionError, NotAccepted, Step
from saga_operator.domain.kinds import (
    Approval,
    CompensationPolicy,
    Defaults,
    RetryPolicy,
    SagaDefinition,
    SagaDefinitionSpec,
)
from saga_operator.domain.kinds import Step as StepSpec
from saga_operator.domain.knowledge import as_heard
from saga_operator.domain.policy import Retry
from saga_operator.domain.references import BadReference, Reference, Template
from saga_operator.domain.rules import problems_of
from saga_operator.domain.schema import InputSchema
from saga_operator.domain.shape import members, shape_of

__all__ = ["Definition", "DefinitionError", "NotAccepted", "compile_definition", "hash_of"]

JSON = Any
DEADLINE: Final = 600.0
TIMEOUT: Final = 5.0
RETRY: Final = Retry(initial=0.2, coefficient=2.0, maximum=30.0, attempts=5, final_codes=frozenset())
COMPENSATION_RETRY: Final = Retry(initial=0.5, coefficient=2.0, maximum=60.0, attempts=None, final_codes=frozenset())
_HASH_LENGTH: Final = 16
"""Hex digits kept: enough to tell a definition from another one of the same name."""
_HOUR: Final = 3600.0
_DEADLINES: Final = (1.0, 720 * _HOUR)
_TIMEOUTS: Final = (0.01, _HOUR)
_FIRST_WAITS: Final = (0.001, _HOUR)
_LONGEST_WAITS: Final = (0.001, 24 * _HOUR)


def compile_definition(definition: SagaDefinition) -> Definition:
    """Raises DefinitionError with every problem that can be found without running it."""
    return _Compiler(definition.metadata.name, definition.spec).compile()


def hash_of(spec: SagaDefinitionSpec) -> str:
    """Tells whether a definition of the same name is still the one that a saga began with."""
    return hashlib.sha256(msgspec.json.encode(spec, order="sorted")).hexdigest()[:_HASH_LENGTH]


class _Compiler:
    """Notes a problem and goes on with a default, so that all problems are named at once."""

    def __init__(self, name: str, spec: SagaDefinitionSpec) -> None:
        self.name = name
        self.spec = spec
        self.shape = shape_of(spec.steps)
        self.problems = list(problems_of(spec, self.shape))
        defaults = spec.defaults or Defaults()
        self.timeout = self._duration("defaults.timeout", defaults.timeout, _TIMEOUTS, TIMEOUT)
        self.retry = self._retry("defaults.retryPolicy", defaults.retry_policy, RETRY)
        self.schema = self._schema()

    def compile(self) -> Definition:
        spec = self.spec
        steps = _with_referenced(tuple(self._step(index, step) for index, step in enumerate(spec.steps)))
        policy = spec.compensation_policy or CompensationPolicy()
        definition = Definition(
            name=self.name,
            hash=hash_of(spec),
            steps=steps,
            positions={step.name: step.index for step in steps},
            deadline=self._duration("deadline", spec.deadline, _DEADLINES, DEADLINE),
            sequential=policy.order == "Sequential",
            stall_stops=policy.on_failure != "Continue",
            compensation_retry=self._retry("compensationPolicy.retryPolicy", policy.retry_policy, COMPENSATION_RETRY),
            schema=self.schema,
            max_running=spec.concurrency.max_running if spec.concurrency else None,
            approvals=sum(step.bit for step in steps if step.approval),
            pivot=0 if self.shape.pivot is None else 1 << self.shape.pivot,
            everything=(1 << len(steps)) - 1,
        )
        self._check_deadline(definition)
        if self.problems:
            raise DefinitionError("Invalid", self.problems)
        return definition

    def _step(self, index: int, spec: StepSpec) -> Step:
        at = f"step {spec.name}: "
        after_pivot = self.shape.pivot is not None and index > self.shape.pivot
        action = self._template(f"{at}input", spec.input or {}, self._referable(index))
        timeout = self._duration(f"{at}timeout", spec.timeout, _TIMEOUTS, self.timeout)
        retry = self._retry(f"{at}retryPolicy", spec.retry_policy, self.retry)
        compensation = self._compensation(index, spec, action, timeout)
        clauses = self._clauses(index, spec)
        approval = spec.approval or Approval()
        return Step(
            index=index,
            name=spec.name,
            participant=spec.participant or "",
            command=spec.command or "",
            input=action,
            compensation=compensation,
            approval=spec.approval is not None,
            expires_after=self._expiry(spec.name, approval),
            expiry_approves=approval.on_expiry == "Approve",
            pivot=index == self.shape.pivot,
            after_pivot=after_pivot,
            when=clauses,
            timeout=timeout,
            retry=replace(retry, attempts=None) if after_pivot else retry,
            needs=self.shape.needs[index],
            dependants=self.shape.dependants[index],
            referenced=False,  # known once every step is read
        )

    def _expiry(self, step: str, approval: Approval) -> float | None:
        if approval.expires_after is None:
            return None
        return self._duration(f"step {step}: approval.expiresAfter", approval.expires_after, _DEADLINES, 0.0)

    def _compensation(self, index: int, spec: StepSpec, action: Template, timeout: float) -> Compensation | None:
        given = spec.compensation
        if given is None or given.command is None:
            return None
        at = f"step {spec.name}: compensation"
        referable = self._referable(index) | {spec.name}
        template = action if given.input is None else self._template(f"{at}.input", given.input, referable)
        return Compensation(given.command, template, self._duration(f"{at}.timeout", given.timeout, _TIMEOUTS, timeout))

    def _clauses(self, index: int, spec: StepSpec) -> tuple[Clause, ...]:
        clauses = []
        for number, clause in enumerate(spec.when or ()):
            at = f"step {spec.name}: when[{number}]"
            try:
                reference = references.parse_one(clause.input)
            except BadReference as error:
                self.problems.append(f"{at}: {error}")
                continue
            self._check_reference(at, reference, self._referable(index))
            clauses.append(Clause(reference, clause.operator == "NotIn", frozenset(clause.values)))
        return tuple(clauses)

    def _template(self, at: str, value: Mapping[str, JSON], referable: set[str]) -> Template:
        try:
            canonical(value)
            template = references.parse(value)
        except (BadReference, NotRepresentable) as error:
            self.problems.append(f"{at}: {error}")
            return references.parse({})
        for reference in template.references:
            self._check_reference(at, reference, referable)
        return template

    def _referable(self, index: int) -> set[str]:
        return {self.spec.steps[earlier].name for earlier in members(self.shape.ancestors[index])}

    def _check_reference(self, at: str, reference: Reference, referable: set[str]) -> None:
        if reference.step is None:
            self._check_field(at, reference)
            return
        named = next((step for step in self.spec.steps if step.name == reference.step), None)
        if named is None:
            self.problems.append(
                f"{at}: {reference} names the step {reference.step}, and there is no such step; correct the name"
            )
        elif named.approval is not None:
            self.problems.append(f"{at}: {reference} names an approval, which has no output; take it out")
        elif named.name not in referable:
            self.problems.append(
                f"{at}: {reference} names a step that this one does not depend on, so its output may not be there yet; "
                f"add {reference.step} to dependsOn"
            )

    def _check_field(self, at: str, reference: Reference) -> None:
        excluded = self.schema.excluded(reference.path) if self.schema is not None else None
        if excluded is not None:
            self.problems.append(
                f"{at}: {reference} names the field {excluded}, which inputSchema does not allow; "
                "correct the name, or add the field to inputSchema"
            )

    def _duration(self, at: str, text: str | None, allowed: tuple[float, float], default: float) -> float:
        if text is None:
            return default
        lowest, highest = allowed
        try:
            seconds = durations.parse(text)
        except ValueError as error:
            self.problems.append(f"{at}: {error}")
            return default
        if not lowest <= seconds <= highest:
            between = f"{durations.show(lowest)} and {durations.show(highest)}"
            self.problems.append(f"{at}: {text} is not between {between}")
            return default
        return seconds

    def _retry(self, at: str, given: RetryPolicy | None, base: Retry) -> Retry:
        if given is None:
            return base
        codes = given.non_retryable_errors
        retry = Retry(
            initial=self._duration(f"{at}.initialInterval", given.initial_interval, _FIRST_WAITS, base.initial),
            coefficient=base.coefficient if given.backoff_coefficient is None else given.backoff_coefficient,
            maximum=self._duration(f"{at}.maxInterval", given.max_interval, _LONGEST_WAITS, base.maximum),
            attempts=given.max_attempts or base.attempts,
            final_codes=base.final_codes if codes is None else frozenset(map(as_heard, codes)),
        )
        if retry.maximum < retry.initial:
            longest, first = durations.show(retry.maximum), durations.show(retry.initial)
            self.problems.append(f"{at}: maxInterval ({longest}) is shorter than initialInterval ({first})")
        return retry

    def _schema(self) -> InputSchema | None:
        if self.spec.input_schema is None:
            return None
        try:
            return InputSchema(self.spec.input_schema)
        except ValueError as error:
            self.problems.append(f"inputSchema: {error}")
            return None

    def _check_deadline(self, definition: Definition) -> None:
        """Otherwise the deadline, not the retry policy, would end the saga, and maxAttempts would promise too much."""
        finished: list[float] = []
        for step in definition.steps:
            start = max((finished[index] for index in members(step.needs)), default=0.0)
            finished.append(start if step.after_pivot else start + _longest(step))
        longest = max(finished, default=0.0)
        if longest > definition.deadline:
            self.problems.append(
                f"deadline: the steps that may still go back can take {durations.show(longest)} with every retry, "
                f"longer than the deadline {durations.show(definition.deadline)}; "
                "raise the deadline, or lower maxAttempts, timeout or maxInterval"
            )


def _longest(step: Step) -> float:
    return step.expires_after or 0.0 if step.approval else step.retry.longest(step.timeout)


def _with_referenced(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    used = {reference.step for step in steps for reference in _references(step) if reference.step != step.name}
    return tuple(replace(step, referenced=step.name in used) for step in steps)


def _references(step: Step) -> Iterator[Reference]:
    yield from step.input.references
    yield from step.compensation.input.references if step.compensation else ()
    yield from (clause.reference for clause in step.when)
