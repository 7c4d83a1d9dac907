from __future__ import annotations

import pytest
from shipping.commands import participant
from shipping.store import Shipments
from skald.mongo import connect
from skald.settings import StoreSettings


@pytest.fixture
def database(parts):
    name = parts.new_database("shipping")
    settings = StoreSettings.from_env(
        {
            "SKALD_SERVICE": "shipping",
            "SKALD_NAMESPACE": parts.namespace,
            "SKALD_METRICS_BIND": "127.0.0.1:0",
            "SKALD_MONGODB_URI": parts.mongodb_uri("shipping", name),
            "SKALD_MONGODB_DATABASE": name,
        }
    )
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture
def shipments(database):
    return Shipments(database)


@pytest.fixture
def shipping(shipments):
    """The participant, over a real database."""
    return participant(shipments.repository)
