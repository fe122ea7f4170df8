"""A foreign data directory into a volume: sent as a tar stream, so that the Docker engine may be on another machine."""

import os
import shlex
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from docker.client import DockerClient

from harness.model.errors import SandboxError
from harness.postgres.ports import Progress
from harness.sandbox.adopt import FOLDERS, refuse_failure, single_user_arguments
from harness.sandbox.clone import tree_bytes
from harness.sandbox.docker_client import CLIENT_ERRORS, labels, run_helper
from harness.sandbox.docker_server import DATA, MOUNT

_CHUNK_BYTES: Final = 1024 * 1024
_STATEMENTS: Final = "statements"
# What the image's entry point makes only together with a new cluster; the official image listens by its own sample.
_CONFIGURE: Final = f"""
cd {DATA}
mkdir -p {" ".join(FOLDERS)}
rm -f postmaster.pid
echo "listen_addresses = '*'" > postgresql.conf
printf 'local all all trust\\nhost all all all scram-sha-256\\n' > pg_hba.conf
: > pg_ident.conf
chown -R postgres:postgres {DATA}
chmod -R u=rwX,go= {DATA}
"""
# Root opens the file, PostgreSQL only reads it; the last line is its exit code.
_SINGLE: Final = f"""
as=$(command -v gosu || command -v su-exec)
code=0
"$as" postgres postgres {{arguments}} < {MOUNT}/{_STATEMENTS} 2>&1 || code=$?
rm -f {MOUNT}/{_STATEMENTS}
echo "$code"
"""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume, and the image and home that its helper containers are made of and for."""

    client: DockerClient
    image: str
    name: str
    home: Path

    def run(self, script: str) -> str:
        """Run a shell script as root, the volume at MOUNT; its output."""
        return run_helper(self.client, self.image, script, volumes={self.name: (MOUNT, "rw")}, home=self.home)

    def put(self, stream: Iterator[bytes]) -> None:
        """Unpack a tar stream into it. SandboxError where the engine does not take it."""
        container: Any = self.client.containers.create(
            self.image,
            volumes={self.name: {"bind": MOUNT, "mode": "rw"}},
            network_mode="none",
            labels=labels(self.home),
        )
        try:
            container.put_archive(MOUNT, stream)
        except CLIENT_ERRORS as error:
            told = str(getattr(error, "explanation", None) or error).strip()[-200:]
            raise SandboxError(f"the data directory could not be copied into a volume: {told}") from error
        finally:
            # With its anonymous volumes: the image declares one that nobody uses.
            container.remove(force=True, v=True)


class ContainerSingleUser:
    """`postgres --single` in a helper container on the volume's files."""

    def __init__(self, place: Volume) -> None:
        self._place = place

    def __call__(self, statements: list[str]) -> str:
        """What it printed. The statements come in a file that only root can read, and that is gone afterwards."""
        text = ("\n".join(statements) + "\n").encode()
        self._place.put(iter([_header(_STATEMENTS, size=len(text)), *_padded(text), _END]))
        arguments = " ".join(map(shlex.quote, single_user_arguments(DATA)))
        said, _, code = self._place.run(_SINGLE.format(arguments=arguments)).rpartition("\n")
        refuse_failure(said, code=int(code))
        return said


def send_files(place: Volume, data: Path, *, on_progress: Progress | None = None) -> None:
    """Copy the data directory into the volume, with the settings a container needs instead of its own."""
    place.put(_tar_stream(data, total=tree_bytes(data), on_progress=on_progress))
    place.run(_CONFIGURE)


_END: Final = bytes(2 * tarfile.BLOCKSIZE)


def _tar_stream(data: Path, *, total: int, on_progress: Progress | None) -> Iterator[bytes]:
    done = 0
    top = DATA.removeprefix(f"{MOUNT}/")
    for folder, folders, names in os.walk(data):
        place = f"{top}/{Path(folder).relative_to(data)}" if folder != str(data) else top
        yield _header(place, size=0, kind=tarfile.DIRTYPE)
        folders.sort()
        for name in sorted(names):
            with Path(folder, name).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                yield _header(f"{place}/{name}", size=size)
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
                    done += len(chunk)
                    if on_progress:
                        on_progress("copy into a volume", min(done, total), total)
            yield bytes(-size % tarfile.BLOCKSIZE)
    yield _END


def _header(name: str, *, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    info.mode = 0o700 if kind == tarfile.DIRTYPE else 0o600
    return info.tobuf(format=tarfile.PAX_FORMAT)


def _padded(text: bytes) -> Iterator[bytes]:
    yield text
    yield bytes(-len(text) % tarfile.BLOCKSIZE)
