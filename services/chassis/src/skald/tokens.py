"""Checks JWTs against keys that somebody else publishes: what user tokens and service-account tokens have in common."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, KeySetSerialization

from skald.problems import Problem

__all__ = ["ALGORITHMS", "InvalidToken", "Issuer", "Published", "TokenRules", "verify"]

logger = logging.getLogger(__name__)

ALGORITHMS: Final = ("RS256", "ES256")
"""All that is accepted; ``none`` and shared secrets never are."""
LARGEST_TOKEN: Final = 8 * 1024
"""Characters; a longer token is refused before anything is parsed."""
LEEWAY: Final = 5
"""Seconds by which two clocks may differ."""


class InvalidToken(Exception):
    """The token proves nothing; the text says why and holds none of it."""


@dataclass(frozen=True, slots=True)
class Published:
    """What an issuer says of itself."""

    issuer: str
    """Its name: the ``iss`` of its tokens."""
    keys: KeySetSerialization


class Issuer:
    """An issuer of tokens: its name and its public keys, fetched when needed.

    Kept for ``max_age`` seconds. An unknown key id fetches again, because keys rotate, but at most once every
    ``pause`` seconds, because anyone can make up a key id. While the issuer cannot be reached the old keys stay in use.
    """

    def __init__(
        self,
        fetch: Callable[[], Published],
        *,
        max_age: float = 300.0,
        pause: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``fetch`` may raise OSError, or ValueError or KeyError for an answer that makes no sense."""
        self._fetch = fetch
        self._max_age = max_age
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._name = ""
        self._keys: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    @property
    def name(self) -> str:
        """What ``iss`` must say; empty before the first key was given."""
        return self._name

    def key(self, kid: str) -> Key:
        """The key of that id.

        Raises InvalidToken for one that the issuer does not publish, and Problem (503) while no keys are known at all.
        """
        key = self._keys.get(kid)
        if key is None or self._clock() - self._fetched_at > self._max_age:
            # With a key in hand nobody waits for somebody else's fetch.
            self._refresh(wait=key is None)
            key = self._keys.get(kid)
        if key is not None:
            return key
        if not self._keys:
            raise _keys_unavailable()
        raise InvalidToken("it is signed with a key that the issuer does not publish")

    def _refresh(self, *, wait: bool) -> None:
        if not self._lock.acquire(blocking=wait):
            return
        try:
            if self._clock() - self._tried_at >= self._pause:
                self._tried_at = self._clock()
                self._load()
        finally:
            self._lock.release()

    def _load(self) -> None:
        try:
            published = self._fetch()
            keys = KeySet.import_key_set(published.keys)
        except (OSError, ValueError, KeyError, JoseError) as error:
            logger.warning("the issuer's keys cannot be fetched, %d known keys stay in use: %s", len(self._keys), error)
            return
        self._name = published.issuer
        self._keys = {str(key.kid): key for key in keys}
        self._fetched_at = self._clock()


def _keys_unavailable() -> Problem:
    """What a caller gets while the issuer's keys have never been seen."""
    return Problem(
        503,
        "keys-unavailable",
        "Tokens cannot be checked now",
        "The issuer's signing keys could not be fetched yet.",
        headers={"Retry-After": "5"},
    )


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say besides a good signature."""

    audience: str
    types: tuple[str, ...] = ("at+jwt", "application/at+jwt")
    """Accepted ``typ`` headers in lower case; an empty tuple accepts any, for issuers that set none."""
    required: tuple[str, ...] = ("exp", "iat", "sub")


def verify(token: str, issuer: Issuer, rules: TokenRules, now: float | None = None) -> Mapping[str, Any]:
    """The claims of a token that ``issuer`` signed and that keeps the rules. Raises InvalidToken, or Problem (503)."""
    if len(token) > LARGEST_TOKEN:
        raise InvalidToken(f"it is longer than {LARGEST_TOKEN} characters")
    try:
        signed = jws.extract_compact(token.encode())
        header = signed.headers()
        _check_header(header, rules)
        if not jws.validate_compact(signed, issuer.key(header["kid"]), ALGORITHMS):
            raise InvalidToken("its signature is wrong")
        claims = json.loads(signed.payload)
    except (JoseError, ValueError):
        raise InvalidToken("it is no well-formed JWT") from None
    if not isinstance(claims, dict):
        raise InvalidToken("it carries no claims")
    if claims.get("iss") != issuer.name:
        raise InvalidToken(f"its issuer is not {issuer.name}")
    _check_claims(claims, rules, time.time() if now is None else now)
    return claims


def _check_header(header: Mapping[str, Any], rules: TokenRules) -> None:
    if "crit" in header:
        raise InvalidToken("it demands extensions that are not known here")
    if header.get("alg") not in ALGORITHMS:
        raise InvalidToken(f"its algorithm is none of {', '.join(ALGORITHMS)}")
    if not isinstance(header.get("kid"), str):
        raise InvalidToken("it names no key (kid)")
    if rules.types and str(header.get("typ", "")).lower() not in rules.types:
        raise InvalidToken(f"its type is not {rules.types[0]}")


def _check_claims(claims: Mapping[str, Any], rules: TokenRules, now: float) -> None:
    if missing := [name for name in rules.required if name not in claims]:
        raise InvalidToken(f"it lacks the claims {', '.join(missing)}")
    if not _is_time(claims["exp"]) or claims["exp"] <= now - LEEWAY:
        raise InvalidToken("it has expired")
    for name in ("nbf", "iat"):
        if name in claims and not (_is_time(claims[name]) and claims[name] <= now + LEEWAY):
            raise InvalidToken("it is not valid yet")
    audiences = claims.get("aud")
    if rules.audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise InvalidToken(f"it is not meant for {rules.audience}")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise InvalidToken("it names no subject")


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
