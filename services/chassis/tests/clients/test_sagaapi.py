"""Whom a service takes for the API server: whom Kubernetes' own clients take, with every Python."""

from __future__ import annotations

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from skald import fetch
from skald.sagaapi import SagaApi
from skald.settings import KubernetesSettings
from urllib3 import PoolManager
from urllib3.util import ssl_


def test_an_authority_without_key_identifiers_is_trusted_and_the_rest_is_checked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ssl_, "sys", SimpleNamespace(version_info=(3, 13)))
    assert ssl_.create_urllib3_context().verify_flags & ssl.VERIFY_X509_STRICT, "urllib3 is strict by itself"
    environ = {
        "SKALD_SERVICE": "orders",
        "SKALD_NAMESPACE": "shop",
        "SKALD_METRICS_BIND": "127.0.0.1:0",
        "SKALD_KUBERNETES_URL": "https://api.example:6443",
        "SKALD_KUBERNETES_TOKEN_FILE": str(tmp_path / "token"),
        "SKALD_KUBERNETES_CA_FILE": str(tmp_path / "ca.crt"),
    }
    sagas = SagaApi(KubernetesSettings.from_env(environ))
    pool = sagas._api.api_client.rest_client.pool_manager.connection_from_url("https://api.example:6443")
    trust = pool.conn_kw["ssl_context"]
    assert not trust.verify_flags & ssl.VERIFY_X509_STRICT
    assert trust.check_hostname
    assert pool.ca_certs == str(tmp_path / "ca.crt")
    assert pool.cert_reqs == ssl.CERT_REQUIRED


def test_the_keys_of_service_tokens_are_read_from_it_with_the_same_trust(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ssl_, "sys", SimpleNamespace(version_info=(3, 13)))
    asked: dict[str, Any] = {}

    class Pool(PoolManager):
        def __init__(self, **options: Any) -> None:
            asked.update(options)
            super().__init__()

    monkeypatch.setattr(fetch, "urllib3", SimpleNamespace(PoolManager=Pool))
    with pytest.raises(OSError, match=r"127\.0\.0\.1"):
        fetch.fetch_json("https://127.0.0.1:1/openid/v1/jwks", ca_file=tmp_path / "ca.crt")
    assert asked["ca_certs"] == str(tmp_path / "ca.crt")
    assert not asked["ssl_context"].verify_flags & ssl.VERIFY_X509_STRICT
    assert asked["ssl_context"].check_hostname
