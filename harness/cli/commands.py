"""The `rehearse` command: every sub-command in one place, each imported only when it is asked for.

Importing all of them takes a second or more, which is longer than `rehearse explain` runs.
"""

from collections.abc import Callable, Mapping
from typing import Final

import typer

from harness import __version__


def command_line(only: str = "") -> typer.Typer:
    """The whole command line; with the name of a sub-command, only that one. Another name gives the whole, too."""
    app = typer.Typer(
        name="rehearse",
        help="Rehearse PostgreSQL migrations on production-like data while simulated application traffic runs.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    for name, add in _SUB_COMMANDS.items():
        if name == only or only not in _SUB_COMMANDS:
            add(app)
    return app


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rehearse {__version__}")
        raise typer.Exit


def _options(
    _version: bool = typer.Option(False, "--version", callback=_say_version, is_eager=True, help="Say the version."),
) -> None:
    """Options of every sub-command."""


def _run(app: typer.Typer) -> None:
    from harness.cli import run

    app.command("run")(run.run)


def _demo(app: typer.Typer) -> None:
    from harness.cli import demo

    app.command("demo")(demo.demo)


def _init(app: typer.Typer) -> None:
    from harness.cli import init

    app.command("init")(init.init)


def _check(app: typer.Typer) -> None:
    from harness.cli import plan

    app.command("check")(plan.check)


def _judge(app: typer.Typer) -> None:
    from harness.cli import reports

    app.command("judge")(reports.judge_run)


def _report(app: typer.Typer) -> None:
    from harness.cli import reports

    app.command("report")(reports.report_run)


def _explain(app: typer.Typer) -> None:
    from harness.cli import knowledge

    app.command("explain")(knowledge.explain)


def _hazards(app: typer.Typer) -> None:
    from harness.cli import knowledge

    app.command("hazards")(knowledge.hazards)


def _traffic(app: typer.Typer) -> None:
    from harness.cli import derive, traffic

    group = typer.Typer(
        help="Derive the traffic of a scenario from what the application left behind.", no_args_is_help=True
    )
    group.command("from-log")(traffic.from_log)
    group.command("from-statements")(derive.from_statements)
    group.command("auto")(derive.auto)
    app.add_typer(group, name="traffic")


def _snapshot(app: typer.Typer) -> None:
    from harness.cli import anonymize, snapshot, snapshot_statistics

    group = typer.Typer(help="Take in production-like data, keep it under a name, anonymize it.", no_args_is_help=True)
    group.command("create")(snapshot.create)
    group.command("import")(snapshot.import_)
    group.command("export")(snapshot.export)
    group.command("list")(snapshot.list_)
    group.command("show")(snapshot.show)
    group.command("verify")(snapshot.verify)
    group.command("remove")(snapshot.remove)
    group.command("anonymize")(anonymize.anonymize)
    group.command("stats")(snapshot_statistics.stats)
    group.command("fidelity")(snapshot_statistics.fidelity)
    policy = typer.Typer(help="What becomes of each column: a file, reviewed like code.", no_args_is_help=True)
    policy.command("diff")(anonymize.diff)
    group.add_typer(policy, name="policy")
    app.add_typer(group, name="snapshot")


def _timeouts(app: typer.Typer) -> None:
    from harness.cli import timeouts

    app.command("timeouts")(timeouts.timeouts)


def _doctor(app: typer.Typer) -> None:
    from harness.cli import doctor

    app.command("doctor")(doctor.doctor)


def _gc(app: typer.Typer) -> None:
    from harness.cli import doctor

    app.command("gc")(doctor.gc)


_SUB_COMMANDS: Final[Mapping[str, Callable[[typer.Typer], None]]] = {
    "run": _run,
    "demo": _demo,
    "init": _init,
    "check": _check,
    "judge": _judge,
    "report": _report,
    "explain": _explain,
    "hazards": _hazards,
    "traffic": _traffic,
    "snapshot": _snapshot,
    "timeouts": _timeouts,
    "doctor": _doctor,
    "gc": _gc,
}
