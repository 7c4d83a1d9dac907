"""Requests are counted by route template, status and method: never by anything that a caller chooses freely."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Flask
from prometheus_client import generate_latest
from skald.web.metrics import measure_requests


def counted(registry):
    lines = generate_latest(registry).decode().splitlines()
    return {line.rpartition(" ")[0] for line in lines if line.startswith("http_request_duration_seconds_count")}


def small_app():
    app = Flask("small", static_folder=None)
    registry = measure_requests(app)
    things = APIBlueprint("things", __name__)
    things.get("/things/<name>")(lambda name: {"name": name})
    app.add_url_rule("/livez", "livez", lambda: "alive")
    app.register_blueprint(things)
    return app.test_client(), registry


def test_ids_in_paths_are_no_labels():
    client, registry = small_app()
    for name in ("a", "b", "c"):
        client.get(f"/things/{name}")
    assert counted(registry) == {
        'http_request_duration_seconds_count{method="GET",route="/things/<name>",status="200"}'
    }


def test_unknown_paths_share_one_label():
    client, registry = small_app()
    for path in ("/.env", "/wp-admin", "/things"):
        client.get(path)
    assert counted(registry) == {'http_request_duration_seconds_count{method="GET",route="(no route)",status="404"}'}


def test_probes_are_not_counted():
    client, registry = small_app()
    client.get("/livez")
    assert counted(registry) == set()
