"""A worker that comes before its users are made waits for them, alive and not ready, and says what it waits for."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
import requests
from skald.mongo import StoreUnavailable, connect_and_wait, ping
from skald.settings import StoreSettings
from skald.testing.messages import SagaStep
from skald.testing.waiting import eventually
from skald_wire import ReplyType


@dataclass(frozen=True)
class Newcomer:
    """A user that the servers do not know until they are told."""

    name: str
    password: str

    def url(self, of_another: str) -> str:
        """The same address under this name."""
        parts = urlsplit(of_another)
        return urlunsplit(parts._replace(netloc=f"{self.name}:{self.password}@{parts.netloc.rpartition('@')[2]}"))


@pytest.fixture
def newcomer() -> Newcomer:
    return Newcomer(f"late-{secrets.token_hex(4)}", secrets.token_hex(8))


class BrokerUsers:
    """The broker's list of users."""

    def __init__(self, parts) -> None:
        url, name, password = parts.broker_management
        self._api = f"{url}/api"
        self._session = requests.Session()
        self._session.auth = (name, password)

    def add(self, user: Newcomer, vhost: str) -> None:
        everything = {"configure": "", "write": ".*", "read": ".*"}
        rights = f"permissions/{quote(vhost, safe='')}/{user.name}"
        for path, body in ((f"users/{user.name}", {"password": user.password, "tags": ""}), (rights, everything)):
            self._session.put(f"{self._api}/{path}", json=body, timeout=10).raise_for_status()

    def drop(self, user: Newcomer) -> None:
        self._session.delete(f"{self._api}/users/{user.name}", timeout=10)


@pytest.fixture
def store_users(parts, newcomer) -> Iterator[object]:
    yield parts.catalogue.database
    parts.catalogue.database.drop_user(newcomer.name)


@pytest.fixture
def broker_users(parts, newcomer) -> Iterator[BrokerUsers]:
    users = BrokerUsers(parts)
    yield users
    users.drop(newcomer)


@pytest.fixture
def seeds_settings(parts, newcomer) -> StoreSettings:
    return StoreSettings.from_env(
        {
            "SKALD_SERVICE": "seed",
            "SKALD_NAMESPACE": "shop",
            "SKALD_METRICS_BIND": "127.0.0.1:0",
            "SKALD_MONGODB_URI": newcomer.url(parts.mongodb_uri("catalog")),
            "SKALD_MONGODB_DATABASE": parts.new_database("catalog"),
        }
    )


def test_a_worker_waits_until_the_database_knows_its_user(stage, operator, newcomer, store_users) -> None:
    worker = stage.worker(SKALD_MONGODB_URI=newcomer.url(stage.store.url))
    eventually("the worker says what it waits for", lambda: "the user and password in SKALD_MONGODB_URI" in stage.log())
    assert (stage.get("/livez"), stage.get("/readyz")) == (200, 503)
    store_users.add_user(newcomer.name, newcomer.password)
    assert operator.ask(SagaStep("payments", "order-1", "charge").action("charge", {"amount": 1})).body == {
        "charged": 1
    }
    assert worker.poll() is None


def test_a_program_that_runs_once_waits_until_the_database_knows_its_user(
    newcomer, store_users, seeds_settings
) -> None:
    with ThreadPoolExecutor() as pool:
        seeding = pool.submit(connect_and_wait, seeds_settings)
        store_users.add_user(newcomer.name, newcomer.password)
        database = seeding.result(timeout=60)
        ping(database)
        database.client.close()


def test_a_program_that_runs_once_gives_up_when_its_patience_ends(seeds_settings) -> None:
    with pytest.raises(StoreUnavailable, match="the user and password in SKALD_MONGODB_URI"):
        connect_and_wait(seeds_settings, patience=0)


def test_a_worker_waits_until_the_broker_knows_its_user(stage, operator, newcomer, broker_users) -> None:
    worker = stage.worker(SKALD_AMQP_URL=newcomer.url(stage.broker.url))
    refused = f"as user {newcomer.name}: ConnectionClosedByBroker: (403)"
    eventually("the worker says what it waits for", lambda: refused in stage.log())
    assert (stage.get("/livez"), stage.get("/readyz")) == (200, 503)
    broker_users.add(newcomer, stage.vhost)
    reply = operator.ask(SagaStep("payments", "order-1", "charge").action("charge", {"amount": 1}))
    assert reply.type is ReplyType.SUCCEEDED
    assert worker.poll() is None
