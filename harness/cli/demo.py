"""`rehearse demo`: the bundled scenarios on bundled data, each with the verdict it must get."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

import harness
from harness.cli.conclude import Conclusion
from harness.cli.live import Look
from harness.cli.output import colour, width
from harness.cli.run import Ascii, Engine, Quiet, override, rehearse_one
from harness.model.errors import SandboxError, SpecError
from harness.report.terminal import render_brief, render_terminal
from harness.spec.load import LoadedScenario, find_scenarios, load_scenario

Only = Annotated[str, typer.Option("--only", help="Only scenarios whose name holds this text.")]


@dataclass(frozen=True, slots=True)
class _Shown:
    """One demo scenario as it came out."""

    loaded: LoadedScenario
    conclusion: Conclusion

    @property
    def expected(self) -> str:
        return str(self.loaded.scenario.expect.get("verdict", ""))

    @property
    def missing(self) -> list[str]:
        """Hazards that the scenario demands and the run did not find."""
        found = {finding.hazard.name for finding in self.conclusion.view.judgement.findings}
        return [hazard for hazard in self.loaded.scenario.expect.get("hazards", ()) if hazard not in found]

    @property
    def as_expected(self) -> bool:
        return self.conclusion.verdict.value == self.expected and not self.missing


def demo(engine: Engine = None, only: Only = "", quiet: Quiet = False, ascii_: Ascii = False) -> None:
    """Rehearse the bundled scenarios; exit 0 when every verdict is the one that is right."""
    files = find_scenarios(_bundled())
    loaded = [
        s for s in (override(load_scenario(f), engine=engine, seed=None) for f in files) if only in s.scenario.name
    ]
    if not loaded:
        raise SpecError(f"no bundled scenario's name holds {only!r}", path="rehearse demo", hint="leave --only out")
    shown: list[_Shown] = []
    for scenario in loaded:

        def told(conclusion: Conclusion, *, scenario: LoadedScenario = scenario) -> None:
            typer.echo(render_brief(conclusion.view, ascii=ascii_).rstrip("\n"))
            shown.append(_Shown(scenario, conclusion))

        rehearse_one(scenario, told, out=None, owned=False, look=Look(quiet=quiet, ascii_=ascii_))
    _summarise(shown, ascii_=ascii_)
    raise typer.Exit(0 if all(one.as_expected for one in shown) else 1)


def _bundled() -> Path:
    """The scenarios of the checkout this package is installed from."""
    folder = Path(harness.__file__).resolve().parent.parent / "scenarios" / "shop"
    if not folder.is_dir():
        raise SandboxError(
            "the bundled scenarios are not here: they come with the source checkout, not with the installed package",
            hint="run `make demo` in a clone of the repository",
        )
    return folder


def _summarise(shown: list[_Shown], *, ascii_: bool) -> None:
    """The worst run in full, then a line for each, then where to look."""
    telling = max(shown, key=lambda one: (one.conclusion.verdict.rank, len(one.conclusion.view.findings)))
    typer.echo("")
    typer.echo(render_terminal(telling.conclusion.view, width=width(), ascii=ascii_, color=colour()).rstrip("\n"))
    typer.echo("")
    good, bad = ("ok", "WRONG") if ascii_ else ("✓", "✗ wrong")
    for one in shown:
        name, verdict = one.loaded.scenario.name, one.conclusion.verdict.value
        note = f", missing {', '.join(one.missing)}" if one.missing else ""
        mark = good if one.as_expected else bad
        typer.echo(f"  {mark}  {name:28} {verdict:12} expected {one.expected}{note}  {one.conclusion.directory}")
    typer.echo(f"\nreport  {telling.conclusion.directory / 'report.html'}")
