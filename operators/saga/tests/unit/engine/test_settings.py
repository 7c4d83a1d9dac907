from __future__ import annotations

from pathlib import Path

import pytest
from saga_operator.settings import Bind, SettingsError, read_settings

ENOUGH = {"SKALD_NAMESPACE": "shop", "SKALD_AMQP_URL": "amqp://saga-operator:pw@broker:5672/shop"}


def test_a_pod_needs_to_be_told_only_its_namespace_and_its_broker() -> None:
    settings = read_settings(ENOUGH)
    assert settings.kubernetes_url == "https://kubernetes.default.svc"
    assert settings.kubernetes_token_file == Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    assert settings.metrics_bind == Bind("0.0.0.0", 9090)
    assert settings.trace_endpoint is None


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("amqp://u:secret@broker/shop\n")
    settings = read_settings({"SKALD_NAMESPACE": "shop", "SKALD_AMQP_URL_FILE": str(tmp_path / "url")})
    assert settings.amqp_url == "amqp://u:secret@broker/shop"


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({"SKALD_METRICS_BIND": "nowhere", "SKALD_LOG_LEVEL": "LOUD"})
    text = str(raised.value)
    for name in ("SKALD_NAMESPACE", "SKALD_AMQP_URL", "SKALD_METRICS_BIND", "SKALD_LOG_LEVEL"):
        assert name in text


@pytest.mark.parametrize("url", ["http://u:secret@broker", "broker:5672", "//u:secret@broker"])
def test_a_wrong_broker_url_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({**ENOUGH, "SKALD_AMQP_URL": url})
    assert "SKALD_AMQP_URL" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"SKALD_AMQP_URL_FILE names .*/absent, which cannot be read"):
        read_settings({"SKALD_NAMESPACE": "shop", "SKALD_AMQP_URL_FILE": str(tmp_path / "absent")})
