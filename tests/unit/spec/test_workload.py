"""From [traffic] to the workload: programs, parameters, versions, and errors that name the operation."""

import pickle
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.model.errors import SpecError
from harness.spec.params import Fixed, IntRange, SampleColumn
from harness.spec.pgbench.nodes import Assign, Call, Capture, Constant, JumpUnless, Pipeline, Sleep, Variable
from harness.spec.scenario import OperationSpec, PhaseSpec, Protocol, RetrySpec, StatementSpec, TrafficSpec
from harness.spec.workload import OperationKind, Retry, Send, Workload, build_workload, extend_workload, with_scale

SCENARIO = Path("scenario.toml")


def build(*operations: OperationSpec, phases: tuple[PhaseSpec, ...] = (), path: Path = SCENARIO) -> Workload:
    return build_workload(TrafficSpec(operation=operations), path=path, phases=phases)


def view(**given: Any) -> OperationSpec:
    return OperationSpec(**{"name": "view", "sql": "SELECT 1 FROM orders", **given})


def test_a_single_statement_is_no_transaction() -> None:
    (operation,) = build(view(sql="SELECT * FROM orders WHERE id = :id", params={"id": "int(1, 9)"})).operations
    assert operation.kind is OperationKind.SQL
    assert operation.statements[0].text == "SELECT * FROM orders WHERE id = $1"
    assert operation.statements[0].names == ("id",)
    assert operation.parameters == (("id", IntRange(1, 9)),)
    assert operation.program == (Send(0),)
    assert (operation.transaction, operation.reads, operation.writes) == (False, ("orders",), ())


def test_several_statements_are_a_transaction_unless_they_control_their_own() -> None:
    (listed,) = build(view(sql=("UPDATE a SET x = 1", "DELETE FROM b"))).operations
    (in_one,) = build(view(sql="UPDATE a SET x = 1; DELETE FROM b;")).operations
    (own,) = build(view(sql="BEGIN; UPDATE a SET x = 1; COMMIT")).operations
    assert listed.transaction
    assert in_one.statements == listed.statements
    assert [len(o.statements) for o in (listed, in_one, own)] == [2, 2, 3]
    assert not own.transaction


def test_a_pgbench_script_becomes_a_program(tmp_path: Path) -> None:
    script = "\\set id random(1, :scale)\nBEGIN;\nINSERT INTO h VALUES (:id, ':id');\nSELECT :n \\gset\nEND;"
    (tmp_path / "a.sql").write_text(script)
    (operation,) = build(
        OperationSpec(name="a", pgbench="a.sql", params={"n": 5}), path=tmp_path / "scenario.toml"
    ).operations
    assert operation.kind is OperationKind.PGBENCH
    assert [type(step) for step in operation.program] == [Assign, Send, Send, Send, Send]
    insert, select = operation.statements[1], operation.statements[2]
    assert insert.textual  # only text reaches a variable in a literal
    assert insert.template == ("INSERT INTO h VALUES (", "id", ", '", "id", "')")
    assert insert.ledger is None
    assert select.capture is Capture.GSET
    assert not operation.transaction


def test_the_workload_travels_to_another_process() -> None:
    workload = build(view(sql="SELECT :id", params={"id": "sample(orders.id)"}))
    assert pickle.loads(pickle.dumps(workload)) == workload  # noqa: S301 - its own bytes


def test_what_must_be_sampled_is_listed_with_its_operation() -> None:
    (need,) = build(view(sql="SELECT :id", params={"id": "zipf(orders.id)"})).sample_needs
    assert (need.operation, need.parameter, need.source) == ("view", "id", SampleColumn("orders", "id"))


def test_versions_are_numbered_and_old_runs_first() -> None:
    workload = build(view(version="new"), view(name="both"), view(name="was", version="old"))
    assert workload.versions == ("", "old", "new")
    assert workload.initial_mix() == {"old": 1.0}
    assert [o.index for o in workload.running({"old": 1.0, "new": 0.0})] == [1, 2]
    assert build(view()).initial_mix() == {}


def test_the_new_version_never_runs_before_a_phase_says_so() -> None:
    workload = build(view(), view(name="next", version="new"))
    assert workload.initial_mix() == {"old": 1.0}
    assert [o.name for o in workload.running(workload.initial_mix())] == ["view"]
    with pytest.raises(SpecError, match="no operation runs for app version 'old'"):
        build(view(version="new"))


