"""pgbench scripts: statements, meta-commands, jumps, and what is refused."""

import pytest

from harness.model.errors import SpecError
from harness.spec.pgbench.nodes import (
    Assign,
    Capture,
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
from harness.spec.pgbench.pipelines import pipeline_states
from harness.spec.pgbench.script import parse_script
from harness.spec.pgbench.variables import ScriptVariables, names_set, undefined


def parse(text: str) -> Script:
    return parse_script(text, path="test.sql")


def statements(text: str) -> list[str]:
    return [command.text for command in parse(text).commands if isinstance(command, Sql)]


def test_statements_end_with_semicolons_outside_of_quotes_comments_and_parentheses() -> None:
    text = """
    SELECT ';', $$;$$, $a$;$$;$a$, E'\\';', ";"; -- ; comment
    /* ; /* nested ; */ */ SELECT f(1; 2);
    UPDATE t
       SET a = 1
    """
    assert statements(text) == [
        """SELECT ';', $$;$$, $a$;$$;$a$, E'\\';', ";\"""",
        "SELECT f(1; 2)",
        "UPDATE t\n       SET a = 1",
    ]


def test_an_escaped_colon_is_a_colon() -> None:
    assert statements("SELECT a[1\\:2];") == ["SELECT a[1:2]"]


def test_a_meta_command_ends_the_statement_before_it() -> None:
    script = parse("SELECT 1\n\\set x 2\nSELECT 3")
    assert [type(command) for command in script.commands] == [Sql, Assign, Sql]


def test_a_backslash_continues_a_meta_command() -> None:
    one = parse("\\set x 1 + \\\n 2\nSELECT 1;")
    other = parse("\\set x 1 + 2\nSELECT 1;")
    assert one.commands[0] == other.commands[0]


def test_if_becomes_jumps() -> None:
    script = parse("\\if 1\nSELECT 1;\n\\elif 2\nSELECT 2;\n\\else\nSELECT 3;\n\\endif\nSELECT 4;")
    kinds = [type(command) for command in script.commands]
    assert kinds == [JumpUnless, Sql, Jump, JumpUnless, Sql, Jump, Sql, Sql]
    assert [c.target for c in script.commands if isinstance(c, Jump | JumpUnless)] == [3, 7, 6, 7]


def test_if_may_nest_and_be_empty() -> None:
    script = parse("\\if 1\n\\if 2\n\\endif\n\\endif\nSELECT 1;")
    assert [c.target for c in script.commands if isinstance(c, JumpUnless)] == [2, 2]


def test_gset_and_aset_belong_to_the_statement_before() -> None:
    script = parse("SELECT 1 AS a \\gset\nSELECT 2 AS b; \\gset p_\nSELECT 3 \\; SELECT 4 \\aset")
    found = [(c.text, c.capture, c.prefix, c.combined) for c in script.commands if isinstance(c, Sql)]
    assert found == [
        ("SELECT 1 AS a", Capture.GSET, "", False),
        ("SELECT 2 AS b", Capture.GSET, "p_", False),
        ("SELECT 3 ; SELECT 4", Capture.ASET, "", True),
    ]


@pytest.mark.parametrize(
    ("written", "unit_ns"), [("10", 10**9), ("10 s", 10**9), ("10ms", 10**6), ("10 us", 10**3), (":d MS", 10**6)]
)
def test_sleep_units(written: str, unit_ns: int) -> None:
    command = parse(f"\\sleep {written}\nSELECT 1;").commands[0]
    assert isinstance(command, Sleep)
    assert command.unit_ns == unit_ns


def test_a_pipeline_is_three_steps() -> None:
    script = parse("\\startpipeline\nSELECT 1;\n\\syncpipeline\nSELECT 2;\n\\endpipeline")
    steps = [(c.step, c.line) for c in script.commands if isinstance(c, Pipeline)]
    assert steps == [(PipelineStep.START, 1), (PipelineStep.SYNC, 3), (PipelineStep.END, 5)]


def test_a_pipeline_that_depends_on_values_is_left_to_the_run() -> None:
    text = "\\if :a\n\\startpipeline\n\\endif\nSELECT 1;\n\\if :a\n\\endpipeline\n\\endif"
    states = pipeline_states(parse(text).commands)
    assert states == (*[frozenset({False})] * 2, *[frozenset({False, True})] * 4)


def test_the_words_of_a_shell_command_may_be_variables() -> None:
    script = parse("\\setshell n echo :a ::b \\\n '10:20'\n\\SHELL touch x:y\nSELECT 1;")
    assert script.commands[0] == Shell(("echo", Variable("a"), ":b", "'10:20'"), "n", 1)
    assert script.commands[1] == Shell(("touch", "x:y"), None, 3)
    assert names_set(script) == {"n"}
    assert undefined(script, ScriptVariables.of(script, given=())) == (("a", 1),)


def test_the_unit_of_a_variable_is_a_word_of_its_own() -> None:
    assert parse("\\sleep :pauses\nSELECT 1;").commands[0] == Sleep(Variable("pauses"), 10**9, 1)
    assert parse("\\sleep :pauses us\nSELECT 1;").commands[0] == Sleep(Variable("pauses"), 1_000, 1)
    assert parse("\\sleep -1us\nSELECT 1;").commands[0] == Sleep(Constant(-1), 1_000, 1)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("SELECT 1;\n\\shell", 2, "shell needs a command"),
        ("\\setshell x", 1, "setshell needs a name and a command"),
        ("\\setshell 1x ls", 1, "'1x' is not a variable's name"),
        ("\\set x-y 1", 1, "'x-y' is not a variable's name"),
        ("SELECT 1;\n\\startpipeline\nSELECT 1;\n", 2, "startpipeline without \\\\endpipeline"),
        ("\\startpipeline\n\\startpipeline\nSELECT 1;\n\\endpipeline", 2, "startpipeline inside a pipeline"),
        ("SELECT 1;\n\\endpipeline", 2, "endpipeline without \\\\startpipeline"),
        ("SELECT 1;\n\\syncpipeline", 2, "syncpipeline without \\\\startpipeline"),
        ("\\startpipeline\nSELECT 1 \\gset\n\\endpipeline", 2, "gset inside a pipeline"),
        ("\\startpipeline\nSELECT 1 \\aset\n\\endpipeline", 2, "aset inside a pipeline"),
        ("\\startpipeline now\nSELECT 1;", 1, "startpipeline takes no argument"),
        ("\\if 1\n\\endif x\nSELECT 1;", 2, "endif takes no argument"),
        ("\\if 1\n\\else 2\n\\endif\nSELECT 1;", 2, "else takes no argument"),
        ("SELECT 1 \\gset a b", 1, "prefix must be"),
        ("\\if 1\nSELECT 1;\n\\endif\n\\gset", 4, "must follow"),
        ("\\frob\nSELECT 1;", 1, r"(?s)unknown command .*the commands are \\set, \\sleep"),
        ("\\stpipeline\nSELECT 1;", 1, r"(?s)unknown command .*did you mean \\startpipeline"),
        ("\\set x foo(1)\nSELECT 1;", 1, "unknown function 'foo'"),
        ("\\set x abs(1, 2)\nSELECT 1;", 1, "takes 1 arguments, not 2"),
        ("\\sleep 1.5 s\nSELECT 1;", 1, "sleep needs"),
        ("SELECT 1;\n\n\\set x 1 +", 3, "ends too early"),
        ("\\set\nSELECT 1;", 1, "needs a name"),
        ("\\sleep 1 hour\nSELECT 1;", 1, "sleep needs"),
        ("\\if 1\nSELECT 1;", 1, "without \\\\endif"),
        ("SELECT 1;\n\\endif", 2, "endif without"),
        ("\\else", 1, "else without"),
        ("\\if 1\n\\else\n\\else\n\\endif", 3, "else after"),
        ("\\if 1\n\\else\n\\elif 1\n\\endif", 3, "elif after"),
        ("\\gset\nSELECT 1;", 1, "must follow"),
        ("SELECT 1 \\gset\n\\gset", 2, "must follow"),
        ("\\set x 1", 1, "no SQL statement"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        parse(text)
    assert caught.value.key == f"line {line}"
    assert caught.value.path == "test.sql"
