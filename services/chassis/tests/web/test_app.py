"""What every service answers, whatever it is about."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIBlueprint
from pymongo.errors import ConnectionFailure
from skald.app import Api, create_app, deps
from skald.auth import public
from skald.deadline import BUDGET, remaining
from skald.health import Readiness
from skald.logging import log_fields


def test_livez_answers_without_asking_anything(settings):
    def fail():
        raise ConnectionFailure("away")

    app = create_app(settings, Api("Empty", "orders", []), deps=None, readiness=Readiness(fail))
    assert app.test_client().get("/livez").json == {"status": "alive"}
    assert app.test_client().get("/readyz").status_code == 503


def test_readyz_is_503_while_the_process_drains(client, readiness):
    assert client.get("/readyz").status_code == 200
    readiness.drain()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


def test_version_names_service_and_version(client):
    assert client.get("/version").json == {"service": "orders", "version": "0.1.0"}


def test_metrics_are_not_on_the_port_that_the_gateway_knows(client):
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("given", ["a", "req-1.2_3", "x" * 64])
def test_a_good_request_id_is_echoed(client, given):
    assert client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "ümlaut", "a;b"])
def test_a_bad_request_id_is_replaced(client, given):
    echoed = client.get("/livez", headers={"X-Request-ID": given}).headers.getlist("X-Request-ID")
    assert len(echoed) == 1
    assert echoed[0] != given
    assert len(echoed[0]) == 36


def app_that_shows(settings, look):
    blueprint = APIBlueprint("look", __name__)
    blueprint.get("/look")(public(look))
    return create_app(settings, Api("Look", "orders", [blueprint]), deps="a", readiness=Readiness(lambda: None))


def test_the_request_id_is_in_the_log_context_during_the_request_only(settings):
    client = app_that_shows(settings, lambda: dict(log_fields())).test_client()
    assert client.get("/look", headers={"X-Request-ID": "r-1"}).json["request_id"] == "r-1"
    assert "request_id" not in log_fields()


def test_the_callers_deadline_bounds_the_request(settings):
    client = app_that_shows(settings, lambda: {"left": remaining()}).test_client()
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    assert 0 < client.get("/look", headers={"X-Request-Deadline": soon}).json["left"] <= 3
    assert 3 < client.get("/look").json["left"] <= BUDGET
    far = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    assert client.get("/look", headers={"X-Request-Deadline": far}).json["left"] <= BUDGET


@pytest.mark.parametrize(
    ("given", "status"), [("soon", 400), ("2030-01-01T00:00:00", 400), ("2020-01-01T00:00:00Z", 504)]
)
def test_a_deadline_that_means_nothing_or_has_passed_is_refused(client, given, status):
    assert client.get("/livez", headers={"X-Request-Deadline": given}).status_code == status


def test_a_handler_that_wants_other_dependencies_is_told_so(app):
    with app.app_context(), pytest.raises(TypeError, match="made with Shop, the handler wants int"):
        deps(int)


def test_a_log_line_of_a_request_says_whose_it_is(client, writer, good_order, monkeypatch):
    seen = []
    monkeypatch.setattr(logging.getLogger("skald"), "handle", lambda record: seen.append(dict(log_fields())))
    monkeypatch.setattr(
        "skald.idempotency.IdempotencyKey.document_id",
        lambda key, subject: logging.getLogger("skald").warning("placing") or "id",
    )
    client.post("/v1/orders", json=good_order, headers=writer)
    assert [fields["subject"] for fields in seen] == ["ada"]
