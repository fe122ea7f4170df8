"""One PostgreSQL server in one container, its data in a volume of its own."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import psycopg
from docker.errors import APIError, NotFound
from testcontainers.core.container import DockerContainer

from harness.model.errors import SandboxError
from harness.model.words import Role
from harness.postgres.connect import connect
from harness.postgres.ports import CloneReport
from harness.sandbox.address import DATABASE, LOOPBACK, SUPERUSER, Address, free_port
from harness.sandbox.docker_client import docker_client, labels, quiet_testcontainers, remove_volume
from harness.sandbox.failures import PortTakenError, start_failure

# Not the official image's default: its place moved in 18, and a folder inside the volume is right for every image.
MOUNT = "/rehearse"
DATA = f"{MOUNT}/data"

_PORT_TRIES = 5
_START_TIMEOUT_S = 300.0
_STOP_TIMEOUT_S = 120
_POLL_S = 0.02
# Docker gives 64 MB of /dev/shm, in which a parallel hash join or index build fails ("could not resize shared memory
# segment"); production machines have half their memory there.
_SHM = "1g"


class DockerServer:
    """A container that is started, stopped and started again on the same port; `discard` removes it and its volume."""

    engine = "docker"

    def __init__(
        self,
        *,
        image: str,
        image_id: str,
        volume: str,
        password: str,
        settings: Mapping[str, str],
        home: Path,
    ) -> None:
        self._image = image
        self._image_id = image_id
        self.volume = volume
        self._owns_volume = True
        self.password = password
        self._settings = settings
        self._home = home
        self.clone_report: CloneReport | None = None
        self._container: DockerContainer | None = None
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
        """Version, image and its digest."""
        return f"PostgreSQL {self.version} (image {self._image}, {self._image_id[:19]})"

    def conninfo(self, *, application_name: str) -> str:
        """A connection string to the working database as superuser."""
        return self._at().conninfo(application_name=application_name)

    def environment(self, *, application_name: str) -> dict[str, str]:
        """DATABASE_URL and PG* for a tool's process."""
        return self._at().environment(application_name=application_name)

    def start(self) -> None:
        """Start it; the first time in a new container on a free loopback port, afterwards again in that one."""
        if self._container is not None:
            self._wrapped().start()
            self._wait_until_ready()
            return
        for attempt in range(1, _PORT_TRIES + 1):
            try:
                self._create(free_port())
            except PortTakenError:
                self._remove_container()
                if attempt == _PORT_TRIES:
                    raise
            else:
                self._wait_until_ready()
                return

    def stop(self, *, crash: bool = False) -> None:
        """Fast shutdown, or an immediate one; waits until the container has ended, keeps the data."""
        if self._container is None:
            return
        container = self._wrapped()
        try:
            container.kill(signal="SIGQUIT" if crash else "SIGINT")
        except APIError:
            return  # it has ended already
        container.wait(timeout=_STOP_TIMEOUT_S)

    def discard(self) -> None:
        """Remove the container and the volume; safe to call twice and after a freeze."""
        self._remove_container()
        if self._owns_volume:
            with docker_client() as client:
                remove_volume(client, self.volume)
            self._owns_volume = False

    def give_up_volume(self) -> str:
        """Stop it cleanly and remove the container; the volume's name, which is the caller's from now on."""
        self.stop()
        self._remove_container()
        self._owns_volume = False
        return self.volume

    def _create(self, port: int) -> None:
        quiet_testcontainers()
        container = DockerContainer(self._image)
        container.with_command(["postgres", *(f"-c{name}={value}" for name, value in self._settings.items())])
        container.with_envs(
            POSTGRES_USER=SUPERUSER,
            POSTGRES_PASSWORD=self.password,
            POSTGRES_DB=DATABASE,
            POSTGRES_INITDB_ARGS="--encoding=UTF8 --locale=C.UTF-8 --no-sync",
            PGDATA=DATA,
        )
        container.with_volume_mapping(self.volume, MOUNT, "rw")
        container.with_kwargs(init=True, shm_size=_SHM, labels=labels(self._home), network="bridge")
        # testcontainers types ports as numbers and would publish them on every address.
        container.ports = cast("dict[str, int | None]", {"5432/tcp": (LOOPBACK, port)})
        self._container = container
        self._address = Address(LOOPBACK, port, SUPERUSER, self.password, DATABASE)
        try:
            container.start()
        except APIError as error:
            raise start_failure(str(error.explanation), server=f"image {self._image}") from error

    def _wait_until_ready(self) -> None:
        """Poll over TCP: the socket inside answers already while the image's entrypoint still prepares the cluster."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                with connect(self.conninfo(application_name=Role.HARNESS.application_name)) as connection:
                    info = connection.info
                    self._version = (info.parameter_status("server_version") or "").split()[0], info.server_version
                    return
            except psycopg.OperationalError as error:
                container = self._wrapped()
                container.reload()
                if container.status in ("exited", "dead") or time.monotonic() > deadline:
                    log = self._log_tail(container)
                    raise start_failure(log or str(error), server=f"PostgreSQL of image {self._image}") from error
            time.sleep(_POLL_S)

    def _log_tail(self, container: Any) -> str:
        return cast("bytes", container.logs(tail=20)).decode(errors="replace")

    def _remove_container(self) -> None:
        container, self._container = self._container, None
        if container is None:
            return
        try:
            # What was created and could not be started is known to the engine, though not to testcontainers.
            container.stop()
        except NotFound:
            return

    def _wrapped(self) -> Any:  # docker ships no types
        if self._container is None:
            raise SandboxError("this server has not been started yet, or is gone")
        return self._container.get_wrapped_container()

    def _at(self) -> Address:
        if self._address is None:
            raise SandboxError("this server has not been started yet")
        return self._address
