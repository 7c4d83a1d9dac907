"""The operator without its Lease, for tests that want several at once; run as a module, it takes the same arguments."""

from __future__ import annotations

import asyncio
import sys

from saga_operator.__main__ import main


class Unelected:
    """Everybody leads."""

    stands_by = False

    async def acquire(self) -> None:
        """Never waits."""

    async def keep(self) -> None:
        """Never loses."""
        await asyncio.get_running_loop().create_future()

    async def release(self) -> None:
        """Has nothing to give back."""


if __name__ == "__main__":
    sys.exit(main(elect=lambda *_: Unelected()))
