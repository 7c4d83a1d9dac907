"""Replies on their way in: read, or dropped with a reason. Nothing that arrives here may stop the operator."""

from __future__ import annotations

import logging

from skald_wire import Envelope, WireError, decode_reply

from saga_operator.domain.events import ReplyArrived
from saga_operator.engine.ports import Deliver, Metrics, Ref

log = logging.getLogger(__name__)


class Replies:
    """Hands each reply to the mailbox of its saga."""

    def __init__(self, deliver: Deliver, metrics: Metrics) -> None:
        self._deliver = deliver
        self._metrics = metrics

    def receive(self, envelope: Envelope) -> None:
        """One message from our reply queue. A malformed one is dropped: the command is sent and answered again."""
        try:
            reply = decode_reply(envelope)
            saga = _ref(reply.saga)
        except WireError as error:
            self._metrics.count("replies", {"type": "malformed"})
            sender = {"message_id": envelope.message_id, "saga": envelope.headers.get("saga")}
            log.warning("dropped a reply from broker user %r: %s", envelope.user_id, error, extra=sender)
            return
        self._deliver(saga, ReplyArrived(reply))


def _ref(saga: str) -> Ref:
    namespace, slash, name = saga.partition("/")
    if not (namespace and slash and name):
        raise WireError(f"reply: the header 'saga' must be namespace/name, found {saga!r}")
    return Ref(namespace, name)
