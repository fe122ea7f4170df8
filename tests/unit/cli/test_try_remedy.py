"""--try-remedy: what is written beside the run, and the two runs side by side in every format."""

from pathlib import Path

import pytest

from harness.analysis.analyse import analyse
from harness.analysis.judge import judge
from harness.analysis.remedy.record import AlternativeRecord, Handled
from harness.cli.alternatives import read_alternative, save_alternative
from harness.cli.conclude import Conclusion
from harness.cli.try_remedy import try_remedy
from harness.model.errors import SandboxError
from harness.model.verdict import Verdict
from harness.report.html import render_html
from harness.report.markdown import render_markdown
from harness.report.rehearsal_json import build_rehearsal
from harness.report.terminal.render import render_terminal
from harness.report.view import View, build_view
from harness.report.view.remedy import Judged, remedy_view
from harness.spec.load import LoadedScenario, load_scenario
from harness.spec.scenario import Transaction
from tests.unit.analysis.histories import Builder, busy

INDEX = "CREATE INDEX orders_a ON orders (a)"


def unsafe() -> Builder:
    builder = busy().statement("S1", INDEX, tag="CREATE INDEX", lock_timeout_ms=200, autocommit=True)
    builder.locks("S1", ("public.orders", "ShareLock"))
    return builder.work("S1", "public.orders", rows_scanned=20_000)


def judged(builder: Builder, report: str) -> tuple[Judged, View]:
    history = builder.history()
    facts = analyse(history)
    judgement = judge(facts, history.info.scenario)
    return Judged(facts=facts, judgement=judgement, report=report), build_view(history.info, facts, judgement)


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedScenario:
    folder = tmp_path / "it"
    folder.mkdir()
    (folder / "up.sql").write_text(INDEX + ";\n", encoding="utf-8")
    (folder / "down.sql").write_text("DROP INDEX orders_a;\n", encoding="utf-8")
    (folder / "seed.sql").write_text("SELECT 1;\n", encoding="utf-8")
    (folder / "scenario.toml").write_text(
        '[snapshot]\nsetup = ["seed.sql"]\n[migration]\nup = "up.sql"\ndown = "down.sql"\nlock_timeout = "1s"\n'
        '[budgets]\npreset = "strict"\n[expect]\nverdict = "fail"\n'
        '[[traffic.operation]]\nname = "view"\nsql = "SELECT 1"\n'
        '[[traffic.antagonist]]\nkind = "long_reader"\ntable = "orders"\nbefore = "S1"\n',
        encoding="utf-8",
    )
    return load_scenario(folder)


def concluded(builder: Builder, folder: Path) -> Conclusion:
    folder.mkdir()
    _, view = judged(builder, "")
    return Conclusion(directory=folder, view=view, verdict=view.verdict)


def test_the_alternative_is_a_scenario_of_its_own(loaded: LoadedScenario, tmp_path: Path) -> None:
    asked: list[tuple[LoadedScenario, Path]] = []
    conclusion = concluded(unsafe(), tmp_path / "run")
    try_remedy(loaded, conclusion, lambda other, where: asked.append((other, where)))
    ((other, where),) = asked
    folder = tmp_path / "run" / "remedy"
    assert where == folder / "run"
    assert "CREATE INDEX CONCURRENTLY orders_a" in (folder / "up.sql").read_text(encoding="utf-8")
    assert "DROP INDEX orders_a;" in (folder / "down.sql").read_text(encoding="utf-8")
    old, new = loaded.scenario, other.scenario
    assert (new.seed, new.budgets.blocked, new.expect) == (old.seed, "100ms", {})
    assert other.resolve(new.snapshot.setup[0]).resolve() == loaded.resolve("seed.sql").resolve()
    assert (new.migration.transaction, new.migration.lock_timeout) == (Transaction.AS_WRITTEN, "0")
    assert new.migration.retries > 0
    assert new.traffic.antagonist[0].before == "S2"  # S1 turns lock_timeout off
    record = read_alternative(tmp_path / "run")
    assert record is not None
    assert record.files == ("up.sql", "down.sql")
    assert not record.why_not


def test_prismas_pending_migrations_are_rewritten_and_those_applied_long_ago_are_not(tmp_path: Path) -> None:
    migrations = tmp_path / "it" / "prisma" / "migrations"
    for name, text in {"0001": "CREATE TABLE orders (id int, a int)", "0042": INDEX}.items():
        (migrations / name).mkdir(parents=True)
        (migrations / name / "migration.sql").write_text(text + ";\n", encoding="utf-8")
    (migrations / "migration_lock.toml").write_text('provider = "postgresql"\n', encoding="utf-8")
    (tmp_path / "it" / "scenario.toml").write_text(
        '[migration]\ntool = "prisma"\npath = "prisma/migrations"\n[rollback]\nrun = false\n', encoding="utf-8"
    )
    builder = busy().statement("S1", INDEX, tag="CREATE INDEX", autocommit=True)
    builder.locks("S1", ("public.orders", "ShareLock")).work("S1", "public.orders", rows_scanned=20_000)
    asked: list[LoadedScenario] = []
    try_remedy(
        load_scenario(tmp_path / "it"), concluded(builder, tmp_path / "run"), lambda other, _: asked.append(other)
    )
    text = (tmp_path / "run" / "remedy" / "up.sql").read_text(encoding="utf-8")
    assert "CREATE INDEX CONCURRENTLY orders_a" in text
    assert "CREATE TABLE" not in text
    assert "a migration.sql of its own" in text
    assert asked[0].scenario.migration.tool == "sql"


