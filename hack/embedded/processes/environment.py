"""What each Python process finds in its environment: the same names that a pod's would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hack.embedded.accounts import KUBERNETES
from hack.embedded.credentials import Credentials, write_private
from hack.embedded.instance import NAMESPACE, Instance

CLIENTS: Final = ("demo", "demo-staff")
"""OAuth clients that ``identity seed`` makes, with secrets of ours."""


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

    def client_secret(self, client: str) -> str:
        """The secret of a seeded OAuth client."""
        return self.credentials.password(f"clients/{client}")

    def operator(self) -> dict[str, str]:
        """For ``python -m saga_operator run``."""
        name = "saga-operator"
        return {**self._common(name), **self._metrics(name), **self._broker(name)}

    def web(self, service: str, process: str) -> dict[str, str]:
        """For a service's HTTP role."""
        address = self.instance.ports.address
        return {
            **self._with_store(service),
            **self._metrics(process),
            "SKALD_BIND": address(process),
            "SKALD_ISSUER": self.instance.gateway_url,
            "SKALD_JWKS_URL": f"http://{address('identity-web')}/.well-known/jwks.json",
        }

    def grpc(self, service: str, process: str) -> dict[str, str]:
        """For a service's gRPC role."""
        bind = {"SKALD_GRPC_BIND": self.instance.ports.address(process)}
        return {**self._with_store(service), **self._metrics(process), **bind}

    def worker(self, service: str, process: str) -> dict[str, str]:
        """For the role that consumes from the broker."""
        return {**self._with_store(service), **self._metrics(process), **self._broker(service)}

    def seed(self, service: str) -> dict[str, str]:
        """For ``python -m SERVICE seed``."""
        secrets = {
            f"SKALD_{client.upper().replace('-', '_')}_CLIENT_SECRET_FILE": self._file(
                service, f"{client}-client-secret", self.client_secret(client)
            )
            for client in CLIENTS
            if service == "identity"
        }
        return {**self._with_store(service), "SKALD_ISSUER": self.instance.gateway_url, **secrets}

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
        return {**self._common(service), **store, **self._own(service)}

    def _own(self, service: str) -> Mapping[str, str]:
        """What one service needs that others do not."""
        address = self.instance.ports.address
        match service:
            case "orders":
                return {"SKALD_CATALOG_TARGET": address("catalog-grpc"), "SKALD_SAGA_DEFINITION": "place-order-v1"}
            case "payments":
                return {"SKALD_PROVIDER_URL": f"http://{address('test-provider')}"}
            case _:
                return {}

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
