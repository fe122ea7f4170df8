"""`rehearse hazards` and `rehearse explain`: the knowledge, without a run."""

import difflib
from typing import Annotated

import typer

from harness.analysis.hazards.pages import page
from harness.analysis.hazards.registry import RULES
from harness.model.errors import SpecError


def hazards() -> None:
    """List every hazard this version knows."""
    for rule in RULES:
        typer.echo(f"{rule.hazard.id}  {rule.hazard.name:34} {rule.hazard.title}")


def explain(hazard: Annotated[str, typer.Argument(help="Its id or name, like H101 or lock_queue.")]) -> None:
    """Say what a hazard is, when it hurts, and how to do without it."""
    known = [rule.hazard for rule in RULES]
    for one in known:
        if hazard.lower() in (one.id.lower(), one.name):
            typer.echo(page(one))
            return
    near = difflib.get_close_matches(hazard, [one.name for one in known], n=1)
    raise SpecError(
        f"there is no hazard {hazard!r}",
        path="rehearse explain",
        hint=f"did you mean {near[0]!r}?" if near else "rehearse hazards lists them",
    )
