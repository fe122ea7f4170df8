"""The score as text."""

from collections.abc import Iterator, Sequence

from tests.cases.score import Rate, Scored, observation_rates, rates, told_apart, told_apart_by_linter


def case_line(scored: Scored) -> str:
    """One case in a line: what is wrong with it, or that nothing is."""
    sign = "✗" if scored.wrong else "✓"
    found = ", ".join(sorted(scored.found.hazards)) or "none"
    line = f"{sign} {scored.case.name:<44} {scored.found.seconds:>6.1f} s  {scored.found.verdict:<12} {found}"
    return "\n".join([line, *(f"      {one}" for one in scored.wrong)])


def summary(scored: Sequence[Scored]) -> str:
    """Precision and recall per word, and what was right over all, beside the linter."""
    return "\n".join(_lines(scored))


def _lines(scored: Sequence[Scored]) -> Iterator[str]:
    yield f"{'hazard':<40} {'right':>5} {'extra':>5} {'missing':>7}  precision  recall"
    for word, rate in rates(scored).items():
        yield _word(word, rate, precision=_share(rate.precision))
    yield ""
    yield "observations (never wrong to tell)"
    for word, rate in observation_rates(scored).items():
        yield _word(word, rate, precision="")
    yield ""
    for name, right in (
        ("hazardous or not", [one.hazardous_right for one in scored]),
        ("verdict", [one.verdict_right for one in scored]),
        ("locks", [one.locks_right for one in scored]),
        ("rewrites", [one.rewrites_right for one in scored]),
        ("rollback", [one.rollback_right for one in scored]),
        ("rollback after new writes", [one.after_new_writes_right for one in scored]),
        ("everything", [not one.wrong for one in scored]),
    ):
        yield f"{name:<40} {sum(right)} of {len(right)}"
    yield ""
    yield f"{'hazardous against safe':<40} {'precision':>9}  {'recall':>6}  specificity"
    yield _apart("a rehearsal", told_apart(scored), scored)
    linted = [one for one in scored if one.case.squawk_rules() is not None]
    yield _apart("a rehearsal, where squawk was asked", told_apart(linted), linted)
    yield _apart("squawk", told_apart_by_linter(linted), linted)


def _word(word: str, rate: Rate, *, precision: str) -> str:
    counts = f"{rate.right:>5} {rate.extra:>5} {rate.missing:>7}"
    return f"{word:<40} {counts}  {precision:>9}  {_share(rate.recall):>6}"


def _apart(name: str, rate: Rate, scored: Sequence[Scored]) -> str:
    safe = sum(one.truth.safe for one in scored)
    specificity = (safe - rate.extra) / safe if safe else None
    return f"{name:<40} {_share(rate.precision):>9}  {_share(rate.recall):>6}  {_share(specificity):>11}"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.2f}"
