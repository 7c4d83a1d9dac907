"""The one page that people see: it asks for their password and for their consent, in one form and without a session."""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from flask import Response, render_template_string, request
from skald.app import deps

from identity.deps import Deps
from identity.domain import SCOPES
from identity.flows import SignedIn
from identity.hashing import NOBODY, matches

__all__ = ["answer_form", "show_form"]

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in</title>
<h1>Sign in</h1>
<p>The application <strong>{{ client }}</strong> asks to act for you. It could:</p>
<ul>{% for scope in scopes %}<li>{{ scope }}</li>{% endfor %}</ul>
{% if problem %}<p role="alert"><strong>{{ problem }}</strong></p>{% endif %}
<form method="post">
<p><label>User <input name="username" autocomplete="username" required autofocus></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button name="decision" value="allow">Sign in and allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button></p>
</form>
</html>
"""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def show_form() -> Response:
    """The page, or why this client may not send users here."""
    server = deps(Deps).server
    try:
        grant = server.get_consent_grant()
    except OAuth2Error as error:
        return _refused(error)
    return _page(grant.request, "")


def answer_form() -> Response:
    """Back to the client with a code, or with the user's no; the page again after a wrong password."""
    server = deps(Deps).server
    try:
        grant = server.get_consent_grant()
    except OAuth2Error as error:
        return _refused(error)
    user = None
    if request.form.get("decision") != "deny":
        user = _signed_in(request.form.get("username", ""), request.form.get("password", ""))
        if user is None:
            return _page(grant.request, "The user or the password is not right.", status=403)
    response: Response = server.create_authorization_response(grant=grant, grant_user=user)
    response.headers.update(_HEADERS)
    return response


def _signed_in(username: str, password: str) -> SignedIn | None:
    # An unknown user fails as slowly as a wrong password: nobody learns who is a user here.
    user = deps(Deps).users.get(username) if username else None
    right = matches(password, (user.password_hash if user else "") or NOBODY)
    return SignedIn(user.id) if user and user.password_hash and right else None


def _page(asked: Any, problem: str, *, status: int = 200) -> Response:
    scopes = [SCOPES.get(scope, scope) for scope in sorted(asked.scope.split())]
    page = render_template_string(_PAGE, client=asked.client.get_client_id(), scopes=scopes, problem=problem)
    return Response(page, status=status, headers=_HEADERS, content_type="text/html; charset=utf-8")


def _refused(error: Any) -> Response:
    """To the client's address where that is known to be its own, else to the person at the browser."""
    server = deps(Deps).server
    response: Response = server.handle_error_response(server.create_oauth2_request(None), error)
    return response
