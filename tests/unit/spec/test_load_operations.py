"""Mistakes in operations and antagonists."""

from pathlib import Path

import pytest

from tests.unit.spec.loading import refused_with

WRONG = [
    # text, key, part of the message, part of the hint
    ('[[traffic.operation]]\nname = "a"\nwieght = 1', "traffic.operation[0].wieght", "did you mean 'weight'?", "sql"),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\nretry = { attempts = 101 }',
        "traffic.operation[0].retry.attempts",
        "1 to 100",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ into = "x" }]',
        "traffic.operation[0].sql[0]",
        "neither sql nor think",
        "think",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ think = "1s" }]',
        "traffic.operation[0].sql",
        "sends nothing",
        "add a statement",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = ["x", { think = "1s", into = "x" }]',
        "traffic.operation[0].sql[1].into",
        "without sql",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", into = "a-b" }]',
        "traffic.operation[0].sql[0].into",
        "not a variable",
        "letters",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", into = ["a", "a"] }]',
        "traffic.operation[0].sql[0].into",
        "twice",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", think = "soon" }]',
        "traffic.operation[0].sql[0].think",
        "not a number",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", when = ":a >" }]',
        "traffic.operation[0].sql[0].when",
        "cannot be read",
        "pgbench",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", whn = "1" }]',
        "traffic.operation[0].sql[0].whn",
        "did you mean 'when'?",
        "",
    ),
    (
        '[traffic]\nprotocol = "simple"\n[[traffic.operation]]\nname = "a"\nsql = "x"\npipeline = true',
        "traffic.operation[0].pipeline",
        "no pipelines",
        "prepared",
    ),
    (
        '[[traffic.operation]]\nname = "a"\npgbench = "checkout.sql"\npipeline = true',
        "traffic.operation[0].pipeline",
        "script",
        "startpipeline",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = [{ sql = "x", into = "a" }]\npipeline = true',
        "traffic.operation[0].pipeline",
        "not wait",
        "leave",
    ),
    ('[[traffic.antagonist]]\nkind = "batch"', "traffic.antagonist[0].table", "batch needs a table", ""),
    ('[[traffic.antagonist]]\nkind = "wraparound_vacuum"', "traffic.antagonist[0].table", "needs a table", ""),
    (
        '[[traffic.antagonist]]\nkind = "held_snapshot"\ntable = "t"',
        "traffic.antagonist[0].table",
        "takes no table",
        "long_reader",
    ),
    ('[[traffic.antagonist]]\nkind = "batch"\ntable = "t"\nrows = 0', "traffic.antagonist[0].rows", "must be 1 to", ""),
    ('[[traffic.antagonist]]\nkind = "vacuum"\nrows = 5', "traffic.antagonist[0].rows", "not used by vacuum", "batch"),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nlead = "1s"',
        "traffic.antagonist[0].lead",
        "with before only",
        "before =",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nlead = "x"',
        "traffic.antagonist[0].lead",
        "not a number with a unit",
        "",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nbefore_migration = "1s"',
        "traffic.antagonist[0].before",
        "exclude each other",
        "write two",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nplacement = "random"',
        "traffic.antagonist[0].placement",
        "before says when",
        "write two",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore_migration = "1s"\nplacement = "random"',
        "traffic.antagonist[0].placement",
        "before_migration says when",
        "write two",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nbefore = "S1"\nevery = "3s"',
        "traffic.antagonist[0].every",
        "not used with before",
        "once",
    ),
    (
        '[[traffic.antagonist]]\nkind = "vacuum"\nplacement = "radnom"',
        "traffic.antagonist[0].placement",
        "did you mean 'random'?",
        "",
    ),
    ('[traffic.operation]\nname = "a"', "traffic.operation", "expected `array`", "[[traffic.operation]]"),
    ('[[traffic.operation]]\nsql = "x"', "traffic.operation[0]", "'name' is missing", "add name"),
    ('[[traffic.operation]]\nname = "a"', "traffic.operation[0]", "neither sql nor pgbench", "SELECT"),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\npgbench = "checkout.sql"',
        "traffic.operation[0]",
        "both sql and pgbench",
        "keep one",
    ),
    ('[[traffic.operation]]\nname = "a"\nsql = ["x", " "]', "traffic.operation[0].sql", "is empty", ""),
    ('[[traffic.operation]]\nname = "a"\nsql = "x"\nweight = 0', "traffic.operation[0].weight", "more than 0", ""),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\nexpected = ["dead"]',
        "traffic.operation[0].expected[0]",
        "SQLSTATE",
        "",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\n[[traffic.operation]]\nname = "a"\nsql = "y"',
        "traffic.operation[1].name",
        "'a' is there twice",
        "differ",
    ),
    (
        '[[traffic.operation]]\nname = "a"\nsql = "x"\nversion = "odl"\n[[phase]]\nname = "p"\ntraffic = { old = 1.0 }',
        "traffic.operation[0].version",
        "no phase gives traffic to version 'odl' (did you mean 'old'?)",
        "old",
    ),
    (
        '[[traffic.operation]]\nname = "a"\npgbench = "chekout.sql"',
        "traffic.operation[0].pgbench",
        "did you mean 'checkout.sql'?",
        "relative to",
    ),
    (
        '[[traffic.antagonist]]\nkind = "long_raeder"',
        "traffic.antagonist[0].kind",
        "did you mean 'long_reader'?",
        "vacuum",
    ),
    ('[[traffic.antagonist]]\nkind = "bulk_writer"', "traffic.antagonist[0].table", "needs a table", "table ="),
    ('[[traffic.antagonist]]\nkind = "sql"', "traffic.antagonist[0].sql", "needs sql", ""),
    ('[[traffic.antagonist]]\nkind = "vacuum"\nevery = "0"', "traffic.antagonist[0].every", "too short", "1ms"),
]


@pytest.mark.parametrize(("text", "key", "message", "hint"), WRONG, ids=[f"{w[1][:40]}-{w[2][:20]}" for w in WRONG])
def test_a_mistake_names_key_and_way_out(folder: Path, text: str, key: str, message: str, hint: str) -> None:
    refused_with(folder, text, key=key, message=message, hint=hint)
