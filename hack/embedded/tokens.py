"""Plays kubelet: keeps a projected token on disk for every service account and audience, and renews it in time.

    python -m hack.embedded.tokens --server URL --ca-file FILE --token-file FILE --namespace shop --folder DIR

writes ``DIR/<account>/<audience>``, and ``DIR/<account>/kubernetes`` for the API server. Clients read the file anew.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.accounts import AUDIENCES, KUBERNETES
from hack.embedded.credentials import write_private

LIFE: Final = 3600
"""Seconds that a token is valid; the API server gives no less than 600."""
RENEW_AFTER: Final = 0.8 * LIFE
"""Age in seconds at which a token is replaced."""
_RETRY_AFTER: Final = 5.0


@dataclass(frozen=True)
class TokenRequester:
    """Asks the API server for tokens, as somebody who may."""

    server: str
    ca_file: Path
    token_file: Path
    namespace: str

    def request(self, account: str, audience: str) -> str:
        """A fresh token. Raises OSError when the API server cannot be reached or refuses."""
        spec = {"expirationSeconds": LIFE, "audiences": [] if audience == KUBERNETES else [audience]}
        asked = urllib.request.Request(  # noqa: S310 - the server is ours
            f"{self.server}/api/v1/namespaces/{self.namespace}/serviceaccounts/{account}/token",
            data=json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}).encode(),
            headers={
                "Authorization": f"Bearer {self.token_file.read_text().strip()}",
                "Content-Type": "application/json",
            },
        )
        trust = ssl.create_default_context(cafile=self.ca_file)
        with urllib.request.urlopen(asked, timeout=10, context=trust) as answer:  # noqa: S310 - the server is ours
            return str(json.load(answer)["status"]["token"])


def token_files(folder: Path) -> dict[Path, tuple[str, str]]:
    """Every token's file, with its account and audience."""
    return {
        folder / account / audience: (account, audience)
        for account, audiences in AUDIENCES.items()
        for audience in (KUBERNETES, *audiences)
    }


def is_fresh(file: Path, now: float) -> bool:
    """Is there a token that is not yet due? ``now`` is in Unix seconds."""
    return file.exists() and now - file.stat().st_mtime < RENEW_AFTER


def renew(request: Callable[[str, str], str], folder: Path, *, older_than: float) -> float:
    """Replace every token that is missing or from before that Unix time. Returns when the next one is due.

    ``request`` makes a token for an account and an audience; what it raises passes through.
    """
    files = token_files(folder)
    for file, (account, audience) in files.items():
        if not file.exists() or file.stat().st_mtime < older_than:
            write_private(file, request(account, audience))
    return min(file.stat().st_mtime for file in files) + RENEW_AFTER


def main() -> None:
    """Renew for ever. While the API server is away the tokens at hand stay valid."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--server", "--namespace"):
        parser.add_argument(option, required=True)
    for option in ("--ca-file", "--token-file", "--folder"):
        parser.add_argument(option, required=True, type=Path)
    given = parser.parse_args()
    requester = TokenRequester(given.server, given.ca_file, given.token_file, given.namespace)
    older_than = time.time()  # all of them at first: the API server may have been wiped, and then knows none
    while True:
        try:
            due = renew(requester.request, given.folder, older_than=older_than)
            older_than = due - RENEW_AFTER + 1
        except OSError as error:
            print(f"no token from {given.server}: {error}; trying again in {_RETRY_AFTER:.0f} s", file=sys.stderr)
            due = time.time() + _RETRY_AFTER
        time.sleep(max(0.0, due - time.time()))


if __name__ == "__main__":
    main()
