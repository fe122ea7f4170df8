"""Operations made ready to run: bytes, values, literals and what the ledger adds."""

from pathlib import Path

import pytest

from harness.rehearsal.traffic.compiled import compile_workload, new_client
from harness.rehearsal.traffic.instructions import Execute
from harness.rehearsal.traffic.statement import CompiledStatement, quote_literal
from harness.spec.params import Samples, Sources
from harness.spec.pgbench.values import ExpressionError
from harness.spec.scenario import OperationSpec, Protocol, TrafficSpec
from harness.spec.workload import build_workload

SOURCES = Sources(Samples(), lambda: "now")
KEYS = {"public.orders": ("id",), 'public.Odd"t': ("a", "B c")}


def statement(
    operation: OperationSpec, *, protocol: Protocol = Protocol.PREPARED, path: Path = Path("s.toml")
) -> CompiledStatement:
    workload = build_workload(TrafficSpec(operation=(operation,)), path=path)
    (compiled,) = compile_workload(workload, protocol=protocol, sources=SOURCES, primary_keys=KEYS)
    (first, *_) = [step.statement for step in compiled.code if isinstance(step, Execute)]
    return first


def test_values_are_bound_in_order_as_text() -> None:
    client = new_client(1, 0)
    client.variables |= {"a": "x'y", "b": 5, "c": 0.1, "d": True, "e": None}
    names = "abcde"
    sql = "SELECT " + ", ".join(f":{name}" for name in names)
    compiled = statement(OperationSpec(name="o", sql=sql, params=dict.fromkeys(names, 1)))
    assert compiled.text == b"SELECT $1, $2, $3, $4, $5"
    assert compiled.bind(client.variables) == [b"x'y", b"5", b"0.1", b"true", None]
    del client.variables["c"]
    with pytest.raises(ExpressionError, match=":c"):
        compiled.bind(client.variables)


def test_the_simple_protocol_quotes_values_but_not_those_of_pgbench(tmp_path: Path) -> None:
    client = new_client(1, 0)
    client.variables["a"] = "it's"
    operation = OperationSpec(name="o", sql="SELECT :a::text, ':a'", params={"a": "x"})
    render = statement(operation, protocol=Protocol.SIMPLE).render
    assert render is not None
    assert render(client.variables) == b"SELECT 'it''s'::text, ':a'"
    (tmp_path / "a.sql").write_text("\\set a 5\nSELECT :a, ':a', ':none';")
    render = statement(OperationSpec(name="o", pgbench="a.sql"), path=tmp_path / "s.toml").render
    assert render is not None
    client.variables["a"] = 5
    assert render(client.variables) == b"SELECT 5, '5', ':none'"


def test_only_text_needs_rendering() -> None:
    assert statement(OperationSpec(name="o", sql="SELECT 1")).render is None


def test_the_ledger_adds_the_key_as_text() -> None:
    followed = statement(OperationSpec(name="o", sql="INSERT INTO orders VALUES (1)")).followed
    assert followed is not None
    assert (followed.relation, followed.tail) == ("public.orders", b'\nRETURNING "id"::text')
    odd = statement(OperationSpec(name="o", sql='DELETE FROM "Odd""t" WHERE a = 1')).followed
    assert odd is not None
    assert odd.tail == b'\nRETURNING "a"::text, "B c"::text'
    assert statement(OperationSpec(name="o", sql="INSERT INTO unknown VALUES (1)")).followed is None
    assert statement(OperationSpec(name="o", sql="UPDATE orders SET id = 1")).followed is None


@pytest.mark.parametrize(("text", "literal"), [("", "''"), ("a'b", "'a''b'"), ("a\\'b", " E'a\\\\''b'")])
def test_literals(text: str, literal: str) -> None:
    assert quote_literal(text) == literal


def test_clients_differ_and_are_repeatable() -> None:
    draws = [new_client(seed, actor).random.random() for seed, actor in ((1, 0), (1, 1), (2, 0), (1, 0))]
    assert len(set(draws)) == 3
    assert draws[0] == draws[3]
    assert new_client(5, 3).variables["client_id"] == 3
