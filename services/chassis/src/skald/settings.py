"""Settings: read once at the start of a process, from the environment or, for secrets, from files.

A service composes its settings from these mixins, one class for each role, and calls ``from_env`` as it starts::

    class OrdersWebSettings(WebSettings, StoreSettings):
        catalog_target: str = env("SKALD_CATALOG_TARGET", "host:port of catalog's gRPC")
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticUndefined

__all__ = [
    "Bind",
    "GrpcSettings",
    "HttpSettings",
    "KubernetesSettings",
    "ServiceSettings",
    "SettingsError",
    "StoreSettings",
    "WebSettings",
    "WorkerSettings",
    "env",
    "read_settings",
]

_IN_CLUSTER: Final = "/var/run/secrets/kubernetes.io/serviceaccount"


class SettingsError(Exception):
    """Some settings are missing or wrong; the message names all of them and what each should be."""


class Bind(BaseModel):
    """An address to listen on."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(ge=0, le=65535)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _parse_bind(value: object) -> object:
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    if not (colon and host and port.isdecimal()):
        raise ValueError(f"{value!r} is not HOST:PORT")
    return {"host": host, "port": int(port)}


BindAddress = Annotated[Bind, BeforeValidator(_parse_bind)]
"""A Bind, written ``HOST:PORT`` in the environment."""


def env(name: str, meaning: str, default: Any = PydanticUndefined, **constraints: Any) -> Any:
    """A field read from the variable ``name``, or from the file that ``<name>_FILE`` names.

    ``meaning`` ends up in the message to whoever forgot it, so it says what the value should be.
    """
    return Field(default, alias=name, description=meaning, **constraints)


class ServiceSettings(BaseModel):
    """What every role of every service needs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str = env("SKALD_SERVICE", "the service's name, for example orders", pattern=r"^[a-z][a-z0-9-]*$")
    namespace: str = env("SKALD_NAMESPACE", "the Kubernetes namespace, for example shop", min_length=1)
    metrics_bind: BindAddress = env("SKALD_METRICS_BIND", "HOST:PORT for /metrics, which the gateway never routes")
    log_level: str = env(
        "SKALD_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$"
    )
    tokens_dir: Path | None = env(
        "SKALD_TOKENS_DIR", "the folder with one projected service-account token per audience", None
    )
    trace_endpoint: str | None = env("OTEL_EXPORTER_OTLP_ENDPOINT", "base URL of an OTLP collector", None)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read all settings of this class. Raises SettingsError, which lists everything that is wrong."""
        return read_settings(cls, environ)


M = TypeVar("M", bound=BaseModel)


def read_settings(settings: type[M], environ: Mapping[str, str] | None = None) -> M:
    """``settings``, whose fields are all made by ``env``, from the environment. Raises SettingsError."""
    source = os.environ if environ is None else environ
    values: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for field in settings.model_fields.values():
        name = str(field.alias)
        try:
            value = _read(source, name)
        except OSError as error:
            unreadable[name] = f"{name}_FILE={source[name + '_FILE']}: cannot be read ({error.strerror})"
        else:
            if value is not None:
                values[name] = value
    problems = list(unreadable.values())
    try:
        read = settings.model_validate(values)
    except ValidationError as error:
        problems += [_explain(settings, item) for item in error.errors() if item["loc"][0] not in unreadable]
    if problems:
        raise SettingsError(f"{settings.__name__} cannot be read from the environment:\n  " + "\n  ".join(problems))
    return read


def _read(source: Mapping[str, str], name: str) -> str | None:
    """The variable, else the stripped content of the file that ``<name>_FILE`` names, else None. Empty means absent."""
    if value := source.get(name):
        return value
    path = source.get(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() or None if path else None


def _explain(settings: type[BaseModel], error: Any) -> str:
    name = str(error["loc"][0])
    meaning = next(field.description for field in settings.model_fields.values() if field.alias == name)
    if error["type"] == "missing":
        return f"{name} is missing: {meaning}"
    return f"{name}: {error['msg']}; it should be {meaning}"


class StoreSettings(ServiceSettings):
    """For roles that use the service's own database."""

    mongodb_uri: SecretStr = env("SKALD_MONGODB_URI", "mongodb://USER:PASSWORD@HOST:PORT/?options")
    mongodb_database: str = env("SKALD_MONGODB_DATABASE", "the name of the service's own database", min_length=1)


class WorkerSettings(StoreSettings):
    """For the role that consumes commands and events and relays the outbox."""

    amqp_url: SecretStr = env("SKALD_AMQP_URL", "amqp://USER:PASSWORD@HOST:PORT/VHOST")
    worker_threads: int = env("SKALD_WORKER_THREADS", "the number of messages handled at a time", 4, ge=1, le=64)

    @property
    def broker_user(self) -> str:
        """The name that the broker knows this process by; it goes into ``user_id`` of what is published."""
        return unquote(urlsplit(self.amqp_url.get_secret_value()).username or "")


class KubernetesSettings(ServiceSettings):
    """For roles that create sagas or check service-account tokens. The defaults are what a pod finds."""

    kubernetes_url: str = env("SKALD_KUBERNETES_URL", "URL of the API server", "https://kubernetes.default.svc")
    kubernetes_token_file: Path = env(
        "SKALD_KUBERNETES_TOKEN_FILE", "the file with the service account's token", Path(_IN_CLUSTER, "token")
    )
    kubernetes_ca_file: Path = env(
        "SKALD_KUBERNETES_CA_FILE", "the file with the API server's CA certificate", Path(_IN_CLUSTER, "ca.crt")
    )


class HttpSettings(KubernetesSettings):
    """For any HTTP role; callers with service-account tokens are checked against the API server."""

    bind: BindAddress = env("SKALD_BIND", "HOST:PORT for the service's HTTP")
    web_workers: int = env("SKALD_WEB_WORKERS", "the number of gunicorn processes", 1, ge=1, le=64)
    web_threads: int = env("SKALD_WEB_THREADS", "the number of threads in each gunicorn process", 8, ge=1, le=256)


class WebSettings(HttpSettings):
    """For an HTTP role that users reach, with their access tokens."""

    issuer: str = env(
        "SKALD_ISSUER",
        "the public URL that tokens name as their issuer, without a slash at its end",
        pattern="^https?://.*[^/]$",
    )
    audience: str = env("SKALD_AUDIENCE", "the audience that a user's token must name", "skald-api")
    jwks_url: str = env("SKALD_JWKS_URL", "the internal URL of the issuer's signing keys", pattern="^https?://")


class GrpcSettings(KubernetesSettings):
    """For a gRPC role."""

    grpc_bind: BindAddress = env("SKALD_GRPC_BIND", "HOST:PORT for the service's gRPC")
