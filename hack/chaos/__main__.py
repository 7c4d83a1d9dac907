"""Random kills and freezes of every part under a load of orders, a wiped broker and a rolled-back etcd among them.

Starts a platform of its own if it is not up, prints every blow, waits until everything has come to rest, and judges the
participants' own books. Exits with 0 only if nothing was lost, nothing was done twice, nothing is stuck, and stock and
money add up. The same seed gives the same blows and the same customers. Its own platform goes when all is well, and
stays for a look when it is not.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

from hack.chaos.run import run
from hack.embedded.errors import PlatformError
from hack.embedded.platform import open_platform

OWN: Final = "chaos"
"""The instance that nobody else has a use for."""


def main() -> int:
    """Exit status: 0 when every rule held, 1 when one did not, 2 when the run itself failed."""
    parser = argparse.ArgumentParser(prog="python -m hack.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many kills and freezes (default: 200)")
    parser.add_argument("--seed", type=int, help="what the blows are drawn from (default: a new one)")
    parser.add_argument("--instance", default=OWN, help=f"the platform's name (default: {OWN})")
    parser.add_argument("--out", type=Path, help="the folder for chaos.json and chaos.md")
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}: python -m hack.chaos --kills {options.kills} --seed {seed} gives the same blows", flush=True)
    try:
        platform = open_platform(options.instance)
        report = run(platform, seed, options.kills, lambda line: print(line, flush=True))
    except PlatformError as error:
        print(f"the run failed: {error}\n  -> {error.remedy}", file=sys.stderr)
        return 2
    platform.close()
    print(report.as_text())
    if options.out:
        report.save(options.out)
    if options.instance == OWN:
        _leave(well=report.passed)
    return 0 if report.passed else 1


def _leave(*, well: bool) -> None:
    down = ["-m", "hack.embedded", "down", "--wipe", "--instance", OWN]
    if well:
        subprocess.run([sys.executable, *down], check=True)
    else:
        print(f"the platform is left up for a look; this ends it: python {' '.join(down)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
