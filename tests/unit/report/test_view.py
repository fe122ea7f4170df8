"""The view model says what the facts say: dashes for what was not measured, the worst first, nothing averaged away."""

from dataclasses import replace

from harness.analysis.facts import CallFacts, PhaseFacts, SchemaState, StatementFacts, VersionsFacts
from harness.model.spans import Span
from harness.model.verdict import Verdict
from harness.model.words import Pass, PhaseKind
from harness.report.view import build_view
from harness.report.view.status import Status
from harness.report.view.timeline import MOST_BUCKETS, build_timeline, hidden_note
from tests.unit.report import runs
from tests.unit.report import samples as s


def test_budgets_are_worst_first_and_otherwise_in_order() -> None:
    assert [row.id for row in runs.failing().budgets][:4] == ["blocked", "outage", "p99", "failed"]


def test_numbers_of_a_run_without_traffic_are_dashes() -> None:
    assert [number.value for number in runs.inconclusive().numbers] == ["–", "–", "–", "None"]
    assert {number.status for number in runs.inconclusive().numbers[:3]} == {Status.UNKNOWN}


def test_a_wait_below_the_log_is_a_bound_and_not_zero() -> None:
    assert runs.passing().numbers[0].value == "< 10.0 ms"


def test_longest_block_names_statement_and_actors() -> None:
    number = runs.failing().numbers[0]
    assert (number.value, number.detail) == ("1,603 ms", "by R1 · 16 of 16 actors")


def test_phases_tell_what_stood_out() -> None:
    rows = {row.name: row for row in runs.failing().phases}
    assert (rows["migrate"].status, rows["migrate"].note) == (Status.FAIL, "S1 blocked 16 of 16 actors")
    assert (rows["rollback"].status, rows["verify"].what) == (
        Status.WARN,
        "schema and 600,000 rows identical, ledger kept",
    )
    assert rows["trace"].note == "AccessExclusive ×2, Share ×1"


def test_a_drill_and_a_failed_restore_are_rows() -> None:
    drill = PhaseFacts(pass_=Pass.DRILL, phase=PhaseKind.MIGRATE, name="", span=Span(0, s.S), ok=False)
    restore = PhaseFacts(pass_=Pass.PREPARE, phase=PhaseKind.RESTORE, name="", span=Span(0, s.S), ok=False)
    env = replace(s.ENVIRONMENT, snapshot_source="", snapshot_cached=False)
    view = build_view(s.info(), s.facts(phases=(restore, drill), environment=env), runs.inconclusive().judgement)
    assert [(row.name, row.status, row.what) for row in view.phases] == [
        ("restore", Status.FAIL, "an empty database"),
        ("drill", Status.FAIL, "1 phase"),
    ]


def test_the_chain_goes_from_the_root_blocker_to_the_actors() -> None:
    chain = runs.failing().findings[0].chain
    assert [(link.depth, link.role, link.who) for link in chain.links] == [
        (0, "root", "long_reader (pid 812)"),
        (1, "migration", "S1"),
        (2, "actors", "view order ×6"),
        (2, "actors", "place order ×5"),
        (2, "actors", "checkout ×5"),
    ]
    assert chain.links[0].what == "held AccessShare on orders, in a transaction since 9.00 s"
    assert chain.links[1].what == "waited 1,507 ms for AccessExclusive on orders"
    assert chain.links[2].what == "waited up to 1,510 ms for AccessShare on orders"
    assert chain.moment == "at 11.51 s, 16 of 16 actors waiting"
    # All of them wait at that moment: there is nothing to add.
    assert chain.shares == ()


def test_waits_that_the_worst_moment_does_not_show_are_told_beside_it() -> None:
    view = runs.failing()
    chains = tuple(replace(chain, blocked=chain.blocked - 1) for chain in view.facts.chains)
    again = build_view(s.info(), replace(view.facts, chains=chains), view.judgement)
    shares = again.findings[0].chain.shares
    assert shares[0].endswith("the longest 1,510 ms, behind the request for AccessExclusive on orders")


