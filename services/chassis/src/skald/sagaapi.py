"""Sagas on the Kubernetes API, as far as a service that starts them needs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from kubernetes.client import ApiClient, ApiException, Configuration, CustomObjectsApi
from prometheus_client import Counter
from urllib3.exceptions import HTTPError

from skald.settings import KubernetesSettings
from skald.trust import api_server_trust

__all__ = ["SagaApi", "SagaApiError", "SagaRefused"]

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
_INVALID: Final = 422

_REQUESTS: Final = Counter("skald_starter_requests", "Requests about sagas to the API server", ["request", "answer"])
"""``answer`` is the HTTP status, or Unreachable."""


class SagaApiError(Exception):
    """The API server did not carry it out; the text is its reason, or why it could not be asked."""


class SagaRefused(SagaApiError):
    """Admission refuses to create the object, as it will each time; the text is the API server's sentence."""


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
        client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = api_server_trust()
        client.user_agent = settings.service  # the API server records it as the writer's name
        self._api = CustomObjectsApi(client)

    def create(self, saga: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
        """The created object, or None when there is one of that name already. Raises SagaRefused, SagaApiError."""
        return self._ask("create", self._api.create_namespaced_custom_object, saga, absent=_CONFLICT)

    def get(self, name: str) -> Mapping[str, JSON] | None:
        """The object, or None when there is none of that name. Raises SagaApiError."""
        return self._ask("get", self._api.get_namespaced_custom_object, name, absent=_NOT_FOUND)

    def cancel(self, name: str) -> Mapping[str, JSON] | None:
        """The object, asked to undo what it did; None when there is none of that name. Raises SagaApiError."""
        patch = {"spec": {"cancel": True}}
        return self._ask("cancel", self._api.patch_namespaced_custom_object, name, patch, absent=_NOT_FOUND)

    def _ask(self, request: str, call: Any, *arguments: Any, absent: int) -> Mapping[str, JSON] | None:
        try:
            answer = call(_GROUP, _VERSION, self.namespace, _PLURAL, *arguments, _request_timeout=_TIMEOUT)
        except ApiException as error:
            _REQUESTS.labels(request, str(error.status)).inc()
            if error.status == absent:
                return None
            # Of a saga that is there, a 422 only says that this request was no good: the saga goes on.
            if error.status == _INVALID and request == "create":
                raise SagaRefused(_sentence(error)) from error
            raise SagaApiError(f"the API server answered {error.status} {error.reason}: {_sentence(error)}") from error
        except (HTTPError, OSError) as error:
            _REQUESTS.labels(request, "Unreachable").inc()
            raise SagaApiError(f"the API server could not be asked: {error}") from error
        _REQUESTS.labels(request, "200").inc()
        return cast("Mapping[str, JSON]", answer)


def _sentence(error: ApiException) -> str:
    """What the API server says in its Status; what stands before it may be a proxy that says nothing of the kind."""
    try:
        return str(json.loads(error.body or "")["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.body)


def _read_token(file: Path, configuration: Configuration) -> None:
    configuration.api_key[_KEY] = f"Bearer {file.read_text(encoding='utf-8').strip()}"
