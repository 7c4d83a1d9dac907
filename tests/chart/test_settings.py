"""A pod finds what its process reads at its start: the rendered environment, read by the process' own settings."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from saga_operator.settings import read_settings as read_operator_settings
from skald.settings import read_settings

SECRETS = {
    "mongodb-uri": "mongodb://user:password@mongodb:27017/",
    "amqp-url": "amqp://user:password@rabbitmq:5672/shop",
    "demo-client-secret": "sixteen-characters-or-more",
}
CLASSES = {
    "identity-web": "identity.settings:IdentityWeb",
    "identity-seed": "identity.settings:IdentitySeed",
    "catalog-web": "catalog.settings:CatalogWeb",
    "catalog-grpc": "catalog.settings:CatalogGrpc",
    "catalog-seed": "catalog.settings:CatalogSeed",
    "orders-web": "orders.settings:OrdersWeb",
    "orders-worker": "orders.settings:OrdersWorker",
    "inventory-web": "inventory.settings:InventoryWeb",
    "inventory-worker": "inventory.settings:InventoryWorker",
    "inventory-seed": "inventory.settings:InventorySeed",
    "payments-web": "payments.settings:PaymentsWeb",
    "payments-worker": "payments.settings:PaymentsWorker",
    "payments-seed": "payments.settings:PaymentsSeed",
    "test-provider": "test_provider.settings:ProviderSettings",
    "shipping-web": "shipping.settings:ShippingWeb",
    "shipping-worker": "shipping.settings:ShippingWorker",
}


def environment(render, name: str, folder: Path) -> dict[str, str]:
    """What the pod's process sees, with the files that are mounted into the pod laid into ``folder``."""
    pod = render.pods()[name]["spec"]
    for volume in pod["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            for item in source.get("secret", {}).get("items", []):
                (folder / item["path"]).write_text(SECRETS[item["path"]])
    data = render.get("ConfigMap", name)["data"]
    return {key: value.replace("/run/skald/secrets", str(folder)) for key, value in data.items()}


@pytest.mark.parametrize("name", CLASSES)
def test_a_role_finds_all_its_settings(default, name, tmp_path):
    module, settings = CLASSES[name].split(":")
    read = read_settings(getattr(import_module(module), settings), environment(default, name, tmp_path))
    assert read.namespace == "shop"


def test_the_operator_finds_all_its_settings(default, tmp_path):
    settings = read_operator_settings(environment(default, "saga-operator", tmp_path))
    assert (settings.namespace, settings.amqp_url) == ("shop", SECRETS["amqp-url"])


def test_no_role_was_forgotten(default):
    known = {*CLASSES, "saga-operator"}
    assert {name for name in default.pods() if name in default.names("ConfigMap")} - {"gateway", "rabbitmq"} == known


@pytest.mark.parametrize("name", ["identity-web", "orders-web"])
def test_tokens_are_issued_and_checked_under_one_public_address(default, name):
    assert default.get("ConfigMap", name)["data"]["SKALD_ISSUER"] == "http://gateway.shop.svc"


def test_the_gateways_companion_finds_all_its_settings(default):
    _, keys = default.pods()["gateway"]["spec"]["containers"]
    given = {one["name"]: one["value"] for one in keys["env"]}
    settings = import_module("gateway_keys.settings").GatewayKeysSettings
    assert read_settings(settings, given).kong_admin == "http://127.0.0.1:8001"
