"""Commands and cancels as the operator would send them, for tests of participants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from skald_wire import Address, Cancel, Command, Direction, Envelope, Kind, OnFailure, command_id, encode, fingerprint

__all__ = ["SagaStep", "delivered", "moment", "with_other_content"]

JSON = Any


def moment(from_now: timedelta = timedelta()) -> str:
    """RFC 3339."""
    return (datetime.now(UTC) + from_now).isoformat()


@dataclass(frozen=True, slots=True)
class SagaStep:
    """One step of one saga, at one participant."""

    participant: str
    saga: str
    """The Saga's name; also its idempotency key."""
    name: str = "step"
    namespace: str = "shop"
    definition: str = "test-v1"

    @property
    def saga_key(self) -> str:
        """Where the participant keeps its document."""
        return f"{self.namespace}/{self.saga}"

    def action(
        self,
        command: str,
        given: Mapping[str, JSON],
        *,
        on_failure: OnFailure = OnFailure.COMPENSATE,
        deadline: str | None = None,
        attempt: int = 1,
    ) -> Command:
        """The step's action; ``on_failure`` RETRY for a step after the pivot."""
        return Command(
            self._address(command, given, Kind.ACTION), given, attempt, on_failure, moment(), "replies", deadline
        )

    def compensation(self, command: str, given: Mapping[str, JSON], *, attempt: int = 1) -> Command:
        """What undoes the step's action."""
        address = self._address(command, given, Kind.COMPENSATION)
        return Command(address, given, attempt, OnFailure.RETRY, moment(), "replies")

    def _address(self, command: str, given: Mapping[str, JSON], kind: Kind) -> Address:
        action_id = command_id(self.namespace, self.saga, self.name, Kind.ACTION)
        return Address(
            command_id=command_id(self.namespace, self.saga, self.name, kind),
            saga_key=self.saga_key,
            saga=self.saga_key,
            step=self.name,
            participant=self.participant,
            command=command,
            direction=Direction.FORWARD if kind is Kind.ACTION else Direction.BACKWARD,
            fingerprint=fingerprint(self.definition, self.name, command, given),
            action_id=None if kind is Kind.ACTION else action_id,
        )


def cancel(of: Command, decision: Mapping[str, JSON] | None = None) -> Cancel:
    """The cancel of a command."""
    return Cancel(of.address, 1, moment(), "replies", decision)


def with_other_content(command: Command) -> Command:
    """The same id standing for something else (R6)."""
    return replace(command, address=replace(command.address, fingerprint="0" * 64))


def delivered(message: Command | Cancel, sender: str = "saga-operator") -> Envelope:
    """The message as a participant's consumer gets it."""
    return encode(message, user_id=sender)
