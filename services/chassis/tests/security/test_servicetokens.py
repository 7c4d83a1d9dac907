"""Service-account tokens as the real API server makes them."""

from __future__ import annotations

import json
import ssl
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from skald.problems import Problem
from skald.servicetokens import CallerVerifier, ServiceToken
from skald.settings import KubernetesSettings
from skald.testing.issuer import TestIssuer
from skald.testing.waiting import eventually
from skald.tokens import InvalidToken


@pytest.fixture(scope="module")
def settings(parts):
    return KubernetesSettings.from_env(parts.env("catalog-grpc"))


@pytest.fixture(scope="module")
def verifier(parts, settings):
    """One that has the keys: the API server may be too slow for one call, but not for this."""
    verifier = CallerVerifier(settings, "catalog")

    def knows():
        with suppress(Problem):
            return verifier.caller(ServiceToken(parts.tokens_dir("orders"), "catalog").read())

    eventually("the keys are there", knows)
    return verifier


def request_token(platform, account, audience, namespace):
    """A token that nobody put into a file."""
    request = urllib.request.Request(
        f"{platform.kubernetes_url}/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token",
        data=json.dumps({"spec": {"audiences": [audience]}}).encode(),
        headers={"Authorization": f"Bearer {platform.admin_token}", "Content-Type": "application/json"},
    )
    trusted = ssl.create_default_context(cafile=platform.ca_file)
    with urllib.request.urlopen(request, context=trusted, timeout=10) as answer:
        return json.load(answer)["status"]["token"]


def test_a_projected_token_names_its_service(parts, verifier):
    assert verifier.caller(ServiceToken(parts.tokens_dir("orders"), "catalog").read()) == "orders"


def test_a_token_for_another_audience_is_refused(parts, verifier):
    token = request_token(parts, "orders", "test-provider", parts.namespace)
    with pytest.raises(InvalidToken, match="not meant for catalog"):
        verifier.caller(token)


def test_a_token_for_the_api_server_is_refused(settings, verifier):
    with pytest.raises(InvalidToken, match="not meant for catalog"):
        verifier.caller(settings.kubernetes_token_file.read_text().strip())


def test_an_account_of_another_namespace_is_refused(parts, verifier):
    token = request_token(parts, "orders", "catalog", parts.new_namespace())
    with pytest.raises(InvalidToken, match=f"no service of the namespace {parts.namespace}"):
        verifier.caller(token)


def test_a_users_token_is_no_service_token(verifier):
    with pytest.raises(InvalidToken, match="does not publish"):
        verifier.caller(TestIssuer().token("system:serviceaccount:shop:orders", aud="catalog"))


def test_while_the_api_server_is_away_callers_are_told_to_come_back(settings, parts):
    away = settings.model_copy(update={"kubernetes_url": "https://127.0.0.1:1"})
    with pytest.raises(Problem) as later:
        CallerVerifier(away, "catalog").caller(ServiceToken(parts.tokens_dir("orders"), "catalog").read())
    assert later.value.status == 503


def test_an_api_server_that_another_ca_proves_is_not_believed(settings, parts, tmp_path):
    (tmp_path / "ca.crt").write_bytes(another_ca())
    other = settings.model_copy(update={"kubernetes_ca_file": tmp_path / "ca.crt"})
    with pytest.raises(Problem) as later:
        CallerVerifier(other, "catalog").caller(ServiceToken(parts.tokens_dir("orders"), "catalog").read())
    assert later.value.code == "keys-unavailable"


def another_ca():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody else")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
