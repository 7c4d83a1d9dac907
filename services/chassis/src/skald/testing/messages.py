"""What an operator would send for one saga: commands, compensations and cancels with the right ids and fingerprints."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from skald_wire import Address, Cancel, Command, Direction, Kind, OnFailure, command_id, fingerprint, saga_key

from skald.moments import rfc3339

__all__ = ["SagaMessages"]

_NAMESPACE: Final = "shop"
_DEFINITION: Final = "a-definition"
_REPLY_TO: Final = "replies"


class SagaMessages:
    """The messages of one saga; each step is called after its command."""

    def __init__(self, name: str | None = None) -> None:
        """A saga of its own for each object, unless it is given a name."""
        self.name = name or f"saga-{uuid.uuid4()}"

    @property
    def key(self) -> str:
        """What participants store its document under."""
        return saga_key(_NAMESPACE, self.name)

    def action(
        self, routing_key: str, body: Mapping[str, Any], *, on_failure: OnFailure = OnFailure.COMPENSATE
    ) -> Command:
        """The command ``participant.command`` of the step that is named after it."""
        step = routing_key.partition(".")[2]
        return self._command(routing_key, step, Kind.ACTION, body, on_failure)

    def compensation(self, routing_key: str, body: Mapping[str, Any], *, of: Command) -> Command:
        """The command that undoes the step of ``of``."""
        command = self._command(routing_key, of.address.step, Kind.COMPENSATION, body, OnFailure.RETRY)
        return replace(command, address=replace(command.address, action_id=of.address.command_id))

    def cancel(self, command: Command) -> Cancel:
        """The cancel of that command."""
        return Cancel(command.address, attempt=1, issued_at=rfc3339(time.time()), reply_to=_REPLY_TO)

    def _command(
        self, routing_key: str, step: str, kind: Kind, body: Mapping[str, Any], on_failure: OnFailure
    ) -> Command:
        participant, _, command = routing_key.partition(".")
        address = Address(
            command_id=command_id(_NAMESPACE, self.name, step, kind),
            saga_key=self.key,
            saga=f"{_NAMESPACE}/{self.name}",
            step=step,
            participant=participant,
            command=command,
            direction=Direction.FORWARD if kind is Kind.ACTION else Direction.BACKWARD,
            fingerprint=fingerprint(_DEFINITION, step, command, body),
        )
        return Command(address, dict(body), 1, on_failure, issued_at=rfc3339(time.time()), reply_to=_REPLY_TO)
