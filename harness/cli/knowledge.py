"""`rehearse hazards` and `rehearse explain`: the knowledge, without a run."""

import difflib
from typing import Annotated

import typer

from harness.analysis.hazards.catalogue import HAZARDS
from harness.analysis.hazards.pages import render_page
from harness.model.errors import SpecError


def hazards() -> None:
    """List every hazard this version knows."""
    for hazard in HAZARDS:
        typer.echo(f"{hazard.id}  {hazard.name:34} {hazard.title}")


def explain(hazard: Annotated[str, typer.Argument(help="Its id or name, like H101 or lock_queue.")]) -> None:
    """Say what a hazard is, when it hurts, and how to do without it."""
    for known in HAZARDS:
        if hazard.lower() in (known.id.lower(), known.name):
            typer.echo(render_page(known))
            return
    near = difflib.get_close_matches(hazard, [known.name for known in HAZARDS], n=1)
    raise SpecError(
        f"there is no hazard {hazard!r}",
        path="rehearse explain",
        hint=f"did you mean {near[0]!r}?" if near else "rehearse hazards lists them",
    )
