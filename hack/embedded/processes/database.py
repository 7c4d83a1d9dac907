"""The MongoDB-compatible database: FerretDB on PostgreSQL with the DocumentDB extension."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hack.embedded.credentials import Credentials
from hack.embedded.errors import PlatformError
from hack.embedded.instance import Instance
from hack.embedded.parts import Parts
from hack.embedded.probes import answers
from hack.embedded.processes.model import Node, Process, Task

_USER: Final = "postgres"
_FERRETDB: Final = "ferretdb"
_SERVICES: Final = "documentdb_readwrite_role"

# Passwords over TCP. The socket lies in a folder that only the server's own user (and root) can enter; the extension's
# background work comes in by it.
_ACCESS: Final = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True)
class Database:
    """PostgreSQL, what it needs to hold documents, and FerretDB, of one instance."""

    instance: Instance
    parts: Parts
    credentials: Credentials
    users: Sequence[str]
    """One for each service. FerretDB does not confine them to a database."""

    def nodes(self) -> list[Node]:
        """In the order in which they start."""
        return [
            Task("database-files", self._create_files),
            self._postgres(),
            Task("database-users", self._create_users, needs=frozenset({"postgres"})),
            self._ferretdb(),
        ]

    def password(self, user: str) -> str:
        """A database user's password."""
        return self.credentials.password(f"database/{user}")

    def add_user(self, user: str, password: str) -> None:
        """Let one more user in, or give the one that is there this password."""
        self._sql(_role(user, password, member_of=_SERVICES))

    def drop_user(self, user: str) -> None:
        """Let it in no more. Safe to repeat."""
        self._sql(f'drop role if exists "{user}";')

    @property
    def _folder(self) -> Path:
        return self.instance.state / "postgres"

    def _postgres(self) -> Process:
        settings = {
            "hba_file": "'/inst/pg_hba.conf'",
            "listen_addresses": "'127.0.0.1'",
            "port": self.instance.ports["postgres"],
            "unix_socket_directories": "'/inst'",
            "shared_preload_libraries": "'pg_cron,pg_documentdb_core,pg_documentdb'",
            "documentdb.localhost_connection_string": "'host=/inst'",
            "cron.database_name": "'postgres'",
            "cron.use_background_workers": "on",
            "cron.log_run": "off",
            "cron.log_statement": "off",
        }
        return Process(
            name="postgres",
            command=self._command(["postgres", "-D", "/inst/data", "-c", "config_file=/inst/postgresql.conf"]),
            folder=self._folder,
            owner=self.parts.root.uid(_USER),
            files={
                self._folder / "postgresql.conf": "".join(f"{name} = {value}\n" for name, value in settings.items()),
                self._folder / "pg_hba.conf": _ACCESS,
            },
            needs=frozenset({"database-files"}),
            stop_signal="INT",  # "fast": ends its clients instead of waiting for them
            ready=self._accepts_connections,
        )

    def _ferretdb(self) -> Process:
        ports = self.instance.ports
        folder = self.instance.state / "ferretdb"
        url = folder / "postgresql-url"
        return Process(
            name="ferretdb",
            command=(
                str(self.parts.ferretdb),
                f"--postgresql-url-file={url}",
                f"--listen-addr={ports.address('ferretdb')}",
                f"--debug-addr={ports.address('ferretdb-debug')}",
                f"--state-dir={folder}",
                "--telemetry=disable",
                "--log-level=warn",
                "--log-format=json",
            ),
            env={"DO_NOT_TRACK": "true"},
            folder=folder,
            files={url: f"postgres://{_FERRETDB}:{self.password(_FERRETDB)}@{ports.address('postgres')}/postgres"},
            needs=frozenset({"database-users"}),
            ready=answers(f"http://{ports.address('ferretdb-debug')}/debug/readyz"),
        )

    def analyze(self) -> None:
        """Refresh the planner's statistics: after a bulk load an indexed find is fifty times slower without."""
        self._sql("analyze;")

    def _create_files(self) -> None:
        """Lay out an empty database cluster, whole or not at all."""
        if (self._folder / "data").exists():
            return
        initdb = "initdb --pgdata=data.new --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-instructions"
        self._run(["sh", "-euc", f"cd /inst; rm -rf data.new; {initdb}; mv data.new data"])

    def _create_users(self) -> None:
        """The extension, FerretDB's own user, and one user per service; safe to repeat."""
        roles = [_role(_FERRETDB, self.password(_FERRETDB), member_of="documentdb_admin_role")]
        roles += [_role(user, self.password(user), member_of=_SERVICES) for user in self.users]
        self._sql("create extension if not exists documentdb cascade;", *roles)

    def _accepts_connections(self) -> bool:
        command = self._command(["pg_isready", "-q", "-h", "/inst", "-p", str(self.instance.ports["postgres"])])
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _sql(self, *statements: str) -> None:
        options = ["-h", "/inst", "-p", str(self.instance.ports["postgres"]), "-U", "postgres", "-qX"]
        self._run(["psql", *options, "-v", "ON_ERROR_STOP=1"], stdin="\n".join(statements))

    def _run(self, argv: Sequence[str], stdin: str | None = None) -> None:
        done = subprocess.run(self._command(argv), input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PlatformError(f"{argv[0]} in the private root failed:\n{(done.stdout + done.stderr).strip()}")

    def _command(self, argv: Sequence[str]) -> tuple[str, ...]:
        return self.parts.root.command(_USER, self._folder, argv)


def _role(user: str, password: str, *, member_of: str) -> str:
    """SQL that makes a login role, or gives it this password anew."""
    create = f'create role "{user}" login in role {member_of}'
    return (
        f"select '{create}' where not exists (select from pg_roles where rolname = '{user}') \\gexec\n"  # noqa: S608
        f"alter role \"{user}\" password '{password}';"  # names are ours, passwords are hex digits
    )
