import json
from pathlib import Path

import pytest
import yaml
from joserfc.jwk import RSAKey

from hack.embedded.instance import REPOSITORY
from hack.gateway import GatewayError, Tls, validate
from hack.images.kong.configuration import bootstrap, compile_configuration, resources
from hack.images.kong.settings import Settings

FILE = (REPOSITORY / "gateway-config" / "kong.yaml").read_text()
PEM = RSAKey.generate_key(2048).as_pem(private=False).decode()


def with_keys(*kids: str) -> str:
    document = yaml.safe_load(FILE)
    secrets = [{"key": kid, "algorithm": "RS256", "rsa_public_key": PEM} for kid in kids]
    document["consumers"][0]["jwt_secrets"] = secrets
    return json.dumps(document)


def test_the_projects_file_compiles_with_its_own_targets() -> None:
    configuration = compile_configuration(FILE, "127.0.0.1:8000")
    assert configuration.key_set == {"keys": []}
    assert "orders-web" in json.dumps(configuration.static)


def test_keys_in_the_configuration_become_the_key_set() -> None:
    configuration = compile_configuration(with_keys("a", "b"), "127.0.0.1:8000")
    assert [key["kid"] for key in configuration.key_set["keys"]] == ["a", "b"]


def test_other_keys_change_the_hash_but_not_what_envoy_is_told() -> None:
    one, two = (compile_configuration(with_keys(kid), "127.0.0.1:8000") for kid in "ab")
    assert one.hash != two.hash
    assert resources(one.static) == resources(two.static)


def test_envoy_accepts_the_bootstrap_with_its_files(tmp_path: Path) -> None:
    configuration = compile_configuration(FILE, "127.0.0.1:8000")
    for name, content in resources(configuration.static).items():
        (tmp_path / name).write_text(content)
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps(bootstrap(str(tmp_path), configuration.static)))
    validate(config)


@pytest.mark.parametrize("text", ["[", "1", "{}", '{"_format_version": "3.0", "consumers": [{"jwt_secrets": [{}]}]}'])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(GatewayError):
        compile_configuration(text, "127.0.0.1:8000")


def test_settings_are_kongs_own() -> None:
    settings = Settings.from_env({"KONG_PROXY_LISTEN": "0.0.0.0:8000 reuseport", "KONG_STATUS_LISTEN": "0.0.0.0:8100"})
    assert (settings.proxy, settings.status, settings.admin) == ("0.0.0.0:8000", "0.0.0.0:8100", "127.0.0.1:8001")


SECURE = {"KONG_PROXY_LISTEN": "0.0.0.0:8000 reuseport, 0.0.0.0:8443 ssl http2 reuseport", "KONG_SSL_CERT": "/c"}


def test_a_listener_with_ssl_has_a_certificate() -> None:
    settings = Settings.from_env({**SECURE, "KONG_SSL_CERT_KEY": "/k"})
    assert (settings.proxy, settings.tls) == ("0.0.0.0:8000", Tls("0.0.0.0:8443", "/c", "/k"))


def test_a_listener_with_ssl_and_no_key_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="KONG_SSL_CERT_KEY"):
        Settings.from_env(SECURE)
