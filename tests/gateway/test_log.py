"""One line per request, enough to find what happened and no more."""

from __future__ import annotations

import ipaddress
import uuid

import requests
from skald.testing.waiting import eventually


def line_of(gateway, request_id):
    def lines():
        return [line for line in gateway.log_lines() if line["request"]["id"] == request_id]

    (line,) = eventually(f"the log line of {request_id}", lines)
    return line


def ask(gateway, path, **more):
    request_id = str(uuid.uuid4())
    answer = gateway.ask("GET", path, headers={"X-Request-ID": request_id}, **more)
    return answer, line_of(gateway, request_id)


def test_a_request_leaves_one_line_that_tells_its_way(gateway, token):
    answer, line = ask(gateway, "/v1/orders/4711", token=token)
    assert line["request"]["method"] == "GET"
    assert line["request"]["uri"] == "/v1/orders/4711"
    assert line["response"]["status"] == 200
    assert line["route"]["name"] == "order"
    assert line["service"]["name"] == "orders"
    assert ipaddress.ip_address(line["client_ip"])
    assert line["latencies"]["request"] >= line["latencies"]["proxy"] >= 0
    assert line["upstream"]["address"] == answer.json["upstream"]


def test_a_refused_request_leaves_a_line_too(gateway):
    _, line = ask(gateway, "/v1/orders")
    assert line["response"]["status"] == 401
    assert line["route"]["name"] == "orders"


def test_a_request_to_nowhere_leaves_a_line_too(gateway):
    _, line = ask(gateway, "/nowhere")
    assert line["response"]["status"] == 404


def test_no_line_holds_a_token_or_a_query_string(gateway, token):
    _, line = ask(gateway, f"/v1/orders?jwt={token}&card=4111", token=token)
    assert line["request"]["uri"] == "/v1/orders"
    assert token not in str(line)
    assert "4111" not in str(line)


def test_the_gateways_own_numbers_are_on_its_own_port_only(gateway):
    admin = f"http://127.0.0.1:{gateway.admin_port}"
    assert "envoy_cluster_upstream_rq" in requests.get(f"{admin}/stats/prometheus", timeout=5).text
    assert gateway.ask("GET", "/stats/prometheus").status == 404
