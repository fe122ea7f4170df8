"""Where a server answers, and how its clients are told."""

import secrets
import socket
from dataclasses import dataclass
from urllib.parse import quote

from psycopg.conninfo import make_conninfo

LOOPBACK = "127.0.0.1"
# The one superuser and the one database of servers that the harness makes; neither needs quoting in SQL or in a shell.
SUPERUSER = "postgres"
DATABASE = "rehearsal"


@dataclass(frozen=True, slots=True)
class Address:
    """Host, port, superuser and working database of a server."""

    host: str
    port: int
    user: str
    password: str
    dbname: str

    def conninfo(self, *, application_name: str, dbname: str = "") -> str:
        """The libpq connection string; `dbname` names another database than the working one."""
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=dbname or self.dbname,
            application_name=application_name,
        )

    def environment(self, *, application_name: str) -> dict[str, str]:
        """What a tool's process is given: DATABASE_URL and libpq's PG* variables.

        The URL carries no parameters: drivers do not agree on which they accept (asyncpg refuses sslmode, lib/pq wants
        it), so encryption is turned off for those that look by PGSSLMODE.
        """
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return {
            "DATABASE_URL": f"postgresql://{login}@{self.host}:{self.port}/{quote(self.dbname, safe='')}",
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.dbname,
            "PGAPPNAME": application_name,
            "PGSSLMODE": "disable",
        }


def free_port() -> int:
    """A loopback port nobody listens on now; somebody may take it before it is used, so callers try again."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def new_password() -> str:
    """A random password that needs quoting nowhere."""
    return secrets.token_hex(16)