def test_a_version_that_only_a_phase_names_runs_what_every_version_runs() -> None:
    workload = build(view(), view(name="w", version="old"), phases=(PhaseSpec(name="p", traffic={"next": 1.0}),))
    assert workload.versions == ("", "old", "next")
    assert workload.chooser({"next": 1.0}).choose(0.5, 0.5) == (2, 0)


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        ({"sql": ""}, "traffic.operation[0] (view)", "either `sql` or `pgbench`"),
        ({"sql": "SELECT 1", "pgbench": "x.sql"}, "traffic.operation[0] (view)", "either"),
        (
            {"sql": "SELECT :order_id", "params": {"orderid": 1}},
            "traffic.operation[0] (view).sql",
            "did you mean :orderid",
        ),
        ({"sql": "SELECT 1", "params": {"x": 1}}, "traffic.operation[0] (view).params.x", "no statement uses :x"),
        ({"sql": "SELECT ':x'", "params": {"x": 1}}, "traffic.operation[0] (view).params.x", "outside of quotes"),
        ({"sql": "SELECT $1"}, "traffic.operation[0] (view).sql", "written :name"),
        ({"sql": ("SELECT 1", "SELEC 2")}, "traffic.operation[0] (view).sql[1]", "syntax error.*character 1.*SELEC 2"),
        ({"sql": "-- nothing"}, "traffic.operation[0] (view).sql", "no SQL statement"),
        ({"params": {"x": "smple(a.b)"}}, "traffic.operation[0] (view).params.x", "did you mean sample"),
        ({"weight": -1.0}, "traffic.operation[0] (view)", "negative"),
        ({"weight": 0.0}, "traffic", "no operation runs"),
        ({"sql": "", "pgbench": "gone.sql"}, "traffic.operation[0] (view).pgbench", "cannot read gone.sql"),
    ],
)
def test_bad_input_names_operation_and_way_out(given: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        build(view(**given))
    assert caught.value.key == key
    assert caught.value.path == "scenario.toml"


def test_an_undefined_variable_of_a_script_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("\\set a 1\n\nSELECT :a, :b;")
    with pytest.raises(SpecError, match="variable :b is never set") as caught:
        build(OperationSpec(name="a", pgbench="a.sql"), path=tmp_path / "scenario.toml")
    assert (caught.value.key, Path(caught.value.path).name) == ("line 3", "a.sql")


def test_no_operation_and_a_mistyped_phase_version_are_errors() -> None:
    with pytest.raises(SpecError, match=r"no \[\[traffic\.operation"):
        build()
    with pytest.raises(SpecError, match="did you mean 'old'"):
        build(view(version="old"), view(name="b"), phases=(PhaseSpec(name="p", traffic={"olld": 1.0}),))
    with pytest.raises(SpecError, match="no operation runs for app version 'new'"):
        build(view(version="old"), phases=(PhaseSpec(name="p", traffic={"new": 1.0}),))


def test_captured_rows_conditions_and_pauses_become_one_program() -> None:
    (operation,) = build(
        view(
            sql=(
                StatementSpec(sql="SELECT n, price FROM stock WHERE id = :id FOR UPDATE", into=("n", "price")),
                StatementSpec(sql="UPDATE stock SET n = n - 1 WHERE id = :id", when=":n > 0", think="20ms"),
                "INSERT INTO sold VALUES (:id, :price)",
            ),
            params={"id": "int(1, 9)"},
        )
    ).operations
    null = Constant(None)
    assert operation.program == (
        Assign("n", null, 0),
        Assign("price", null, 0),
        Send(0),
        JumpUnless(Call("<", (Constant(0), Variable("n"))), 6, 0),
        Sleep(Constant(20_000_000), 1, 0),
        Send(1),
        Send(2),
    )
    assert operation.statements[0].capture is Capture.INTO
    assert operation.statements[0].into == ("n", "price")
    assert operation.statements[2].names == ("id", "price")
    assert operation.transaction


@pytest.mark.parametrize(
    ("statements", "key", "message"),
    [
        ((StatementSpec(sql="SELECT 1; SELECT 2", into="x"), "SELECT :x"), "sql[0].into", "exactly one statement"),
        ((StatementSpec(sql="SELECT 1", into="1x"),), "sql[0].into", "'1x' is not a variable's name"),
        ((StatementSpec(sql="SELECT 1", into=("a", "a")),), "sql[0].into", "named twice"),
        ((StatementSpec(sql="SELECT 1", into="id"), "SELECT :id"), "sql[0].into", "a parameter already"),
        (("SELECT :x, :id", StatementSpec(sql="SELECT 1", into="x")), "sql[0]", "parameter :x has no value"),
        ((StatementSpec(sql="SELECT :id", when=":idd > 1"),), "sql[0].when", "(?s):idd has no value.*:id"),
        ((StatementSpec(sql="SELECT :id", when=":id = 'a'"),), "sql[0].when", "(?s)unexpected character.*text in SQL"),
        ((StatementSpec(sql="SELECT :id", think="soon"),), "sql[0].think", "soon"),
    ],
)
def test_a_bad_statement_of_a_list_is_named(
    statements: tuple[str | StatementSpec, ...], key: str, message: str
) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        build(view(sql=statements, params={"id": 1}))
    assert caught.value.key == f"traffic.operation[0] (view).{key}"


def test_a_parameter_that_only_a_condition_reads_is_used() -> None:
    (operation,) = build(view(sql=(StatementSpec(sql="SELECT 1", when=":id = 1"),), params={"id": 1})).operations
    assert operation.program == (JumpUnless(Call("=", (Variable("id"), Constant(1))), 2, 0), Send(0))
    assert not operation.transaction


def test_pipelines_need_a_protocol_that_has_them(tmp_path: Path) -> None:
    piped = view(sql=("SELECT 1", "SELECT 2"), pipeline=True)
    assert build(piped).operations[0].pipeline
    with pytest.raises(SpecError, match="protocol") as caught:
        build_workload(TrafficSpec(operation=(piped,), protocol=Protocol.SIMPLE), path=SCENARIO)
    assert caught.value.key == "traffic.operation[0] (view).pipeline"
    with pytest.raises(SpecError, match="before it has a row"):
        build(view(sql=(StatementSpec(sql="SELECT 1", into="x"),), pipeline=True))
    scenario = tmp_path / "s.toml"
    (tmp_path / "p.sql").write_text("\\startpipeline\nSELECT 1;\n\\endpipeline")
    (tmp_path / "q.sql").write_text("\\set a 1\n\\startpipeline\nSELECT ':a';\n\\endpipeline")
    script = OperationSpec(name="p", pgbench="p.sql")
    assert [type(step) for step in build(script, path=scenario).operations[0].program] == [Pipeline, Send, Pipeline]
    with pytest.raises(SpecError, match="protocol") as caught:
        build_workload(TrafficSpec(operation=(script,), protocol=Protocol.SIMPLE), path=scenario)
    assert caught.value.key == "line 1"
    with pytest.raises(SpecError, match="nor variables in quotes"):
        build(OperationSpec(name="q", pgbench="q.sql"), path=scenario)
    with pytest.raises(SpecError, match=r"\\startpipeline and \\endpipeline"):
        build(OperationSpec(name="p", pgbench="p.sql", pipeline=True), path=scenario)


def test_retries_are_the_operations_own_or_those_of_all() -> None:
    own = RetrySpec(on=("40001",), attempts=5, backoff="1ms")
    traffic = TrafficSpec(operation=(view(), view(name="own", retry=own)), retry=RetrySpec())
    theirs, its_own = build_workload(traffic, path=SCENARIO).operations
    assert theirs.retry == Retry(frozenset({"40001", "40P01"}), 3, 10_000_000)
    assert its_own.retry == Retry(frozenset({"40001"}), 5, 1_000_000)
    assert build(view()).operations[0].retry is None
    for retry, key in ((RetrySpec(attempts=0), "attempts"), (RetrySpec(backoff="x"), "backoff")):
        with pytest.raises(SpecError) as caught:
            build(view(retry=retry))
        assert caught.value.key == f"traffic.operation[0] (view).retry.{key}"


def test_derived_operations_come_after_those_written_by_hand() -> None:
    traffic = TrafficSpec(auto=True, operation=(view(),))
    workload = extend_workload(traffic, (view(), view(name="write"), view()), path=SCENARIO)
    assert [(o.index, o.name) for o in workload.operations] == [
        (0, "view"), (1, "view (2)"), (2, "write"), (3, "view (3)")
    ]  # fmt: skip
    empty = build_workload(TrafficSpec(auto=True), path=SCENARIO)
    assert (empty.operations, empty.versions) == ((), ("",))
    with pytest.raises(SpecError, match="no operation could be derived"):
        extend_workload(TrafficSpec(auto=True), (), path=SCENARIO)


def test_a_scripts_weight_is_a_key(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="weight = 3"):
        build(OperationSpec(name="a", pgbench="a.sql@3"), path=tmp_path / "scenario.toml")


def test_scripts_know_the_scale_unless_they_or_params_set_it(tmp_path: Path) -> None:
    (tmp_path / "reads.sql").write_text("SELECT :scale;")
    (tmp_path / "sets.sql").write_text("\\set scale 3\nSELECT :scale;")
    workload = build(
        OperationSpec(name="reads", pgbench="reads.sql"),
        OperationSpec(name="sets", pgbench="sets.sql"),
        OperationSpec(name="given", pgbench="reads.sql", params={"scale": 9}),
        view(),
        path=tmp_path / "s.toml",
    )
    fifty, nine = ("scale", Fixed("50")), ("scale", Fixed("9"))
    assert [o.parameters for o in with_scale(workload, 50).operations] == [(fifty,), (), (nine,), ()]
    assert with_scale(workload, 1) is workload


DOCUMENTED = re.findall(
    r"```toml\n(\[\[traffic\.operation\]\].*?)```",
    (Path(__file__).parents[3] / "docs/traffic.md").read_text(),
    re.DOTALL,
)


@pytest.mark.parametrize("text", DOCUMENTED, ids=range(len(DOCUMENTED)))
def test_the_documented_operations_can_be_built(text: str) -> None:
    traffic = msgspec.convert(tomllib.loads(text)["traffic"], TrafficSpec)
    assert build_workload(traffic, path=SCENARIO).operations