def test_a_holder_without_a_wait_is_the_root() -> None:
    chain = runs.failing().findings[1].chain
    assert [(link.depth, link.role) for link in chain.links] == [
        (0, "migration"),
        (1, "actors"),
        (1, "actors"),
        (1, "actors"),
    ]
    assert chain.links[0].what == "held Share on orders for 900 ms"
    assert chain.links[1].what == "waited up to 896 ms for AccessShare on orders"


def test_a_chain_is_told_once() -> None:
    view = runs.failing()
    first = view.findings[0]
    findings = (view.judgement.findings[0], replace(view.judgement.findings[0], title="the same statement again"))
    again = build_view(s.info(), view.facts, replace(view.judgement, findings=findings)).findings
    assert again[0].chain == first.chain
    assert again[1].chain.links == ()


def test_errors_come_before_warnings_before_notes() -> None:
    assert [finding.level for finding in runs.failing().findings] == ["error", "error", "warning", "note"]


def test_a_finding_knows_its_place_in_the_file_and_on_the_timeline() -> None:
    finding = runs.failing().findings[0]
    assert finding.location == "scenarios/0042-orders-status/up.sql:1:1"
    assert (finding.from_s, finding.to_s) == (10.0, 11.51)


def test_a_statement_before_the_load_pass_has_no_place_on_the_timeline() -> None:
    early = s.statement("S1", "SELECT 1", span=Span(s.S, 2 * s.S))
    facts = s.facts(statements=(early,), timeline=s.curve(()))
    judgement = replace(runs.failing().judgement, findings=(s.finding(),))
    assert build_view(s.info(), facts, judgement).findings[0].from_s is None


def test_many_buckets_are_merged_by_their_worst() -> None:
    line = s.curve(((100.0, 101.5),), length_s=300.0)
    view = build_timeline(s.facts(timeline=line, traffic=s.traffic()))
    assert view is not None
    assert len(view.starts_s) <= MOST_BUCKETS
    assert view.merged == 5
    assert max(v for v in view.p99_ms if v is not None) == max(v for v in line.p99_ns if v is not None) / s.MS
    assert max(view.blocked) == max(line.blocked_actors)
    assert sum(view.completed_per_s) * view.bucket_s == sum(line.completed)


def test_missing_latencies_stay_gaps_and_throughput_is_zero() -> None:
    line = s.curve(())
    empty = replace(line, completed=(0,) * 300, p99_ns=(None,) * 300, wal_bytes=(None,) * 300)
    view = build_timeline(s.facts(timeline=empty))
    assert view is not None
    assert set(view.p99_ms) == {None}
    assert set(view.completed_per_s) == {0.0}
    assert set(view.wal_bytes) == {None}
    assert view.baseline_p99_ms is None


def test_many_statements_are_drawn_by_weight_and_the_rest_is_said() -> None:
    many: list[StatementFacts] = [s.statement(f"S{i}", "SELECT 1", duration_ns=i, held_ns=None) for i in range(1, 21)]
    view = build_timeline(s.facts(timeline=s.curve(()), statements=tuple(many)))
    assert view is not None
    assert [row.label.split()[0] for row in view.statements] == [f"S{i}" for i in range(7, 21)]
    assert hidden_note(view.statements_hidden, "statement") == "6 more statements not drawn (see the table)"


def test_the_matrix_puts_an_error_into_the_phase_where_it_began() -> None:
    view = runs.passing()
    broken = tuple(
        replace(op, failed={"42703": 3}, first_failed_ns={"42703": s.at(18.5, 19).start_ns})
        if op.version == "new"
        else op
        for op in view.facts.operations
    )
    again = build_view(view.info, replace(view.facts, operations=broken), view.judgement)
    assert again.matrix is not None
    assert again.matrix.phases == ("expand", "rolling deploy", "contract")
    new, old = again.matrix.rows
    assert [cell.status for cell in new[1]] == [Status.NOTE, Status.OK, Status.FAIL]
    assert new[1][2].text == "42703 in read full name"
    assert old[1][2].text == "not running"


