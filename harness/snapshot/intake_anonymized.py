"""Taking in what anonymizing a dump gives: the policy proven first, then the rows, then the description."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.model.errors import SnapshotError
from harness.postgres.ports import Progress
from harness.snapshot.anonymize.check_policy import check_policy
from harness.snapshot.anonymize.findings import Finding
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Policy
from harness.snapshot.anonymize.policy_file import policy_toml
from harness.snapshot.anonymize.rewrite.account import Account
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_dump
from harness.snapshot.formats import recognise
from harness.snapshot.intake import DUMP_CONTENT, Taken
from harness.snapshot.store.entry import DATA_DIRECTORY, Anonymized, Source, TableSize
from harness.snapshot.store.shelf import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to anonymize: `kept_key` says that the key outlives the run; the others are `anonymize`'s."""

    policy: Policy
    keys: Keys
    kept_key: bool
    jobs: int
    check: bool = True
    large_objects: str = "refuse"


def dump_of(source: Path | Stored) -> Path:
    """The dump to read. SnapshotError for a data directory, whose rows cannot be rewritten in place."""
    if isinstance(source, Stored):
        if source.entry.kind == DATA_DIRECTORY:
            raise SnapshotError(
                f"the snapshot {source.name} is a data directory, whose rows cannot be rewritten in place",
                hint="dump the database (rehearse snapshot create --dsn …) and anonymize that",
            )
        return source.content
    if (source / "PG_VERSION").is_file():
        raise SnapshotError(f"{source} is a data directory", hint="dump the database and anonymize the dump")
    return source


def schema_of(source: Path | Stored, *, work: Path) -> Schema:
    """The schema that the dump carries; of an archive no row is read. `work` is for what must be unpacked."""
    return schema_of_dump(recognise(dump_of(source)), work=work)


def write_anonymized(
    source: Path | Stored,
    target: Path,
    wanted: Wanted,
    *,
    work: Path,
    on_findings: Callable[[tuple[Finding, ...]], None],
    on_progress: Progress | None = None,
) -> Account:
    """Write `source` anonymized to `target`, whole or not at all.

    SnapshotError before any row is read where the policy does not fit, later where a leak is found; what was proven and
    what was not is given to `on_findings` first.
    """
    if on_progress:
        on_progress("check the policy", 0, None)
    schema = schema_of(source, work=work)
    on_findings(check_policy(wanted.policy, schema))
    return anonymize(
        dump_of(source),
        target,
        policy=wanted.policy,
        schema=schema,
        keys=wanted.keys,
        jobs=wanted.jobs,
        on_progress=on_progress,
        large_objects=wanted.large_objects,
        check=wanted.check,
    )


def describe_anonymized(source: Path | Stored, target: Path, wanted: Wanted, account: Account) -> Taken:
    """What was made of which source, by which policy and key; the key itself is not in it."""
    dump = recognise(target)
    original = source.entry.source if isinstance(source, Stored) else None
    header = dump.header
    notes = [f"{len(account.masked)} columns masked"]
    notes += [f"left out: {', '.join(account.dropped)}"] if account.dropped else []
    notes += [] if account.originals is not None else ["the leak check was turned off"]
    return Taken(
        kind=dump.format.value,
        content=DUMP_CONTENT,
        source=Source(
            kind="snapshot" if original else "dump",
            server_version=original.server_version if original else (header.server_version if header else ""),
            dump_version=original.dump_version if original else (header.dump_version if header else ""),
            taken_at=original.taken_at if original else "",
            dbname=original.dbname if original else (header.dbname if header else ""),
        ),
        tables=tuple(TableSize(name=t.name, rows=t.rows, size_bytes=t.size_bytes) for t in account.tables),
        schema_only=source.entry.schema_only if isinstance(source, Stored) else (),
        anonymized=Anonymized(
            policy_digest=policy_digest(wanted.policy),
            key_fingerprint=wanted.keys.fingerprint,
            key="kept by its owner" if wanted.kept_key else "destroyed",
        ),
        parent=source.entry.digest if isinstance(source, Stored) else "",
        notes=tuple(notes),
    )


def policy_digest(policy: Policy) -> str:
    """SHA-256 in hex of what the policy says, whatever its file looks like."""
    return hashlib.sha256(policy_toml(policy).encode()).hexdigest()
