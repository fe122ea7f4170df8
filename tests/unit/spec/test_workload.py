"""From [traffic] to the workload: programs, parameters, versions, and errors that name the operation."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from harness.model.errors import SpecError
from harness.spec.params import IntRange, SampleColumn
from harness.spec.pgbench.nodes import Assign, Capture
from harness.spec.scenario import OperationSpec, PhaseSpec, TrafficSpec
from harness.spec.workload import OperationKind, Send, Workload, build_workload

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
