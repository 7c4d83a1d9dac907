"""Who must do something before a saga can go on. Nobody, as long as it goes by itself."""

from __future__ import annotations

from kubectl_saga.reading import ENDED, Object, current_steps, phase_of, stall_of, stuck_steps

Command = str


def who_must_act(saga: Object) -> str:
    """In a few words; empty when nobody must."""
    phase, stall = phase_of(saga), stall_of(saga)
    if phase in ENDED:
        return ""
    if phase == "Waiting":
        return f"a person: approve or reject {', '.join(current_steps(saga))}"
    if phase == "Suspended":
        return "a person: resume"
    return _who_unblocks(str(stall["reason"]), saga) if stall is not None else ""


def what_to_type(saga: Object) -> list[tuple[str, Command]]:
    """What a person can do about it: in words, and as a command of this program."""
    name, phase = saga["metadata"]["name"], phase_of(saga)
    if phase in ENDED:
        return []
    if phase == "Waiting":
        return [("Say yes (or reject)", f"approve {name} {step} --reason TEXT") for step in current_steps(saga)]
    if phase == "Suspended":
        return [("Let it go on", f"resume {name}")]
    return [("Try it now (or skip, complete)", f"retry {name} {step} --reason TEXT") for step in stuck_steps(saga)]


def _who_unblocks(reason: str, saga: Object) -> str:
    steps = ", ".join(stuck_steps(saga) or current_steps(saga))
    match reason:
        case "CompensationFailed" | "StepFailed" | "KeyReused":
            return f"a person: retry, skip or complete {steps}"
        case "Unanswered":
            return f"the participant of {steps}: answer"
        case "Unroutable":
            return f"the participant of {steps}: start"
        case _:
            return f"the owner of definition {saga['spec']['definition']}"
