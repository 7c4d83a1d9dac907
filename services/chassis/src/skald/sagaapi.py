"""Sagas on the Kubernetes API, as far as a service that starts them needs it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from kubernetes.client import ApiClient, ApiException, Configuration, CustomObjectsApi
from urllib3.exceptions import HTTPError

from skald.settings import KubernetesSettings

__all__ = ["SagaApi", "SagaApiError"]

JSON = Any
_GROUP: Final = "skald.dev"
_VERSION: Final = "v1alpha1"
_PLURAL: Final = "sagas"
_KEY: Final = "BearerToken"
"""What the client calls the key that becomes the header Authorization."""
_TIMEOUT: Final = (3, 10)
"""Seconds to connect, and to wait for an answer."""
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409


class SagaApiError(Exception):
    """The API server did not carry it out; the text is its reason, or why it could not be asked."""


class SagaApi:
    """The namespace's sagas. Safe to use from several threads."""

    def __init__(self, settings: KubernetesSettings) -> None:
        self.namespace = settings.namespace
        configuration = Configuration(host=settings.kubernetes_url)
        configuration.ssl_ca_cert = str(settings.kubernetes_ca_file)
        configuration.retries = False
        configuration.api_key = {_KEY: ""}
        # Projected tokens are replaced while the process runs, so the file is read for each request.
        hook: Any = partial(_read_token, settings.kubernetes_token_file)
        configuration.refresh_api_key_hook = hook
        client = ApiClient(configuration)
        client.user_agent = settings.service  # the API server records it as the writer's name
        self._api = CustomObjectsApi(client)

    def create(self, saga: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
        """The created object, or None when there is one of that name already. Raises SagaApiError."""
        return self._ask(self._api.create_namespaced_custom_object, saga, absent=_CONFLICT)

    def get(self, name: str) -> Mapping[str, JSON] | None:
        """The object, or None when there is none of that name. Raises SagaApiError."""
        return self._ask(self._api.get_namespaced_custom_object, name, absent=_NOT_FOUND)

    def _ask(self, call: Any, argument: Any, *, absent: int) -> Mapping[str, JSON] | None:
        try:
            answer = call(_GROUP, _VERSION, self.namespace, _PLURAL, argument, _request_timeout=_TIMEOUT)
        except ApiException as error:
            if error.status == absent:
                return None
            raise SagaApiError(f"the API server answered {error.status} {error.reason}: {error.body}") from error
        except (HTTPError, OSError) as error:
            raise SagaApiError(f"the API server could not be asked: {error}") from error
        return cast("Mapping[str, JSON]", answer)


def _read_token(file: Path, configuration: Configuration) -> None:
    configuration.api_key[_KEY] = f"Bearer {file.read_text(encoding='utf-8').strip()}"
