"""The embedded platform's commands."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from hack.embedded.credentials import Credentials
from hack.embedded.errors import PlatformError
from hack.embedded.instance import Instance, open_instance
from hack.embedded.lifecycle import down, load, restart, up
from hack.embedded.processes.environment import CLIENTS, Environment
from hack.embedded.processes.services import SEEDED
from hack.embedded.status import show_status
from hack.embedded.supervisor import Supervisor

_EPILOG = """\
Ports: SKALD_PORT_BASE moves all of them, SKALD_PORT_<NAME> one, for example SKALD_PORT_GATEWAY=8080. Built parts
are kept in $XDG_CACHE_HOME/skald, state and logs in .platform/.
"""

Command = Callable[[Instance, argparse.Namespace, Console], None]


def _up(instance: Instance, given: argparse.Namespace, console: Console) -> None:
    began = time.monotonic()
    if up(instance, console, only_parts=given.parts):
        console.print(f"[green]up[/] after {time.monotonic() - began:.1f} s", highlight=False)
    else:
        console.print("already running; nothing was changed")
    hints = {
        "kubectl": f"{_relative(instance.kubectl)} get sagas -n shop",
        "or": f"export KUBECONFIG={instance.kubeconfig}",
        **({} if given.parts else {"gateway": instance.gateway_url}),
    }
    for what, how in hints.items():
        console.print(f"  {what:<9} {how}", highlight=False, soft_wrap=True)


def _down(instance: Instance, given: argparse.Namespace, console: Console) -> None:
    console.print("stopped" if down(instance, console, wipe=given.wipe) else "nothing was running")


def _status(instance: Instance, _: argparse.Namespace, console: Console) -> None:
    show_status(instance, console)


def _logs(instance: Instance, given: argparse.Namespace, _: Console) -> None:
    """Become ``tail``."""
    files = [instance.log(given.name)] if given.name else sorted(instance.logs.glob("*.log"))
    if not files or not files[0].exists():
        known = ", ".join(sorted(path.stem for path in instance.logs.glob("*.log")))
        raise PlatformError(f"there is no log of {given.name or 'anything'} in {instance.logs}", f"there are: {known}")
    follow = ["--follow=name", "--retry"] if sys.stdout.isatty() else []
    os.execvp("tail", ["tail", "--lines=40", *follow, *map(str, files)])  # noqa: S606 - no shell is wanted


def _restart(instance: Instance, given: argparse.Namespace, console: Console) -> None:
    process = load(instance, console).process(given.name)
    with instance.lock():
        restart(process, instance, Supervisor(instance))
    console.print(f"{given.name} was restarted and is ready")


def _env(instance: Instance, given: argparse.Namespace, console: Console) -> None:
    everything = load(instance, console)
    seeds = {f"{service}-seed": service for service in SEEDED}
    if given.name in seeds:
        environment = everything.environment.seed(seeds[given.name])
    else:
        environment = dict(everything.process(given.name).env)
    for name, value in environment.items():
        print(f"export {name}={shlex.quote(value)}")


def _secret(instance: Instance, _: argparse.Namespace, __: Console) -> None:
    print(Environment(instance, Credentials(instance.credentials)).client_secret())


def _parse(arguments: list[str]) -> argparse.Namespace:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--instance", default="main", help="which platform (default: main; the tests use test)")
    parser = argparse.ArgumentParser(
        prog="python -m hack.embedded",
        description="Skald and every real part it needs, on this machine, without containers.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Command, says: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=says, description=says, parents=[common])
        added.set_defaults(run=run)
        return added

    command("up", _up, "start everything and wait until it is ready").add_argument(
        "--parts", action="store_true", help="only what the services stand on: Kubernetes API, database, broker, tokens"
    )
    command("down", _down, "stop everything").add_argument("--wipe", action="store_true", help="forget the data, too")
    command("status", _status, "show what runs")
    command("logs", _logs, "show the newest lines of a log, and follow it on a terminal").add_argument(
        "name", nargs="?", help="a process (default: all)"
    )
    command("restart", _restart, "restart one process").add_argument("name", help="a process, for example orders-web")
    command("env", _env, "print a process's environment, for a shell to read").add_argument(
        "name", help="a process, or a seed such as identity-seed"
    )
    command("secret", _secret, "print the demo clients' secret").add_argument("name", choices=CLIENTS)
    return parser.parse_args(arguments)


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main(arguments: list[str]) -> int:
    """Run one command. Returns the exit code."""
    given = _parse(arguments)
    try:
        # what people read goes to stderr where the output is for a shell
        given.run(open_instance(given.instance), given, Console(stderr=given.command in {"env", "secret"}))
    except PlatformError as error:
        complaints = Console(stderr=True)
        complaints.print(f"[red]{given.command} failed:[/] ", end="")
        complaints.print(str(error), markup=False, highlight=False, soft_wrap=True)
        if error.remedy:
            complaints.print(f"  -> {error.remedy}", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
