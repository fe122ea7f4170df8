"""The `rehearse` command: every sub-command in one place."""

import typer

from harness import __version__
from harness.cli import (
    anonymize,
    demo,
    derive,
    doctor,
    init,
    knowledge,
    plan,
    reports,
    run,
    snapshot,
    snapshot_statistics,
    traffic,
)

app = typer.Typer(
    name="rehearse",
    help="Rehearse PostgreSQL migrations on production-like data while simulated application traffic runs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("check")(plan.check)
app.command("judge")(reports.judge_run)
app.command("report")(reports.report_run)
app.command("explain")(knowledge.explain)
app.command("hazards")(knowledge.hazards)
traffic.app.command("from-statements")(derive.from_statements)
traffic.app.command("auto")(derive.auto)
app.add_typer(traffic.app, name="traffic")
snapshot.app.command("anonymize")(anonymize.anonymize)
snapshot.app.command("stats")(snapshot_statistics.stats)
snapshot.app.command("fidelity")(snapshot_statistics.fidelity)
snapshot.app.add_typer(anonymize.policy_app, name="policy")
app.add_typer(snapshot.app, name="snapshot")
app.command("doctor")(doctor.doctor)
app.command("gc")(doctor.gc)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rehearse {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: bool = typer.Option(False, "--version", callback=_say_version, is_eager=True, help="Say the version."),
) -> None:
    """Options of every sub-command."""
