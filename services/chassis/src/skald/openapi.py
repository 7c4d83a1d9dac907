"""The OpenAPI 3.1 document of a service, from its code.

``python -m skald.openapi orders.app > services/orders/openapi.json`` writes the committed copy; a test of each service
compares it with ``render``.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import import_module
from typing import Any, Final

from apiflask import APIFlask

from skald.auth import CalledBy, Requires, Rule, access_rules
from skald.problems import PROBLEM_SCHEMA, PROBLEM_TYPE
from skald.web.api import Api, bare_app

__all__ = ["describe", "render"]

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}


def describe(api: Api) -> dict[str, Any]:
    """The document: APIFlask's, with our access rules, and problems for every error."""
    app = bare_app(api)
    app.config.update(AUTO_SERVERS=False, SECURITY_SCHEMES=_security_schemes(app))
    document = app.spec
    if not isinstance(document, dict):
        raise TypeError("APIFlask made YAML, not a document: SPEC_FORMAT must stay json")
    _add_access_rules(document, app)
    _add_problems(document)
    return document


def _add_access_rules(document: dict[str, Any], app: APIFlask) -> None:
    for route, rule in access_rules(app).items():
        method, template = route.split(" ")
        path = re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", template)
        document["paths"][path][method.lower()]["security"] = _security(rule)


def _security_schemes(app: APIFlask) -> dict[str, Any]:
    rules = list(access_rules(app).values())
    schemes: dict[str, Any] = {}
    if any(isinstance(rule, Requires) for rule in rules):
        scopes = {scope: "" for rule in rules if isinstance(rule, Requires) for scope in sorted(rule.scopes)}
        schemes["user"] = {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": dict(sorted(scopes.items()))}},
        }
    if any(isinstance(rule, CalledBy) for rule in rules):
        description = "A Kubernetes service-account token whose audience is this service."
        schemes["service"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}
    return schemes


def _security(rule: Rule | None) -> list[dict[str, list[str]]]:
    match rule:
        case Requires(scopes):
            return [{"user": sorted(scopes)}]
        case CalledBy():
            return [{"service": []}]
        case _:
            return []


def _add_problems(document: dict[str, Any]) -> None:
    """APIFlask documents its own error shapes; ours go in their place, and stand as the default of every route."""
    content = {PROBLEM_TYPE: {"schema": _PROBLEM}}
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status[0] in "45":
                    response["content"] = content
            operation["responses"]["default"] = {"description": "Problem", "content": content}
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM_SCHEMA


def render(api: Api) -> str:
    """The text of the committed copy."""
    return json.dumps(describe(api), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render(import_module(sys.argv[1]).API))
