"""Which API server, and as whom: kubeconfig files as kubectl reads and merges them, or the pod's service account."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from kubectl_saga.errors import CliError
from kubectl_saga.kube.access import Access, Authority, User
from kubectl_saga.kube.execplugin import ExecPlugin
from kubectl_saga.kube.proxies import proxy_for

JSON = Any
_POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECTIONS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}
_NAME_ONE: Final = "Name one with --kubeconfig FILE or the variable KUBECONFIG."
_PATHS: Final = {"certificate-authority", "client-certificate", "client-key", "tokenFile"}


def read_access(
    kubeconfig: str | None = None, context: str | None = None, environment: Mapping[str, str] | None = None
) -> Access:
    """Where to connect. ``kubeconfig`` and ``context`` are kubectl's options. Raises CliError."""
    environment = os.environ if environment is None else environment
    files = _files(kubeconfig, environment)
    merged = _Merged(files)
    if merged.is_empty and kubeconfig is None and context is None and "KUBERNETES_SERVICE_HOST" in environment:
        access = _pod(environment)
    elif not any(file.exists() for file in files):
        raise CliError(f"there is no kubeconfig at {_names(files)}", _NAME_ONE)
    else:
        access = merged.access(context)
    if access.authority.proxy:
        return access
    return replace(access, authority=replace(access.authority, proxy=proxy_for(access.url, environment)))


def _files(kubeconfig: str | None, environment: Mapping[str, str]) -> Sequence[Path]:
    given = kubeconfig or environment.get("KUBECONFIG", "")
    if kubeconfig is not None:
        return [Path(kubeconfig).expanduser()]
    named = [Path(part).expanduser() for part in given.split(os.pathsep) if part]
    return named or [Path("~/.kube/config").expanduser()]


def _names(files: Sequence[Path]) -> str:
    return ", ".join(str(file) for file in files)


def _pod(environment: Mapping[str, str]) -> Access:
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment.get("KUBERNETES_SERVICE_PORT", "443")
    host = f"[{host}]" if ":" in host else host
    if not (_POD / "token").is_file():
        raise CliError(f"there is no kubeconfig, and no token of a service account is mounted at {_POD}", _NAME_ONE)
    return Access(
        url=f"https://{host}:{port}",
        authority=Authority(ca_file=_POD / "ca.crt"),
        user=User(token_file=_POD / "token"),
        namespace=_namespace_of_pod(),
        source="the pod's service account",
    )


def _namespace_of_pod() -> str:
    try:
        return (_POD / "namespace").read_text().strip() or "default"
    except OSError:
        return "default"


@dataclass(frozen=True, slots=True)
class _Entry:
    body: Mapping[str, JSON]
    file: Path


class _Merged:
    """All files as one: of two entries of the same name, and of two current contexts, the first counts."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._current = ""
        self._entries: dict[tuple[str, str], _Entry] = {}
        for file in files:
            if file.exists():
                self._add(file)

    def _add(self, file: Path) -> None:
        document = _read(file)
        self._current = self._current or str(document.get("current-context") or "")
        for section, field in _SECTIONS.items():
            for entry in document.get(section) or ():
                body = _absolute(entry.get(field) or {}, file.parent)
                self._entries.setdefault((section, str(entry.get("name"))), _Entry(body, file))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is configured, as when there is no file at all."""
        return not self._current and not self._entries

    def access(self, wanted: str | None) -> Access:
        name = wanted or self._current
        if not name:
            raise CliError(
                f"{_names(self._files)} names no current context",
                f"Give one with --context: {', '.join(self._names('contexts')) or 'there is none'}.",
            )
        context = self._entry("contexts", name, f"context {name}")
        cluster = self._entry("clusters", str(context.body.get("cluster")), f"context {name}")
        url = str(cluster.body.get("server") or "").rstrip("/")
        if not url:
            raise CliError(f"the cluster of context {name} has no server in {cluster.file}")
        user = self._entry("users", str(context.body["user"]), f"context {name}") if context.body.get("user") else None
        return Access(
            url=url,
            authority=_authority(cluster.body),
            user=_user(user, cluster.body) if user else User(),
            namespace=str(context.body.get("namespace") or "default"),
            source=f"context {name} of {context.file}",
        )

    def _names(self, section: str) -> list[str]:
        return [name for kind, name in self._entries if kind == section]

    def _entry(self, section: str, name: str, named_by: str) -> _Entry:
        found = self._entries.get((section, name))
        if found is None:
            known = ", ".join(self._names(section)) or "none"
            raise CliError(
                f"{named_by}: there is no {_SECTIONS[section]} {name!r} in {_names(self._files)}",
                f"Known {section}: {known}.",
            )
        return found


def _read(file: Path) -> Mapping[str, JSON]:
    try:
        document = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except OSError as error:
        raise CliError(f"the kubeconfig {file} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise CliError(f"the kubeconfig {file} is not YAML: {error}") from None
    if document is None:  # an empty file, such as /dev/null
        return {}
    if not isinstance(document, Mapping):
        raise CliError(f"the kubeconfig {file} holds no configuration")
    return document


def _absolute(body: Mapping[str, JSON], folder: Path) -> Mapping[str, JSON]:
    """Paths in a kubeconfig are relative to it."""
    return {key: str(folder / str(value)) if key in _PATHS and value else value for key, value in body.items()} | {
        "folder": folder
    }


def _path(body: Mapping[str, JSON], key: str) -> Path | None:
    return Path(body[key]) if body.get(key) else None


def _authority(cluster: Mapping[str, JSON]) -> Authority:
    return Authority(
        ca_file=_path(cluster, "certificate-authority"),
        ca_data=cluster.get("certificate-authority-data"),
        server_name=cluster.get("tls-server-name"),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        proxy=cluster.get("proxy-url"),
    )


def _user(entry: _Entry, cluster: Mapping[str, JSON]) -> User:
    body = entry.body
    if "auth-provider" in body:
        raise CliError(
            f"the user in {entry.file} has an auth-provider, which kubectl dropped in version 1.26",
            "Use your provider's exec plugin instead.",
        )
    extra: Mapping[str, Sequence[str]] = body.get("as-user-extra") or {}
    return User(
        token=body.get("token"),
        token_file=_path(body, "tokenFile"),
        certificate_file=_path(body, "client-certificate"),
        certificate_data=body.get("client-certificate-data"),
        key_file=_path(body, "client-key"),
        key_data=body.get("client-key-data"),
        plugin=ExecPlugin(body["exec"], cluster, body["folder"]) if body.get("exec") else None,
        acts_as=body.get("as"),
        acts_in=tuple(body.get("as-groups") or ()),
        acts_under=body.get("as-uid"),
        acts_with=tuple((str(key), str(value)) for key, values in extra.items() for value in values or ()),
    )
