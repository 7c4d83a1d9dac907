"""From a message on the commands queue to a reply: read, answered from the register, counted, logged and traced."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from opentelemetry.trace import SpanKind
from skald_wire import Cancel, Command, Reply, ReplyType, encode_reply
from skald_wire.names import Header, commands_queue

from skald.logging import log_context
from skald.messaging.deliveries import Ack, Bury, Delivery, Verdict
from skald.messaging.metrics import WorkerMetrics
from skald.messaging.participant import Participant, Unreadable
from skald.tracing import server_span

__all__ = ["CommandHandler"]

logger = logging.getLogger(__name__)

_UNKNOWN: Final = "unknown"


class CommandHandler:
    """What the consumer of ``commands.<participant>`` calls, from several threads."""

    def __init__(self, participant: Participant[Any], broker_user: str, metrics: WorkerMetrics) -> None:
        self.queue = commands_queue(participant.name)
        self._participant = participant
        self._broker_user = broker_user
        self._metrics = metrics

    def handle(self, delivery: Delivery) -> Verdict:
        """The reply to send before the message is acked. Raises StoreUnavailable."""
        began = time.perf_counter()
        try:
            message = self._participant.read(delivery.envelope)
        except Unreadable as error:
            self._metrics.buried.labels(self.queue).inc()
            return Bury(str(error))
        reply = self._answer(message)
        command = self._label(message)
        kind = "cancel" if isinstance(message, Cancel) else "command"
        self._metrics.commands.labels(command, kind, reply.type.value).inc()
        self._metrics.command_seconds.labels(command).observe(time.perf_counter() - began)
        return Ack(encode_reply(reply, reply_to=message.reply_to, user_id=self._broker_user))

    def _answer(self, message: Command | Cancel) -> Reply:
        address = message.address
        carrier = {} if message.traceparent is None else {Header.TRACEPARENT: message.traceparent}
        attributes = {"saga.key": address.saga_key, "saga.step": address.step}
        with (
            log_context(saga=address.saga, step=address.step, message_id=address.command_id),
            server_span(address.routing_key, carrier, attributes, SpanKind.CONSUMER),
        ):
            reply = self._participant.answer(message)
            _log(message, reply)
            return reply

    def _label(self, message: Command | Cancel) -> str:
        """Only names that exist, so that a stranger's messages cannot grow the metrics."""
        known = message.address.command in self._participant.handlers
        return message.address.routing_key if known else _UNKNOWN


def _log(message: Command | Cancel, reply: Reply) -> None:
    """One line for each answer, with the saga's name in its context."""
    what = f"cancel of {message.address.routing_key}" if isinstance(message, Cancel) else message.address.routing_key
    match reply.type:
        case ReplyType.SUCCEEDED:
            logger.info("%s succeeded", what)
        case ReplyType.CANCELLED:
            logger.info("%s is answered Cancelled", what)
        case ReplyType.FAILED:
            logger.info("%s failed%s: %s: %s", what, " for good" if reply.final else "", reply.code, reply.message)
