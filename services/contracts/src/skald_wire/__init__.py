"""The saga wire contract, version 1: what the operator and every participant must agree on, and nothing else.

No Flask, no broker client, no Kubernetes: both sides import it, and so may a participant that uses none of the chassis.
"""

from skald_wire.canonical import NotRepresentable, canonical, fingerprint, normalise
from skald_wire.identity import Kind, command_id, saga_key
from skald_wire.messages import (
    CANCEL,
    Address,
    Cancel,
    Command,
    Direction,
    Envelope,
    OnFailure,
    Reply,
    ReplyType,
    WireError,
    decode,
    decode_reply,
    encode,
    encode_reply,
)

__all__ = [
    "CANCEL",
    "Address",
    "Cancel",
    "Command",
    "Direction",
    "Envelope",
    "Kind",
    "NotRepresentable",
    "OnFailure",
    "Reply",
    "ReplyType",
    "WireError",
    "canonical",
    "command_id",
    "decode",
    "decode_reply",
    "encode",
    "encode_reply",
    "fingerprint",
    "normalise",
    "saga_key",
]
