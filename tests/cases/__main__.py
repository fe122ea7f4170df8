"""`make cases`: every labelled migration rehearsed, and what was found held against the truth.

Resumable: what this program has rehearsed before is read from its file. Exit code 1 where anything is not as the truth
has it, 2 where there are no cases.
"""

import argparse
import os
import sys
from pathlib import Path

from tests.cases.corpus import BESIDE, ENVIRONMENT, find_cases
from tests.cases.rehearsed import Setting
from tests.cases.series import rehearse_series
from tests.cases.table import case_line, summary


def main() -> int:
    """Rehearse, tell each case as it is done, then the score."""
    options = _options()
    cases = [case for case in find_cases(options.cases) if options.only in case.name]
    if not cases:
        said = f"no labelled cases in {options.cases or os.environ.get(ENVIRONMENT) or BESIDE}"
        print(f"{said}; name their folder with --cases or {ENVIRONMENT}", file=sys.stderr)  # noqa: T201
        return 2
    wrong = 0
    for repeat in range(1, options.repeats + 1):
        setting = Setting(engine=options.engine, version=options.version, rows=options.rows, repeat=repeat)
        scored = []
        for one in rehearse_series(cases, setting, folder=options.results, jobs=options.jobs):
            scored.append(one)
            print(case_line(one), flush=True)  # noqa: T201
        scored.sort(key=lambda one: one.case.name)
        print(f"\n{setting.name}\n{summary(scored)}", flush=True)  # noqa: T201
        wrong += sum(bool(one.wrong) for one in scored)
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=__doc__)
    parser.add_argument(
        "--cases", type=Path, help=f"the folder of the cases; default: {ENVIRONMENT}, or beside the project"
    )
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--engine", default="embedded", choices=("embedded", "docker"))
    parser.add_argument("--version", default="18", help="major version of PostgreSQL")
    parser.add_argument("--rows", type=int, default=30_000, help="rows of the cases' tables")
    parser.add_argument("--repeats", type=int, default=1, help="how often the whole series is rehearsed")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2 + 1), help="cases at a time")
    parser.add_argument("--results", type=Path, default=Path(".cases"), help="where results are kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
