"""``Idempotency-Key``: the same request sent twice does its work once.

There is no store of answers. The document that the request creates *is* the record: its id follows from who asks and
the key, so a second insert cannot succeed, and it keeps the request's fingerprint. That is one write instead of three,
and nothing can come between the record and the effect::

    order_id = key.document_id(subject.id)
    if not orders.insert(order_id, fingerprint=sent):        # somebody was first: ourselves, earlier
        stored = orders.get(order_id)
        check_same_request(stored.fingerprint, sent)         # another body under this key: 422
        return stored                                        # the same answer
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from skald_wire import canonical

from skald.problems import FieldError, Problem

__all__ = ["IdempotencyKey", "check_same_request", "fingerprint"]

_NAMESPACE: Final = uuid.UUID("0b9c7f7c-7f0e-5b0a-8a53-2f6f1f6f3c6e")
"""Fixed for ever: another would make every repeated request a new one."""


class IdempotencyKey(BaseModel):
    """The header, as ``@api.input(IdempotencyKey, location="headers")`` reads it; a route with it requires it."""

    model_config = ConfigDict(frozen=True)

    idempotency_key: str = Field(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the client, new for each new request, the same for each repetition of it.",
    )

    def document_id(self, subject: str) -> str:
        """UUIDv5 of the subject and the key: two users with the same key never meet."""
        return str(uuid.uuid5(_NAMESPACE, json.dumps([subject, self.idempotency_key], ensure_ascii=False)))


def fingerprint(body: Any) -> str:
    """What a key stands for: SHA-256 of the body's canonical JSON, so that spacing and order do not matter."""
    return hashlib.sha256(canonical(body)).hexdigest()


def check_same_request(stored: str, sent: str) -> None:
    """Raises Problem 422 when the key was used before for something else."""
    if stored != sent:
        detail = "This Idempotency-Key was used with another body. Use a new key for a new request."
        error = FieldError("headers", "/Idempotency-Key", detail)
        raise Problem(422, "idempotency-key-reused", "Key used before", detail, [error])
