"""`rehearse snapshot anonymize` and `rehearse snapshot policy …`."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from harness.cli.fidelity import compared, comparing_engine
from harness.cli.output import check_writable
from harness.cli.places import state_home
from harness.cli.progress import progress_bar
from harness.cli.snapshot import Jobs, Limit, Replace, report_stored
from harness.model.errors import SnapshotError, SpecError
from harness.model.units import NS_PER_S, format_bytes, format_duration
from harness.postgres.connect import connect
from harness.snapshot.anonymize.findings import Finding, Level
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, Policy
from harness.snapshot.anonymize.policy_changes import diff_policy, diff_text, update_policy
from harness.snapshot.anonymize.policy_file import policy_toml, read_policy
from harness.snapshot.anonymize.propose import propose
from harness.snapshot.anonymize.rewrite.account import Account
from harness.snapshot.anonymize.samples import sample_dump
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_database
from harness.snapshot.archives import jobs as default_jobs
from harness.snapshot.fidelity import fidelity_text
from harness.snapshot.formats import recognise
from harness.snapshot.intake import DUMP_CONTENT, describe_content
from harness.snapshot.intake_anonymized import Wanted, describe_anonymized, dump_of, schema_of, write_anonymized
from harness.snapshot.measured import fidelity_note, write_fidelity
from harness.snapshot.store.room import store_limit
from harness.snapshot.store.shelf import Shelf, Stored, unknown
from harness.spec.files import STORED_NAME

SourceName = Annotated[str, typer.Argument(metavar="SOURCE", help="A stored snapshot's name, or a dump.")]
PolicyFile = Annotated[Path, typer.Option("--policy", help="The policy: what becomes of each column.")]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", help="Use the key in this file: the same values map alike tomorrow.")
]
KeyEnv = Annotated[str, typer.Option("--key-env", metavar="VAR", help="As --key-file, from a variable.")]

_WARNINGS_SHOWN = 20
_UNDECIDED_SHOWN = 20


def anonymize(
    source: SourceName,
    policy: PolicyFile = Path("policy.toml"),
    out: Annotated[
        str, typer.Option("--out", help="A name in the store, or a path; else SOURCE-anonymized in the store.")
    ] = "",
    key_file: KeyFile = None,
    key_env: KeyEnv = "",
    jobs: Jobs = None,
    init: Annotated[
        bool, typer.Option("--init", help="Propose a policy and write it to --policy; nothing else.")
    ] = False,
    no_leak_check: Annotated[
        bool, typer.Option("--no-leak-check", help="Do not look for original values in the output.")
    ] = False,
    fidelity: Annotated[
        bool,
        typer.Option("--fidelity", help="Restore both, and say what the planner sees differently afterwards."),
    ] = False,
    drop_large_objects: Annotated[
        bool, typer.Option("--drop-large-objects", help="Leave large objects out; else they stop the run.")
    ] = False,
    replace: Replace = False,
    limit: Limit = "",
) -> None:
    """Rewrite every row by the policy; nothing is read before every column is decided.

    The key is random and destroyed at the end, unless one is given. This is pseudonymization: see docs/snapshots.md.
    """
    home = state_home()
    if init:
        _propose(source, policy, home=home, replace=replace)
        return
    wanted = Wanted(
        policy=read_policy(policy),
        keys=_keys(key_file, key_env),
        kept_key=key_file is not None or bool(key_env),
        jobs=jobs or default_jobs(),
        check=not no_leak_check,
        large_objects="drop" if drop_large_objects else "refuse",
    )
    with _reading(source, home=home) as found:
        dump_of(found)
        target = out or f"{re.sub('[^A-Za-z0-9_-]+', '-', Path(source).stem)[:80].strip('-')}-anonymized"
        if STORED_NAME.fullmatch(target):
            _into_store(found, target, wanted, home=home, replace=replace, limit=limit, compare=fidelity)
        else:
            _to_path(found, Path(target), wanted, compare=fidelity)


def diff(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A stored snapshot's name, or a dump.")] = "",
    policy: PolicyFile = Path("policy.toml"),
    dsn: Annotated[str, typer.Option("--dsn", envvar="REHEARSE_DSN", help="Or a database, which is only read.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Make the policy fit: new and changed columns become unclassified.")
    ] = False,
) -> None:
    """Columns that are new, gone or changed since the policy was reviewed; exit code 4 where there are any."""
    reviewed = read_policy(policy)
    schema = _schema(source, dsn)
    found = diff_policy(reviewed, schema)
    typer.echo(diff_text(found), nl=False)
    if not found:
        typer.echo(f"{policy} names every column")
        return
    count = len(found.new) + len(found.gone) + len(found.changed)
    if not write:
        raise SnapshotError(
            f"{count} columns differ from {policy}", hint="--write makes it fit; then decide what is unclassified"
        )
    _write_text(policy, policy_toml(update_policy(reviewed, schema)))
    typer.echo(f"written: {policy}; decide what is unclassified")


def _into_store(
    source: Path | Stored, name: str, wanted: Wanted, *, home: Path, replace: bool, limit: str, compare: bool
) -> None:
    shelf, limit_bytes = Shelf(home), store_limit(home, given=limit)
    engine = comparing_engine(source, home=home) if compare else None
    with progress_bar(name) as on_progress, shelf.making(name, replace=replace) as partial:
        # With a kept key an interrupted run is continued: what it finished must outlive this process.
        with shelf.continued(name) if wanted.kept_key else nullcontext(partial) as place:
            account = write_anonymized(
                source, place / DUMP_CONTENT, wanted, work=partial, on_findings=_tell_findings, on_progress=on_progress
            )
            (place / DUMP_CONTENT).rename(partial / DUMP_CONTENT)
        taken = describe_anonymized(source, partial / DUMP_CONTENT, wanted, account)
        report = compared(engine, source, partial / DUMP_CONTENT, on_progress=on_progress) if engine else None
        if report:
            write_fidelity(report, partial)
            taken = replace_fields(taken, notes=(*taken.notes, fidelity_note(report)))
        entry = describe_content(partial, name, taken, limit_bytes=limit_bytes, on_progress=on_progress)
        stored = shelf.publish(partial, entry, replace=replace)
    _tell_account(account)
    report_stored(stored, home=home, limit_bytes=limit_bytes)
    if report:
        typer.echo(f"\n{fidelity_text(report)}", nl=False)
    typer.echo(f'rehearse on it: write source = "{name}" under [snapshot] of a scenario')


def _to_path(source: Path | Stored, target: Path, wanted: Wanted, *, compare: bool) -> None:
    engine = comparing_engine(source, home=state_home()) if compare else None
    if not target.parent.is_dir():
        raise SnapshotError(f"{target.parent} is no folder", hint="name a target in a folder that exists")
    with progress_bar(target.name) as on_progress, tempfile.TemporaryDirectory(dir=target.parent) as work:
        account = write_anonymized(
            source, target, wanted, work=Path(work), on_findings=_tell_findings, on_progress=on_progress
        )
        report = compared(engine, source, target, on_progress=on_progress) if engine else None
    _tell_account(account)
    typer.echo(f"written: {target} (key {wanted.keys.fingerprint})")
    if report:
        typer.echo(f"\n{fidelity_text(report)}", nl=False)


def _propose(source: str, policy: Path, *, home: Path, replace: bool) -> None:
    if policy.exists() and not replace:
        raise SpecError(
            "is there already",
            path=policy,
            hint="`rehearse snapshot policy diff --write` adds what is new",
        )
    check_writable(policy)
    with _reading(source, home=home) as found, progress_bar(source) as on_progress, _work(home) as work:
        on_progress("read the schema", 0, None)
        schema = schema_of(found, work=work)
        on_progress("read some rows of each table", 0, None)
        proposed = propose(schema, sample_dump(recognise(dump_of(found)), schema, work=work))
    _write_text(policy, policy_toml(proposed))
    _tell_proposal(proposed, policy, source=source)


def _tell_proposal(proposed: Policy, policy: Path, *, source: str) -> None:
    columns = [one for table in proposed.tables.values() for one in table.values()]
    open_ = [
        f"{table}.{name}"
        for table, named in proposed.tables.items()
        for name, one in named.items()
        if one.class_ is Class.UNCLASSIFIED
    ]
    undecided = len(open_)
    masked = sum(one.class_ not in (Class.UNCLASSIFIED, Class.KEEP) for one in columns)
    typer.echo(
        f"written: {policy}: {len(columns)} columns of {len(proposed.tables)} tables, {masked} masked, "
        f"{len(columns) - masked - undecided} kept, {undecided} to decide"
    )
    typer.echo("review it like code: every proposal has its reason, and nothing runs while a column is unclassified")
    for column in open_[:_UNDECIDED_SHOWN]:
        typer.echo(f"  to decide  {column}")
    if undecided > _UNDECIDED_SHOWN:
        typer.echo(f'  and {undecided - _UNDECIDED_SHOWN} more: look for "unclassified" in {policy}')
    typer.echo(f"then: rehearse snapshot anonymize {source} --policy {policy}")


def _tell_findings(findings: tuple[Finding, ...]) -> None:
    warnings = [one for one in findings if one.level is Level.WARN]
    for one in warnings[:_WARNINGS_SHOWN]:
        typer.echo(f"not proven: {one}", err=True)
    if len(warnings) > _WARNINGS_SHOWN:
        typer.echo(f"and {len(warnings) - _WARNINGS_SHOWN} more", err=True)


def _tell_account(account: Account) -> None:
    rate = account.read_bytes * NS_PER_S // max(account.duration_ns, 1)
    searched = (
        "the leak check was turned off"
        if account.originals is None
        else f"none of {account.originals:,} original values found in the output"
    )
    typer.echo(
        f"{account.rows:,} rows of {len(account.tables)} tables, {len(account.masked)} columns masked, in "
        f"{format_duration(account.duration_ns)} ({format_bytes(rate)}/s of the source); {searched}"
    )
    if account.continued:
        typer.echo(f"{account.continued} data files were finished by an earlier run")


def _keys(file: Path | None, variable: str) -> Keys:
    if file and variable:
        raise SpecError("exclude each other", path="--key-file and --key-env")
    if file:
        return Keys.from_file(file)
    return Keys.from_environment(variable) if variable else Keys.random()


@contextmanager
def _reading(source: str, *, home: Path) -> Iterator[Path | Stored]:
    """A dump by its path, else a stored snapshot by its name, which nobody removes meanwhile."""
    if os.path.lexists(source) or not STORED_NAME.fullmatch(source):
        yield Path(source)
        return
    shelf = Shelf(home)
    if source not in (names := shelf.names()):
        raise unknown(source, names, also=", and no file of that name")
    with shelf.reading(source) as stored:
        yield stored


def _schema(source: str, dsn: str) -> Schema:
    if bool(source) == bool(dsn):
        raise SpecError("give a SOURCE or a --dsn", path="snapshot policy diff")
    if source:
        home = state_home()
        with _reading(source, home=home) as found, _work(home) as work:
            return schema_of(found, work=work)
    try:
        with closing(connect(dsn)) as connection:
            connection.execute("SET default_transaction_read_only = on")
            return schema_of_database(connection)
    except psycopg.Error as error:
        raise SpecError(f"the database cannot be read ({error.sqlstate or 'no answer'})", path="--dsn") from None


@contextmanager
def _work(home: Path) -> Iterator[Path]:
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".work-") as folder:
        yield Path(folder)


def _write_text(path: Path, text: str) -> None:
    """Replace the file at once: a reviewed policy is not lost to a full disk."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise SpecError(f"cannot be written ({error.strerror})", path=path) from None
