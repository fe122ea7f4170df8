"""pgbench scripts: properties that hold for any script."""

from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from harness.model.errors import SpecError
from harness.spec.pgbench.commands import COMMANDS
from harness.spec.pgbench.evaluate import Client, compile_expression
from harness.spec.pgbench.nodes import (
    Assign,
    Capture,
    Command,
    Constant,
    Jump,
    JumpUnless,
    Pipeline,
    PipelineStep,
    Script,
    Shell,
    Sleep,
    Sql,
    Variable,
)
from harness.spec.pgbench.pipelines import pipeline_faults
from harness.spec.pgbench.script import parse_script
from harness.spec.pgbench.values import ExpressionError, is_true, typed


@dataclass(frozen=True)
class If:
    """Branches with their conditions' text; None is \\else."""

    branches: tuple[tuple[str | None, tuple["Part", ...]], ...]


Part: TypeAlias = str | If
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
CONDITIONS = st.sampled_from(["true", "false", "null", "0", "1", "0.0", "1 = 1", "1 > 2", "not false"])
STATEMENTS = st.integers(0, 99).map(lambda number: f"SELECT {number}")
PARTS = st.recursive(
    st.lists(STATEMENTS, max_size=3),
    lambda inner: st.lists(
        st.one_of(
            STATEMENTS,
            st.builds(
                lambda first, others, last: If((first, *others, *last)),
                st.tuples(CONDITIONS, inner.map(tuple)),
                st.lists(st.tuples(CONDITIONS, inner.map(tuple)), max_size=2),
                st.lists(st.tuples(st.none(), inner.map(tuple)), max_size=1),
            ),
        ),
        max_size=3,
    ),
    max_leaves=12,
)


def written(parts: list[Part] | tuple[Part, ...]) -> str:
    """The parts as a script."""
    lines = []
    for part in parts:
        if isinstance(part, str):
            lines.append(f"{part};")
            continue
        for index, (condition, inside) in enumerate(part.branches):
            word = "else" if condition is None else "elif" if index else "if"
            lines += [f"\\{word} {condition or ''}".rstrip(), written(inside)]
        lines.append("\\endif")
    return "\n".join(lines)


def holds(condition: str | None) -> bool:
    return condition in (None, "true", "1", "1 = 1", "not false")


def chosen(parts: list[Part] | tuple[Part, ...]) -> list[str]:
    """The statements that run, read off the blocks."""
    found = []
    for part in parts:
        if isinstance(part, str):
            found.append(part)
            continue
        taken = next((inside for condition, inside in part.branches if holds(condition)), ())
        found += chosen(taken)
    return found


def executed(script: Script) -> list[str]:
    """The statements that run, by following the jumps."""
    found, at, client = [], 0, Client(Random(0))
    while at < len(script.commands):
        command = script.commands[at]
        at += 1
        if isinstance(command, Sql):
            found.append(command.text)
        elif isinstance(command, Jump) or (
            isinstance(command, JumpUnless) and not is_true(compile_expression(command.condition)(client))
        ):
            at = command.target
    return found


@given(PARTS)
def test_jumps_run_what_the_blocks_say(parts: list[Part]) -> None:
    script = parse_script(f"SELECT 'first';\n{written(parts)}", path="x")
    assert executed(script) == ["SELECT 'first'", *chosen(parts)]


