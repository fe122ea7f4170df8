"""Anonymizing a dump of any format: what others call."""

from collections.abc import Iterable
from pathlib import Path

from harness.postgres.ports import Progress, Server
from harness.snapshot.anonymize.check_policy import check_policy
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Policy
from harness.snapshot.anonymize.rewrite.account import Account
from harness.snapshot.anonymize.rewrite.into import restore_anonymized
from harness.snapshot.anonymize.rewrite.plain_run import anonymize_plain
from harness.snapshot.anonymize.rewrite.run import Order, anonymize_archive
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.formats import Format, recognise


def anonymize(
    source: Path,
    target: Path,
    *,
    policy: Policy,
    schema: Schema,
    keys: Keys,
    jobs: int = 1,
    on_progress: Progress | None = None,
    packing: str = "same",
    large_objects: str = "refuse",
    check: bool = True,
) -> Account:
    """Write the dump at `source` anonymized to `target`: a directory archive, or plain SQL where the source is plain.

    `packing` is same, none, gzip or zstd; `large_objects` refuse or drop; `check` the leak check. The target appears
    whole or not at all; after an interruption or a full disk `<target>.partial` stays, and the same call continues.
    SnapshotError where the policy leaves something open (before any data is read), where a value is not of its class's
    form, or a leak is found; RestoreError where the source is not whole. Neither names a value.
    """
    dump = recognise(source)
    check_policy(policy, schema)
    order = Order(
        dump=dump, target=target, policy=policy, schema=schema, keys=keys, jobs=jobs, packing=packing,
        large_objects=large_objects, check=check, on_progress=on_progress,
    )  # fmt: skip
    return anonymize_plain(order) if dump.format is Format.PLAIN else anonymize_archive(order)


def anonymize_into(
    server: Server,
    source: Path,
    *,
    policy: Policy,
    schema: Schema,
    keys: Keys,
    work: Path,
    jobs: int = 1,
    extensions: Iterable[str] = (),
    on_progress: Progress | None = None,
    large_objects: str = "refuse",
    check: bool = True,
) -> Account:
    """Restore the dump at `source` into the empty `server`, anonymized on the way, without a second dump on disk.

    A directory archive goes straight in, a table a process; other formats by way of unpacked files in `work`. Errors as
    `anonymize` and `restore` raise them; the server then holds half a database and has to be discarded.
    """
    check_policy(policy, schema)
    order = Order(
        dump=recognise(source), target=work, policy=policy, schema=schema, keys=keys, jobs=jobs, packing="none",
        large_objects=large_objects, check=check, on_progress=on_progress,
    )  # fmt: skip
    return restore_anonymized(order, server, extensions=extensions, work=work)