def test_nothing_to_remedy_says_so(loaded: LoadedScenario, tmp_path: Path) -> None:
    safe = busy().statement("S1", INDEX, tag="CREATE INDEX", lock_timeout_ms=200)
    try_remedy(loaded, concluded(safe, tmp_path / "run"), lambda *_: pytest.fail("nothing is to be rehearsed"))
    record = read_alternative(tmp_path / "run")
    assert record is not None
    assert record.why_not == "there is no finding to remedy"


@pytest.mark.parametrize(
    ("up", "why"),
    [
        ("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;", "its transactions are more than BEGIN and COMMIT"),
        ("SELECT 1; ROLLBACK;", "its transactions are more than BEGIN and COMMIT"),
    ],
)
def test_what_cannot_be_rewritten_says_why(loaded: LoadedScenario, tmp_path: Path, up: str, why: str) -> None:
    (loaded.folder / "up.sql").write_text(up, encoding="utf-8")
    try_remedy(loaded, concluded(unsafe(), tmp_path / "run"), lambda *_: pytest.fail("nothing is to be rehearsed"))
    record = read_alternative(tmp_path / "run")
    assert record is not None
    assert why in record.why_not


def test_a_rehearsal_that_cannot_be_made_is_no_error_of_the_first(loaded: LoadedScenario, tmp_path: Path) -> None:
    def fails(*_: object) -> None:
        raise SandboxError("the disk is full")

    try_remedy(loaded, concluded(unsafe(), tmp_path / "run"), fails)
    record = read_alternative(tmp_path / "run")
    assert record is not None
    assert record.why_not == "the disk is full"
    assert record.handled


def test_a_record_reads_back(tmp_path: Path) -> None:
    assert read_alternative(tmp_path) is None
    (tmp_path / "remedy").mkdir()
    record = AlternativeRecord(handled=(Handled(statement="S1", hazard="x", title="t", fingerprint="f", why="w"),))
    save_alternative(record, tmp_path)
    assert read_alternative(tmp_path) == record


RECORD = AlternativeRecord(
    handled=(Handled(statement="S2", hazard="destroys_data", title="t", fingerprint="f", why="archive it first"),),
    files=("up.sql",),
)


def side_by_side() -> View:
    before, _ = judged(unsafe(), "run/report.html")
    after, _ = judged(busy().statement("S1", INDEX, lock_timeout_ms=200), "run/remedy/run/report.html")
    history = unsafe().history()
    remedy = remedy_view(RECORD, before=before, after=after, folder="run/remedy")
    return build_view(history.info, before.facts, before.judgement, remedy=remedy)


def test_the_two_runs_side_by_side_in_every_format() -> None:
    view = side_by_side()
    assert view.remedy is not None
    assert view.verdict is Verdict.FAIL  # of the scenario itself, whatever the alternative does
    assert view.remedy.verdict is Verdict.PASS
    assert view.remedy.sentence == "the safer migration passes: 2 of 2 findings gone, 1 finding needs a person"
    assert view.remedy.remaining == view.remedy.new == ()
    for text in (render_terminal(view), render_markdown(view), render_html(view).decode()):
        assert "the safer migration passes: 2 of 2 findings gone" in text
        assert "H104 blocks" in text
        assert "archive it first" in text
        assert "run/remedy/up.sql" in text.replace("\\", "")
    document = build_rehearsal(view)
    assert document.verdict == "fail"
    assert document.remedy is not None
    assert document.remedy.verdict == "pass"
    assert {row.label: (row.before, row.after) for row in document.remedy.figures}["verdict"] == ("fail", "pass")


def test_an_alternative_that_was_not_rehearsed_says_why() -> None:
    before, _ = judged(unsafe(), "run/report.html")
    remedy = remedy_view(AlternativeRecord(why_not="the disk is full"), before=before, after=None, folder="x")
    assert remedy.sentence == "no safer migration was rehearsed: the disk is full"
    history = unsafe().history()
    view = build_view(history.info, before.facts, before.judgement, remedy=remedy)
    for text in (render_terminal(view), render_markdown(view), render_html(view).decode()):
        assert "the disk is full" in text


def test_what_is_left_and_what_is_new_are_told() -> None:
    before, _ = judged(unsafe(), "a")
    after, _ = judged(busy().statement("S1", INDEX).locks("S1", ("public.orders", "ShareLock")), "b")
    remedy = remedy_view(RECORD, before=before, after=after, folder="x")
    assert {text.split(":")[0] for text in remedy.new} == {"H101 lock_queue", "H102 missing_lock_timeout"}
    assert remedy.sentence.startswith("the safer migration passes with a warning: 2 of 2 findings gone")
    same = remedy_view(RECORD, before=before, after=before, folder="x")
    assert (same.gone, len(same.remaining)) == ((), 2)
    assert same.sentence.startswith("the safer migration fails too: 0 of 2 findings gone")
