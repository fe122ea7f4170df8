"""Finding PostgreSQL's programs, on fake installations."""

from pathlib import Path

import pytest

from harness.model.errors import SandboxError
from harness.postgres.binaries import Installation, find_client, find_server


def installation(root: Path, version: str, *, server: bool = True, extensions: tuple[str, ...] = ()) -> Installation:
    """A folder that looks like an installation; its pg_config is a script that tells where its extensions are."""
    share = root / version / "share"
    (share / "extension").mkdir(parents=True)
    for name in extensions:
        (share / "extension" / f"{name}.control").touch()
    folder = root / version / "bin"
    folder.mkdir()
    for program in ("pg_dump", "psql", *(("postgres", "initdb") if server else ())):
        (folder / program).touch()
    (folder / "pg_config").write_text(f"#!/bin/sh\necho {share}\n", encoding="utf-8")
    (folder / "pg_config").chmod(0o755)
    return Installation(folder=folder, version=version, origin="test")


def test_a_server_has_the_version_and_the_extensions(tmp_path: Path) -> None:
    bare = installation(tmp_path / "a", "18.4", extensions=("plpgsql",))
    full = installation(tmp_path / "b", "18.1", extensions=("plpgsql", "hstore"))
    assert find_server(18, among=[bare, full]) is bare
    assert find_server(18, extensions=["hstore"], among=[bare, full]) is full


def test_a_missing_version_or_extension_says_what_there_is(tmp_path: Path) -> None:
    old = installation(tmp_path, "15.18", extensions=("plpgsql", "hstore"))
    new = installation(tmp_path, "18.4", extensions=("plpgsql",))
    clients = installation(tmp_path, "17.2", server=False)
    with pytest.raises(SandboxError, match=r"no PostgreSQL 17 .*: 15\.18 \(test\), 18\.4 \(test\)"):
        find_server(17, among=[old, new, clients])
    with pytest.raises(SandboxError, match="lacks the extension hstore; PostgreSQL 15 here has them"):
        find_server(18, extensions=["plpgsql", "hstore"], among=[old, new])
    with pytest.raises(SandboxError, match="there is: none"):
        find_server(18, among=[])


def test_a_client_is_of_the_same_version_or_the_next_newer(tmp_path: Path) -> None:
    found = [installation(tmp_path, version) for version in ("18.4", "15.18", "16.14")]
    assert find_client("pg_dump", 15, among=found).parent.parent.name == "15.18"
    assert find_client("pg_dump", 17, among=found).parent.parent.name == "18.4"
    with pytest.raises(SandboxError, match="no pg_dump for PostgreSQL 19 or newer"):
        find_client("pg_dump", 19, among=found)
    with pytest.raises(SandboxError, match="no pgbench"):
        find_client("pgbench", 15, among=found)


def test_beta_versions_have_a_major_number() -> None:
    assert Installation(folder=Path("/x"), version="19beta2", origin="test").major == 19
