"""The chart's gateway alone, in a namespace of its own, in front of echoing pods: for the gateway's suite."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import requests
import yaml
from requests.exceptions import ChunkedEncodingError
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from hack.embedded.instance import REPOSITORY
from tests.e2e import echo
from tests.e2e.cluster import Cluster
from tests.gateway.certificate import Certificate
from tests.gateway.rig import Rig, document
from tests.gateway.upstream import Behaviour, Seen
from tests.integration.shop import eventually

NAME: Final = "edge"
"""Of the namespace and of the release."""
HTTPS_PORT: Final = 30443
PLAIN_PORT: Final = 30081
PARTS: Final = (
    "identity", "catalog", "orders", "inventory", "payments", "test-provider", "shipping",
    "saga-operator", "rabbitmq", "mongodb", "namespace-policy",
)  # fmt: skip
SETTINGS: Final = {
    **{f"{part}.enabled": False for part in PARTS},
    "global.demo.enabled": False,
    "global.workload.autoscaling.enabled": False,
    "global.workload.replicas": 1,
    "gateway.service.nodePort": PLAIN_PORT,
    "gateway.service.httpsNodePort": HTTPS_PORT,
    "gateway.tls.existingSecret": "edge-tls",
    # the policies that would let it call its services come with those
    "gateway.workload.egress": [{}],
}


class Told(Behaviour):
    """Tells the pod of every change."""

    _tell: Callable[[Behaviour], Any]

    def __init__(self, tell: Callable[[Behaviour], Any]) -> None:
        object.__setattr__(self, "_tell", lambda _: None)
        super().__init__()
        object.__setattr__(self, "_tell", tell)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self._tell(self)


class Pod:
    """An echoing service in the cluster, as ``tests.gateway.upstream.Upstream`` is one here."""

    def __init__(self, cluster: Cluster, name: str, address: str) -> None:
        self.address = f"{address}:{echo.PORT}"
        self._url = f"{cluster.kubernetes_url}/api/v1/namespaces/{NAME}/pods/{name}:{echo.CONTROL}/proxy"
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {cluster.admin_token}"
        self._http.verify = str(cluster.ca_file)
        self._http.trust_env = False
        self._behaviour: Behaviour = Told(lambda told: self._tell("behave", asdict(told)))

    @property
    def behaviour(self) -> Behaviour:
        return self._behaviour

    @behaviour.setter
    def behaviour(self, wanted: Behaviour) -> None:
        for name, value in asdict(wanted).items():
            if getattr(self._behaviour, name) != value:
                setattr(self._behaviour, name, value)

    def serve(self, path: str, document: Any) -> None:
        self._tell("serve", {"path": path, "document": document})

    # the API server's proxy now and then cuts an answer that is longer than its buffer
    @retry(retry=retry_if_exception_type(ChunkedEncodingError), stop=stop_after_attempt(3), reraise=True)
    def seen(self, path: str | None = None) -> list[Seen]:
        return [Seen(**request) for request in self._tell("seen", path)]

    def start(self) -> None:
        self._tell("start", None)

    def stop(self) -> None:
        self._tell("stop", None)

    def _tell(self, what: str, order: Any) -> Any:
        answer = self._http.post(f"{self._url}/{what}", data=json.dumps(order), timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


class EdgeRig(Rig):
    """It is asked by HTTPS, at 127.0.0.1 from this machine."""

    def __init__(self, cluster: Cluster, certificate: Certificate, upstreams: Mapping[str, list[Pod]]) -> None:
        super().__init__(upstreams, HTTPS_PORT, certificate.trust)
        self.plain_port = PLAIN_PORT
        self._cluster = cluster

    def log_lines(self) -> list[dict[str, Any]]:
        lines = self._cluster.kubectl("logs", "deploy/gateway", "--container=kong", "--since=2m").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def install_edge(cluster: Cluster, image: str, options: list[str], certificate: Certificate, folder: Path) -> EdgeRig:
    """Echoing pods, then the gateway. ``folder`` takes a chart with a timeout and a limit that a test can wait for."""
    edge = replace(cluster, namespace=NAME, release=NAME)
    file = document()
    services = [upstream["name"] for upstream in file["upstreams"]]
    pods = {name: [f"{name}-{index}" for index in range(2 if name == "orders-web" else 1)] for name in services}
    edge.kubectl("create", "namespace", NAME)
    for manifest in (_secret(certificate), _sources(), *_echoes(pods, image)):
        edge.kubectl("create", "--filename=-", stdin=json.dumps(manifest))
    upstreams = {service: [_pod(edge, name) for name in names] for service, names in pods.items()}
    rig = EdgeRig(edge, certificate, upstreams)
    settings = [f"--set-json={name}={json.dumps(value)}" for name, value in SETTINGS.items()]
    edge.helm("install", NAME, _chart(folder, file), *options, *settings, "--wait", "--timeout=5m")
    eventually("the way from the node's port to the gateway", lambda: _answers(rig), every=0.5)
    return rig


def _answers(rig: EdgeRig) -> bool:
    """Whether kube-proxy has heard of the gateway's pod; that it is ready says nothing about that."""
    try:
        return rig.ask("GET", "/").status == 404
    except OSError:
        return False


