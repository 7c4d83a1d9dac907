"""The compiler translates what it knows and refuses the rest by name: nothing in the file is silently left out."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import yaml

from hack.gateway import Adapter, GatewayError, UnsupportedFeature, compile_gateway, validate
from hack.gateway.__main__ import main

# Through JSON, so that what the file says once for several places can be changed in one.
FILE = json.loads(json.dumps(yaml.safe_load(Path("gateway-config/kong.yaml").read_text())))
UPSTREAMS = {upstream["name"]: ["127.0.0.1:1"] for upstream in FILE["upstreams"]}
ADDRESSES = {"jwks_uri": "http://127.0.0.1:1/keys", "listen": "127.0.0.1:2", "admin": "127.0.0.1:3"}
GLOBAL = {plugin["name"]: f"plugins.{index}" for index, plugin in enumerate(FILE["plugins"])}
JWT = "services.2.plugins.0"


def adapter(**changes) -> Adapter:
    return Adapter(**({"upstreams": UPSTREAMS} | ADDRESSES | changes))


def changed(path: str, value) -> dict:
    """The file with one value set, at a path such as ``services.0.retries``."""
    document = copy.deepcopy(FILE)
    node = document
    *way, last = path.split(".")
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    if isinstance(node, list) and int(last) == len(node):
        node.append(value)
    else:
        node[int(last) if isinstance(node, list) else last] = value
    return document


UNSUPPORTED = {
    "an entity": ("certificates", [], "$", "certificates"),
    "another version of the format": ("_format_version", "2.1", "$._format_version", "2.1"),
    "a key in the file": ("consumers.0.jwt_secrets", [], "$.consumers[0]", "jwt_secrets"),
    "a plugin": ("plugins.0", {"name": "acl", "config": {}}, "$.plugins[0].name", "acl"),
    "a plugin that is off": ("plugins.0.enabled", False, "$.plugins[0]", "enabled"),
    "a plugin of one consumer": ("plugins.0.consumer", "users", "$.plugins[0]", "consumer"),
    "a plugin where it has no translation": (
        "services.2.plugins.1",
        FILE["plugins"][0],
        "$.services[2].plugins[1].name",
        "correlation-id",
    ),
    "a plugin twice": ("plugins.8", FILE["plugins"][1], "$", "once"),
    "a limit on one route only": ("plugins", [], "$", "rate-limiting on a route needs one for all"),
    "a token check for all": ("plugins.8", FILE["services"][2]["plugins"][0], "$.plugins[8].name", "jwt"),
    "a field of a service": ("services.0.tls_verify", True, "$.services[0]", "tls_verify"),
    "two timeouts that differ": ("services.0.write_timeout", 1, "$.services[0]", "must be equal"),
    "a field of a route": ("services.0.routes.0.hosts", ["x"], "$.services[0].routes[0]", "hosts"),
    "a path that matches more than it says": (
        "services.0.routes.0.paths.0",
        "/api",
        "$.services[0].routes[0].paths[0]",
        "~/",
    ),
    "a path of alternatives": (
        "services.0.routes.0.paths.0",
        "~/a|/b$",
        "$.services[0].routes[0].paths[0]",
        "regex",
    ),
    "a method that is a pattern": (
        "services.0.routes.0.methods.0",
        "P.*",
        "$.services[0].routes[0].methods[0]",
        "regex",
    ),
    "a stripped path": ("services.0.routes.0.strip_path", True, "$.services[0].routes[0]", "strip_path"),
    "a changed host": ("services.0.routes.0.preserve_host", False, "$.services[0].routes[0]", "preserve_host"),
    "a redirect that is a refusal": (
        "services.0.routes.0.protocols",
        ["https"],
        "$.services[0].routes[0]",
        "https_redirect_status_code",
    ),
    "a route that HTTPS does not have": (
        "services.0.routes.0.protocols",
        ["http"],
        "$.services[0].routes[0]",
        "protocols must have https",
    ),
    "another balancing": ("upstreams.0.algorithm", "round-robin", "$.upstreams[0].algorithm", "round-robin"),
    "illnesses that Envoy does not know": (
        "upstreams.0.healthchecks.passive.unhealthy.http_failures",
        5,
        "$.upstreams[0].healthchecks.passive.unhealthy",
        "http_statuses",
    ),
    "timeouts counted apart": (
        "upstreams.0.healthchecks.passive.unhealthy.timeouts",
        3,
        "$.upstreams[0].healthchecks.passive.unhealthy",
        "timeouts",
    ),
    "thresholds that differ": (
        "upstreams.0.healthchecks.active.unhealthy.timeouts",
        9,
        "$.upstreams[0].healthchecks.active.unhealthy",
        "timeouts",
    ),
    "a token in the query string": (
        f"{JWT}.config.uri_param_names",
        ["jwt"],
        "$.services[2].plugins[0].config",
        "uri_param_names",
    ),
    "a token in a cookie": (f"{JWT}.config.cookie_names", ["jwt"], "$.services[2].plugins[0].config", "cookie_names"),
    "another key claim": (
        f"{JWT}.config.key_claim_name",
        "iss",
        "$.services[2].plugins[0].config.key_claim_name",
        "iss",
    ),
    "tokens that never expire": (
        f"{JWT}.config.claims_to_verify",
        [],
        "$.services[2].plugins[0].config",
        "claims_to_verify",
    ),
    "a shared counter": (
        f"{GLOBAL['rate-limiting']}.config.policy",
        "redis",
        "$.plugins[3].config.policy",
        "redis",
    ),
    "a limit by the hour": (f"{GLOBAL['rate-limiting']}.config.hour", 5, "$.plugins[3].config", "hour"),
    "a limit by no header": (
        f"{GLOBAL['rate-limiting']}.config.header_name",
        None,
        "$.plugins[3].config",
        "header_name",
    ),
    "every origin": (f"{GLOBAL['cors']}.config.origins", ["*"], "$.plugins[1].config.origins[0]", "http"),
    "a log line of one's own": (
        f"{GLOBAL['file-log']}.config.custom_fields_by_lua",
        {"a": "return 1"},
        "$.plugins[6].config",
        "custom_fields_by_lua",
    ),
    "numbers by consumer": (f"{GLOBAL['prometheus']}.config.per_consumer", True, "$.plugins[7].config", "per_consumer"),
}


@pytest.mark.parametrize(("at", "value", "path", "feature"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_has_no_translation_is_refused_with_its_path_and_its_name(at, value, path, feature):
    with pytest.raises(UnsupportedFeature) as refused:
        compile_gateway(changed(at, value), adapter())
    assert refused.value.path == path
    assert feature in refused.value.feature


REQUIRED = ["strip_path", "preserve_host", "methods", "paths"]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_field_whose_default_means_something_else_in_kong_must_be_written(field):
    document = copy.deepcopy(FILE)
    del document["services"][0]["routes"][0][field]
    with pytest.raises(UnsupportedFeature, match=field):
        compile_gateway(document, adapter())


def test_two_ideas_of_a_good_token_are_refused():
    document = changed("services.3.plugins.0.config.maximum_expiration", 60)
    with pytest.raises(UnsupportedFeature, match="other settings"):
        compile_gateway(document, adapter())


def test_a_service_without_its_upstream_is_refused():
    with pytest.raises(GatewayError, match=r"services\[0\]\.host: there is no upstream nowhere"):
        compile_gateway(changed("services.0.host", "nowhere"), adapter())


def test_an_upstream_that_the_adapter_does_not_know_is_named():
    with pytest.raises(GatewayError, match=r"no address for the upstream identity-web .* \(it has: none\)"):
        compile_gateway(FILE, adapter(upstreams={}))


def test_a_route_for_https_alone_needs_an_address_for_https():
    document = changed("services.0.routes.0.protocols", ["https"])
    document["services"][0]["routes"][0]["https_redirect_status_code"] = 308
    with pytest.raises(GatewayError, match="`tls`"):
        compile_gateway(document, adapter())


@pytest.mark.parametrize("address", ["", "127.0.0.1", ":80", "127.0.0.1:http"])
def test_an_address_that_is_none_is_named(address):
    with pytest.raises(GatewayError, match="an address must be host:port"):
        compile_gateway(FILE, adapter(listen=address))


@pytest.mark.parametrize("uri", ["https://127.0.0.1:1/keys", "http://127.0.0.1/keys", "http://127.0.0.1:1", "keys"])
def test_a_key_set_that_envoy_could_not_fetch_is_refused(uri):
    with pytest.raises(GatewayError, match="jwks_uri must be http://host:port/path"):
        adapter(jwks_uri=uri)


def without(*names: str) -> dict:
    """The file without these plugins, wherever they are."""
    document = copy.deepcopy(FILE)
    routes = [route for service in document["services"] for route in service["routes"]]
    for owner in [document, *document["services"], *routes]:
        owner["plugins"] = [plugin for plugin in owner.get("plugins", []) if plugin["name"] not in names]
    return document


@pytest.mark.parametrize("left_out", [None, "jwt", *GLOBAL])
def test_envoy_accepts_the_result_also_without_any_one_plugin(tmp_path, left_out):
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps(compile_gateway(without(left_out), adapter())))
    validate(config)


def test_a_plugin_that_is_left_out_does_nothing():
    compiled = json.dumps(compile_gateway(without("jwt", *GLOBAL), adapter()))
    for trace in (
        "http.buffer",
        "http.cors",
        "JwtAuthentication",
        "LocalRateLimit",
        "access_loggers",
        "nosniff",
        "always_set",
    ):
        assert trace not in compiled


def clusters(document) -> list[dict]:
    return [
        each for each in compile_gateway(document, adapter())["static_resources"]["clusters"] if each["name"] != "jwks"
    ]


@pytest.mark.parametrize(("failures", "enforced"), [(0, 0), (5, 100)])
def test_an_earlier_releases_file_that_counts_answers_is_translated_as_it_says(tmp_path, failures, enforced):
    passive = {
        "type": "http",
        "unhealthy": {
            "http_failures": failures,
            "tcp_failures": 2,
            "timeouts": 2,
            "http_statuses": [502, 503, 504],
        },
    }
    for index, _ in enumerate(FILE["upstreams"]):
        document = changed(f"upstreams.{index}.healthchecks.passive", passive)
        outliers = [each["outlier_detection"]["enforcing_consecutive_gateway_failure"] for each in clusters(document)]
        assert enforced in outliers
    (config := tmp_path / "envoy.json").write_text(json.dumps(compile_gateway(document, adapter())))
    validate(config)


def test_a_pod_that_has_left_dns_gets_no_more_requests_though_it_still_serves():
    assert all(each["ignore_health_on_host_removal"] for each in clusters(FILE))


def test_what_envoy_refuses_is_told_in_its_words(tmp_path):
    config = tmp_path / "envoy.json"
    config.write_text('{"static_resources": {"listeners": [{"nonsense": 1}]}}')
    with pytest.raises(GatewayError, match="nonsense"):
        validate(config)


def run(tmp_path, content) -> tuple[int, Path]:
    (tmp_path / "adapter.json").write_text(json.dumps(content))
    out = tmp_path / "envoy.json"
    arguments = ["compile", "gateway-config/kong.yaml", "--adapter", str(tmp_path / "adapter.json"), "--out", str(out)]
    return main([*arguments, "--validate"]), out


def test_the_command_writes_what_envoy_accepts(tmp_path):
    status, out = run(tmp_path, {"upstreams": UPSTREAMS} | ADDRESSES)
    assert status == 0
    assert json.loads(out.read_text()) == compile_gateway(FILE, adapter())


@pytest.mark.parametrize(
    ("content", "reason"),
    [({"upstreams": {}} | ADDRESSES, "no address for the upstream"), ({"upstreams": {}}, "jwks_uri"), ([], "object")],
)
def test_the_command_says_why_it_cannot(tmp_path, capsys, content, reason):
    status, out = run(tmp_path, content)
    assert status == 1
    assert reason in capsys.readouterr().err
    assert not out.exists()
