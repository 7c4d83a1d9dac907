"""Names on the broker and limits on what travels. Every other place imports them from here."""

from typing import Final

WIRE_VERSION: Final = 1
"""This side's version. A peer one version away is understood; one further away is refused."""
FIRST_WIRE_VERSION: Final = 1
"""There was none before it, so a message that says so is refused."""

COMMANDS_EXCHANGE: Final = "saga.commands"
REPLIES_EXCHANGE: Final = "saga.replies"
EVENTS_EXCHANGE: Final = "events"
DEAD_LETTERS_EXCHANGE: Final = "dead-letters"
"""Where the broker puts what it gives up on, for the dead queues to take from."""

SAGA_FINISHED: Final = "dev.skald.saga.finished"
"""CloudEvents type, and routing key on the events exchange, of a saga that reached a terminal phase."""

INPUT_LIMIT: Final = 64 * 1024
"""Bytes of canonical JSON that a saga's input may have."""
OUTPUT_LIMIT: Final = 16 * 1024
"""Bytes of canonical JSON that one step's output may have."""
OBJECT_LIMIT: Final = 256 * 1024
"""Bytes that a whole Saga object may have."""
DEPTH_LIMIT: Final = 64
"""Levels of nesting that a value may have: below what any store between the two sides (BSON: 100) refuses."""
MAX_STEPS: Final = 32


def commands_queue(participant: str) -> str:
    """The quorum queue that a participant's commands and cancels wait in."""
    return f"commands.{participant}"


def dead_queue(queue: str) -> str:
    """Where copies of messages go that nobody could read, with the header ``reason``."""
    return f"{queue}.dead"


class Header:
    """Message headers, spelled once."""

    WIRE: Final = "wire"
    SAGA_KEY: Final = "saga-key"
    SAGA: Final = "saga"
    STEP: Final = "step"
    DIRECTION: Final = "direction"
    ATTEMPT: Final = "attempt"
    FINGERPRINT: Final = "fingerprint"
    ACTION_ID: Final = "action-id"
    ISSUED_AT: Final = "issued-at"
    ON_FAILURE: Final = "on-failure"
    DEADLINE: Final = "deadline"
    TRACEPARENT: Final = "traceparent"
    FINAL: Final = "final"
    REASON: Final = "reason"
    """On a dead-lettered copy: why nobody could act on the message."""
    ORIGIN_EXCHANGE: Final = "origin-exchange"
    """On a dead-lettered copy: where the message was published."""
    ORIGIN_USER: Final = "origin-user"
    """On a dead-lettered copy: its sender, because ``user_id`` must be the one who publishes the copy."""