def _pod(edge: Cluster, name: str) -> Pod:
    label = f"echo={name}"
    eventually(f"the pod {name}", lambda: edge.ready(label), seconds=180, every=0.5)
    return Pod(edge, name, edge.pods(label)[0]["status"]["podIP"])


def _secret(certificate: Certificate) -> dict[str, Any]:
    data = {"tls.crt": certificate.pem, "tls.key": certificate.key}
    return _object("Secret", "edge-tls") | {"type": "kubernetes.io/tls", "stringData": data}


def _sources() -> dict[str, Any]:
    names = {"echo.py": "tests/e2e/echo.py", "upstream.py": "tests/gateway/upstream.py"}
    return _object("ConfigMap", "echo") | {
        "data": {key: (REPOSITORY / path).read_text() for key, path in names.items()}
    }


def _echoes(pods: Mapping[str, list[str]], image: str) -> list[dict[str, Any]]:
    items = [
        {"key": "echo.py", "path": "tests/e2e/echo.py"},
        {"key": "upstream.py", "path": "tests/gateway/upstream.py"},
    ]
    container = {
        "name": "echo",
        "image": image,
        "command": ["python", "-m", "tests.e2e.echo"],
        "env": [
            {"name": "PYTHONPATH", "value": "/rig"},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "readinessProbe": {"tcpSocket": {"port": echo.CONTROL}, "periodSeconds": 2},
        "volumeMounts": [{"name": "rig", "mountPath": "/rig"}],
    }
    spec = {
        "containers": [container],
        "volumes": [{"name": "rig", "configMap": {"name": "echo", "items": items}}],
        "terminationGracePeriodSeconds": 0,
    }
    made = []
    for service, names in pods.items():
        ports = {"clusterIP": "None", "selector": {"service": service}, "ports": [{"port": echo.PORT}]}
        made.append(_object("Service", service) | {"spec": ports})
        made += [_object("Pod", name, service=service, echo=name) | {"spec": spec} for name in names]
    return made


def _object(kind: str, name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "labels": labels}}


def _chart(folder: Path, file: Mapping[str, Any]) -> Path:
    """This checkout's chart with another gateway file."""
    chart = folder / "chart"
    chart.mkdir()
    for name in ("Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json", ".helmignore"):
        shutil.copy(REPOSITORY / name, chart)
    for name in ("charts", "templates", "files", "gateway-config", "manifests"):
        shutil.copytree(REPOSITORY / name, chart / name, symlinks=True)
    (chart / "gateway-config" / "kong.yaml").write_text(yaml.safe_dump(dict(file)))
    return chart
