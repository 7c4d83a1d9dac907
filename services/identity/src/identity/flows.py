"""How tokens are got: the grants of OAuth 2.1 in Authlib's words, over our own ``Grants``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter

from identity.grants import Grant
from identity.store import Grants

__all__ = [
    "AUTH_METHODS",
    "SECRET_METHODS",
    "AuthorizationCode",
    "ClientCredentials",
    "Iss",
    "Pkce",
    "RefreshToken",
    "SignedIn",
    "Ticket",
    "ticket_of",
]

SECRET_METHODS: Final = ("client_secret_basic", "client_secret_post")
AUTH_METHODS: Final = (*SECRET_METHODS, "none")
_METHOD: Final = "S256"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user on whose behalf a token is issued."""

    user_id: str
    grant_id: str = ""
    """What it follows from; empty while that is about to be made."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A code or a refresh token, as Authlib asks about it."""

    grant: Grant
    turn: int

    @property
    def code_challenge(self) -> str:
        """PKCE's."""
        return self.grant.challenge

    @property
    def code_challenge_method(self) -> str:
        """The only one that there is."""
        return _METHOD

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.grant.redirect_uri

    def get_scope(self) -> str:
        """What was granted."""
        return self.grant.scope

    def check_client(self, client: Any) -> bool:
        """Whether it was issued to this client."""
        return bool(client.get_client_id() == self.grant.client_id)


class Pkce(CodeChallenge):  # type: ignore[misc]
    """RFC 7636, for every client and by S256 only."""

    SUPPORTED_CODE_CHALLENGE_METHOD = (_METHOD,)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuses what Authlib lets pass: no challenge, or no method, which would mean plain."""
        for name in ("code_challenge", "code_challenge_method"):
            if not grant.request.payload.data.get(name):
                raise InvalidRequestError(f"Missing '{name}': this server wants PKCE with {_METHOD}")
        super().validate_code_challenge(grant, redirect_uri)


class Iss(IssuerParameter):  # type: ignore[misc]
    """RFC 9207: an answer at the client's address says who gave it."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """Our public address."""
        return self._issuer


class ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    """A client in its own name."""

    TOKEN_ENDPOINT_AUTH_METHODS = SECRET_METHODS


class _TakesTurns:
    """Takes the ticket's turn in one write before anything is issued, and hands out the next refresh token."""

    request: Any
    server: Any

    def authenticate_user(self, ticket: Ticket) -> SignedIn:
        self._check_user(ticket.grant)
        self._check_scope(ticket)
        taken = self.server.granted.take(ticket.grant.id, ticket.turn, int(time.time()))
        if taken is None:
            raise InvalidGrantError("What was granted is over: the user has to sign in again.")
        self.request.next_refresh_token = taken.token
        return SignedIn(taken.user_id, taken.id)

    def _check_user(self, grant: Grant) -> None:
        """Nothing follows any more from what was granted by someone who is gone, or who may no longer sign in."""
        user = self.server.users.get(grant.user_id)
        if user is None or not user.password_hash:
            self.server.granted.revoke(grant.id)
            raise InvalidGrantError("The user who granted this is no longer here.")

    def _check_scope(self, ticket: Ticket) -> None:
        """Before the turn is taken: a client whose scopes were narrowed meanwhile may ask for less with this ticket."""
        if self.request.client.get_allowed_scope(self._wanted(ticket)) is None:
            raise InvalidScopeError("The client may no longer have all of this scope.")

    def _wanted(self, ticket: Ticket) -> str:
        """The scope of the token that is to be issued."""
        return ticket.get_scope()

    def generate_token(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        token: dict[str, Any] = super().generate_token(*arguments, **named)  # type: ignore[misc]
        return {**token, "refresh_token": self.request.next_refresh_token}


class AuthorizationCode(_TakesTurns, grants.AuthorizationCodeGrant):  # type: ignore[misc]
    """A user signs in, and the client exchanges the code that it gets for tokens."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Any) -> str:
        """Refuses a foreign address without repeating it, as Authlib would: it may hold what no answer can."""
        asked = request.payload.redirect_uri
        if asked and not client.check_redirect_uri(asked):
            raise InvalidRequestError("This 'redirect_uri' is not one of the client's.")
        return str(grants.AuthorizationCodeGrant.validate_authorization_redirect_uri(request, client))

    def generate_authorization_code(self) -> str:
        """Turn 0 of a new grant."""
        payload = self.request.payload
        begun = self.server.granted.begin(
            client_id=self.request.client.get_client_id(),
            user_id=self.request.user.user_id,
            scope=self.request.scope,
            redirect_uri=payload.redirect_uri,
            challenge=payload.data["code_challenge"],
            now=int(time.time()),
        )
        return str(begun.token)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Nothing to do: it follows from its grant, which is stored."""

    def query_authorization_code(self, code: str, client: Any) -> Ticket | None:
        """What it stands for, if it was issued to this client."""
        ticket = ticket_of(self.server.granted, code)
        return ticket if ticket and ticket.turn == 0 and ticket.check_client(client) else None

    def delete_authorization_code(self, authorization_code: Ticket) -> None:
        """Nothing to do: its turn is taken."""


class RefreshToken(_TakesTurns, grants.RefreshTokenGrant):  # type: ignore[misc]
    """A client goes on for a user who has signed in before."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> Ticket | None:
        """What it stands for."""
        ticket = ticket_of(self.server.granted, refresh_token)
        return ticket if ticket and ticket.turn > 0 else None

    def _validate_token_scope(self, token: Ticket) -> None:
        """Refuses a blank scope, too: it is within every other, but no token is wanted that grants nothing."""
        given = self.request.payload.data.get("scope")
        if given and not given.split():
            raise InvalidScopeError("The scope is blank.")
        super()._validate_token_scope(token)

    def _wanted(self, ticket: Ticket) -> str:
        return self.request.payload.scope or ticket.get_scope()

    def revoke_old_credential(self, refresh_token: Ticket) -> None:
        """Nothing to do: its turn is taken."""


def ticket_of(granted: Grants, token: str) -> Ticket | None:
    """What a code or refresh token stands for; None for one that was never issued."""
    found = granted.of_token(token)
    return Ticket(*found) if found else None
