"""The embedded engine: servers as processes of this machine, from the wheel or a system installation."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from harness.model.errors import SandboxError, SnapshotError
from harness.model.words import Role
from harness.postgres.binaries import Installation, find_server
from harness.postgres.connect import connect
from harness.postgres.ports import CloneReport, Home, Progress, Server
from harness.sandbox.account import Account
from harness.sandbox.address import DATABASE, LOOPBACK, SUPERUSER, Address, free_port, new_password
from harness.sandbox.adopt import LocalSingleUser, check_version, prepare_files, take_over
from harness.sandbox.clone import copy_data, tree_bytes
from harness.sandbox.failures import PortTakenError
from harness.sandbox.leftovers import collect_folders, new_owned_folder, remove_tree
from harness.sandbox.process import ServerProcess, configure, make_cluster, reachable, sync_cluster
from harness.sandbox.settings import UNSAFE_RESTORE, server_settings
from harness.sandbox.thin import release_thin
from harness.sandbox.version import major_version
from harness.spec.scenario import PostgresSpec

# Every try takes a port the kernel has just called free; losing that race five times means something else is wrong.
_PORT_TRIES = 5
_SNAPSHOT_FILE = "snapshot.json"
_NOT_DATA = ("log", "postmaster.opts", "current_logfiles")


@dataclass(frozen=True, slots=True)
class _Place:
    """A server's folder: `data/`, the cluster's superuser password, who owns it."""

    folder: Path
    password: str

    @property
    def data(self) -> Path:
        return self.folder / "data"


class EmbeddedServer:
    """One server process on a folder of its own."""

    engine = "embedded"

    def __init__(
        self,
        place: _Place,
        *,
        installation: Installation,
        account: Account,
        settings: Mapping[str, str],
        clone_report: CloneReport | None,
        find_port: Callable[[], int],
    ) -> None:
        self._find_port = find_port
        self._place = place
        self._installation = installation
        self._account = account
        self._settings = settings
        self._clone_report = clone_report
        self._process = ServerProcess(installation, place.data, account=account)
        self._address: Address | None = None
        self._version = ("", 0)

    @property
    def version_num(self) -> int:
        """`server_version_num`."""
        return self._version[1]

    @property
    def version(self) -> str:
        """`server_version`, without the packager's addition."""
        return self._version[0]

    @property
    def description(self) -> str:
        """Version and origin of the programs; no folder, because reports travel."""
        return f"PostgreSQL {self._installation.version} ({self._installation.origin})"

    @property
    def clone_report(self) -> CloneReport | None:
        """How the data was copied; None for a server that began empty."""
        return self._clone_report

    @property
    def folder(self) -> Path:
        """Where it lives until it is discarded or frozen."""
        return self._place.folder

    def conninfo(self, *, application_name: str) -> str:
        """A connection string to the working database as superuser."""
        return self._at().conninfo(application_name=application_name)

    def environment(self, *, application_name: str) -> dict[str, str]:
        """DATABASE_URL and PG* for a tool's process."""
        return self._at().environment(application_name=application_name)

    def stop(self, *, crash: bool = False) -> None:
        """Stop it and keep the data; `crash` is an immediate shutdown, after which `start` replays the WAL."""
        self._process.stop(crash=crash)

    def start(self) -> None:
        """Start it; the first time on a free loopback port, afterwards on that same one."""
        if self._process.running:
            return
        if self._address is not None:
            self._process.start()
            return
        for attempt in range(1, _PORT_TRIES + 1):
            port = self._find_port()
            configure(self._place.data, port=port, settings=self._settings, account=self._account)
            try:
                self._process.start()
            except PortTakenError:
                if attempt == _PORT_TRIES:
                    raise
            else:
                self._address = Address(LOOPBACK, port, SUPERUSER, self._place.password, DATABASE)
                return

    def discard(self) -> None:
        """Stop it at once and remove its folder; safe to call twice and after a freeze."""
        self._process.stop(crash=True)
        release_thin(self._place.folder)
        remove_tree(self._place.folder)

    def create_database(self) -> None:
        """Make the working database of a new cluster."""
        admin = self._at().conninfo(application_name=Role.HARNESS.application_name, dbname="postgres")
        with connect(admin) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def learn_version(self) -> None:
        """Connect once: proves that clients get in, and asks the version."""
        with connect(self.conninfo(application_name=Role.HARNESS.application_name)) as connection:
            info = connection.info
            self._version = (info.parameter_status("server_version") or "").split()[0], info.server_version

    def _at(self) -> Address:
        if self._address is None:
            raise SandboxError("this server has not been started yet")
        return self._address


