"""`rehearse timeouts`: which lock_timeout gets through, after how many attempts, at what price for users."""

import datetime as dt
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from harness.analysis.lock_timeouts import lock_timeouts_of
from harness.cli.live import Look, watched
from harness.cli.places import reports_folder
from harness.cli.run import Ascii, Engine, Owned, Quiet, Seed, override
from harness.model.errors import SpecError
from harness.model.units import NS_PER_MS, parse_duration
from harness.rehearsal.conductor import rehearse
from harness.rehearsal.identity import new_run_id
from harness.rehearsal.journal.reader import read_history
from harness.rehearsal.timeouts import try_timeouts
from harness.report.timeouts import TimeoutTable, render_json, render_markdown, render_text
from harness.spec.load import LoadedScenario, load_scenario


class Form(Enum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def timeouts(
    scenario: Annotated[Path, typer.Argument(help="A scenario with traffic, and antagonists that hold locks.")],
    values: Annotated[str, typer.Option("--values", help="The values of lock_timeout.")] = "50ms,100ms,200ms,500ms,1s",
    attempts: Annotated[int, typer.Option("--attempts", min=1, help="Attempts with each value.")] = 20,
    retries: Annotated[int, typer.Option("--retries", min=0, help="Retries the migration may make.")] = 10,
    form: Annotated[Form, typer.Option("--format", help="What is printed on stdout.")] = Form.TEXT,
    out: Annotated[Path | None, typer.Option("--out", help="Run directory; default reports/<run id>.")] = None,
    engine: Engine = None,
    seed: Seed = None,
    quiet: Quiet = False,
    ascii_: Ascii = False,
    owned: Owned = False,
) -> None:
    """Measure lock_timeout under the scenario's traffic and antagonists, and recommend a value with its evidence."""
    values_ms = _milliseconds(values)
    loaded = override(load_scenario(scenario), engine=engine, seed=seed)
    run_id = new_run_id(dt.datetime.now(dt.UTC))
    directory = out if out is not None else reports_folder() / run_id
    if directory.exists():
        raise SpecError(
            "exists already, and a run directory is never overwritten", path=directory, hint="give another --out"
        )
    upwards = _only_up(loaded)
    look = Look(quiet=quiet, ascii_=ascii_)
    with watched(upwards.scenario, directory, run_id=run_id, owned=owned, look=look) as options:
        rehearse(upwards, options, passes=partial(try_timeouts, values_ms=values_ms, attempts=attempts))
    pause_ns = parse_duration(loaded.scenario.migration.retry_delay)
    table = TimeoutTable(
        facts=lock_timeouts_of(read_history(directory)), allowed=retries + 1, pause_ns=pause_ns, run=str(directory)
    )
    typer.echo(_RENDERERS[form](table))


def _only_up(loaded: LoadedScenario) -> LoadedScenario:
    """The scenario without its way back, which is none of this command's."""
    rollback = msgspec.structs.replace(loaded.scenario.rollback, run=False)
    scenario = msgspec.structs.replace(loaded.scenario, rollback=rollback)
    return LoadedScenario(path=loaded.path, folder=loaded.folder, scenario=scenario, digest=loaded.digest)


def _milliseconds(values: str) -> tuple[int, ...]:
    """The values, ascending, each once. SpecError for what is no duration of at least a millisecond."""
    try:
        found = sorted({parse_duration(value.strip()) // NS_PER_MS for value in values.split(",")})
    except ValueError as error:
        raise SpecError(str(error), path="--values", hint="like 50ms,200ms,1s") from None
    if found[0] < 1:
        raise SpecError("a lock_timeout of 0 waits without end", path="--values", hint="give 1ms or more")
    return tuple(found)


_RENDERERS = {Form.TEXT: render_text, Form.JSON: render_json, Form.MARKDOWN: render_markdown}
