"""The docker engine: one container a server, snapshots and clones in named volumes."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from docker.errors import NotFound

from harness.model.errors import SandboxError, SnapshotError
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import CloneReport, Home, Progress, Server
from harness.sandbox.address import new_password
from harness.sandbox.adopt import check_version, take_over
from harness.sandbox.docker_adopt import ContainerSingleUser, Volume, send_files
from harness.sandbox.docker_client import (
    HOME_LABEL,
    RUN_LABEL,
    docker_client,
    ensure_image,
    image_name,
    is_orphan,
    labels,
    remove_volume,
    run_helper,
)
from harness.sandbox.docker_server import DATA, MOUNT, DockerServer
from harness.sandbox.settings import UNSAFE_RESTORE, server_settings
from harness.sandbox.version import major_version
from harness.spec.scenario import PostgresSpec

# Prints the size in KiB. `sync` because the restoring server ran with fsync off.
_TIDY = f"rm -rf {DATA}/log {DATA}/postmaster.opts {DATA}/current_logfiles; find {DATA}/pg_tblspc -type l | wc -l; \
du -sk {DATA} | cut -f1; sync"
# Prints how it was done; busybox's cp knows no --reflink, and then copies plainly.
_COPY = """
if cp --reflink=always /from/data/PG_VERSION /to/.probe 2>/dev/null; then how=reflink; else how='volume copy'; fi
rm -f /to/.probe
if [ "$how" = reflink ]; then cp -a --reflink=always /from/data /to/; else cp -a /from/data /to/; fi
echo "$how"
"""


class DockerEngine:
    """Servers as containers; what a snapshot's volume is called and holds is kept below `home`, in `docker/`."""

    name = "docker"

    def __init__(
        self,
        spec: PostgresSpec,
        *,
        home: Home,
        reason: str = "the scenario asks for it",
        environment: Mapping[str, str] = os.environ,
        on_progress: Progress | None = None,
    ) -> None:
        self._spec = spec
        self._home = home.root.resolve()
        self._reason = reason
        self._image = image_name(image=spec.image, major=major_version(spec.version), environment=environment)
        ensure_image(self._image, on_progress=on_progress)
        with docker_client() as client:
            image = client.images.get(self._image)
        self._image_id = str(image.id)
        variables = dict(v.split("=", 1) for v in image.attrs["Config"]["Env"] or [])
        self._major = major_version(variables.get("PG_MAJOR", spec.version))
        self._settings = server_settings(spec, major=self._major)
        self._records = self._home / "docker"
        self._records.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def reason(self) -> str:
        """Why this engine."""
        return self._reason

    @property
    def identity(self) -> str:
        """Engine and the image by its content, and how clusters are made."""
        return f"docker {self._image_id} C.UTF-8 UTF8"

    @property
    def image(self) -> str:
        """The image in use."""
        return self._image

    def provision(self) -> Server:
        """An empty server with production's settings, except that nothing it does is durable."""
        server = self._new_server({**self._started_with, **UNSAFE_RESTORE}, password=new_password())
        try:
            server.start()
            self._check_extensions(server)
        except BaseException:
            server.discard()
            raise
        return server

    def adopt(self, data: Path, *, database: str, on_progress: Progress | None = None) -> Server:
        """A started server on a copy, in a volume, of a foreign data directory; `database` becomes the working one.

        SnapshotError where it is of another major version or does not start.
        """
        check_version(data, major=self._major)
        server = self._new_server({**self._started_with, **UNSAFE_RESTORE}, password=new_password())
        try:
            with docker_client() as client:
                place = Volume(client, self._image, server.volume, self._home)
                send_files(place, data, on_progress=on_progress)
                take_over(ContainerSingleUser(place), password=server.password, database=database)
            server.start()
        except BaseException:
            server.discard()
            raise
        return server

    def has(self, digest: str) -> bool:
        """Whether the snapshot is recorded and its volume is still there."""
        record = self._record(digest)
        if record is None:
            return False
        with docker_client() as client:
            return bool(client.volumes.list(filters={"name": record["volume"]}))

    def freeze(self, server: Server, digest: str) -> None:
        """Stop the server and keep its volume as the snapshot; afterwards the server is gone.

        The record is written last and at once, so that a snapshot is complete or absent.
        """
        if not isinstance(server, DockerServer):
            raise SandboxError(f"the docker engine cannot freeze a server of the {server.engine} engine")
        volume = server.give_up_volume()
        with docker_client() as client:
            volumes = {volume: (MOUNT, "rw")}
            tablespaces, size_kb = run_helper(client, self._image, _TIDY, volumes=volumes, home=self._home).split()[:2]
        if int(tablespaces):
            with docker_client() as client:
                remove_volume(client, volume)
            raise SnapshotError(
                f"the database has {tablespaces} tablespaces outside its data directory, which clones would share",
                hint="restore with --no-tablespaces, or leave CREATE TABLESPACE out of the setup files",
            )
        record = {"volume": volume, "password": server.password, "size_bytes": int(size_kb) * 1024}
        scratch = self._records / f".{secrets.token_hex(4)}"
        scratch.touch(mode=0o600)
        scratch.write_text(json.dumps(record), encoding="utf-8")
        self.forget(digest)
        scratch.rename(self._path(digest))

    def clone(self, digest: str, *, on_progress: Progress | None = None) -> Server:
        """A started server on a copy of the snapshot's volume. SnapshotError where there is none."""
        record = self._record(digest)
        if record is None:
            raise SnapshotError(f"there is no stored snapshot {digest[:16]}", hint="restore it first")
        size = int(str(record["size_bytes"]))
        server = self._new_server(self._started_with, password=str(record["password"]))
        try:
            source = str(record["volume"])
            server.clone_report = self._copy(source, server.volume, size_bytes=size, on_progress=on_progress)
            server.start()
        except BaseException:
            server.discard()
            raise
        return server

    def forget(self, digest: str) -> None:
        """Remove the snapshot, if there is one: the record first."""
        forget_volume(self._home, digest)

    def collect(self) -> list[str]:
        """Remove the containers of runs that are gone, and their volumes, except those that are snapshots."""
        return collect_containers()

    @property
    def _started_with(self) -> dict[str, str]:
        return {**self._settings.production, **self._settings.observation}

    def _new_server(self, settings: Mapping[str, str], *, password: str) -> DockerServer:
        volume = f"rehearse-{secrets.token_hex(6)}"
        with docker_client() as client:
            client.volumes.create(volume, labels=labels(self._home))
        return DockerServer(
            image=self._image,
            image_id=self._image_id,
            volume=volume,
            password=password,
            settings=settings,
            home=self._home,
        )

    def _copy(self, source: str, target: str, *, size_bytes: int, on_progress: Progress | None) -> CloneReport:
        began = time.monotonic_ns()
        if on_progress:
            on_progress("clone", 0, size_bytes)
        with docker_client() as client:
            volumes = {source: ("/from", "ro"), target: ("/to", "rw")}
            method = run_helper(client, self._image, _COPY, volumes=volumes, home=self._home).strip()
        if on_progress:
            on_progress("clone", size_bytes, size_bytes)
        return CloneReport(method=method, size_bytes=size_bytes, duration_ns=time.monotonic_ns() - began)

    def _check_extensions(self, server: DockerServer) -> None:
        if not self._spec.extensions:
            return
        with connect(server.conninfo(application_name=Role.HARNESS.application_name)) as connection:
            there = {str(row[0]) for row in connection.execute("SELECT name FROM pg_available_extensions")}
        missing = sorted(set(self._spec.extensions) - there)
        if missing:
            raise SandboxError(
                f"the image {self._image} lacks the extension {', '.join(missing)}",
                hint="name an image that has it in [postgres] image",
            )

    def _path(self, digest: str) -> Path:
        return _record_path(self._home, digest)

    def _record(self, digest: str) -> dict[str, object] | None:
        return _read_record(self._path(digest))


