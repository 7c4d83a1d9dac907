"""What can be said of gateway-config/kong.yaml without running it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from identity.domain import TOKEN_LIFE

FOLDER = Path("gateway-config")
FILE = yaml.safe_load((FOLDER / "kong.yaml").read_text())
SERVICES = {service["name"]: service for service in FILE["services"]}
ROUTES = {route["name"]: (service, route) for service in FILE["services"] for route in service["routes"]}
PUBLIC = {"authorize", "discovery", "products", "token", "token-status"}
SECRETS = [
    r"PRIVATE KEY",
    r"(?i)\b(password|passwd|client_secret|api_?key)\b\s*[:=]\s*\S",
    r"\beyJ[A-Za-z0-9_-]{10,}",
    r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40,}(?![A-Za-z0-9/+])",
    r"://[^/\s]+:[^/\s]+@",
]


def operations(service: str) -> list[tuple[str, str, bool]]:
    """What the service says of itself: method, a path such as a client would send, and whether it asks for a token."""
    document = json.loads(Path(f"services/{service}/openapi.json").read_text())
    return [
        (method.upper(), re.sub(r"\{[^}]+\}", "x1", path), bool(operation.get("security")))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]


def matching(method: str, path: str) -> list[str]:
    return [
        name
        for name, (_, route) in ROUTES.items()
        if method in route["methods"] and any(re.match(pattern.removeprefix("~"), path) for pattern in route["paths"])
    ]


def token_checks(name: str) -> list[dict[str, Any]]:
    service, route = ROUTES[name]
    plugins = [*service.get("plugins", []), *route.get("plugins", [])]
    return [plugin["config"] for plugin in plugins if plugin["name"] == "jwt"]


def asks_for_a_token(name: str) -> bool:
    return bool(token_checks(name))


def has_a_limit_by_address(name: str) -> bool:
    plugins = ROUTES[name][1].get("plugins", [])
    return any(plugin["name"] == "rate-limiting" and plugin["config"]["limit_by"] == "ip" for plugin in plugins)


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_asks_for_a_token_or_is_on_the_short_list(name):
    assert asks_for_a_token(name) != (name in PUBLIC)


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_that_asks_for_no_token_has_its_own_limit_by_address(name):
    assert asks_for_a_token(name) or has_a_limit_by_address(name)


@pytest.mark.parametrize("name", sorted(ROUTES.keys() - PUBLIC))
def test_a_token_of_identity_may_come_from_a_clock_that_is_half_a_minute_ahead(name):
    assert all(check["maximum_expiration"] >= TOKEN_LIFE + 30 for check in token_checks(name))


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_a_service_has_one_route_and_the_same_mind_about_tokens(service):
    for method, path, guarded in operations(service):
        routes = matching(method, path)
        assert len(routes) == 1, f"{method} {path} of {service}: {routes or 'no route'}"
        assert ROUTES[routes[0]][0]["name"] == service
        assert asks_for_a_token(routes[0]) == guarded, f"{method} {path}"


@pytest.mark.parametrize("name", ROUTES)
def test_every_method_of_every_path_of_a_route_exists_in_its_service(name):
    service, route = ROUTES[name]
    known = operations(service["name"])
    for pattern in route["paths"]:
        found = {method for method, path, _ in known if re.match(pattern.removeprefix("~"), path)}
        assert found | {"OPTIONS"} == set(route["methods"]), pattern


@pytest.mark.parametrize("upstream", FILE["upstreams"], ids=lambda upstream: upstream["name"])
def test_an_upstream_is_checked_both_ways_and_no_answer_is_an_illness(upstream):
    checks = upstream["healthchecks"]
    passive = checks["passive"]["unhealthy"]
    assert checks["active"]["healthy"]["interval"] > 0
    assert checks["active"]["unhealthy"]["interval"] > 0
    assert passive["tcp_failures"] > 0
    assert passive["http_failures"] == passive["timeouts"] == 0


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=str)
def test_nothing_looks_like_a_secret(path):
    found = [match.group() for pattern in SECRETS for match in re.finditer(pattern, path.read_text())]
    assert not found


def test_the_readme_lists_every_route_as_it_is():
    rows = [
        "| `{}` | {} | {} | {} |".format(
            "` `".join(pattern.removeprefix("~").removesuffix("$") for pattern in route["paths"]),
            ", ".join(method for method in route["methods"] if method != "OPTIONS"),
            service["name"],
            "yes" if asks_for_a_token(name) else "no",
        )
        for name, (service, route) in ROUTES.items()
    ]
    listed = [line for line in (FOLDER / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert listed == rows, "the table should be:\n" + "\n".join(rows)
