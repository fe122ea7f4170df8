"""The score of labelled cases, on answers whose score is known."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.corpus import Case, closure, plain, representatives, telling
from tests.cases.rehearsed import Found
from tests.cases.score import Scored, rates, told_apart, told_apart_by_linter

_TRUTH: dict[str, Any] = {
    "hazards": ["table_rewrite"],
    "observations": [],
    "down_hazards": [],
    "safe": False,
    "locks": [{"relation": "orders", "mode": "AccessExclusiveLock"}],
    "rewrites": ["orders"],
    "rollback": "ok",
    "rollback_after_new_writes": "ok",
}
_FOUND: dict[str, Any] = {
    "case": "one",
    "key": "",
    "verdict": "fail",
    "sentence": "",
    "words": {"table_rewrite": "error", "wal_heavy": "note"},
    "down_words": {},
    "locks": {"orders": "AccessExclusiveLock", "users": "AccessShareLock"},
    "rewrites": ["orders"],
    "rollback": "column_order",
    "rollback_after_new_writes": "ok",
    "seconds": 1.0,
    "checks": [],
}
_SAFE = {"hazards": ["none"], "safe": True}


def scored(tmp_path: Path, truth: dict[str, Any], found: dict[str, Any], *, rules: tuple[str, ...] = ()) -> Scored:
    folder = tmp_path / "one"
    folder.mkdir(exist_ok=True)
    (folder / "truth.json").write_text(json.dumps({**_TRUTH, **truth}), encoding="utf-8")
    (folder / "squawk.json").write_text(json.dumps({"default": [{"rule": rule} for rule in rules]}), encoding="utf-8")
    case = Case(folder)
    return Scored(case=case, truth=case.truth(major="18"), found=Found(**{**_FOUND, **found}))


def test_what_is_found_as_it_is_true_is_right(tmp_path: Path) -> None:
    assert scored(tmp_path, {}, {}).wrong == ()


@pytest.mark.parametrize(
    ("truth", "found", "said"),
    [
        ({}, {"words": {}}, "missing table_rewrite"),
        ({}, {"words": {"table_rewrite": "note"}}, "missing table_rewrite"),
        ({}, {"words": {"table_rewrite": "error", "lock_queue": "error"}}, "extra lock_queue"),
        (_SAFE, {"words": {"lock_queue": "warning"}, "verdict": "warn"}, "safe"),
        ({}, {"words": {}}, "unsafe"),
        ({}, {"rewrites": []}, "rewrites [] ≠ ['orders']"),
        ({}, {"rollback": "data_loss"}, "rollback data_loss ≠ ok"),
        ({}, {"rollback_after_new_writes": "fails"}, "after writes fails ≠ ok"),
        ({}, {"verdict": "pass", "sentence": "fine"}, "verdict pass (fine)"),
        (_SAFE, {"words": {}, "verdict": "fail", "checks": ["p99: 2 s"]}, "verdict fail (p99: 2 s)"),
    ],
)
def test_what_is_not_as_it_is_true_is_told(
    tmp_path: Path, truth: dict[str, Any], found: dict[str, Any], said: str
) -> None:
    assert said in scored(tmp_path, truth, found).wrong


def test_a_weaker_or_another_lock_is_wrong(tmp_path: Path) -> None:
    assert not scored(tmp_path, {}, {"locks": {"orders": "ShareLock"}}).locks_right
    assert not scored(tmp_path, {}, {"locks": {**_FOUND["locks"], "users": "RowExclusiveLock"}}).locks_right


def test_implied_words_are_neither_missing_nor_extra(tmp_path: Path) -> None:
    words = {"table_rewrite": "error", "long_access_exclusive": "error", "full_scan_under_lock": "error"}
    assert scored(tmp_path, {}, {"words": words}).extra == frozenset()
    assert closure(frozenset({"lock_queue"})) == {"lock_queue", "missing_lock_timeout"}


def test_a_version_may_have_a_truth_of_its_own(tmp_path: Path) -> None:
    assert scored(tmp_path, {"by_version": {"18": _SAFE}}, {"words": {}, "verdict": "pass"}).wrong == ()


def test_precision_and_recall_are_counted_by_word(tmp_path: Path) -> None:
    every = [
        scored(tmp_path, {}, {}),
        scored(tmp_path, {}, {"words": {"lock_queue": "error"}}),
        scored(tmp_path, _SAFE, {"words": {"lock_queue": "error"}}),
    ]
    rewrite, queue = rates(every)["table_rewrite"], rates(every)["lock_queue"]
    assert (rewrite.precision, rewrite.recall) == (1.0, 0.5)
    assert (queue.precision, queue.recall) == (0.0, None)
    assert (told_apart(every).right, told_apart(every).extra, told_apart(every).missing) == (2, 1, 0)


def test_rules_of_style_are_not_held_against_the_linter(tmp_path: Path) -> None:
    assert told_apart_by_linter([scored(tmp_path, _SAFE, {}, rules=("prefer-robust-stmts",))]).extra == 0
    assert told_apart_by_linter([scored(tmp_path, {}, {}, rules=("changing-column-type",))]).right == 1


def test_names_and_modes_are_those_of_the_truth() -> None:
    assert plain('public."Orders"') == "Orders"
    assert telling({"a": "RowShareLock", "b": "RowExclusiveLock"}) == {"b": "RowExclusiveLock"}


def test_representatives_are_the_first_cases_with_a_word_of_their_own(tmp_path: Path) -> None:
    words = {
        "a": ["table_rewrite"],
        "b": ["lock_queue", "table_rewrite"],
        "c": ["lock_queue"],
        "d": ["fk_without_index"],
    }
    cases = []
    for name, hazards in words.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "truth.json").write_text(json.dumps({**_TRUTH, "hazards": hazards}), encoding="utf-8")
        cases.append(Case(folder))
    assert [case.name for case in representatives(cases, major="18")] == ["a", "b", "d"]