WORDS = st.from_regex(r"[a-z0-9/'$-][a-z0-9/'$:-]{0,4}", fullmatch=True)
SHELL_WORDS = st.lists(st.one_of(WORDS, st.builds(Variable, NAMES)), min_size=1, max_size=4).map(tuple)
UNITS = st.sampled_from([1_000, 1_000_000, 1_000_000_000])
SIMPLE_COMMANDS = st.one_of(
    st.builds(Assign, NAMES, st.builds(Constant, st.integers(0, 2**63 - 1)), st.just(0)),
    st.builds(Sleep, st.one_of(st.builds(Constant, st.integers(-9, 9)), st.builds(Variable, NAMES)), UNITS, st.just(0)),
    st.builds(Shell, SHELL_WORDS, st.one_of(st.none(), NAMES), st.just(0)),
    st.builds(
        Sql,
        st.sampled_from(["SELECT 1", "SELECT ';' || :a", "UPDATE t SET a = (1)"]),
        st.just(0),
        st.one_of(st.none(), st.sampled_from([Capture.GSET, Capture.ASET])),
        st.sampled_from(["", "p_"]),
    ).filter(lambda sql: sql.capture is not None or sql.prefix == ""),
)


def line_of(command: Command) -> str:
    """A command as a script has it."""
    match command:
        case Assign(name, Constant(value)):
            return f"\\set {name} {value}"
        case Sleep(duration, unit_ns):
            amount = f":{duration.name}" if isinstance(duration, Variable) else str(duration.value)
            return f"\\sleep {amount} { {1_000: 'us', 1_000_000: 'ms', 1_000_000_000: 's'}[unit_ns] }"
        case Shell(words, variable):
            text = " ".join(f":{word.name}" if isinstance(word, Variable) else word for word in words)
            return f"\\shell {text}" if variable is None else f"\\setshell {variable} {text}"
        case Sql(text, _, None):
            return f"{text};"
        case Sql(text, _, Capture() as capture, prefix):
            return f"{text} \\{capture.value} {prefix}"
    raise AssertionError(command)


@given(st.lists(SIMPLE_COMMANDS, min_size=1, max_size=6))
def test_text_and_commands_are_the_same(commands: list[Command]) -> None:
    lines = [*map(line_of, commands), "SELECT 'last'"]
    parsed = parse_script("\n".join(lines), path="x").commands
    expected = [*commands, Sql("SELECT 'last'", 0)]
    assert [line_of(command) for command in parsed] == [line_of(command) for command in expected]
    assert [type(command) for command in parsed] == [type(command) for command in expected]
    assert [command.line for command in parsed if not isinstance(command, Jump)] == list(range(1, len(lines) + 1))


@given(st.lists(st.sampled_from([*PipelineStep, Capture.GSET, None]), max_size=8))
def test_a_straight_pipeline_is_refused_exactly_where_it_would_fail(steps: list[PipelineStep | Capture | None]) -> None:
    commands: list[Command] = []
    is_open, wrong = False, False
    for step in steps:
        if isinstance(step, PipelineStep):
            commands.append(Pipeline(step, 1))
            wrong = wrong or is_open is (step is PipelineStep.START)
            is_open = step is PipelineStep.START or (step is PipelineStep.SYNC and is_open)
        else:
            commands.append(Sql("SELECT 1", 1, step))
            wrong = wrong or (step is not None and is_open)
    assert bool(list(pipeline_faults(commands))) is (wrong or is_open)


@given(
    st.lists(st.sampled_from([*(f"\\{word}" for word in COMMANDS), "\n", " ", "a", ":a", "1", ";", "'", "(", "SELECT"]))
)
def test_any_text_is_a_script_or_a_spec_error_with_its_line(tokens: list[str]) -> None:
    caught: SpecError | None = None
    try:
        parse_script("".join(tokens), path="x.sql")
    except SpecError as error:
        caught = error
    assert caught is None or (caught.path == "x.sql" and str(caught.key).startswith("line "))


@given(st.text(max_size=60))
def test_any_text_at_all_is_a_script_or_a_spec_error(text: str) -> None:
    with suppress(SpecError):
        parse_script(f"\\{text}", path="x")


@given(st.one_of(st.text(max_size=8), st.text(alphabet="+-0123456789.eEinfatrul_ ", max_size=8)))
def test_any_text_of_a_variable_is_a_value_or_an_expression_error(text: str) -> None:
    with suppress(ExpressionError):
        assert not isinstance(typed(text), str)
