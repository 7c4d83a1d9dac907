"""What `helm test` asks of an installed platform, as a client of its gateway; the standard library alone.

shop.py NAME runs one of the tests below. It prints what it sees, and ends with 0 only if the promise was kept.
"""

import base64
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

GATEWAY = os.environ["GATEWAY"]
PATIENCE = 120
"""Seconds that a saga may take on a cluster that has just started."""
NO_NAME_CHECK = ssl._create_unverified_context()
"""The certificate is for the public name, and this asks inside the cluster."""


def ask(method, path, headers=None, body=None):
    """Status and JSON of the answer; while the gateway is not there yet, it is asked again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        request = urllib.request.Request(GATEWAY + path, method=method, headers=headers or {}, data=body)
        try:
            with urllib.request.urlopen(request, timeout=15, context=NO_NAME_CHECK) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > deadline:
                return error.code, None
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"{GATEWAY} cannot be reached: {error}")
        time.sleep(1)


def token():
    """An access token of the demo client."""
    secret = Path("/run/skald/secrets/client-secret").read_text().strip()
    basic = base64.b64encode(f"demo:{secret}".encode()).decode()
    status, answer = ask("POST", "/oauth/token", {"Authorization": f"Basic {basic}"}, b"grant_type=client_credentials")
    assert status == 200, f"POST /oauth/token answered {status}"
    return answer["access_token"]


def order(method):
    """Place an order that is paid so, and wait for its verdict."""
    bearer = {"Authorization": f"Bearer {token()}", "Content-Type": "application/json"}
    body = json.dumps({"lines": [{"sku": "lute", "quantity": 1}], "paymentMethod": method}).encode()
    status, placed = ask("POST", "/v1/orders", {**bearer, "Idempotency-Key": str(uuid.uuid4())}, body)
    assert status == 202, f"POST /v1/orders answered {status}"
    print(f"order {placed['id']} is taken, paid with {method}", flush=True)
    deadline = time.monotonic() + PATIENCE
    while True:
        status, seen = ask("GET", f"/v1/orders/{placed['id']}", bearer)
        assert status == 200, f"GET /v1/orders/{placed['id']} answered {status}"
        if seen["status"] != "Pending":
            print(f"its verdict: {seen['status']} {seen.get('reason') or ''}", flush=True)
            return seen
        assert time.monotonic() < deadline, f"order {placed['id']} is still Pending after {PATIENCE} s"
        time.sleep(0.5)


def order_succeeds():
    """A saga over three services does all of its steps."""
    assert order("pm_ok")["status"] == "Confirmed"


def order_is_compensated():
    """A declined card undoes what had run beside it."""
    seen = order("pm_declined")
    assert seen["status"] == "Rejected"
    assert seen["reason"] == "CardDeclined"


def gateway_asks_for_a_token():
    """Nobody sees orders without one, and what is no route is not found."""
    for path, expected in (("/v1/orders", 401), ("/metrics", 404), ("/.well-known/jwks.json", 200)):
        status, _ = ask("GET", path)
        print(f"GET {path}: {status}", flush=True)
        assert status == expected, f"GET {path} answered {status}, not {expected}"


if __name__ == "__main__":
    globals()[sys.argv[1]]()
