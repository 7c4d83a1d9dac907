"""Drives the machine as the engine does, with everything in the test's hands: time, replies, the API server."""

from __future__ import annotations

from msgspec.structs import replace
from saga_operator.domain.definition import Definition
from saga_operator.domain.effects import Announce, AnswerDecision, Effect, Finish, Look, Publish, Store
from saga_operator.domain.events import (
    Confirmed,
    DecisionMade,
    Event,
    ReplyArrived,
    Returned,
    SagaSeen,
    Stored,
    Unconfirmed,
    Woken,
)
from saga_operator.domain.kinds import (
    Approval,
    Compensation,
    Metadata,
    Phase,
    Saga,
    SagaDecision,
    SagaDecisionSpec,
    SagaDefinition,
    SagaDefinitionSpec,
    SagaSpec,
    Status,
    Step,
)
from saga_operator.domain.machine import Knowledge, advance, open_saga, render
from saga_operator.domain.model import compile_definition
from saga_operator.domain.moments import show
from skald_wire import Cancel, Command, Direction, Reply, ReplyType

START = 1_700_000_000.0
CREATED = "2023-11-14T22:13:20Z"


def step(name: str, **fields) -> Step:
    """A step of participant p, compensatable unless said otherwise."""
    fields.setdefault("participant", "p")
    fields.setdefault("command", f"do-{name}")
    if not fields.get("pivot") and "compensation" not in fields:
        fields["compensation"] = Compensation(command=f"undo-{name}")
    return Step(name=name, **fields)


def after(name: str, **fields) -> Step:
    """A step after the pivot."""
    return step(name, compensation=None, **fields)


def definition(*steps: Step, name: str = "d-v1", **fields) -> Definition:
    return compile_definition(stored_definition(*steps, name=name, **fields))


def stored_definition(*steps: Step, name: str = "d-v1", **fields) -> SagaDefinition:
    return SagaDefinition(
        metadata=Metadata(name=name, namespace="shop"), spec=SagaDefinitionSpec(steps=list(steps), **fields)
    )


def saga(given=None, uid="uid-1", status=None, version="1", **spec) -> Saga:
    return Saga(
        metadata=Metadata(name="s-1", namespace="shop", uid=uid, resource_version=version, creation_timestamp=CREATED),
        spec=SagaSpec(definition="d-v1", input=given or {}, **spec),
        status=status or Status(),
    )


def approval(name: str, **fields) -> Step:
    """A step that a person takes."""
    when = fields.pop("when", None)
    return Step(name=name, approval=Approval(**fields), when=when)


class Driver:
    """One saga at one operator. Effects of the last event are in ``effects``; publishes of all events in ``sent``."""

    def __init__(self, definition, seen: Saga | None = None, jitter: float = 0.5, *, admitted: bool = True):
        self.definition = definition
        self.now = START
        self.jitter = jitter
        self.effects: list[Effect] = []
        self.sent: list[Command | Cancel] = []
        self.writes: list[Status] = []
        self.decided = 0
        self.object = seen or saga()
        self.knowledge: Knowledge = open_saga(self.object, admitted=admitted)
        self.feed(SagaSeen(self.object, authoritative=False))

    def feed(self, event: Event) -> list[Effect]:
        self.knowledge, self.effects = advance(self.definition, self.knowledge, event, self.now, self.jitter)
        self.sent += [effect.message for effect in self.effects if isinstance(effect, Publish)]
        return self.effects

    # -- what was asked for

    def published(self) -> list[str]:
        """Of the last event: 'a' an action, '-a' a cancel of it, '~a' a compensation, '-~a' a cancel of that."""
        return [label(effect.message) for effect in self.effects if isinstance(effect, Publish)]

    def lives(self) -> list[float]:
        """Of the last event: the seconds that each message published has."""
        return [effect.expires_after for effect in self.effects if isinstance(effect, Publish)]

    def stores(self) -> list[bool]:
        return [effect.urgent for effect in self.effects if isinstance(effect, Store)]

    def announced(self) -> list[str]:
        return [effect.reason for effect in self.effects if isinstance(effect, Announce)]

    def finished(self) -> bool:
        return Finish() in self.effects

    def answers(self) -> list[tuple[str, str]]:
        return [
            (effect.decision.spec.action, effect.state) for effect in self.effects if isinstance(effect, AnswerDecision)
        ]

    def refusal(self) -> str:
        return next(effect.message for effect in self.effects if isinstance(effect, AnswerDecision))

    def last(self, wanted: str) -> Command | Cancel:
        return next(message for message in reversed(self.sent) if label(message) == wanted)

    # -- what happens

    def reply(self, wanted: str, kind: ReplyType | str = "Succeeded", body=None, *, final=False, **changes):
        message = self.last(wanted)
        answer = Reply(
            command_id=message.address.command_id,
            type=ReplyType(kind),
            body=body or {},
            saga=message.address.saga,
            step=message.address.step,
            direction=message.address.direction,
            fingerprint=message.address.fingerprint,
            attempt=message.attempt,
            final=final,
        )
        for field, value in changes.items():
            object.__setattr__(answer, field, value)
        return self.feed(ReplyArrived(answer))

    def fail(self, wanted: str, code="Boom", *, final=False):
        return self.reply(wanted, "Failed", {"code": code, "message": f"{code} happened"}, final=final)

    def cancelled(self, wanted: str):
        return self.reply(wanted, "Cancelled")

    def broker(self, kind: type[Confirmed | Returned | Unconfirmed], wanted: str):
        message = self.last(wanted)
        return self.feed(kind(message.address.command_id, message.attempt, isinstance(message, Cancel)))

    def decide(self, action: str, step: str | None = None, *, made=None, uid=None, **spec):
        """A person decides, and the engine reads the object as it was told to."""
        self.decided += 1
        moment = show(self.now if made is None else made)
        metadata = Metadata(
            name="d", namespace="shop", uid=uid or f"decision-{self.decided}", creation_timestamp=moment
        )
        spec = SagaDecisionSpec(saga="s-1", action=action, step=step, by="ann", reason="ticket 88", **spec)
        self.feed(DecisionMade(SagaDecision(metadata=metadata, spec=spec)))
        return self.look() if Look() in self.effects else self.effects

    def look(self):
        return self.feed(SagaSeen(self.object, authoritative=True))

    def status(self) -> Status:
        return render(self.definition, self.knowledge, self.now)

    def store(self):
        """The API server takes the write."""
        status = self.status()
        self.writes.append(status)
        version = str(int(self.object.metadata.resource_version) + 1)
        self.object = replace(
            self.object, status=status, metadata=replace(self.object.metadata, resource_version=version)
        )
        return self.feed(Stored(version, status))

    def wait(self, seconds: float):
        self.now += seconds
        return self.feed(Woken())

    def wait_until_due(self):
        assert self.knowledge.wake_at is not None
        self.now = self.knowledge.wake_at
        return self.feed(Woken())

    def restart(self):
        """A new operator begins from the object as it is stored."""
        fresh = Driver(self.definition, self.object, self.jitter)
        fresh.now = self.now
        return fresh

    @property
    def phase(self) -> Phase:
        return self.object.status.phase

    @property
    def direction(self) -> Direction:
        return self.knowledge.direction


def label(message: Command | Cancel) -> str:
    cancel = "-" if isinstance(message, Cancel) else ""
    undo = "~" if message.address.direction is Direction.BACKWARD else ""
    return f"{cancel}{undo}{message.address.step}"
