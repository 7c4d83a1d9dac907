"""The platform gives each process what that process itself says it needs."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from hack.embedded.credentials import Credentials
from hack.embedded.instance import Instance
from hack.embedded.ports import ports_for
from hack.embedded.processes.environment import Environment

READERS = {
    "identity-web": "identity.settings:IdentityWeb",
    "catalog-web": "catalog.settings:CatalogWeb",
    "catalog-grpc": "catalog.settings:CatalogGrpc",
    "orders-web": "orders.settings:OrdersWeb",
    "orders-worker": "orders.settings:OrdersWorker",
    "inventory-web": "inventory.settings:InventoryWeb",
    "inventory-worker": "inventory.settings:InventoryWorker",
    "payments-web": "payments.settings:PaymentsWeb",
    "payments-worker": "payments.settings:PaymentsWorker",
    "shipping-web": "shipping.settings:ShippingWeb",
    "shipping-worker": "shipping.settings:ShippingWorker",
    "identity-seed": "identity.settings:IdentitySeed",
    "catalog-seed": "catalog.settings:CatalogSeed",
    "inventory-seed": "inventory.settings:InventorySeed",
    "payments-seed": "payments.settings:PaymentsSeed",
}


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    instance = Instance("unit", tmp_path, ports_for("main", {}))
    return Environment(instance, Credentials(instance.credentials))


def given(environment: Environment, process: str) -> dict[str, str]:
    service, _, role = process.rpartition("-")
    if role == "seed":
        return environment.seed(service)
    make = {"web": environment.web, "grpc": environment.grpc, "worker": environment.worker}[role]
    return make(service, process)


@pytest.mark.parametrize(("process", "reader"), READERS.items())
def test_a_process_can_read_its_environment(environment: Environment, process: str, reader: str) -> None:
    module, _, name = reader.partition(":")
    settings = getattr(import_module(module), name).from_env(given(environment, process))
    assert settings.service == process.rpartition("-")[0]
    assert settings.namespace == "shop"


def test_the_test_provider_can_read_its_environment(environment: Environment) -> None:
    from test_provider.settings import ProviderSettings

    settings = ProviderSettings.from_env(environment.web("test-provider", "test-provider"))
    assert str(settings.bind) == "127.0.0.1:18073"


@pytest.mark.parametrize("process", READERS)
def test_no_secret_stands_in_an_environment(environment: Environment, process: str) -> None:
    """Whoever may list processes, or read a crash report, sees those."""
    values = " ".join(given(environment, process).values())
    secrets = [path.read_text() for path in environment.credentials.folder.rglob("*") if path.is_file()]
    assert secrets
    assert not [secret for secret in secrets if secret in values]


def test_each_service_has_a_user_of_its_own(environment: Environment) -> None:
    assert environment.mongodb_uri("orders").startswith("mongodb://orders:")
    assert environment.mongodb_uri("orders") != environment.mongodb_uri("payments")
    assert environment.amqp_url("orders", "other").endswith("@127.0.0.1:18030/other")
