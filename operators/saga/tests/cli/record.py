"""Records the world of docs/kubectl-saga.md: ``python -m operators.saga.tests.cli.record``.

An operator runs the sample definitions on the instance ``test``, with participants that answer as each order needs;
ada decides. Two moments are kept, before and after she acted.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner
from kubectl_saga.main import saga as cli
from skald_wire import Command

from hack.embedded.platform import open_platform
from operators.saga.tests.cli.objects import HERE, REPOSITORY
from operators.saga.tests.component.kit.cluster import eventually
from operators.saga.tests.component.kit.participants import Decline
from operators.saga.tests.component.kit.yard import Yard

JSON = dict[str, Any]
ADA = "ada@example.org"
WORLD = HERE / "recorded" / "world.json"
KINDS = ("sagas", "sagadefinitions", "sagadecisions")
SAMPLES = ("definitions/place-order-v1", "samples/review-order-v1")


def main() -> None:
    """Run it all, and write the file."""
    with ExitStack() as stack:
        parts = open_platform("test", only_parts=True)
        stack.callback(parts.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        recorder = Recorder(Yard(parts, folder, stack), folder)
        recorder.run()


class Recorder:
    """One namespace, in which it all happens."""

    def __init__(self, yard: Yard, folder: Path) -> None:
        self.yard = yard
        self.cluster = yard.cluster
        self.folder = folder
        self.kubeconfig = folder / "ada"
        self.pivot_answers = False

    def run(self) -> None:
        self._let_in()
        self.yard.operator().start()
        self.yard.participant("inventory", {"reserve": _reserve})
        self.yard.participant("payments", {"authorize": Authorize(), "capture": self._capture})
        self.yard.participant("shipping", {"dispatch": Dispatch()})
        for sample in SAMPLES:
            self._define(sample)
        self._start_orders()
        self._decide("retry", "order-4714", "--reason", "The address book was down")
        eventually("stalled again", lambda: self.cluster.stalled("order-4714"))
        before = self._moment()
        self._act()
        WORLD.write_text(json.dumps({"before": before, "after": self._moment()}, indent=1) + "\n")
        self.cluster.abandon_all()

    def _let_in(self) -> None:
        config = yaml.safe_load(self.yard.parts.kubeconfig.read_text())
        config["users"][0]["user"]["as"] = ADA
        self.kubeconfig.write_text(yaml.safe_dump(config))
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.yard.namespace}/rolebindings"
        for role in ("saga-viewer", "saga-editor", "saga-decider"):
            reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
            subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": ADA}
            self.cluster.call("POST", path, {"metadata": {"name": role}, "roleRef": reference, "subjects": [subject]})

    def _define(self, sample: str) -> None:
        body = yaml.safe_load((REPOSITORY / "manifests" / f"{sample}.yaml").read_text())
        body["metadata"]["namespace"] = self.yard.namespace
        self.cluster.call("POST", self.cluster.path("sagadefinitions"), body)
        name = body["metadata"]["name"]
        eventually(f"{name} accepted", lambda: self.yard.accepted(name) == "True")

    def _start_orders(self) -> None:
        self.pivot_answers = True
        self._start("order-4709")
        self.cluster.wait("order-4709", "Succeeded")
        self._start("order-4710", paymentMethod="pm_declined")
        self.cluster.wait("order-4710", "Compensated")
        self._start("order-4712", paymentMethod="pm_flaky")
        self.cluster.wait("order-4712", "Succeeded")
        for stuck in ("order-4713", "order-4714"):
            self._start(stuck, address={"addressId": "unknown"})
            eventually(f"{stuck} stalled", lambda name=stuck: self.cluster.stalled(name))
        self._start("order-4715", "review-order-v1", risk="high", addressId="default", address=None)
        self.cluster.wait("order-4715", "Waiting")
        self.pivot_answers = False
        self._start("order-4711", paymentMethod="pm_stuck")
        at_pivot = lambda: self.cluster.saga("order-4711")["status"].get("currentSteps") == "capture-payment"  # noqa: E731
        eventually("order-4711 at its pivot", at_pivot)

    def _act(self) -> None:
        self._decide(
            "complete", "order-4714", "--output", '{"trackingId": "SK7"}', "--reason", "Handed over in the shop"
        )
        self.cluster.wait("order-4714", "Succeeded")
        self.pivot_answers = True
        self._decide("approve", "order-4715", "--reason", "Called the customer")
        self.cluster.wait("order-4715", "Succeeded")
        self._run("cancel", "order-4711")
        self.cluster.wait("order-4711", "Compensated")
        self._decide("abort", "order-4713", "--reason", "Customer was refunded, ticket 88")
        self.cluster.wait("order-4713", "Aborted")

    def _start(self, name: str, definition: str = "place-order-v1", **changes: Any) -> None:
        given = {
            "orderId": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "userId": "ada",
            "lines": [{"sku": "harp", "quantity": 1}],
            "total": {"amount": 129900, "currency": "EUR"},
            "paymentMethod": "pm_ok",
            "address": {"addressId": "default"},
            **changes,
        }
        file = self.folder / "input.json"
        file.write_text(json.dumps({key: value for key, value in given.items() if value is not None}))
        self._run("start", "-f", str(file), "--definition", definition, "--name", name)

    def _decide(self, *arguments: str) -> None:
        said = self._run(*arguments)
        assert "was applied" in said, said

    def _run(self, *arguments: str) -> str:
        where = ("-n", self.yard.namespace, "--kubeconfig", str(self.kubeconfig))
        return CliRunner().invoke(cli, [*arguments, *where]).output

    def _moment(self) -> JSON:
        listed = {kind: self.cluster.call("GET", self.cluster.path(kind))["items"] for kind in KINDS}
        events = self.cluster.call("GET", f"/api/v1/namespaces/{self.yard.namespace}/events")["items"]
        for each in (*events, *(one for items in listed.values() for one in items)):
            _slim(each["metadata"])
        text = json.dumps({"now": time.time(), **listed, "events": events})
        return json.loads(text.replace(self.yard.namespace, "shop"))

    def _capture(self, _: Command) -> JSON | None:
        return {"captured": True} if self.pivot_answers else None


def _slim(metadata: JSON) -> None:
    """Who wrote the spec is told; who wrote the status is always the operator."""
    fields = [entry for entry in metadata.pop("managedFields", ()) if "f:spec" in entry["fieldsV1"]]
    if fields:
        metadata["managedFields"] = fields


def _reserve(command: Command) -> JSON:
    return {"reservationId": _made_from(command)}


class Authorize:
    """Declines one card, and fails twice for another."""

    def __call__(self, command: Command) -> JSON | Decline:
        method = command.input["method"]
        if method == "pm_declined":
            return Decline("CardDeclined", "the card was declined")
        if method == "pm_flaky" and command.attempt < 3:
            return Decline("ProviderBusy", "try later", retryable=True)
        return {"paymentId": _made_from(command)}


class Dispatch:
    """Knows one address."""

    def __call__(self, command: Command) -> JSON | Decline:
        if command.input["addressId"] != "default":
            return Decline("InvalidInput", "user ada has no address 'unknown'", retryable=True)
        return {"trackingId": _made_from(command)}


def _made_from(command: Command) -> str:
    return command.address.command_id[:8]


if __name__ == "__main__":
    os.chdir(REPOSITORY)
    main()
