"""What a user has granted a client: one document for the code and every refresh token that followed from it. Pure.

Each of them is the grant's next turn: the code is turn 0, the refresh token that it is exchanged for turn 1, and so on.
A turn can be taken once. Whoever takes one that was taken before is a thief, or has been robbed: the grant is over for
both of them (OAuth 2.1, section 4.3.1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["CODE_LIFE", "GRANT_LIFE", "REFRESH_LIFE", "Grant", "Over", "Reused", "read_token"]

CODE_LIFE: Final = 60
"""Seconds that a code is good for."""
REFRESH_LIFE: Final = 30 * 24 * 3600
"""Seconds that a refresh token is good for; each exchange begins anew."""
GRANT_LIFE: Final = 90 * 24 * 3600
"""Seconds from sign-in after which the user has to sign in again, however often the client came meanwhile."""


class Over(Exception):
    """The grant was revoked, or its time is over."""


class Reused(Exception):
    """This turn was taken before."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One sign-in of a user at a client."""

    id: str
    client_id: str
    user_id: str
    scope: str
    redirect_uri: str
    challenge: str
    """PKCE's, by S256."""
    seed: str
    """What its tokens are derived from."""
    ends: int
    """Unix seconds until which the present turn can be taken."""
    turn: int = 0
    revoked: bool = False
    begun: int = 0
    """Unix seconds at sign-in; 0 in what was stored before this was: such a grant begins at its next turn."""
    taken_by: str = ""
    """By whom the last turn was taken: so one whose answer was lost knows its own write from a thief's."""

    @property
    def token(self) -> str:
        """The code or refresh token of the present turn."""
        return f"{self.id}.{self.turn}.{self._proof(self.turn)}"

    def issued(self, turn: int, proof: str) -> bool:
        """Whether the proof is that of a turn that there was."""
        return 0 <= turn <= self.turn and hmac.compare_digest(proof.encode(), self._proof(turn).encode())

    def take(self, turn: int, now: int, by: str = "") -> Grant:
        """The grant at its next turn, taken ``by`` whom. Raises Reused or Over."""
        if turn != self.turn:
            raise Reused(f"turn {turn} of grant {self.id} was taken before; it is at {self.turn}")
        if not self.is_live(now):
            raise Over(f"grant {self.id} is over")
        begun = self.begun or now
        ends = min(now + REFRESH_LIFE, begun + GRANT_LIFE)
        return replace(self, turn=turn + 1, ends=ends, begun=begun, taken_by=by)

    def was_taken(self, turn: int, by: str) -> bool:
        """Whether the turn before the present one was this, and was taken by them."""
        return self.turn == turn + 1 and self.taken_by == by

    def revoke(self) -> Grant:
        """Nothing follows from it any more."""
        return replace(self, revoked=True)

    def is_live(self, now: int) -> bool:
        """Whether its present turn can be taken."""
        return not self.revoked and now < self.ends

    def _proof(self, turn: int) -> str:
        digest = hmac.digest(self.seed.encode(), f"{self.id}.{turn}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def read_token(token: str) -> tuple[str, int, str] | None:
    """Grant id, turn and proof of a code or refresh token; None for what is neither."""
    id_, _, rest = token.partition(".")
    turn, _, proof = rest.partition(".")
    if not (id_ and proof and turn.isascii() and turn.isdigit() and len(turn) < 9):
        return None
    return id_, int(turn), proof