def test_the_matrix_of_the_probe_is_by_state_of_the_schema() -> None:
    view = runs.passing()
    states = (("before", ()), ("", ("S1",)), ("up", ("S2", "S3")))
    probe = VersionsFacts(
        states=tuple(SchemaState(number=i, name=n, statements=made) for i, (n, made) in enumerate(states)),
        calls=(
            _call(0, "old", "view", {}), _call(0, "old", "twice", {"23505": 3}), _call(1, "old", "view", {}),
            _call(2, "old", "view", {"42703": 3}), _call(2, "old", "twice", {"23505": 3}), _call(2, "new", "see", {}),
        ),
        prepared=(),
        plans=(),
        duration_ns=1_200_000_000,
    )  # fmt: skip
    again = build_view(view.info, replace(view.facts, versions=probe), view.judgement)
    assert again.matrix is not None
    assert again.matrix.phases == ("before", "S1", "up (S2–S3)")
    (old, new) = again.matrix.rows
    assert [(cell.status, cell.text) for cell in old[1]] == [
        (Status.NOTE, "1 operation works, twice fails 3 of 3 as before"),
        (Status.OK, "1 operation works"),
        (Status.FAIL, "view fails 3 of 3: 42703"),
    ]
    assert [cell.text for cell in new[1]] == ["not running", "not running", "1 operation works"]
    row = next(phase for phase in again.phases if phase.name == "versions")
    assert (row.what, row.status) == ("3 states × 2 versions of the application", Status.FAIL)
    assert row.note == "view 42703 in up (S2–S3)"


def test_of_many_states_those_are_shown_in_which_something_begins_to_fail() -> None:
    view = runs.passing()
    probe = VersionsFacts(
        states=tuple(SchemaState(number=i, name="", statements=(f"S{i}",)) for i in range(40)),
        calls=tuple(_call(i, "old", "view", {"42703": 2} if i >= 30 else {}) for i in range(40)),
        prepared=(),
        plans=(),
        duration_ns=1,
    )
    again = build_view(view.info, replace(view.facts, versions=probe), view.judgement)
    assert again.matrix is not None
    assert len(again.matrix.phases) == 9
    assert again.matrix.phases[-1] == "S30"


def _call(state: int, version: str, operation: str, failed: dict[str, int]) -> CallFacts:
    return CallFacts(state=state, operation=operation, version=version, executions=3, failed=failed, messages={})


def test_an_operation_ten_times_slower_is_a_warning() -> None:
    assert {row.status for row in runs.failing().operations} == {Status.WARN}
    assert runs.failing().operations[0].factor == "481 ×"


def test_a_failed_rollback_check_fails_the_number() -> None:
    judgement = replace(
        runs.passing().judgement,
        checks=(s.check("rollback", "rollback", "none", "1", Verdict.FAIL), s.check("x", "y", "", "", Verdict.PASS)),
    )
    view = build_view(runs.passing().info, runs.passing().facts, judgement)
    assert view.numbers[3].status is Status.FAIL
    assert view.budgets[1].limit == "–"


def test_unmeasured_statements_have_dashes() -> None:
    row = runs.nasty().statements[1]
    assert (row.waited, row.blocked, row.duration, row.outcome) == ("–", "–", "–", "not run")


def test_a_command_shows_no_password() -> None:
    view = runs.passing()
    info = s.msgspec_replace(view.info, command=("rehearse", "run", "postgresql://app:s3cret@db/shop"))
    assert "s3cret" not in build_view(info, view.facts, view.judgement).command


def test_statement_results_are_told() -> None:
    done = s.statement("S1", "x", attempts=3)
    quiet = s.statement("S2", "x", trace_sqlstate="42P07")
    view = build_view(s.info(), s.facts(statements=(done, quiet)), runs.inconclusive().judgement)
    assert [row.outcome for row in view.statements] == ["ok at attempt 3", "42P07 in the quiet pass"]
