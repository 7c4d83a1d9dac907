from __future__ import annotations

import pytest
from identity.app import make_app
from identity.seed import seed
from identity.settings import IdentityWeb
from pymongo import MongoClient
from skald.mongo import connect

ISSUER = "https://shop.example"
SECRET = "a-secret-of-the-demo"


@pytest.fixture(scope="session")
def settings(parts):
    return IdentityWeb.from_env(
        {
            "SKALD_SERVICE": "identity",
            "SKALD_NAMESPACE": "shop",
            "SKALD_BIND": "127.0.0.1:0",
            "SKALD_METRICS_BIND": "127.0.0.1:0",
            "SKALD_ISSUER": ISSUER,
            "SKALD_JWKS_URL": "http://nowhere.invalid",
            "SKALD_MONGODB_URI": parts.mongodb_uri("identity"),
            "SKALD_MONGODB_DATABASE": parts.new_database("identity"),
        }
    )


@pytest.fixture(scope="session")
def database(settings):
    """A database of the real server, seeded."""
    database = connect(settings)
    seed(database, SECRET)
    yield database
    database.client.close()


@pytest.fixture(scope="session")
def app(settings, database):
    return make_app(settings, database)


@pytest.fixture
def empty(parts):
    """A database that nobody used before."""
    client = MongoClient(parts.mongodb_uri("identity"))
    yield client[parts.new_database("identity")]
    client.close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def issuer_url():
    return ISSUER


@pytest.fixture
def secret():
    return SECRET
