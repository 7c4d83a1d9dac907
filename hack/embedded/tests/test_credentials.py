from __future__ import annotations

import stat
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from hack.embedded.credentials import Credentials, write_private


def test_a_password_is_made_once_and_nobody_else_reads_it(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    first = credentials.password("broker/orders")
    assert credentials.password("broker/orders") == first
    assert credentials.password("broker/payments") != first
    assert stat.S_IMODE(credentials.file("broker/orders").stat().st_mode) == 0o600


def test_the_public_key_is_the_signing_keys(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    private = serialization.load_pem_private_key(credentials.signing_key("sa").read_bytes(), password=None)
    public = serialization.load_pem_public_key(credentials.public_key("sa").read_bytes())
    assert private.public_key() == public


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "secret"
    write_private(path, "old and longer")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]
