from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hack.embedded.accounts import AUDIENCES
from hack.embedded.tokens import LIFE, RENEW_AFTER, is_fresh, renew, token_files

TOKENS = sum(1 + len(audiences) for audiences in AUDIENCES.values())


class Issuer:
    """Answers with a number instead of a token."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.away = False

    def __call__(self, account: str, audience: str) -> str:
        if self.away:
            raise OSError("connection refused")
        self.asked.append((account, audience))
        return str(len(self.asked))


def test_every_account_gets_a_token_for_the_api_server_and_one_per_service_that_it_calls(tmp_path: Path) -> None:
    issuer = Issuer()
    renew(issuer, tmp_path, older_than=time.time())
    assert len(issuer.asked) == TOKENS
    assert (tmp_path / "orders" / "kubernetes").exists()
    assert (tmp_path / "orders" / "catalog").exists()
    assert not (tmp_path / "catalog" / "orders").exists()


def test_a_token_is_replaced_before_it_ends_and_the_others_are_left_alone(tmp_path: Path) -> None:
    issuer, now = Issuer(), time.time()
    renew(issuer, tmp_path, older_than=now)
    old = tmp_path / "orders" / "catalog"
    os.utime(old, (now - RENEW_AFTER, now - RENEW_AFTER))
    assert not is_fresh(old, now)
    before = old.read_text()
    due = renew(issuer, tmp_path, older_than=now - RENEW_AFTER + 1)
    assert issuer.asked[TOKENS:] == [("orders", "catalog")]
    assert old.read_text() != before
    assert now < due < now + LIFE


def test_after_a_start_all_are_asked_for_anew_because_the_api_server_may_have_forgotten_them(tmp_path: Path) -> None:
    issuer = Issuer()
    for file in token_files(tmp_path):
        file.parent.mkdir(exist_ok=True)
        file.write_text("from an earlier life")
        os.utime(file, (time.time() - 1, time.time() - 1))
    renew(issuer, tmp_path, older_than=time.time())
    assert "from an earlier life" not in {file.read_text() for file in token_files(tmp_path)}


def test_while_the_api_server_is_away_the_tokens_at_hand_stay(tmp_path: Path) -> None:
    issuer = Issuer()
    renew(issuer, tmp_path, older_than=time.time())
    issuer.away = True
    with pytest.raises(OSError, match="connection refused"):
        renew(issuer, tmp_path, older_than=time.time() + 1)
    assert all(file.exists() for file in token_files(tmp_path))
