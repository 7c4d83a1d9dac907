"""The platform keeps its data, and kubectl shows what it should."""

from __future__ import annotations

import json
import subprocess


def kubectl(platform, *argv):
    done = subprocess.run([str(platform.kubectl), *argv], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_kubectl_get_sagas_shows_what_a_person_wants_to_know(platform, shop):
    good, bad = shop.order("lute"), shop.order("horn")
    shop.finished(good)
    shop.finished(bad)
    table = kubectl(platform, "get", "sagas", "-n", "shop").splitlines()
    assert table[0].split() == ["NAME", "PHASE", "PROGRESS", "STEP", "REASON", "AGE", "DURATION"]
    rows = {line.split()[0]: line for line in table[1:]}
    assert "Succeeded" in rows[f"order-{good}"]
    assert "5/5" in rows[f"order-{good}"]
    assert "Compensated" in rows[f"order-{bad}"]
    assert "OutOfStock" in rows[f"order-{bad}"]


def test_kubectl_wait_knows_the_conditions(platform, shop):
    order = shop.order("lute")
    shop.finished(order)
    kubectl(platform, "wait", "-n", "shop", "--for=condition=Succeeded", f"saga/order-{order}", "--timeout=30s")


def test_sagas_can_be_selected_by_phase(platform, shop):
    shop.finished(shop.order("lute"))
    found = json.loads(
        kubectl(platform, "get", "sagas", "-n", "shop", "--field-selector=status.phase=Succeeded", "-o", "json")
    )
    assert {saga["status"]["phase"] for saga in found["items"]} == {"Succeeded"}
