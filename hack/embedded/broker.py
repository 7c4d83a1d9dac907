"""RabbitMQ's definitions, made from ``charts/rabbitmq/files/topology.yaml``: the chart's and the platform's alike."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from skald_wire import names

from hack.embedded.errors import PlatformError
from hack.embedded.instance import REPOSITORY

TOPOLOGY: Final = REPOSITORY / "charts" / "rabbitmq" / "files" / "topology.yaml"
ADMIN: Final = "admin"
"""The broker user with every right, also to publish in another's name; for people and tests, never for a service."""

JSON = dict[str, Any]
_DEADLY: Final = ("rejected", "delivery_limit")
"""What a command dies of, in RabbitMQ's words. One that has "expired" was followed by its next copy."""
_GIVE_UP_COMMANDS: Final[JSON] = {
    "dead-letter-exchange": names.DEAD_LETTERS_EXCHANGE,
    "dead-letter-strategy": "at-most-once",
}
# at-least-once works only with reject-publish
_GIVE_UP_EVENTS: Final[JSON] = {"dead-letter-strategy": "at-least-once", "overflow": "reject-publish"}
_EVERYTHING: Final = {"configure": ".*", "write": ".*", "read": ".*"}


def load_topology(path: Path = TOPOLOGY) -> JSON:
    """The declared topology. Raises PlatformError when a queue is bound to an exchange that is not declared."""
    topology: JSON = yaml.safe_load(path.read_text(encoding="utf-8"))
    for queue, binding in topology["queues"].items():
        if binding["exchange"] not in topology["exchanges"]:
            raise PlatformError(
                f"{path}: the queue {queue} is bound to {binding['exchange']!r}, which is no exchange there",
                f"exchanges are: {', '.join(topology['exchanges'])}",
            )
    return topology


def broker_users(topology: JSON) -> list[str]:
    """Everyone who has a password at the broker."""
    return [*topology["users"], ADMIN]


def render_definitions(topology: JSON, vhost: str, password_hashes: Mapping[str, str]) -> JSON:
    """The definitions file: one vhost with everything in it, and the users with these password hashes."""
    return {
        "vhosts": [{"name": vhost, "default_queue_type": "quorum"}],
        "users": [
            {
                "name": user,
                "password_hash": password_hash,
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["administrator", "impersonator"] if user == ADMIN else [],
            }
            for user, password_hash in password_hashes.items()
        ],
        **_rights(topology, vhost),
        "exchanges": [
            {"vhost": vhost, "name": name, "type": kind, "durable": True, "auto_delete": False, "arguments": {}}
            for name, kind in (
                *topology["exchanges"].items(),
                *((names.dead_queue(queue), "fanout") for queue in topology["queues"]),
            )
        ],
        **_queues(topology, vhost),
    }


def _rights(topology: JSON, vhost: str) -> JSON:
    users = topology["users"]
    return {
        "permissions": [
            {"user": user, "vhost": vhost, **{what: rights[what] for what in ("configure", "write", "read")}}
            for user, rights in {**users, ADMIN: _EVERYTHING}.items()
        ],
        "topic_permissions": [
            {"user": user, "vhost": vhost, "exchange": names.EVENTS_EXCHANGE, "write": rights["topics"], "read": "^$"}
            for user, rights in users.items()
            if "topics" in rights
        ],
    }


def _queues(topology: JSON, vhost: str) -> JSON:
    """Queues with their dead-letter queues, bindings and policies."""
    queues: list[JSON] = []
    bindings: list[JSON] = []
    policies: list[JSON] = []
    for queue, binding in topology["queues"].items():
        dead = names.dead_queue(queue)
        queues += [_queue(vhost, queue), _queue(vhost, dead)]
        bindings += [_binding(vhost, binding["exchange"], queue, key) for key in binding["keys"]]
        bindings.append(_binding(vhost, dead, dead, ""))
        if binding["exchange"] == names.COMMANDS_EXCHANGE:
            bindings += [_grave(vhost, queue, reason) for reason in _DEADLY]
            giving_up = _GIVE_UP_COMMANDS
        else:
            giving_up = {**_GIVE_UP_EVENTS, "dead-letter-exchange": dead}
        policies += [
            _policy(vhost, queue, {**giving_up, "delivery-limit": topology["deliveryLimit"]}),
            # looking at a dead letter must not use it up
            _policy(vhost, dead, {"delivery-limit": -1, "overflow": "reject-publish"}),
        ]
    return {"queues": queues, "bindings": bindings, "policies": policies}


def _queue(vhost: str, name: str) -> JSON:
    arguments = {"x-queue-type": "quorum"}
    return {"vhost": vhost, "name": name, "durable": True, "auto_delete": False, "arguments": arguments}


def _binding(vhost: str, exchange: str, queue: str, key: str, arguments: Mapping[str, str] | None = None) -> JSON:
    place = {"vhost": vhost, "source": exchange, "destination": queue, "destination_type": "queue"}
    return {**place, "routing_key": key, "arguments": dict(arguments or {})}


def _grave(vhost: str, queue: str, reason: str) -> JSON:
    """What the broker takes out of the queue for this reason goes to its dead queue."""
    died = {"x-match": "all-with-x", "x-first-death-queue": queue, "x-first-death-reason": reason}
    return _binding(vhost, names.DEAD_LETTERS_EXCHANGE, names.dead_queue(queue), "", died)


def _policy(vhost: str, queue: str, definition: JSON) -> JSON:
    pattern = f"^{re.escape(queue)}$"
    place = {"vhost": vhost, "name": queue, "pattern": pattern, "apply-to": "quorum_queues", "priority": 0}
    return {**place, "definition": definition}


def hash_password(password: str, salt: bytes) -> str:
    """RabbitMQ's salted SHA-256 hash. ``salt`` has 4 bytes."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
