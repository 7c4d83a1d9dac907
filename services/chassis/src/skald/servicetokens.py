"""Service to service: Kubernetes projected service-account tokens, whose audience is the service that is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from skald.fetch import fetch_json
from skald.settings import KubernetesSettings
from skald.tokens import InvalidToken, Issuer, Published, TokenRules, verify

__all__ = ["CallerVerifier", "Callers", "ServiceToken"]


class ServiceToken:
    """The token that this process shows to one other service.

    The file is renewed under it, so it is read on each use.
    """

    def __init__(self, tokens_dir: Path, audience: str) -> None:
        self._path = tokens_dir / audience

    def read(self) -> str:
        """Raises OSError, which names the file, when it is not there."""
        return self._path.read_text(encoding="ascii").strip()


class Callers(Protocol):
    """Checks other services' tokens; CallerVerifier is the one that runs."""

    def caller(self, token: str) -> str:
        """The name of the service that the token speaks for. Raises InvalidToken."""


class CallerVerifier:
    """Tells which service of the own namespace a token speaks for.

    Issuer and keys are asked of the API server, with this process' own token, when the first caller comes.
    """

    def __init__(self, settings: KubernetesSettings, audience: str) -> None:
        self._settings = settings
        self._prefix = f"system:serviceaccount:{settings.namespace}:"
        self._issuer = Issuer(self._fetch)
        # Kubernetes sets no type.
        self._rules = TokenRules(audience, types=())

    def caller(self, token: str) -> str:
        """The service account's name. Raises InvalidToken, also for an account of another namespace."""
        subject = str(verify(token, self._issuer, self._rules)["sub"])
        if not subject.startswith(self._prefix):
            raise InvalidToken(f"it speaks for no service of the namespace {self._settings.namespace}")
        return subject.removeprefix(self._prefix)

    def _fetch(self) -> Published:
        # The discovered jwks_uri may be an address for the outside world; the API server always serves them here.
        return Published(self._get("/.well-known/openid-configuration")["issuer"], self._get("/openid/v1/jwks"))

    def _get(self, path: str) -> Any:
        settings = self._settings
        token = settings.kubernetes_token_file.read_text(encoding="ascii").strip()
        return fetch_json(settings.kubernetes_url.rstrip("/") + path, token=token, ca_file=settings.kubernetes_ca_file)
