"""Settings are read once and complain at once about everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from skald.settings import GrpcSettings, ServiceSettings, SettingsError, WebSettings, WorkerSettings, env

GOOD = {
    "SKALD_SERVICE": "orders",
    "SKALD_NAMESPACE": "shop",
    "SKALD_METRICS_BIND": "127.0.0.1:9000",
    "SKALD_MONGODB_URI": "mongodb://orders:secret@db/",
    "SKALD_MONGODB_DATABASE": "orders",
    "SKALD_AMQP_URL": "amqp://or%64ers:secret@mq:5672/shop",
}


class Own(WorkerSettings):
    limit: int = env("SKALD_LIMIT", "a number from 1 to 5", 3, ge=1, le=5)


def test_values_come_typed_from_the_environment() -> None:
    settings = Own.from_env({**GOOD, "SKALD_LIMIT": "5"})
    assert (settings.service, settings.limit, settings.worker_threads) == ("orders", 5, 4)
    assert (settings.metrics_bind.host, settings.metrics_bind.port) == ("127.0.0.1", 9000)
    assert str(settings.metrics_bind) == "127.0.0.1:9000"
    assert settings.broker_user == "orders"


def test_settings_are_frozen_and_do_not_show_secrets() -> None:
    settings = Own.from_env(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        settings.limit = 4  # type: ignore[misc]
    assert "secret" not in repr(settings)


def test_all_problems_are_told_in_one_message_with_what_each_should_be() -> None:
    broken = {**GOOD, "SKALD_LIMIT": "9", "SKALD_METRICS_BIND": "9000"}
    del broken["SKALD_AMQP_URL"], broken["SKALD_MONGODB_DATABASE"]
    with pytest.raises(SettingsError) as caught:
        Own.from_env(broken)
    message = str(caught.value)
    assert "SKALD_AMQP_URL is missing: amqp://USER:PASSWORD@HOST:PORT/VHOST" in message
    assert "SKALD_MONGODB_DATABASE is missing: the name of the service's own database" in message
    assert "SKALD_LIMIT: Input should be less than or equal to 5; it should be a number from 1 to 5" in message
    assert "SKALD_METRICS_BIND: Value error, '9000' is not HOST:PORT" in message
    assert "secret" not in message


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("amqp://payments:pw@mq/shop\n")
    environ = {**GOOD, "SKALD_AMQP_URL_FILE": str(file)}
    del environ["SKALD_AMQP_URL"]
    assert Own.from_env(environ).amqp_url.get_secret_value() == "amqp://payments:pw@mq/shop"


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    environ = {**GOOD, "SKALD_AMQP_URL_FILE": str(tmp_path / "absent")}
    del environ["SKALD_AMQP_URL"]
    with pytest.raises(SettingsError) as caught:
        Own.from_env(environ)
    assert f"SKALD_AMQP_URL_FILE={tmp_path / 'absent'}: cannot be read (No such file or directory)" in str(caught.value)
    assert "SKALD_AMQP_URL is missing" not in str(caught.value)


def test_an_empty_variable_is_an_absent_one() -> None:
    assert Own.from_env({**GOOD, "SKALD_LIMIT": ""}).limit == 3


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    assert ServiceSettings.from_env().service == "orders"


@pytest.mark.parametrize("role", [WebSettings, GrpcSettings])
def test_in_a_pod_the_api_server_is_found_where_pods_find_it(role) -> None:
    environ = {
        **GOOD,
        "SKALD_BIND": "0.0.0.0:8080",
        "SKALD_GRPC_BIND": "0.0.0.0:9090",
        "SKALD_ISSUER": "https://shop.example",
        "SKALD_JWKS_URL": "http://identity/.well-known/jwks.json",
    }
    settings = role.from_env(environ)
    assert settings.kubernetes_url == "https://kubernetes.default.svc"
    assert settings.kubernetes_token_file == Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
