"""The external engine: a server somebody else provides, by a DSN or by commands that make one per clone."""

import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace

import psycopg
from psycopg import sql

from harness.model.errors import SandboxError, SnapshotError
from harness.model.redaction import mask_credentials
from harness.model.words import Role
from harness.postgres.connect import Connection, connect
from harness.postgres.ports import CloneReport, Progress, Server
from harness.sandbox.address import Address
from harness.sandbox.disposable import MARKER, refuse_production
from harness.sandbox.external_server import ExternalServer
from harness.sandbox.external_settings import apply_settings
from harness.sandbox.leftovers import Owner
from harness.sandbox.provider import address_in, create_server, parse_dsn, run_command
from harness.sandbox.settings import server_settings
from harness.spec.scenario import PostgresSpec, Provider

# Databases of ours: made here, commented with their owner, dropped here.
_PREFIX = "rehearse_"
_OWNED_BY = re.compile(rf"^{re.escape(MARKER)}; made by (\S+)$")
# COPY by file is faster than through the WAL and harmless here; older versions know no other way (CREATE DATABASE,
# 15+).
_STRATEGY_SINCE = 150000
# file_copy_method = clone: the server shares extents where its filesystem can, else copies (manual 18, 19.4.2).
_METHOD_SINCE = 180000


class ExternalEngine:
    """Databases beside the one the DSN names, made from it as a template; or one server of the provider's per clone.

    The DSN's database is where every rehearsal begins: empty, or a restored copy. Snapshots last as long as this
    process: whether that database changed since an earlier run cannot be known.
    """

    name = "external"

    def __init__(
        self,
        spec: PostgresSpec,
        *,
        owned: bool = False,
        environment: Mapping[str, str] = os.environ,
        reason: str = "the scenario asks for it",
    ) -> None:
        self._spec = spec
        self._reason = reason
        self._snapshots: dict[str, str] = {}
        self._provider = spec.provider
        self._owned = owned
        self._address = None if spec.provider else address_in(spec.dsn_env, environment)
        self._identity = f"external {secrets.token_hex(8)}"
        if self._address is not None:
            with _connect(self._address) as connection:
                refuse_production(connection, owned=owned)

    @property
    def reason(self) -> str:
        """Why this engine."""
        return self._reason

    @property
    def identity(self) -> str:
        """Never the same twice: what the server holds is not known to be what it held before."""
        return self._identity

    def provision(self) -> Server:
        """A new database that begins as a copy of the DSN's; with a provider, a server of its making."""
        if self._provider is not None:
            return self._from_provider(self._provider)
        return self._from_template(self._admin.dbname)

    def has(self, digest: str) -> bool:
        """Whether it was frozen by this process; always where a provider makes servers that hold the data already."""
        return self._provider is not None or digest in self._snapshots

    def freeze(self, server: Server, digest: str) -> None:
        """Keep the server's database as the template of the clones; afterwards the server is gone."""
        if not isinstance(server, ExternalServer) or self._provider is not None:
            raise SandboxError("only a database made from a DSN can be frozen by the external engine")
        self.forget(digest)
        self._snapshots[digest] = server.dbname

    def clone(self, digest: str, *, on_progress: Progress | None = None) -> Server:
        """A new database made from the snapshot's as a template, or a new server of the provider's."""
        if on_progress:
            on_progress("clone", 0, None)
        if self._provider is not None:
            return self._from_provider(self._provider)
        if digest not in self._snapshots:
            raise SnapshotError(f"there is no stored snapshot {digest[:16]}", hint="restore it first")
        return self._from_template(self._snapshots[digest])

    def forget(self, digest: str) -> None:
        """Drop the snapshot's database, if there is one."""
        name = self._snapshots.pop(digest, None)
        if name is not None:
            self._drop(name)

    def collect(self) -> list[str]:
        """Drop the databases that runs which are gone left on the DSN's server."""
        if self._provider is not None:
            return []
        with _connect(self._admin) as connection:
            rows = connection.execute(
                "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE starts_with(datname, %s)",
                (_PREFIX,),
            ).fetchall()
        removed = []
        for name, comment in rows:
            made = _OWNED_BY.match(comment or "")
            if made and not Owner.parse(made[1]).alive:
                self._drop(name)
                removed.append(f"database {name}")
        return removed

    @property
    def _admin(self) -> Address:
        if self._address is None:
            raise SandboxError("the provider's servers have no database to administer from")
        return self._address

    def _from_template(self, template: str) -> ExternalServer:
        name = f"{_PREFIX}{secrets.token_hex(6)}"
        began = time.monotonic_ns()
        with _connect(self._elsewhere(template)) as connection:
            file_copy = connection.info.server_version >= _STRATEGY_SINCE
            method = "template clone" if _shares_extents(connection) else "template"
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.SQL("STRATEGY file_copy" if file_copy else "")
            )
            try:
                connection.execute(statement)
                comment = f"{MARKER}; made by {Owner.here().label}"
                connection.execute(
                    sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(comment))
                )
                limits = apply_settings(connection, name, server_settings(self._spec, major=_major(connection)))
                row = connection.execute("SELECT pg_database_size(%s)", (name,)).fetchone()
            except psycopg.Error as error:
                self._drop(name)
                raise SandboxError(f"no copy of {template} could be made: {error.diag.message_primary}") from error
            except BaseException:  # Ctrl-C too: without its comment nobody would know later whose it is
                self._drop(name)
                raise
        size = int(row[0]) if row else 0
        report = CloneReport(method=method, size_bytes=size, duration_ns=time.monotonic_ns() - began)
        address = replace(self._admin, dbname=name)
        return ExternalServer(address, discard=lambda: self._discard(name), report=report, limits=limits)

    def _from_provider(self, provider: Provider) -> ExternalServer:
        began = time.monotonic_ns()
        dsn = create_server(provider)

        def destroy() -> None:
            if provider.destroy:
                run_command(provider.destroy, {"REHEARSE_DSN": dsn})

        try:
            address = parse_dsn(dsn, source="the provider's DSN")
            with _connect(address) as connection:
                refuse_production(connection, owned=self._owned, marker_needed=False)
                settings = server_settings(self._spec, major=_major(connection))
                limits = apply_settings(connection, address.dbname, settings)
                row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            size = int(row[0]) if row else 0
            report = CloneReport(method="provider", size_bytes=size, duration_ns=time.monotonic_ns() - began)
            return ExternalServer(address, discard=destroy, report=report, limits=limits)
        except BaseException:
            destroy()
            raise

    def _elsewhere(self, template: str) -> Address:
        """A database cannot be a template while somebody, even we, is connected to it."""
        return replace(self._admin, dbname="template1" if template == "postgres" else "postgres")

    def _discard(self, name: str) -> None:
        if name not in self._snapshots.values():
            self._drop(name)

    def _drop(self, name: str) -> None:
        with _connect(self._elsewhere(name)) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _connect(address: Address) -> Connection:
    try:
        return connect(address.conninfo(application_name=Role.HARNESS.application_name))
    except psycopg.OperationalError as error:
        message = mask_credentials(str(error)).splitlines()[0]
        raise SandboxError(f"the external server does not let us in: {message}") from error


def _shares_extents(connection: Connection) -> bool:
    """Ask the server to copy files by cloning them; False where its version or its platform cannot."""
    if connection.info.server_version < _METHOD_SINCE:
        return False
    try:
        connection.execute("SET file_copy_method = clone")
    except psycopg.errors.InvalidParameterValue:  # built where neither copyfile() nor copy_file_range() is
        return False
    return True


def _major(connection: Connection) -> int:
    return connection.info.server_version // 10_000
