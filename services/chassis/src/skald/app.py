"""Makes a service's HTTP application: all that is alike in every service, around the service's own blueprints."""

from __future__ import annotations

from typing import Final, TypeVar

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify

from skald.auth import Authenticator, guard, public
from skald.health import Readiness
from skald.openapi import describe
from skald.servicetokens import Callers
from skald.settings import ServiceSettings
from skald.version import version
from skald.web.api import Api, bare_app
from skald.web.errors import install_error_handlers
from skald.web.jsonbody import BoundedRequest, StrictJson
from skald.web.metrics import measure_requests
from skald.web.scope import install_request_scope

__all__ = ["READINESS", "Api", "create_app", "deps"]

READINESS: Final = "skald.readiness"
_DEPENDENCIES: Final = "skald.dependencies"
_SERVICE: Final = "skald.service"
_API: Final = "skald.api"

Dependencies = TypeVar("Dependencies")


def create_app(
    settings: ServiceSettings,
    api: Api,
    *,
    deps: object,
    readiness: Readiness,
    authenticator: Authenticator | None = None,
    callers: Callers | None = None,
) -> APIFlask:
    """The application for one process. ``deps`` is what handlers get from ``deps(type)``.

    Raises ValueError when a route has no access rule, or one that needs the missing ``authenticator`` or ``callers``.
    """
    app = bare_app(api)
    app.request_class = BoundedRequest
    app.json = StrictJson(app)
    app.extensions.update({_DEPENDENCIES: deps, READINESS: readiness, _SERVICE: settings.service, _API: api})
    measure_requests(app)
    install_request_scope(app)
    install_error_handlers(app)
    app.register_blueprint(operations)
    guard(app, authenticator, callers)
    return app


def deps(kind: type[Dependencies]) -> Dependencies:
    """What the composition root gave to ``create_app``, for the handler at hand."""
    found = current_app.extensions[_DEPENDENCIES]
    if not isinstance(found, kind):
        raise TypeError(f"{current_app.name} was made with {type(found).__name__}, the handler wants {kind.__name__}")
    return found


operations = APIBlueprint("operations", __name__, enable_openapi=False)
"""Beside the API: for the platform, not for clients; the gateway routes none of it."""


@operations.get("/livez")
@public
def livez() -> dict[str, str]:
    """The process answers; says nothing about anything that it depends on."""
    return {"status": "alive"}


@operations.get("/readyz")
@public
def readyz() -> dict[str, str]:
    """503 while the service's own database does not answer and while the process is stopping."""
    readiness: Readiness = current_app.extensions[READINESS]
    if problem := readiness.as_problem():
        raise problem
    return {"status": "ready"}


@operations.get("/version")
@public
def show_version() -> dict[str, str]:
    """Which code answers."""
    api: Api = current_app.extensions[_API]
    return {"service": current_app.extensions[_SERVICE], "version": version(api.package)}


@operations.get("/openapi.json")
@public
def show_openapi() -> Response:
    """The same document as the committed one."""
    return jsonify(describe(current_app.extensions[_API]))
