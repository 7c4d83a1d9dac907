"""``python -m saga_operator run``."""

from __future__ import annotations

import argparse
import logging
import sys

import uvloop

from saga_operator.app import Elect, Operator, by_lease
from saga_operator.kube.lease import LeaseLost
from saga_operator.kube.presence import NotServed
from saga_operator.ops.logs import configure_logs
from saga_operator.settings import Settings, SettingsError, read_settings

log = logging.getLogger("saga_operator")


def main(elect: Elect = by_lease) -> int:
    """Run the operator. 0: told to stop. 1: could not go on. 2: the environment is wrong."""
    parser = argparse.ArgumentParser(prog="python -m saga_operator", description="The saga operator.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the sagas of one namespace; see saga_operator.settings for the environment")
    parser.parse_args()
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    configure_logs(settings.log_level)
    return uvloop.run(_run(settings, elect))


async def _run(settings: Settings, elect: Elect) -> int:
    try:
        await Operator(settings, elect).run()
    except (NotServed, LeaseLost, OSError) as error:
        log.error("the saga operator ends: %s", error)  # noqa: TRY400  the sentence says it all
        return 1
    except Exception:  # kopf gave up, or a bug: say it as a line of the log like any other
        log.exception("the saga operator ended unexpectedly")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
