"""`[snapshot] policy`: a dump anonymized on its way into the server, without a second copy on the disk."""

from collections.abc import Iterable
from pathlib import Path

from harness.model.errors import SnapshotError
from harness.postgres.ports import Progress, Server
from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy_file import read_policy
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize_into
from harness.snapshot.anonymize.schema_read import schema_of_dump
from harness.snapshot.archives import jobs
from harness.snapshot.formats import recognise


def restore_masked(
    dump: Path,
    server: Server,
    *,
    policy: Path,
    extensions: Iterable[str],
    work: Path,
    on_progress: Progress | None = None,
) -> str:
    """Restore the dump into the empty `server` as the policy says; what a reader of figures has to know of it.

    The key is random and gone afterwards: what the engine keeps under the snapshot's digest is all there is. Errors as
    of `anonymize_into`; the server then holds half a database.
    """
    if on_progress:
        on_progress("check the policy", 0, None)
    account = anonymize_into(
        server,
        dump,
        policy=read_policy(policy),
        schema=schema_of_dump(recognise(dump), work=work),
        keys=Keys.random(),
        work=work,
        jobs=jobs(),
        extensions=extensions,
        on_progress=on_progress,
    )
    return f"anonymized on the way in: {len(account.masked)} columns masked by {policy.name}, their key destroyed"


def refuse_policy(source: Path | None, *, what: str) -> None:
    """SnapshotError where there is no dump whose rows could be rewritten: `source` is None, `what` says why."""
    if source is None:
        raise SnapshotError(
            f"[snapshot] policy anonymizes a dump, and {what}",
            hint="name a dump in [snapshot] source, or leave the policy out",
        )
