"""One test's own piece of the platform: a namespace, a vhost, an operator for both, and participants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pika
from skald.testing.ports import free_port

from operators.saga.tests.component.kit.cluster import Cluster, eventually
from operators.saga.tests.component.kit.gate import Gate
from operators.saga.tests.component.kit.participants import Act, Participant
from operators.saga.tests.component.kit.process import OperatorProcess

JSON = dict[str, Any]


class Yard:
    """Everything a component test touches."""

    def __init__(self, parts: Any, folder: Path, stack: ExitStack) -> None:
        self.parts = parts
        self.namespace: str = parts.new_namespace()
        self.vhost: str = parts.new_vhost()
        self.cluster = Cluster(parts.kubernetes_url, parts.admin_token, parts.ca_file, self.namespace)
        self.token_file = folder / "token"
        self.token_file.write_text(self.operator_token())
        self._stack = stack
        self._folder = folder
        self._operators = 0

    def operator_token(self) -> str:
        """A token of the operator's own service account: what RBAC forbids it, fails here too."""
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/saga-operator/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        return str(self.cluster.call("POST", path, body)["status"]["token"])

    def renew_token(self, token: str) -> None:
        """As the kubelet does: another file takes the name."""
        renewed = self.token_file.with_suffix(".new")
        renewed.write_text(token)
        renewed.replace(self.token_file)

    def operator(self, program: str = "saga_operator", **environment: str) -> OperatorProcess:
        """An operator for this yard, not started yet; gone at the test's end. Another ``program``: one of the kit's."""
        self._operators += 1
        settings = {
            "SKALD_NAMESPACE": self.namespace,
            "SKALD_AMQP_URL": self.parts.amqp_url("saga-operator", vhost=self.vhost),
            "SKALD_KUBERNETES_URL": self.parts.kubernetes_url,
            "SKALD_KUBERNETES_TOKEN_FILE": str(self.token_file),
            "SKALD_KUBERNETES_CA_FILE": str(self.parts.ca_file),
            "SKALD_LOG_LEVEL": "DEBUG",
            **environment,
        }
        operator = OperatorProcess(settings, self._folder / f"operator-{self._operators}.log", program)
        self._stack.callback(operator.close)
        return operator

    def participant(self, name: str, script: Mapping[str, Act] | None = None, **options: Any) -> Participant:
        """A participant at work until the test's end, or until its ``with`` ends."""
        user = options.pop("user", name)
        participant = Participant(self.parts.amqp_url(user, vhost=self.vhost), name, script, **options)
        return self._stack.enter_context(participant)

    def serve_chain(self) -> tuple[Participant, Participant, Participant]:
        """The participants of the steps of CHAIN."""
        return self.participant("inventory"), self.participant("payments"), self.participant("shipping")

    def gate(self, target: int) -> Gate:
        """A door to a port, open until shut."""
        return self._stack.enter_context(Gate(target, free_port()))

    @contextmanager
    def channel(self, user: str = "admin") -> Iterator[Any]:
        """A channel into this yard's vhost, in confirm mode."""
        with pika.BlockingConnection(pika.URLParameters(self.parts.amqp_url(user, vhost=self.vhost))) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            yield channel

    def define(self, name: str, *steps: JSON, **spec: Any) -> None:
        """A definition that the operator has accepted; unanswered commands are soon sent again."""
        self.cluster.define(name, list(steps), **{**IMPATIENT, **spec})
        eventually(f"{name} accepted", lambda: self.accepted(name) == "True")

    def accepted(self, name: str) -> str | None:
        """The status of a definition's condition Accepted."""
        condition = self.cluster.condition("sagadefinitions", name, "Accepted")
        return condition["status"] if condition else None


def step(name: str, participant: str, **more: Any) -> JSON:
    """A step ``participant.<name>``, undone by ``participant.undo-<name>`` unless told otherwise."""
    body = {"name": name, "participant": participant, "command": name, **more}
    if not more.get("pivot") and "compensation" not in more:
        body["compensation"] = {"command": f"undo-{name}"}
    return {key: value for key, value in body.items() if value is not None}


IMPATIENT = {"defaults": {"timeout": "1s", "retryPolicy": {"initialInterval": "50ms", "maxInterval": "1s"}}}
CHAIN = (
    step("reserve", "inventory", input={"order": "$(input.order)"}),
    step("charge", "payments", input={"stock": "$(steps.reserve.output.did)"}),
    step("ship", "shipping", pivot=True),
)
"""Three steps, one after the other; the last is the pivot."""


class Shop:
    """A yard with a running operator, the three participants of the definition ``chain``, and that definition."""

    def __init__(self, yard: Yard, program: str = "saga_operator") -> None:
        self.yard = yard
        self.cluster = yard.cluster
        self.operator = yard.operator(program)
        self.operator.start()
        self.inventory, self.payments, self.shipping = self.participants = yard.serve_chain()
        yard.define("chain", *CHAIN)

    def start(self, saga: str) -> JSON:
        """Start a saga of the definition ``chain``."""
        return self.cluster.start(saga, "chain", input={"order": saga})

    def reset(self) -> None:
        """Let no saga and no script of one test be seen by the next."""
        self.cluster.abandon_all()
        eventually("no live saga", lambda: self.operator.metric("skald_saga_active{") == 0)
        for participant in self.participants:
            participant.reset()
