"""Whom the operator takes for the API server: whom Kubernetes' own clients take, with every Python."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from saga_operator.kube.client import Access, KubeClient, TokenFile, trust
from saga_operator.kube.handlers import Shell, log_in


@pytest.fixture
def access(tmp_path: Path) -> Access:
    token = tmp_path / "token"
    token.write_text("secret")
    return Access("https://api.example:6443", TokenFile(token), tmp_path / "ca.crt")


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The CA files that were read, by a Python that is as strict as 3.13."""
    files: list[str] = []

    def strict(*, cafile: str) -> ssl.SSLContext:
        files.append(cafile)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    return files


def takes_old_authorities(context: ssl.SSLContext) -> bool:
    checks = context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
    return checks and not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_an_authority_without_key_identifiers_is_trusted_and_the_rest_is_checked() -> None:
    assert takes_old_authorities(trust("ca.crt"))


def test_our_own_client_trusts_so(access: Access, trusted: list[str]) -> None:
    async def opened() -> Any:
        client = KubeClient(access)
        await client.open()
        try:
            return client._session.connector._ssl
        finally:
            await client.close()

    assert takes_old_authorities(asyncio.run(opened()))
    assert trusted == [str(access.ca_file)]


def test_kopf_trusts_so_too(access: Access, trusted: list[str]) -> None:
    async def logged_in() -> tuple[Any, str]:
        session = (await log_in(memo=Shell(None, access))).aiohttp_session
        try:
            return session.connector._ssl, session.headers["Authorization"]
        finally:
            await session.close()

    context, authorization = asyncio.run(logged_in())
    assert takes_old_authorities(context)
    assert trusted == [str(access.ca_file)]
    assert authorization == "Bearer secret"
