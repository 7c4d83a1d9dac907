from __future__ import annotations

from threading import Thread

import pytest
from payments.commands import Commands, participant
from payments.domain import PaymentMethod
from payments.provider import HttpProvider
from payments.store import Methods, Payments
from skald.clients.http import HttpClient
from skald.health import Readiness
from skald.mongo import connect
from skald.servicetokens import ServiceToken
from skald.settings import StoreSettings
from skald.tokens import InvalidToken
from test_provider.api import Provider
from test_provider.app import create_app
from test_provider.store import Ledger
from werkzeug.serving import make_server

TOKENS = ("approved", "declined", "slow", "fails_2")


class KnownCallers:
    """Stands for the API server: believes what a token says of itself."""

    def caller(self, token):
        if not token.startswith("token-of-"):
            raise InvalidToken("it is not one of the tokens of this test")
        return token.removeprefix("token-of-")


def settings_of(parts, service):
    name = parts.new_database(service)
    return StoreSettings.from_env(
        {
            "SKALD_SERVICE": service,
            "SKALD_NAMESPACE": parts.namespace,
            "SKALD_METRICS_BIND": "127.0.0.1:0",
            "SKALD_MONGODB_URI": parts.mongodb_uri(service, name),
            "SKALD_MONGODB_DATABASE": name,
        }
    )


@pytest.fixture
def database(parts):
    database = connect(settings_of(parts, "payments"))
    yield database
    database.client.close()


@pytest.fixture
def ledger_database(parts):
    database = connect(settings_of(parts, "test-provider"))
    yield database
    database.client.close()


@pytest.fixture
def ledger(ledger_database):
    """The provider's own books, in its own database."""
    return Ledger(ledger_database)


@pytest.fixture
def provider_app(parts, ledger):
    app = create_app(
        settings_of(parts, "test-provider"), Provider(ledger, 0.2), KnownCallers(), Readiness(lambda: None)
    )
    app.testing = False
    return app


@pytest.fixture
def provider_url(provider_app):
    server = make_server("127.0.0.1", 0, provider_app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def token(tmp_path):
    (tmp_path / "test-provider").write_text("token-of-payments")
    return ServiceToken(tmp_path, "test-provider")


@pytest.fixture
def provider(provider_url, token):
    """The real client, over a real socket, to the test provider."""
    return HttpProvider(HttpClient("test-provider", provider_url, token=token))


@pytest.fixture
def methods(database):
    """Ada's methods are called pm_approved, pm_declined, ...; bob has one as well."""
    methods = Methods(database)
    methods.add(PaymentMethod(f"pm_{name}", "ada", f"tok_{name}", name) for name in TOKENS)
    methods.add([PaymentMethod("pm_of_bob", "bob", "tok_approved", "bob's")])
    return methods


@pytest.fixture
def make_payments(database, methods):
    """Payments over a provider of the test's choice, all on the same database."""

    def make(provider):
        commands = Commands(methods, provider)
        return participant(Payments(database, commands.works).repository, commands)

    return make


@pytest.fixture
def payments(make_payments, provider):
    """The participant, over a real database and the test provider."""
    return make_payments(provider)
