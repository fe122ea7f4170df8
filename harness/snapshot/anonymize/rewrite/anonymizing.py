"""Anonymizing a dump of any format: what others call."""

from pathlib import Path

from harness.postgres.ports import Progress
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Policy
from harness.snapshot.anonymize.rewrite.account import Account
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
    order = Order(
        dump=dump, target=target, policy=policy, schema=schema, keys=keys, jobs=jobs, packing=packing,
        large_objects=large_objects, check=check, on_progress=on_progress,
    )  # fmt: skip
    return anonymize_plain(order) if dump.format is Format.PLAIN else anonymize_archive(order)
