"""kubeconfig files are read as kubectl reads them."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from kubectl_saga.errors import CliError
from kubectl_saga.kube.kubeconfig import read_access
from kubectl_saga.main import saga as cli

from operators.saga.tests.cli.authority import make_authority

JSON = dict[str, Any]


def config(name: str = "one", user: JSON | None = None, cluster: JSON | None = None, **context: Any) -> JSON:
    return {
        "current-context": name,
        "clusters": [{"name": "c", "cluster": {"server": f"https://{name}.example:6443/", **(cluster or {})}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u", **context}}],
    }


def write(file: Path, *bodies: JSON) -> Path:
    file.write_text(yaml.safe_dump(bodies[0]))
    return file


def test_the_current_context_says_server_namespace_and_token(tmp_path: Path) -> None:
    file = write(tmp_path / "config", config(user={"token": "secret"}, namespace="shop"))
    access = read_access(environment={"KUBECONFIG": str(file)})
    assert (access.url, access.namespace) == ("https://one.example:6443", "shop")
    assert access.headers() == [("Authorization", "Bearer secret")]
    assert read_access(str(file), environment={}).source == f"context one of {file}"


def test_without_a_namespace_it_is_default(tmp_path: Path) -> None:
    assert read_access(str(write(tmp_path / "config", config())), environment={}).namespace == "default"


def test_of_several_files_the_first_counts_and_absent_ones_are_passed_over(tmp_path: Path) -> None:
    first = write(tmp_path / "first", {**config("one"), "current-context": ""})
    second = write(tmp_path / "second", config("two", namespace="second"))
    environment = {"KUBECONFIG": f"{tmp_path / 'absent'}:{first}:{second}"}
    access = read_access(environment=environment)
    assert (access.namespace, access.url) == ("second", "https://one.example:6443")
    assert read_access(context="one", environment=environment).namespace == "default"


def test_paths_are_relative_to_their_file_and_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("before\n")
    file = write(tmp_path / "config", config(user={"tokenFile": "token", "token": "old"}))
    access = read_access(str(file), environment={})
    assert access.headers() == [("Authorization", "Bearer before")]
    token.write_text("after\n")
    assert access.headers() == [("Authorization", "Bearer after")]
    token.unlink()
    with pytest.raises(CliError, match=r"its token .* cannot be read"):
        access.headers()


def test_impersonation_is_not_forgotten(tmp_path: Path) -> None:
    file = write(tmp_path / "config", config(user={"token": "t", "as": "ada", "as-groups": ["a", "b"]}))
    assert read_access(str(file), environment={}).headers()[1:] == [
        ("Impersonate-User", "ada"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    ]
    extra = {"scopes": ["view", "edit"], "example.org/why?": ["100%"], "grün%": ["x"]}
    file = write(tmp_path / "config", config(user={"as": "ada", "as-uid": "u-1", "as-user-extra": extra}))
    assert sorted(read_access(str(file), environment={}).headers()) == [
        ("Impersonate-Extra-example.org%2Fwhy%3F", "100%"),
        ("Impersonate-Extra-gr%C3%BCn%25", "x"),
        ("Impersonate-Extra-scopes", "edit"),
        ("Impersonate-Extra-scopes", "view"),
        ("Impersonate-Uid", "u-1"),
        ("Impersonate-User", "ada"),
    ]


def test_a_pod_uses_its_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubectl_saga.kube.kubeconfig._POD", tmp_path)
    (tmp_path / "namespace").write_text("shop")
    (tmp_path / "token").write_text("pod")
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBECONFIG": str(tmp_path / "absent")}
    access = read_access(environment=environment)
    assert (access.url, access.namespace) == ("https://[fd00::1]:443", "shop")
    assert access.headers() == [("Authorization", "Bearer pod")]
    assert read_access(environment={**environment, "KUBECONFIG": "/dev/null"}).url == access.url
    (tmp_path / "namespace").unlink()
    assert read_access(environment=environment).namespace == "default"


def test_a_pod_without_a_service_account_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubectl_saga.kube.kubeconfig._POD", tmp_path / "serviceaccount")
    environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBECONFIG": str(tmp_path / "absent")}
    with pytest.raises(CliError, match=f"no token of a service account is mounted at {tmp_path}") as caught:
        read_access(environment=environment)
    assert "--kubeconfig FILE" in str(caught.value.advice)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    words = {"_KUBECTL_SAGA_COMPLETE": "bash_complete", "COMP_WORDS": "kubectl-saga get ", "COMP_CWORD": "2"}
    result = CliRunner().invoke(cli, env=words, prog_name="kubectl-saga")
    assert (result.output.strip(), result.exception) == ("", None), "nothing is offered, and nothing said"


def test_an_empty_file_is_a_kubeconfig_without_entries(tmp_path: Path) -> None:
    empty, good = tmp_path / "empty", write(tmp_path / "good", config())
    empty.write_text("# nothing\n")
    assert read_access(environment={"KUBECONFIG": f"{empty}:{good}"}).url == "https://one.example:6443"
    with pytest.raises(CliError, match="names no current context"):
        read_access(environment={"KUBECONFIG": str(empty)})


def test_the_proxy_is_the_kubeconfigs_or_else_the_environments(tmp_path: Path) -> None:
    environment = {"HTTPS_PROXY": "proxy.example:3128", "NO_PROXY": "two.example"}

    def proxy(name: str, **cluster: str) -> str | None:
        file = write(tmp_path / name, config(name, cluster=cluster))
        return read_access(str(file), environment=environment).authority.proxy

    assert proxy("one") == "http://proxy.example:3128"
    assert proxy("two") is None
    assert proxy("two", **{"proxy-url": "http://other:80"}) == "http://other:80"


def plugin(folder: Path, script: str, **more: Any) -> JSON:
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", **more}}


def test_an_exec_plugin_is_told_what_kubectl_tells_it_and_asked_once(tmp_path: Path) -> None:
    script = 'echo x >> asked; printf \'{"status": {"token": "%s"}}\' "$REGION"; echo "$KUBERNETES_EXEC_INFO" > info'
    user = plugin(
        tmp_path, f"cd {tmp_path}; {script}", env=[{"name": "REGION", "value": "eu"}], provideClusterInfo=True
    )
    access = read_access(str(write(tmp_path / "config", config(user=user))), environment={})
    assert access.headers() == access.headers() == [("Authorization", "Bearer eu")]
    assert (tmp_path / "asked").read_text() == "x\n"
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"] == {"interactive": False, "cluster": {"server": "https://one.example:6443/"}}
    assert access.user.plugin is not None
    access.user.plugin.forget()
    access.headers()
    assert (tmp_path / "asked").read_text() == "x\nx\n"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [("exit 3", "ended with status 3"), ("echo hello", "printed no ExecCredential"), ("echo []", "printed no Exec")],
)
def test_an_exec_plugin_that_fails_is_named_with_its_hint(script: str, sentence: str, tmp_path: Path) -> None:
    user = plugin(tmp_path, script, installHint="Log in first.")
    access = read_access(str(write(tmp_path / "config", config(user=user))), environment={})
    with pytest.raises(CliError, match=sentence):
        access.headers()


def test_an_exec_plugin_that_is_not_installed_gives_its_hint(tmp_path: Path) -> None:
    user = {"exec": {"command": "no-such-plugin", "installHint": "Install it."}}
    access = read_access(str(write(tmp_path / "config", config(user=user))), environment={})
    with pytest.raises(CliError, match="no-such-plugin cannot be run") as caught:
        access.headers()
    assert caught.value.advice == "Install it."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "names no current context"),
        ({"current-context": "x"}, "there is no context 'x'"),
        ({**config(), "clusters": []}, "there is no cluster 'c'"),
        ({**config(), "users": []}, "there is no user 'u'"),
        (config(cluster={"server": ""}), "has no server"),
        (config(user={"auth-provider": {"name": "gcp"}}), "auth-provider"),
        ([], "holds no configuration"),
    ],
)
def test_a_kubeconfig_that_says_too_little_is_refused(body: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(CliError, match=sentence):
        read_access(str(write(tmp_path / "config", body)), environment={})


def test_a_kubeconfig_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="there is no kubeconfig at"):
        read_access(environment={"KUBECONFIG": str(tmp_path / "absent")})
    with pytest.raises(CliError, match="cannot be read"):
        read_access(str(tmp_path), environment={})
    broken = tmp_path / "broken"
    broken.write_text("a: [")
    with pytest.raises(CliError, match="is not YAML"):
        read_access(str(broken), environment={})


def test_certificates_may_be_wrapped(tmp_path: Path) -> None:
    files = make_authority(tmp_path)

    def wrapped(file: Path) -> str:
        return base64.encodebytes(file.read_bytes()).decode()

    cluster = {"certificate-authority-data": wrapped(files.authority)}
    user = {"client-certificate-data": wrapped(files.certificate), "client-key-data": wrapped(files.key)}
    access = read_access(str(write(tmp_path / "config", config(cluster=cluster, user=user))), environment={})
    assert access.tls().cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize(
    "cluster",
    [
        {"certificate-authority-data": "not base64!"},
        {"certificate-authority-data": base64.b64encode(b"no certificate").decode()},
        {"certificate-authority": "absent.crt"},
    ],
)
def test_certificates_that_cannot_be_used_are_named(cluster: JSON, tmp_path: Path) -> None:
    access = read_access(str(write(tmp_path / "config", config(cluster=cluster))), environment={})
    with pytest.raises(CliError, match="its certificates cannot be used"):
        access.tls()