class EmbeddedEngine:
    """Servers and snapshots below `home`: `servers/`, `clones/`, `snapshots/<digest>/`."""

    name = "embedded"

    def __init__(
        self,
        spec: PostgresSpec,
        *,
        home: Home,
        reason: str = "the scenario asks for it",
        find_port: Callable[[], int] = free_port,
    ) -> None:
        self._find_port = find_port
        self._home = home.root.resolve()
        self._reason = reason
        self._account = Account.for_servers()
        major = major_version(spec.version)
        home.root.mkdir(parents=True, exist_ok=True)
        found = find_server(major, extensions=spec.extensions)
        self._installation = reachable(found, account=self._account, home=self._home)
        self._settings = server_settings(spec, major=major)

    @property
    def reason(self) -> str:
        """Why this engine."""
        return self._reason

    @property
    def identity(self) -> str:
        """Engine, exact version and origin, and how clusters are made."""
        return f"embedded PostgreSQL {self._installation.version} ({self._installation.origin}) C.UTF-8 UTF8"

    @property
    def installation(self) -> Installation:
        """The programs in use."""
        return self._installation

    def provision(self) -> Server:
        """An empty server with production's settings, except that nothing it does is durable."""
        place = self._new_place("servers", password=new_password())
        server = self._server(place, {**self._started_with, **UNSAFE_RESTORE}, None)
        try:
            make_cluster(self._installation, place.data, account=self._account, password=place.password)
            server.start()
            server.create_database()
            server.learn_version()
        except BaseException:
            server.discard()
            raise
        return server

    def adopt(self, data: Path, *, database: str, on_progress: Progress | None = None) -> Server:
        """A started server on a copy of a foreign data directory, whose `database` becomes the working one.

        SnapshotError where it is of another major version or does not start.
        """
        check_version(data, major=self._installation.major)
        place = self._new_place("servers", password=new_password())
        settings = {**self._started_with, **UNSAFE_RESTORE}
        server = self._server(place, settings, None)
        try:
            copy_data(data, place.data, size_bytes=tree_bytes(data), on_progress=on_progress)
            prepare_files(place.data, account=self._account)
            configure(place.data, port=self._find_port(), settings=settings, account=self._account)
            single = LocalSingleUser(self._installation, place.data, self._account)
            take_over(single, password=place.password, database=database)
            server.start()
            server.learn_version()
        except BaseException:
            server.discard()
            raise
        return server

    def has(self, digest: str) -> bool:
        """Whether the snapshot is stored: its folder only ever appears complete."""
        return (self._snapshot(digest) / _SNAPSHOT_FILE).exists()

    def freeze(self, server: Server, digest: str) -> None:
        """Stop the server and move its data to the snapshots; afterwards the server is gone.

        SandboxError for one that is not this engine's; SnapshotError where it has tablespaces outside its folder.
        """
        if not isinstance(server, EmbeddedServer):
            raise SandboxError(f"the embedded engine cannot freeze a server of the {server.engine} engine")
        server.stop()
        data = server.folder / "data"
        _refuse_tablespaces(data)
        for name in _NOT_DATA:
            leftover = data / name
            remove_tree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        sync_cluster(self._installation, data, account=self._account)
        about = {"size_bytes": tree_bytes(data), "version": server.version, "digest": digest}
        (server.folder / _SNAPSHOT_FILE).write_text(json.dumps(about), encoding="utf-8")
        self._account.make_folder(self._home / "snapshots")
        try:
            server.folder.rename(self._snapshot(digest))
        except OSError:
            # Another run stored the same snapshot first; it is as good as this one.
            server.discard()
            if not self.has(digest):
                raise

    def clone(self, digest: str, *, on_progress: Progress | None = None) -> Server:
        """A started server on a copy of the snapshot. SnapshotError where there is none."""
        source = self._snapshot(digest)
        if not self.has(digest):
            raise SnapshotError(f"there is no stored snapshot {digest[:16]}", hint="restore it first")
        size = int(json.loads((source / _SNAPSHOT_FILE).read_text(encoding="utf-8"))["size_bytes"])
        place = self._new_place("clones", password=(source / "password").read_text(encoding="utf-8"))
        try:
            report = copy_data(source / "data", place.data, size_bytes=size, disposable=True, on_progress=on_progress)
            server = self._server(place, self._started_with, report)
        except BaseException:
            release_thin(place.folder)
            remove_tree(place.folder)
            raise
        try:
            server.start()
            server.learn_version()
        except BaseException:
            server.discard()
            raise
        return server

    def forget(self, digest: str) -> None:
        """Remove the snapshot, if there is one."""
        remove_tree(self._snapshot(digest))

    def collect(self) -> list[str]:
        """End the servers and remove the folders of runs that are gone."""
        return [line for room in ("servers", "clones") for line in collect_folders(self._home / room)]

    @property
    def _started_with(self) -> dict[str, str]:
        return {**self._settings.production, **self._settings.observation}

    def _server(self, place: _Place, settings: Mapping[str, str], report: CloneReport | None) -> EmbeddedServer:
        return EmbeddedServer(
            place,
            installation=self._installation,
            account=self._account,
            settings=settings,
            clone_report=report,
            find_port=self._find_port,
        )

    def _snapshot(self, digest: str) -> Path:
        return self._home / "snapshots" / digest

    def _new_place(self, room: str, *, password: str) -> _Place:
        self._account.make_folder(self._home / room)
        folder = new_owned_folder(self._home / room, secrets.token_hex(6))
        self._account.own(folder)
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="utf-8")
        return _Place(folder=folder, password=password)


def _refuse_tablespaces(data: Path) -> None:
    outside = [path for path in (data / "pg_tblspc").iterdir() if path.is_symlink()]
    if outside:
        raise SnapshotError(
            f"the database has {len(outside)} tablespaces outside its data directory, which clones would share",
            hint="restore with --no-tablespaces, or leave CREATE TABLESPACE out of the setup files",
        )
