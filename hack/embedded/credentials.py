"""Passwords, tokens and keys of an instance: made when first asked for, one private file each, never in git."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class Credentials:
    """The folder of secrets of one instance."""

    folder: Path

    def password(self, name: str) -> str:
        """The secret of that name, for example ``broker/orders``; safe in a URL, in SQL and in a shell."""
        return self.file(name).read_text()

    def file(self, name: str) -> Path:
        """The file of the secret of that name."""
        return self._once(name, lambda: secrets.token_hex(20))

    def signing_key(self, name: str) -> Path:
        """File of a private RSA key in PEM."""
        return self._once(name, _new_key)

    def public_key(self, name: str) -> Path:
        """File of the public half of a signing key, in PEM."""
        private = self.signing_key(name)
        return self._once(f"{name}.pub", lambda: _public_half(private.read_bytes()))

    def _once(self, name: str, make: Callable[[], str]) -> Path:
        path = self.folder / name
        if not path.exists():
            write_private(path, make())
        return path


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody but its owner can read at any moment, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.rename(path)


def _new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def _public_half(private: bytes) -> str:
    key = serialization.load_pem_private_key(private, password=None)
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
