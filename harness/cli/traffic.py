"""`rehearse traffic …`: a workload out of what the application left behind."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.output import check_writable
from harness.cli.tryouts import database_of, print_realism
from harness.model.errors import SpecError
from harness.workload.derived import Derived
from harness.workload.from_log import MIN_SHARE, LogOptions, derive_with_arrivals
from harness.workload.log_files import LogForm
from harness.workload.prove import prove
from harness.workload.read_catalog import read_catalog
from harness.workload.realism import check_realism
from harness.workload.toml import describe_coverage
from harness.workload.write_log import trace_csv, traffic_toml

Out = Annotated[Path | None, typer.Option("--out", help="Write the workload here; without it, it is printed.")]
Dsn = Annotated[
    str,
    typer.Option(
        "--dsn",
        envvar="REHEARSE_DSN",
        help="A database with the application's schema: says which column belongs to which table. Only read.",
    ),
]
Owned = Annotated[bool, typer.Option("--i-own-this-database", help="External server: as with `rehearse run`.")]
Clone = Annotated[
    Path | None,
    typer.Option("--scenario", help="Try the operations, writes too, on a clone of this scenario's snapshot."),
]


def from_log(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG…", help="Server logs, in the order of their time.")],
    out: Out = None,
    dsn: Dsn = "",
    scenario: Clone = None,
    form: Annotated[LogForm, typer.Option("--format", help="Form of the logs.")] = LogForm.AUTO,
    prefix: Annotated[
        str, typer.Option("--log-line-prefix", help="log_line_prefix of the server, for logs of the form stderr.")
    ] = "",
    min_share: Annotated[
        float, typer.Option("--min-share", min=0, max=1, help="Leave out kinds of transactions rarer than this.")
    ] = MIN_SHARE,
    sample_rate: Annotated[
        float, typer.Option("--sample-rate", min=0, max=1, help="log_transaction_sample_rate of the server.")
    ] = 1.0,
    keep_common_values: Annotated[
        bool, typer.Option("--keep-common-values", help="Write down words that occur often and look like an enum's.")
    ] = False,
    replay: Annotated[
        Path | None,
        typer.Option("--replay", help="Write the recorded arrivals here, for arrival = trace; values are drawn."),
    ] = None,
    owned: Owned = False,
) -> None:
    """Rebuild the application's transactions from a server log; no value of the log is written down."""
    if sample_rate == 0:
        raise SpecError("must be above 0", path="--sample-rate", hint="give log_transaction_sample_rate")
    check_writable(out, replay)
    options = LogOptions(
        form=form, prefix=prefix, min_share=min_share, sample_rate=sample_rate, keep_common=keep_common_values
    )
    with database_of(scenario, dsn, owned=owned) if scenario or dsn else nullcontext() as tryout:
        catalog = read_catalog(tryout.connection) if tryout else None
        found, arrivals = derive_with_arrivals(logs, catalog=catalog, options=options, arrivals=replay is not None)
        derived = prove(found, tryout) if tryout else found
        compared = check_realism(derived, tryout) if tryout else ()
    if not derived.operations:
        reasons = sorted({one.reason for one in derived.coverage.uncovered})
        raise SpecError(f"no operation could be derived: {'; '.join(reasons[:3])}", path=logs[0])
    if replay:
        replay.write_text(trace_csv(found, arrivals, kept=derived), encoding="utf-8")
    give(derived, traffic_toml(derived, trace=_beside(replay, out)), out=out)
    print_realism(compared, out=out)


def give(derived: Derived, text: str, *, out: Path | None) -> None:
    """Print the workload, or write it to `out` and print what it covers."""
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    for line in describe_coverage(derived):
        typer.echo(line)
    typer.echo(f"written: {out}")


def _beside(replay: Path | None, out: Path | None) -> str:
    """How the workload's file names the trace: paths in a scenario are relative to it."""
    if replay is None:
        return ""
    folder = out.parent.resolve() if out else Path.cwd()
    resolved = replay.resolve()
    return str(resolved.relative_to(folder)) if resolved.is_relative_to(folder) else str(resolved)
