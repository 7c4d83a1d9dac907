"""The API server with the files of this tree applied, and a namespace of one's own."""

from __future__ import annotations

import itertools
import subprocess
import uuid
from pathlib import Path

import pytest
from skald.testing.waiting import eventually

from tests.contract.admission.definitions import command, compensated
from tests.contract.admission.kube import Api

FILES = Path("charts/saga-operator/files")


@pytest.fixture(scope="session")
def api(parts, kubectl) -> Api:
    """Ready when what this tree says is what the API server does."""
    for folder in ("crds", "policies", "rbac"):
        kubectl("apply", "-f", str(FILES / folder))
    api = Api(parts.kubernetes_url, parts.admin_token, parts.ca_file)
    broken = {"steps": [command("a", dependsOn=["nowhere"], **compensated())]}
    probe = lambda: api.create("shop", "sagadefinitions", f"probe-{uuid.uuid4()}", broken).status == 422  # noqa: E731
    eventually("the policies are in force", probe)
    return api


@pytest.fixture(scope="session")
def kubectl(parts):
    """Run kubectl as the administrator; its output."""
    program = Path(parts.kubeconfig).parent / "bin" / "kubectl"

    def run(*arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [str(program), "--kubeconfig", str(parts.kubeconfig), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def grant(api, kubectl, namespace, name):
    """Give a user a role in the namespace. The API server learns of it by a watch, so a moment later."""

    def grant(role: str, user: str) -> None:
        kubectl("create", "rolebinding", name, "-n", namespace, f"--clusterrole={role}", f"--user={user}")
        tried = list(itertools.product(("get", "create"), ("sagas", "sagadefinitions", "sagadecisions")))
        eventually(f"{user} has the role", lambda: any(api.may(user, verb, kind, namespace) for verb, kind in tried))

    return grant


@pytest.fixture(scope="module")
def namespace(parts, api) -> str:
    return parts.new_namespace()


@pytest.fixture
def name() -> str:
    """Of an object that no other test has."""
    return f"t-{uuid.uuid4()}"
