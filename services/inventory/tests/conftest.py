from __future__ import annotations

import pytest
from inventory.commands import Commands, participant
from inventory.domain import Line, Reservation
from inventory.store import MongoShelf
from skald.mongo import connect
from skald.repository import Repository, codec_of
from skald.settings import StoreSettings


@pytest.fixture
def database(parts):
    name = parts.new_database("inventory")
    settings = StoreSettings.from_env(
        {
            "SKALD_SERVICE": "inventory",
            "SKALD_NAMESPACE": parts.namespace,
            "SKALD_METRICS_BIND": "127.0.0.1:0",
            "SKALD_MONGODB_URI": parts.mongodb_uri("inventory", name),
            "SKALD_MONGODB_DATABASE": name,
        }
    )
    database = connect(settings)
    yield database
    database.client.close()


@pytest.fixture
def shelf(database):
    return MongoShelf(database)


@pytest.fixture
def stocked(shelf):
    """A shelf with 5 drums and 12 harps."""
    shelf.add([Line("drum", 5), Line("harp", 12)], "2026-01-01T00:00:00.000Z")
    return shelf


@pytest.fixture
def inventory(database, shelf):
    """The participant, over a real database."""
    commands = Commands(shelf, clock=lambda: 1_800_000_000.0)
    return participant(Repository(database["reservations"], codec_of(Reservation), works=commands.works), commands)
