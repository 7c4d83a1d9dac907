"""Who may call what. Every route states its rule: ``@public``, ``@requires(scope)`` or ``@called_by(service)``.

The rule is a mark on the handler; ``guard`` reads it before each request and refuses to serve an app that has a route
without one. So the order of decorators does not matter and nothing can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from flask import Flask, g, request

from skald.fetch import fetch_json
from skald.logging import add_log_fields
from skald.problems import Problem
from skald.servicetokens import Callers
from skald.settings import WebSettings
from skald.tokens import InvalidToken, Issuer, Published, TokenRules, verify

__all__ = [
    "Authenticator",
    "CalledBy",
    "Public",
    "Requires",
    "Rule",
    "Subject",
    "access_rules",
    "called_by",
    "current_subject",
    "guard",
    "public",
    "requires",
    "unguarded_routes",
]

_MARK: Final = "__skald_access__"
Handler = TypeVar("Handler", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Public:
    """Anybody may call it."""


@dataclass(frozen=True, slots=True)
class Requires:
    """Users' clients may call it whose token grants all these scopes."""

    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class CalledBy:
    """These services of the same namespace may call it, with their service-account token."""

    services: frozenset[str]


Rule = Public | Requires | CalledBy


@dataclass(frozen=True, slots=True)
class Subject:
    """The user, or the client on its own behalf, that a token speaks for."""

    id: str
    client_id: str
    scopes: frozenset[str]


def public(handler: Handler) -> Handler:
    """Anybody may call this route."""
    return _marked(handler, Public())


def requires(*scopes: str) -> Callable[[Handler], Handler]:
    """Only tokens with all of ``scopes`` may call this route; with none given, any valid token may."""
    return lambda handler: _marked(handler, Requires(frozenset(scopes)))


def called_by(*services: str) -> Callable[[Handler], Handler]:
    """Only these services may call this route."""
    return lambda handler: _marked(handler, CalledBy(frozenset(services)))


def _marked(handler: Handler, rule: Rule) -> Handler:
    setattr(handler, _MARK, rule)
    return handler


def current_subject() -> Subject:
    """Whom the request at hand is made for. Only in handlers with ``@requires``."""
    subject: Subject = g.skald_subject
    return subject


class Authenticator:
    """Checks users' access tokens (RFC 9068)."""

    def __init__(self, issuer: Issuer, audience: str) -> None:
        self._issuer = issuer
        self._rules = TokenRules(audience, required=("exp", "iat", "sub", "client_id"))

    @classmethod
    def from_settings(cls, settings: WebSettings) -> Authenticator:
        """Trusts the issuer that the settings name, with the keys that it publishes inside the platform."""

        def fetch() -> Published:
            return Published(settings.issuer, fetch_json(settings.jwks_url))

        return cls(Issuer(fetch), settings.audience)

    def subject(self, token: str) -> Subject:
        """Whom the token speaks for. Raises InvalidToken."""
        claims = verify(token, self._issuer, self._rules)
        scope = claims.get("scope", "")
        if not isinstance(scope, str) or not isinstance(claims["client_id"], str):
            raise InvalidToken("its scope or client_id is no text")
        return Subject(claims["sub"], claims["client_id"], frozenset(scope.split()))


def guard(app: Flask, authenticator: Authenticator | None, callers: Callers | None) -> None:
    """Enforces every route's rule. Call it when all routes are registered.

    Raises ValueError when a route has no rule, or one that nothing was given to check it with.
    """
    if unguarded := unguarded_routes(app):
        raise ValueError(
            f"these routes of {app.name} have no access rule (@public, @requires or @called_by): {unguarded}"
        )
    rules = {rule for rule in access_rules(app).values() if rule is not None}
    if authenticator is None and any(isinstance(rule, Requires) for rule in rules):
        raise ValueError(f"{app.name} has routes with @requires, but no authenticator")
    if callers is None and any(isinstance(rule, CalledBy) for rule in rules):
        raise ValueError(f"{app.name} has routes with @called_by, but nothing that checks service tokens")

    def enforce() -> None:
        if request.endpoint is None:
            return
        match _rule_of(app, request.endpoint):
            case Requires(scopes) if authenticator is not None:
                _admit_user(authenticator, scopes)
            case CalledBy(services) if callers is not None:
                _admit_service(callers, services)
            case Public():
                pass
            case _:
                raise Problem.of_status(403, "This route has no access rule.")

    app.before_request(enforce)


def _admit_user(authenticator: Authenticator, scopes: frozenset[str]) -> None:
    try:
        subject = authenticator.subject(_bearer_token())
    except InvalidToken as error:
        raise _unauthorized(str(error)) from None
    add_log_fields(subject=subject.id)
    if missing := scopes - subject.scopes:
        names = " ".join(sorted(missing))
        raise _forbidden(
            "insufficient-scope", f"The token does not grant {names}.", f'scope="{" ".join(sorted(scopes))}"'
        )
    g.skald_subject = subject


def _admit_service(callers: Callers, services: frozenset[str]) -> None:
    try:
        caller = callers.caller(_bearer_token())
    except InvalidToken as error:
        raise _unauthorized(str(error)) from None
    add_log_fields(subject=caller)
    if caller not in services:
        raise _forbidden("caller-not-allowed", f"The service {caller} may not call this route.", "")


def _bearer_token() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(
            401,
            "token-missing",
            "Authentication needed",
            "Send an access token: Authorization: Bearer TOKEN.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return token.strip()


def _unauthorized(reason: str) -> Problem:
    challenge = f'Bearer error="invalid_token", error_description="{reason}"'
    detail = f"The access token is refused: {reason}."
    return Problem(401, "token-invalid", "Token not accepted", detail, headers={"WWW-Authenticate": challenge})


def _forbidden(code: str, detail: str, parameter: str) -> Problem:
    challenge = ", ".join(part for part in ('Bearer error="insufficient_scope"', parameter) if part)
    return Problem(403, code, "Not allowed", detail, headers={"WWW-Authenticate": challenge})


def _rule_of(app: Flask, endpoint: str) -> Rule | None:
    """The rule of the handler behind an endpoint."""
    return getattr(app.view_functions[endpoint], _MARK, None)


def _routes(app: Flask) -> Iterator[tuple[str, Rule | None]]:
    for route in app.url_map.iter_rules():
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {route.rule}", _rule_of(app, route.endpoint)


def access_rules(app: Flask) -> Mapping[str, Rule | None]:
    """Each route, as ``GET /v1/orders``, with its rule: what a structural test walks."""
    return dict(sorted(_routes(app), key=lambda item: item[0]))


def unguarded_routes(app: Flask) -> list[str]:
    """The routes that have no rule."""
    return [route for route, rule in access_rules(app).items() if rule is None]
