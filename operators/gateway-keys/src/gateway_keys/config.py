"""Pure: the gateway file and a key set make the configuration that a node should have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

__all__ = ["CONSUMER", "BadInput", "merged", "public_keys"]

CONSUMER: Final = "users"
"""The consumer of the gateway file that all users are: a token's ``kid`` finds it."""


class BadInput(Exception):
    """The file or the key set cannot be used; what the node has stays in force."""


def public_keys(key_set: object) -> Mapping[str, str]:
    """By ``kid``: the RS256 keys of a JSON Web Key Set, as PEM.

    Raises BadInput when there is none: taking the last key away would refuse every token.
    """
    keys = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(keys, list):
        raise BadInput(f"the key set has no list of keys: {str(key_set)[:80]}")
    found = {str(key["kid"]): _pem(key) for key in keys if _signs_rs256(key)}
    if not found:
        raise BadInput(f"the key set has no RS256 key with a kid, among {len(keys)} keys")
    return found


def merged(file: str, keys: Mapping[str, str]) -> str:
    """The gateway file with these keys for its users, as JSON. The same input gives the same text. Raises BadInput."""
    try:
        config = yaml.safe_load(file)
    except yaml.YAMLError as error:
        raise BadInput(f"the gateway file is no YAML: {error}") from error
    consumer = _consumer(config)
    own = {str(secret["key"]): secret for secret in consumer.get("jwt_secrets", [])}
    fetched = {kid: {"key": kid, "algorithm": "RS256", "rsa_public_key": pem} for kid, pem in keys.items()}
    consumer["jwt_secrets"] = [secret for _, secret in sorted({**own, **fetched}.items())]
    return json.dumps(config)


def _consumer(config: object) -> dict[str, Any]:
    consumers: Sequence[Any] = config.get("consumers") or [] if isinstance(config, dict) else []
    for consumer in consumers:
        if isinstance(consumer, dict) and consumer.get("username") == CONSUMER:
            return consumer
    raise BadInput(f"the gateway file has no consumer {CONSUMER!r} to give the keys to")


def _signs_rs256(key: object) -> bool:
    return (
        isinstance(key, dict)
        and key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
        and bool(key.get("kid"))
    )


def _pem(key: dict[str, Any]) -> str:
    try:
        return RSAKey.import_key(key).as_pem(private=False).decode()
    except (JoseError, ValueError) as error:
        raise BadInput(f"the key {key['kid']!r} is no RSA key: {error}") from error
