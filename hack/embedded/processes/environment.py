"""What each Python process finds in its environment: the same names that a pod's would have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hack.embedded.accounts import KUBERNETES
from hack.embedded.credentials import Credentials, write_private
from hack.embedded.instance import NAMESPACE, Instance

CLIENTS: Final = ("demo", "demo-staff")
"""OAuth clients that ``identity seed`` makes."""


@dataclass(frozen=True)
class Environment:
    """The environments of one instance. Secrets are given as files, as a pod would have them mounted."""

    instance: Instance
    credentials: Credentials

    def amqp_url(self, user: str, vhost: str = NAMESPACE) -> str:
        """Where a user finds the broker."""
        password = self.credentials.password(f"broker/{user}")
        return f"amqp://{user}:{password}@{self.instance.ports.address('rabbitmq')}/{vhost}"

    def mongodb_uri(self, user: str, database: str = "") -> str:
        """Where a user finds the database."""
        password = self.credentials.password(f"database/{user}")
        return f"mongodb://{user}:{password}@{self.instance.ports.address('ferretdb')}/{database}"

    def client_secret(self) -> str:
        """The secret of both demo clients."""
        return self.credentials.password("clients/demo")

    def operator(self) -> dict[str, str]:
        """For ``python -m saga_operator run``."""
        name = "saga-operator"
        return {**self._common(name), **self._metrics(name), **self._broker(name)}

    def web(self, service: str, process: str) -> dict[str, str]:
        """For a service's HTTP role."""
        issuer = {"SKALD_ISSUER": self.instance.gateway_url, "SKALD_JWKS_URL": self.instance.jwks_url}
        own = {}
        if service == "orders":
            catalog = self.instance.ports.address("catalog-grpc")
            own = {"SKALD_CATALOG_TARGET": catalog, "SKALD_SAGA_DEFINITION": "place-order-v1"}
        bind = {"SKALD_BIND": self.instance.ports.address(process)}
        return {**self._with_store(service), **self._metrics(process), **bind, **issuer, **own}

    def grpc(self, service: str, process: str) -> dict[str, str]:
        """For a service's gRPC role."""
        bind = {"SKALD_GRPC_BIND": self.instance.ports.address(process)}
        return {**self._with_store(service), **self._metrics(process), **bind}

    def worker(self, service: str, process: str) -> dict[str, str]:
        """For the role that consumes from the broker."""
        own = {}
        if service == "payments":
            own = {"SKALD_PROVIDER_URL": f"http://{self.instance.ports.address('test-provider')}"}
        return {**self._with_store(service), **self._metrics(process), **self._broker(service), **own}

    def seed(self, service: str) -> dict[str, str]:
        """For ``python -m SERVICE seed``, in the place of its web role."""
        own = {}
        if service == "identity":
            own = {"SKALD_DEMO_CLIENT_SECRET_FILE": self._file(service, "demo-client-secret", self.client_secret())}
        return {**self._with_store(service), **self._metrics(f"{service}-web"), **own}

    def _common(self, service: str) -> dict[str, str]:
        tokens = self.instance.tokens_dir(service)
        return {
            "SKALD_SERVICE": service,
            "SKALD_NAMESPACE": NAMESPACE,
            "SKALD_LOG_LEVEL": "INFO",
            "SKALD_KUBERNETES_URL": self.instance.kubernetes_url,
            "SKALD_KUBERNETES_CA_FILE": str(self.instance.ca_file),
            "SKALD_KUBERNETES_TOKEN_FILE": str(tokens / KUBERNETES),
            "SKALD_TOKENS_DIR": str(tokens),
            "PYTHONUNBUFFERED": "1",
        }

    def _with_store(self, service: str) -> dict[str, str]:
        uri = self._file(service, "mongodb-uri", self.mongodb_uri(service))
        store = {"SKALD_MONGODB_URI_FILE": uri, "SKALD_MONGODB_DATABASE": service}
        return {**self._common(service), **store}

    def _metrics(self, process: str) -> dict[str, str]:
        return {"SKALD_METRICS_BIND": self.instance.ports.address(f"{process}-metrics")}

    def _broker(self, user: str) -> dict[str, str]:
        return {"SKALD_AMQP_URL_FILE": self._file(user, "amqp-url", self.amqp_url(user))}

    def _file(self, service: str, name: str, secret: str) -> str:
        """A file with the secret, rewritten only when it differs."""
        path = self.instance.state / "secrets" / service / name
        if not path.exists() or path.read_text() != secret:
            write_private(path, secret)
        return str(path)
