"""The two ports between the rooms that need a server and the room that makes one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CloneReport:
    """How a clone was made.

    `method` (reflink, zfs, lvm, copy, template, template clone, volume copy, provider), bytes of data, nanoseconds
    taken.
    """

    method: str
    size_bytes: int
    duration_ns: int


Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and the total (None where it is not known)."""


class Server(Protocol):
    """A running, disposable PostgreSQL server with one database to work in."""

    @property
    def engine(self) -> str:
        """docker, embedded or external."""
        ...

    @property
    def version_num(self) -> int:
        """`server_version_num`: 180004 is 18.4."""
        ...

    @property
    def version(self) -> str:
        """`server_version`, like "18.4"."""
        ...

    @property
    def description(self) -> str:
        """One line for people: where it came from (image and digest, wheel, folder), without credentials."""
        ...

    @property
    def clone_report(self) -> CloneReport | None:
        """How this server's data came to be; None for one that began empty."""
        ...

    def conninfo(self, *, application_name: str) -> str:
        """A libpq connection string to the working database as its superuser (host, port, user, password, dbname)."""
        ...

    def environment(self, *, application_name: str) -> dict[str, str]:
        """DATABASE_URL, PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGAPPNAME for a tool's process."""
        ...

    def stop(self, *, crash: bool = False) -> None:
        """Stop the server, keep its data; `crash` is an immediate shutdown."""
        ...

    def start(self) -> None:
        """Start a stopped server again, on the same address."""
        ...

    def discard(self) -> None:
        """Stop the server and remove everything it left; safe to call twice."""
        ...


class Engine(Protocol):
    """Makes disposable servers and keeps frozen snapshots to clone from."""

    @property
    def name(self) -> str:
        """docker, embedded or external."""
        ...

    @property
    def reason(self) -> str:
        """Why this engine was chosen, in one clause."""
        ...

    @property
    def identity(self) -> str:
        """What of the engine changes stored data: engine name, server version, settings that matter at initdb."""
        ...

    def provision(self) -> Server:
        """Start an empty server, fast and unsafe settings allowed, to restore into."""
        ...

    def has(self, digest: str) -> bool:
        """Whether the snapshot of this digest is stored, complete."""
        ...

    def freeze(self, server: Server, digest: str) -> None:
        """Stop `server` cleanly and keep its data as the snapshot `digest`; atomic: complete or absent."""
        ...

    def clone(self, digest: str, *, on_progress: Progress | None = None) -> Server:
        """A started server, with production settings, on a disposable copy of the snapshot."""
        ...

    def forget(self, digest: str) -> None:
        """Remove a stored snapshot; nothing happens where there is none."""
        ...

    def collect(self) -> list[str]:
        """Remove what killed runs left behind (servers, containers, volumes, folders); says what was removed."""
        ...


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a clone's server is started with: the scenario's production settings and what measuring needs."""

    production: dict[str, str]
    observation: dict[str, str]


@dataclass(frozen=True, slots=True)
class Home:
    """Where the harness keeps state between runs: `snapshots/`, `clones/`, `servers/`."""

    root: Path