def forget_volume(home: Path, digest: str) -> None:
    """Remove the snapshot that a docker engine of this home keeps under `digest`, if there is one."""
    path = _record_path(home.resolve(), digest)
    record = _read_record(path)
    if record is None:
        return
    path.unlink(missing_ok=True)
    with docker_client() as client:
        remove_volume(client, str(record["volume"]))


def _record_path(home: Path, digest: str) -> Path:
    return home / "docker" / f"{hashlib.sha256(digest.encode()).hexdigest()[:32]}.json"


def _read_record(path: Path) -> dict[str, object] | None:
    if not path.exists():
        return None
    record: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return record


def collect_containers(*, ours: bool = False) -> list[str]:
    """Remove the containers of runs that are gone, and their volumes, except those that are snapshots.

    `ours`: those of this process too.
    """
    removed = []
    with docker_client() as client:
        for container in client.containers.list(all=True, filters={"label": RUN_LABEL}, ignore_removed=True):
            if is_orphan(container.labels, ours=ours):
                with suppress(NotFound):
                    container.remove(force=True, v=True)
                    removed.append(f"container {container.name}")
        for volume in client.volumes.list(filters={"label": RUN_LABEL}):
            found: dict[str, str] = volume.attrs.get("Labels") or {}
            if is_orphan(found, ours=ours) and volume.name not in _recorded(Path(found.get(HOME_LABEL, "")) / "docker"):
                # Another process, which looks for the same, may have been faster.
                with suppress(NotFound):
                    volume.remove(force=True)
                    removed.append(f"volume {volume.name}")
    return removed


def _recorded(records: Path) -> set[str]:
    """The volumes that the records of a home name."""
    return {json.loads(path.read_text(encoding="utf-8"))["volume"] for path in records.glob("*.json")}
