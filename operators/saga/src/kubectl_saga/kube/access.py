"""How to reach an API server and be let in, whatever the kubeconfig said."""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from kubectl_saga.errors import CliError

if TYPE_CHECKING:
    from kubectl_saga.kube.execplugin import Credential, ExecPlugin

_IN_HEADER_NAMES: Final = "!#$&'*+^`|"
"""May stand in a header's name, besides what no URL escapes either; the API server undoes the escapes of the rest."""


@dataclass(frozen=True, slots=True)
class Authority:
    """How the server proves who it is, and how it is reached."""

    ca_file: Path | None = None
    ca_data: str | None = None
    """Base64 of PEM; before ``ca_file``."""
    server_name: str | None = None
    """The name in the certificate, when the URL has another."""
    insecure: bool = False
    proxy: str | None = None
    """Its URL, from the kubeconfig or the environment."""


@dataclass(frozen=True, slots=True)
class User:
    """How the client proves who it is. Data is base64 of PEM and comes before a file."""

    token: str | None = None
    token_file: Path | None = None
    """Before ``token``; read for each request, because somebody else renews it."""
    certificate_file: Path | None = None
    certificate_data: str | None = None
    key_file: Path | None = None
    key_data: str | None = None
    plugin: ExecPlugin | None = None
    acts_as: str | None = None
    acts_in: tuple[str, ...] = ()
    acts_under: str | None = None
    """The uid of whom it acts as."""
    acts_with: tuple[tuple[str, str], ...] = ()
    """What else is known of whom it acts as; a key may have several values."""


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that a connection needs."""

    url: str
    authority: Authority
    user: User
    namespace: str
    """The context's."""
    source: str
    """Where all this was read, for error messages."""

    def headers(self) -> list[tuple[str, str]]:
        """Who asks. Raises CliError."""
        token = self._token()
        headers = [("Authorization", f"Bearer {token}")] if token else []
        return [*headers, *self._impersonation()]

    def tls(self) -> ssl.SSLContext:
        """Trusts the cluster's own authority, and shows the client's certificate. Raises CliError."""
        authority = self.authority
        try:
            data = _decode(authority.ca_data) if authority.ca_data else None
            file = None if data or authority.ca_file is None else str(authority.ca_file)
            context = ssl.create_default_context(cafile=file, cadata=data.decode("ascii") if data else None)
            if authority.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            # Since Python 3.13 this is on: it refuses authorities without key identifiers, which kubectl takes and
            # many clusters have. The chain, the name and the dates are checked all the same.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            self._show_certificate(context)
        except (OSError, ValueError) as error:
            raise CliError(f"{self.source}: its certificates cannot be used: {error}") from None
        return context

    def _impersonation(self) -> Iterator[tuple[str, str]]:
        user = self.user
        if user.acts_as:
            yield "Impersonate-User", user.acts_as
        if user.acts_under:
            yield "Impersonate-Uid", user.acts_under
        for group in user.acts_in:
            yield "Impersonate-Group", group
        for key, value in user.acts_with:
            yield f"Impersonate-Extra-{quote(key, safe=_IN_HEADER_NAMES)}", value

    def _credential(self) -> Credential | None:
        return self.user.plugin.credential() if self.user.plugin else None

    def _token(self) -> str | None:
        user = self.user
        if user.token_file is not None:
            try:
                return user.token_file.read_text().strip()
            except OSError as error:
                raise CliError(f"{self.source}: its token {user.token_file} cannot be read: {error.strerror}") from None
        credential = self._credential()
        return credential.token if credential else user.token

    def _show_certificate(self, context: ssl.SSLContext) -> None:
        user, credential = self.user, self._credential()
        certificate = _decode(user.certificate_data) if user.certificate_data else None
        key = _decode(user.key_data) if user.key_data else None
        if credential is not None and credential.certificate and credential.key:
            certificate, key = credential.certificate.encode(), credential.key.encode()
        with ExitStack() as stack:
            shown = stack.enter_context(_as_file(certificate)) if certificate else user.certificate_file
            proof = stack.enter_context(_as_file(key)) if key else user.key_file
            if shown is not None:
                context.load_cert_chain(shown, proof)


def _decode(data: str) -> bytes:
    try:
        return base64.b64decode("".join(data.split()), validate=True)  # it may be wrapped
    except binascii.Error as error:
        raise ValueError(f"data that is not base64: {error}") from None


@contextmanager
def _as_file(content: bytes) -> Iterator[Path]:
    """The ssl module takes a client's certificate from files only. The file is private, and gone when it was read."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield Path(file.name)
