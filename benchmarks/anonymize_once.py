"""Anonymize one archive in a process of its own, so that its memory and CPU time can be told; prints them as JSON."""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from harness.snapshot.anonymize.keys import Keys
from harness.snapshot.anonymize.policy import Class, ColumnPolicy, Policy
from harness.snapshot.anonymize.rewrite.anonymizing import anonymize
from harness.snapshot.anonymize.schema import Schema
from harness.snapshot.anonymize.schema_read import schema_of_dump
from harness.snapshot.formats import recognise

MASKED = {
    "email": Class.EMAIL,
    "login": Class.IDENTIFIER,
    "first_name": Class.NAME,
    "last_name": Class.NAME,
    "phone": Class.IDENTIFIER,
}


def policy_for(schema: Schema) -> Policy:
    """Five masked columns, everything else kept."""
    return Policy(
        tables={
            name: {
                column.name: ColumnPolicy(class_=MASKED.get(column.name, Class.KEEP), type=column.type)
                for column in table.columns
            }
            for name, table in schema.tables.items()
        }
    )


def _cpu_s() -> float:
    """CPU seconds of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(source: Path, target: Path, jobs: int, check: bool) -> None:
    """Do it, and say its seconds on the wall and of CPU, and peak resident bytes of this process and of a child."""
    with tempfile.TemporaryDirectory() as work:
        schema = schema_of_dump(recognise(source), work=Path(work))
    began, cpu_began_s = time.perf_counter(), _cpu_s()
    account = anonymize(
        source, target, policy=policy_for(schema), schema=schema, keys=Keys.random(), jobs=jobs, check=check
    )
    wall_s, cpu_s = time.perf_counter() - began, _cpu_s() - cpu_began_s
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(
        json.dumps(
            {
                "wall_s": wall_s,
                "cpu_s": cpu_s,
                "own_bytes": own.ru_maxrss * 1024,
                "child_bytes": children.ru_maxrss * 1024,
                "rows": account.rows,
                "masked": len(account.masked),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "check")
