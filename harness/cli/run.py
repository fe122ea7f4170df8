"""`rehearse run`: rehearse scenarios one after the other; the exit code is the worst verdict."""

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from harness.analysis.remedy.record import FOLDER, RUN
from harness.cli.conclude import Conclusion, conclude
from harness.cli.live import Look, watched
from harness.cli.output import Format, check_writable, print_result, write_files
from harness.cli.places import point_latest, reports_folder
from harness.cli.try_remedy import try_remedy
from harness.model.errors import HarnessError, SpecError
from harness.model.verdict import Verdict
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.identity import new_run_id
from harness.spec.load import LoadedScenario, find_scenarios, load_scenario
from harness.spec.scenario import EngineName

Scenarios = Annotated[list[Path], typer.Argument(help="Scenario files, or folders that hold some.")]
Engine = Annotated[EngineName | None, typer.Option("--engine", help="Instead of the scenario's own.")]
Out = Annotated[Path | None, typer.Option("--out", help="Run directory; default reports/<run id>.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Instead of the scenario's own.")]
FormatOption = Annotated[Format, typer.Option("--format", help="What is printed on stdout.")]
JUnit = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.")]
Sarif = Annotated[Path | None, typer.Option("--sarif", help="Write SARIF 2.1.0 here.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write a Markdown summary here.")]
Strict = Annotated[bool, typer.Option("--strict", help="A warning is exit code 1.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="One line a scenario.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say every statement as it runs.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="Nothing but ASCII characters.")]
TryRemedy = Annotated[
    bool, typer.Option("--try-remedy", help="Write the safer migration beside the run, and rehearse it too.")
]
Owned = Annotated[
    bool,
    typer.Option(
        "--i-own-this-database", help="External server: overrides every refusal but a missing disposable marker."
    ),
]


def run(
    scenarios: Scenarios,
    engine: Engine = None,
    out: Out = None,
    seed: Seed = None,
    format_: FormatOption = Format.TEXT,
    junit: JUnit = None,
    sarif: Sarif = None,
    markdown: Markdown = None,
    strict: Strict = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    ascii_: Ascii = False,
    remedy: TryRemedy = False,
    owned: Owned = False,
) -> None:
    """Rehearse scenarios; exit 0 pass or warn, 1 fail, 2 bad scenario, 3 inconclusive, 4 environment, 130 stopped."""
    check_writable(junit, sarif, markdown)
    loaded = [
        override(load_scenario(file), engine=engine, seed=seed) for path in scenarios for file in find_scenarios(path)
    ]
    if out is not None and len(loaded) > 1:
        raise SpecError("--out names one run directory, and there are several scenarios", path=out, hint="leave it out")
    done: list[Conclusion] = []

    def told(conclusion: Conclusion) -> None:
        print_result(conclusion, format_=format_, quiet=quiet, ascii_=ascii_)
        done.append(conclusion)

    try:
        for scenario in loaded:
            look = Look(quiet=quiet, verbose=verbose, ascii_=ascii_)
            rehearse_one(scenario, told, out=out, owned=owned, look=look, remedy=remedy)
    finally:
        if done:
            write_files(done, junit=junit, sarif=sarif, markdown=markdown)
    raise typer.Exit(Verdict.merge(conclusion.verdict for conclusion in done).exit_code(strict=strict))


def override(loaded: LoadedScenario, *, engine: EngineName | None, seed: int | None) -> LoadedScenario:
    """The scenario with what the command line says instead."""
    scenario = loaded.scenario
    if engine is not None:
        scenario = msgspec.structs.replace(scenario, postgres=msgspec.structs.replace(scenario.postgres, engine=engine))
    if seed is not None:
        scenario = msgspec.structs.replace(scenario, seed=seed)
    return LoadedScenario(path=loaded.path, folder=loaded.folder, scenario=scenario, digest=loaded.digest)


def rehearse_one(
    loaded: LoadedScenario,
    tell: Callable[[Conclusion], None],
    *,
    out: Path | None,
    owned: bool,
    look: Look,
    remedy: bool = False,
) -> None:
    """Rehearse one scenario with a live view on stderr, judge it and `tell` it, also when it is broken off half-way.

    With `remedy` its safer form is rehearsed after it, and told beside it; the verdict stays that of the scenario.
    """
    run_id = new_run_id(dt.datetime.now(dt.UTC))
    directory = out if out is not None else reports_folder() / run_id
    if directory.exists():
        raise SpecError(
            "exists already, and a run directory is never overwritten",
            path=directory,
            hint="give another --out, or remove it",
        )
    try:
        _rehearse(loaded, directory, run_id=run_id, owned=owned, look=look)
        if remedy:
            conclusion = conclude(directory, write=False)
            try_remedy(
                loaded,
                conclusion,
                lambda other, where: _rehearse(other, where, run_id=f"{run_id}-safer", owned=owned, look=look),
            )
            if (directory / FOLDER / RUN).exists():
                conclude(directory / FOLDER / RUN)
    except BaseException:
        # There is none where the run ended before its first clone stood.
        if directory.exists():
            with suppress(HarnessError):  # what broke the run off is the better news
                tell(_concluded(directory, latest=out is None))
        elif out is None:
            with suppress(OSError):  # an empty reports/ is left by nobody but us
                reports_folder().rmdir()
        raise
    tell(_concluded(directory, latest=out is None))


def _rehearse(loaded: LoadedScenario, directory: Path, *, run_id: str, owned: bool, look: Look) -> None:
    with watched(loaded.scenario, directory, run_id=run_id, owned=owned, look=look) as options:
        rehearse(loaded, options)


def _concluded(directory: Path, *, latest: bool) -> Conclusion:
    if latest:
        point_latest(directory)
    return conclude(directory)
