"""Verdicts, spans, SQLSTATE classes, roles, errors, the clock, catalog images."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.catalog import CatalogObject, Change, SchemaImage, compare_images
from harness.model.clock import RunClock
from harness.model.errors import HarnessError, RestoreError, SandboxError, SpecError
from harness.model.spans import Span, merge_spans
from harness.model.sqlstate import ErrorClass, breaks_application, classify
from harness.model.verdict import Verdict
from harness.model.words import Role


def test_the_worst_verdict_wins() -> None:
    assert Verdict.merge([]) is Verdict.PASS
    assert Verdict.merge([Verdict.WARN, Verdict.PASS]) is Verdict.WARN
    assert Verdict.merge([Verdict.FAIL, Verdict.INCONCLUSIVE]) is Verdict.FAIL


def test_exit_codes_are_the_contract() -> None:
    assert [v.exit_code() for v in Verdict] == [0, 0, 3, 1]
    assert [v.exit_code(strict=True) for v in Verdict] == [0, 1, 3, 1]


spans = st.tuples(st.integers(0, 1000), st.integers(0, 100)).map(lambda t: Span(t[0], t[0] + t[1]))


@given(st.lists(spans, max_size=20))
def test_merged_spans_cover_the_same_instants(given_spans: list[Span]) -> None:
    merged = merge_spans(given_spans)
    covered = {at for span in given_spans for at in range(span.start_ns, span.end_ns)}
    assert {at for span in merged for at in range(span.start_ns, span.end_ns)} == covered
    assert all(a.end_ns < b.start_ns for a, b in pairwise(merged))


def test_spans() -> None:
    span = Span(5, 10)
    assert (span.duration_ns, span.contains(5), span.contains(10)) == (5, True, False)
    assert span.overlap(Span(10, 12)) is None
    with pytest.raises(ValueError, match="cannot end"):
        Span(2, 1)


@pytest.mark.parametrize(
    ("sqlstate", "expected"),
    [
        ("55P03", ErrorClass.LOCK), ("57014", ErrorClass.TIMEOUT), ("40001", ErrorClass.SERIALIZATION),
        ("42P01", ErrorClass.SCHEMA), ("0A000", ErrorClass.SCHEMA), ("42501", ErrorClass.PRIVILEGE),
        ("23505", ErrorClass.CONSTRAINT), ("53300", ErrorClass.CAPACITY), ("08006", ErrorClass.CONNECTION),
        ("22001", ErrorClass.DATA), ("POOLT", ErrorClass.CAPACITY), ("XX000", ErrorClass.OTHER),
    ],
)  # fmt: skip
def test_sqlstate_classes(sqlstate: str, expected: ErrorClass) -> None:
    assert classify(sqlstate) is expected


@pytest.mark.parametrize(
    ("sqlstate", "breaks"),
    [
        ("42703", True),
        ("23502", True),
        ("42501", True),
        ("23505", False),
        ("55P03", False),
        ("2200H", True),
        ("22001", True),
        ("22012", False),
        ("54001", True),
        ("53200", False),
    ],
)
def test_what_breaks_an_application(sqlstate: str, breaks: bool) -> None:
    assert breaks_application(sqlstate) is breaks


def test_roles_are_told_by_application_name() -> None:
    assert Role.of(Role.TRAFFIC.application_name + " 12") is Role.TRAFFIC
    assert Role.of("rehearse/trafficker") is Role.OTHER
    assert Role.of("psql") is Role.OTHER


def test_errors_say_where_and_how() -> None:
    error = SpecError("unknown key", path="a.toml", key="traffic.rat", hint="did you mean 'rate'?")
    assert str(error) == "a.toml: traffic.rat: unknown key\n  hint: did you mean 'rate'?"
    assert [kind("x").exit_code for kind in (HarnessError, SandboxError, RestoreError)] == [4, 4, 4]
    assert error.exit_code == 2
    assert str(SpecError("is empty", path="a.toml")) == "a.toml: is empty"


def test_the_clock_runs_from_zero_and_waits() -> None:
    clock = RunClock.start()
    at_ns = clock.now_ns()
    clock.sleep_until(at_ns)
    assert 0 <= at_ns <= clock.now_ns()


def column(name: str, definition: str = "text", position: int = 1) -> CatalogObject:
    return CatalogObject(kind="column", identity=f"public.t.{name}", definition=definition, position=position)


def test_images_are_compared_object_by_object() -> None:
    before = SchemaImage(
        objects=(column("a"), column("b", position=2), column("c", position=3), column("d", position=4))
    )
    after = SchemaImage(
        objects=(column("a"), column("c", "integer", 2), column("d", position=3), column("e", position=4))
    )
    found = {d.identity[-1]: d.change for d in compare_images(before, after)}
    assert found == {"b": Change.MISSING, "c": Change.CHANGED, "d": Change.MOVED, "e": Change.EXTRA}
    assert compare_images(before, before) == ()
