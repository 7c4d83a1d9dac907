"""Who must do something before a saga can go on. Nobody, as long as it goes by itself."""

from __future__ import annotations

from saga_operator.domain.knowledge import KEY_REUSED, NEVER_RUNS

from kubectl_saga.reading import ENDED, Object, current_steps, error_of, phase_of, stall_of, stuck_steps

Command = str


def who_must_act(saga: Object) -> str:
    """In a few words; empty when nobody must."""
    phase, stall = phase_of(saga), stall_of(saga)
    if phase in ENDED:
        return ""
    if phase == "Suspended":
        return "a person: resume"
    if stall is not None:
        return _who_unblocks(str(stall["reason"]), saga)
    return f"a person: approve or reject {', '.join(current_steps(saga))}" if phase == "Waiting" else ""


def what_to_type(saga: Object) -> list[tuple[str, Command]]:
    """What a person can do about it: in words, and as a command of this program."""
    name, phase = saga["metadata"]["name"], phase_of(saga)
    if phase in ENDED:
        return []
    if phase == "Suspended":
        return [("Let it go on", f"resume {name}")]
    if stall_of(saga) is not None:
        return [_settle(name, step, error_of(saga, step)) for step in stuck_steps(saga)]
    if phase == "Waiting":
        return [("Say yes (or reject)", f"approve {name} {step} --reason TEXT") for step in current_steps(saga)]
    return []


def _settle(name: str, step: str, error: str | None) -> tuple[str, Command]:
    if error in NEVER_RUNS:
        return "Say that it is done (or skip)", f"complete {name} {step} --output JSON --reason TEXT"
    if error == KEY_REUSED:
        return "Once the register is free (or abort)", f"retry {name} {step} --reason TEXT"
    return "Try it now (or skip, complete)", f"retry {name} {step} --reason TEXT"


def _who_unblocks(reason: str, saga: Object) -> str:
    stuck = stuck_steps(saga)
    steps = ", ".join(stuck or current_steps(saga))
    match reason:
        case "KeyReused":
            return f"the participant of {steps}: free the register; or a person: abort"
        case "CompensationFailed" | "StepFailed":
            hopeless = bool(stuck) and all(error_of(saga, step) in NEVER_RUNS for step in stuck)
            return f"a person: {'complete or skip' if hopeless else 'retry, skip or complete'} {steps}"
        case "Unanswered":
            return f"the participant of {steps}: answer"
        case "Unroutable":
            return f"the broker's owner: add a queue for {steps}"
        case _:
            return f"the owner of definition {saga['spec']['definition']}"
