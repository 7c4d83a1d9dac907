"""With a certificate: HTTPS is served, and plain HTTP sends everyone there, before anything else is asked."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
import yaml

from tests.chart.renders import rendered
from tests.gateway.certificate import make_certificate
from tests.gateway.envoy import EnvoyRig
from tests.gateway.rig import connect


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    """The file as the chart renders it for HTTPS."""
    file = yaml.safe_load(rendered("https").get("ConfigMap", "gateway")["data"]["kong.yaml"])
    rig = EnvoyRig(tmp_path_factory.mktemp("https"), file, make_certificate())
    yield rig
    rig.close()


def ask_plainly(gateway, path):
    with closing(connect(gateway.plain_port, None, "127.0.0.1")) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location")


def test_a_good_token_passes_by_https_and_the_service_knows_that_it_came_so(gateway, token):
    seen = gateway.ask("GET", "/v1/orders", token=token)
    assert seen.status == 200
    assert seen.json["headers"]["x-forwarded-proto"] == "https"


def test_without_a_token_https_is_401_too(gateway):
    answer = gateway.ask("GET", "/v1/orders")
    assert answer.status == json.loads(answer.body)["status"] == 401


@pytest.mark.parametrize("path", ["/v1/orders?cursor=a%2Fb", "/v1/products"])
def test_plain_http_is_sent_to_https_and_reaches_nobody(gateway, path):
    def seen():
        return sum(len(target.seen(path.partition("?")[0])) for ts in gateway.upstreams.values() for target in ts)

    before = seen()
    status, location = ask_plainly(gateway, path)
    assert (status, location.replace(":443/", "/")) == (308, f"https://127.0.0.1{path}")
    assert seen() == before


def test_an_unknown_path_is_not_sent_anywhere(gateway):
    assert ask_plainly(gateway, "/metrics") == (404, None)
