"""The blocks from the command line, on a small study of real models: built, skipped, forced, broken, healed."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.only_loopback import OnlyLoopback
from tests.prefect_servers import Server
from tests.study_clones import DATABASE, ROOT, Clone

pytest_plugins = ["prefect_servers", "study_clones"]

PICTURES = ("png", "svg", "pdf")

pytestmark = [pytest.mark.study, pytest.mark.xdist_group("flows")]


def test_everything_is_there_and_fresh(built: Clone) -> None:
    rows = built.status()
    assert {row["state"] for row in rows.values()} == {"fresh"}
    assert rows["runs"]["rows"] == 8
    for figure in (key for key, row in rows.items() if row["kind"] == "figure"):
        assert (built.folder / f"figures/generated/data/{figure}.json").is_file()
        assert all((built.folder / f"figures/generated/{figure}.{kind}").is_file() for kind in PICTURES)


def test_a_second_time_nothing_is_imported_and_nothing_is_written(clone: Clone) -> None:
    clone.run("flows", "reproduce", "--engine", "plain")  # a copied folder is decided anew, once
    before = {p: p.stat().st_mtime_ns for p in clone.folder.rglob("*")}
    code = "import sys, flows.__main__ as f; f.main(['reproduce']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], **clone.options({}), capture_output=True, check=True)
    assert done.stdout.startswith("Everything is fresh: ")
    for heavy in ("prefect", "mlflow", "ibis", "duckdb", "pandas", "numpy", "pyarrow", "altair", "msgspec"):
        assert f"'{heavy}'" not in done.stdout
    assert {p: p.stat().st_mtime_ns for p in clone.folder.rglob("*")} == before


def test_prefect_and_the_plain_scheduler_build_the_same(
    built: Clone, clone: Clone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    loopback = OnlyLoopback(tmp_path_factory.mktemp("site"))
    clone.forget("heatmap", "orchestration")  # of tables, and of a source: those that cost least
    (clone.folder / "figures/generated/report.html").unlink()
    done = clone.run("flows", "reproduce", "--engine", "prefect", **loopback.environment)
    assert loopback.tried() == [], "no telemetry, no look-up, by us or by the temporary server"
    assert f"tables   {built.count('table')} built" in done.stdout
    assert f"figures  2 built, {built.count('figure') - 2} skipped" in done.stdout
    assert clone.versions() == built.versions()
    log = "".join(p.read_text("utf-8") for p in (clone.folder / ".assets/logs").glob("*.log"))
    for task in (
        "connect_mlflow:mlflow_runs",
        "load_pickle:extracted_runs:0",
        "compute_stratos:roc_curves",
        "generate_heatmap",
        "validate_figures:orchestration",
        "write_document:report",
    ):
        assert f"| {task} |" in log
    with sqlite3.connect(clone.folder / ".assets/prefect/prefect.db") as history:
        names = {name for (name,) in history.execute("SELECT name FROM flow")}
        states = dict(history.execute("SELECT state_type, count(*) FROM task_run GROUP BY 1"))
        logged = {message for (message,) in history.execute("SELECT message FROM log")}
    assert {"extract_all_configs", "generate_figures"} <= names
    assert set(states) == {"COMPLETED"}
    assert any("roc_curves" in message for message in logged)


def test_the_figures_need_only_the_duckdb_file_and_force_draws_all_of_them_anew(
    built: Clone, server: Server, tmp_path: Path
) -> None:
    reviewer = Clone(tmp_path, {"PREFECT_API_URL": server.url})
    tables, picture = tmp_path / DATABASE, tmp_path / "figures/generated/roc.png"
    rows = built.status().items()
    others = [f"{key}.*" for key, row in rows if row["kind"] == "figure" and key != "roc"]
    shutil.copytree(built.folder / "figures", tmp_path / "figures", ignore=shutil.ignore_patterns(*others))
    tables.parent.mkdir(parents=True)
    shutil.copy(built.folder / DATABASE, tables)
    content, before = tables.read_bytes(), (picture.stat().st_ino, tables.stat().st_ino)
    done = reviewer.run(
        "flows", "analyze", "--force", "--engine", "plain", MLFLOW_TRACKING_URI="http://127.0.0.1:9"
    )
    assert f"figures  {len(others)} built, 1 unchanged" in done.stdout
    assert picture.stat().st_ino != before[0]
    assert (tables.stat().st_ino, tables.read_bytes()) == (before[1], content)
    assert not (tmp_path / "data/private").exists()
    assert reviewer.versions() == built.versions()
    assert reviewer.stale() == {}, "tables whose store is away stand as they are"
    (tmp_path / "figures/generated/heatmap.png").unlink()
    with duckdb.connect(str(tables)) as connection:
        connection.execute("UPDATE dca_curves SET net_benefit_model = 0.5")
    done = reviewer.run(
        "flows", "reproduce", "--engine", "prefect"
    )  # mended without the store, by either engine
    assert f"tables   1 built, {built.count('table') - 1} skipped" in done.stdout
    assert reviewer.versions() == built.versions()


def test_force_rebuilds_what_is_named_and_nothing_that_it_reads(clone: Clone) -> None:
    tables, picture, other = (
        clone.folder / name
        for name in (DATABASE, "figures/generated/heatmap.png", "figures/generated/roc.png")
    )
    before = picture.stat().st_ino, [(p.stat().st_ino, p.stat().st_mtime_ns) for p in (tables, other)]
    clone.run("assets", "materialize", "heatmap", "--force")
    assert picture.stat().st_ino != before[0]
    assert [(p.stat().st_ino, p.stat().st_mtime_ns) for p in (tables, other)] == before[1]


def test_a_deleted_and_a_retouched_picture_are_noticed_and_healed(built: Clone, clone: Clone) -> None:
    expected = clone.versions()
    (clone.folder / "figures/generated/roc.png").unlink()
    (clone.folder / "figures/generated/dca.svg").write_text("<svg/>")
    sidecar = clone.folder / "figures/generated/data/heatmap.json"
    sidecar.write_text(
        sidecar.read_text("utf-8").replace("AUROC on the test set", "AUROC on the moon"), "utf-8"
    )
    assert clone.stale() == {
        **dict.fromkeys(("roc", "dca", "heatmap"), "output was changed by hand"),
        "contact_sheet": "waits for roc, dca, heatmap",
        "report": "waits for roc, dca, heatmap and 1 more",
    }
    done = clone.run("flows", "reproduce", "--engine", "plain")
    assert f"figures  3 restored, {built.count('figure') - 3} skipped" in done.stdout
    assert clone.versions() == expected


def test_a_table_changed_by_hand_stops_the_figures_until_it_is_rebuilt(clone: Clone) -> None:
    expected = clone.versions()
    with duckdb.connect(str(clone.folder / DATABASE)) as connection:
        connection.execute("UPDATE essential_metrics SET auroc = 0.99")
    done = clone.run("flows", "analyze", "--engine", "plain", check=False)
    assert done.returncode == 1
    assert "`essential_metrics` was changed" in done.stdout + done.stderr
    clone.run("flows", "reproduce", "--engine", "plain")
    assert clone.versions() == expected


def test_a_new_setting_redraws_the_figures_that_read_it_alone(clone: Clone) -> None:
    narrower = Clone(clone.folder, {"FOUNDATION_PLR_DECISION_CURVE_RANGE": "0.05,0.30"})

    def stale() -> set[str]:
        rows = narrower.status().items()
        return {key for key, row in rows if row["kind"] == "figure" and row["state"] != "fresh"}

    assert stale() == {"dca", "stratos_panel"}
    narrower.run("assets", "materialize", "dca")
    assert stale() == {"stratos_panel"}


def test_one_more_run_is_read_alone_and_all_is_as_if_it_had_been_there(clone: Clone) -> None:
    expected = clone.versions("table")
    with sqlite3.connect(clone.folder / "data/mlflow.db") as store:
        store.execute(
            "UPDATE runs SET lifecycle_stage = 'deleted' WHERE name LIKE 'GaussianNB%reference__none'"
        )
    clone.run("assets", "materialize", "extracted_runs,runs,predictions,discrimination,refit_spread")
    assert clone.status()["runs"]["rows"] == 7
    shutil.rmtree(clone.folder / ".assets/cache")  # or the tables would come back as they were
    with sqlite3.connect(clone.folder / "data/mlflow.db") as store:
        store.execute("UPDATE runs SET lifecycle_stage = 'active'")
    code = (
        "import assets.inputs.extraction as e; real = e.read\n"
        "def read(runs, run_ids, **more):\n    print('read', len(run_ids))\n    return real(runs, run_ids, **more)\n"
        "e.read = read\nimport flows.__main__ as f; f.main(['extract', '--engine', 'plain'])"
    )
    done = subprocess.run([sys.executable, "-c", code], **clone.options({}), capture_output=True, check=True)
    assert [line for line in done.stdout.splitlines() if line.startswith("read")] == ["read 1"]
    assert clone.versions("table") == expected


def test_the_code_that_reads_pickles_in_its_own_process_is_part_of_the_hash() -> None:
    from assets.engine.code import CodeBase
    from assets.tables import evidence

    fragments = CodeBase(ROOT).closure(evidence.extracted_runs.reference).fragments
    assert "assets.inputs.artifacts.worker:answer" in fragments
    assert any(name.startswith("assets.inputs.artifacts.safe_pickle:") for name in fragments)


def test_a_build_that_is_killed_goes_on_where_it_was(store: Path, built: Clone, tmp_path: Path) -> None:
    clone, build = Clone(tmp_path), ("assets", "materialize", "+essential_metrics")
    shutil.copytree(store, clone.folder / "data")
    with (tmp_path / "output").open("w") as output:
        killed = subprocess.Popen(
            [sys.executable, "-u", "-m", *build], **clone.options({}), stdout=output, stderr=output
        )
        while killed.poll() is None and " predictions " not in (tmp_path / "output").read_text():
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    assert not (clone.folder / DATABASE).exists(), "nothing is published before all is finished"
    done = clone.run(*build)
    said = " ".join((done.stdout + done.stderr).split())
    assert "going on from a build that was interrupted" in said and "skipped extracted_runs" in said
    made = {key: version for key, version in clone.versions("table").items() if version}
    assert "essential_metrics" in made and made.items() <= built.versions("table").items()


def test_two_builds_at_once_do_the_work_once(built: Clone, clone: Clone) -> None:
    clone.forget("heatmap")
    options = {**clone.options({}), "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    command = [sys.executable, "-m", "flows", "reproduce", "--engine", "plain"]
    both = [subprocess.Popen(command, **options) for _ in range(2)]
    told = [build.communicate(timeout=600)[0] for build in both]
    assert [build.returncode for build in both] == [0, 0], told
    done = [text.count(": built") + text.count(": unchanged") for text in told]
    assert sum(done) == built.count("table") + 1, told
    assert clone.versions() == built.versions()


def test_a_figure_that_fails_its_checks_is_kept_out_and_the_others_are_drawn(
    built: Clone, clone: Clone, server: Server
) -> None:
    picture, sidecar = (clone.folder / f"figures/generated/{name}" for name in ("roc.png", "data/roc.json"))
    old = picture.read_bytes()
    sidecar.write_text(sidecar.read_text("utf-8").replace("ROC", "RAC"), "utf-8")
    shutil.rmtree(clone.folder / ".assets/cache")  # or it would come back from there
    broken = (
        "import sys, assets.charts.publication.sidecar as sidecars; real = sidecars.build_sidecar\n"
        "def build(**given):\n"
        "    made = real(**given)\n"
        "    return made | ({'n_events': 9999} if made['figure_id'] == 'roc' else {})\n"
        "sidecars.build_sidecar = build\n"
        "import flows.__main__ as f; sys.exit(f.main(['analyze']))"
    )
    options = clone.options({"PREFECT_API_URL": server.url})
    done = subprocess.run([sys.executable, "-c", broken], **options, capture_output=True)
    assert done.returncode == 1
    assert (
        "failed roc: figure `roc` fails its checks and is kept out (see .assets/qa/roc.json): P1"
        in done.stdout
    )
    assert f"figures  {built.count('figure') - 1} skipped, 1 failed" in done.stdout
    assert f"files    1 built, 1 unchanged, {built.count('file') - 2} skipped" in done.stdout
    assert picture.read_bytes() == old
    assert clone.stale().keys() == {"roc", "contact_sheet", "report"}, "and these tell of it"


@pytest.mark.parametrize("flow", ["extraction_flow", "analysis_flow", "experiment_flow", "reproduce_flow"])
def test_every_flow_runs_as_a_module_and_has_help(flow: str, tmp_path: Path) -> None:
    done = Clone(tmp_path).run(f"flows.{flow}", "--help")
    assert "usage:" in done.stdout
    assert [p.name for p in tmp_path.iterdir() if p.name != ".assets"] == []
