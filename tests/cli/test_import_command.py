"""``hardseq runs import``: what HardPy and OpenHTF recorded, in the store and in every figure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import Refusal
from sequencer.app.project_store import opened_deliveries
from sequencer.cli import figures, runs, sync
from sequencer.store.sqlite.store import SqliteStore
from tests.records.read import HARDPY, OPENHTF, document

REPORTS = [HARDPY / f"{name}.json" for name in ("pass", "fail", "retest", "error", "stop", "raise", "noserial")]
RECORDS = sorted(OPENHTF.glob("*.json"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "hardseq.toml").write_text("", encoding="utf-8")
    return folder


def call(project: Path, *sources: object, command: Any = runs.command, first: str = "import") -> Result:
    arguments = [first, *map(str, sources), "--project", str(project)]
    found = CliRunner().invoke(command, arguments, standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found


def stored(project: Path) -> dict[str, str]:
    """The verdicts of all stored runs, by id."""
    with closing(SqliteStore(project / ".hardseq" / "hardseq.sqlite3")) as store:
        return {run.id: run.status for run in store.find(limit=1000).runs}


def counted(tested: Mapping[tuple[str, ...], list[tuple[float, str]]]) -> tuple[int, int, int, int, int]:
    """Judged runs, passed ones, units, those whose first judged run passed, and those whose last one did."""
    judged = [
        [verdict for _, verdict in sorted(each) if verdict in ("passed", "failed", "error")] for each in tested.values()
    ]
    all_of = [verdict for each in judged for verdict in each]
    units = [each for (*_, serial), each in zip(tested, judged, strict=True) if each and serial]
    passed = [(each[0] == "passed", each[-1] == "passed") for each in units]
    return (
        len(all_of),
        all_of.count("passed"),
        len(units),
        sum(first for first, _ in passed),
        sum(final for _, final in passed),
    )


def of_openhtf() -> tuple[int, ...]:
    """Counted in the records themselves."""
    words = {"PASS": "passed", "FAIL": "failed", "ERROR": "error", "TIMEOUT": "error", "ABORTED": "stopped"}
    tested = defaultdict(list)
    for found in map(document, RECORDS):
        unit = found["metadata"]["test_name"], found["metadata"]["part_number"], found["dut_id"]
        tested[unit].append((found["start_time_millis"], words[found["outcome"]]))
    return counted(tested)


def of_hardpy() -> tuple[int, ...]:
    """Counted in the reports themselves."""
    tested = defaultdict(list)
    for found in map(document, REPORTS):
        unit = found["name"], found["dut"]["part_number"], found["dut"]["serial_number"] or ""
        tested[unit].append((found["start_time"], found["status"]))
    return counted(tested)


@pytest.mark.parametrize(
    ("sources", "expected"), [(RECORDS, of_openhtf()), (REPORTS, of_hardpy())], ids=["openhtf", "hardpy"]
)
def test_yield_and_history_go_on(project: Path, sources: list[Path], expected: tuple[int, ...]) -> None:
    """The figures count the imported runs like any other, as the records say themselves."""
    told = call(project, *sources)
    assert (told.return_value, told.stdout.partition(":")[0]) == (0, f"{len(sources)} imported, 0 were there")
    (row,) = json.loads(call(project, "--format", "json", command=figures.command, first="yield").stdout)
    columns = ("runs", "passed", "units", "first_passed", "final_passed")
    assert tuple(row[column] for column in columns) == expected
    unit = json.loads(call(project, "SN000002", "--format", "json", command=figures.command, first="unit").stdout)
    runs_of_unit = (unit[0] if isinstance(unit, list) else unit)["runs"]
    assert [run["status"] for run in runs_of_unit] == ["failed", "passed"]


def test_each_run_is_stored_once(project: Path, tmp_path: Path) -> None:
    """However often it is imported, from wherever, also under another name and from HardPy's run store."""
    call(project, *RECORDS, *REPORTS)
    before = stored(project)
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    for number, path in enumerate([*RECORDS, *REPORTS]):
        shutil.copy(path, renamed / f"{number}.json")
    again = call(project, renamed, HARDPY / "runstore", *RECORDS)
    count = len(RECORDS) * 2 + len(REPORTS) + 1
    assert (again.return_value, again.stdout.partition(":")[0]) == (0, f"0 imported, {count} were there")
    assert stored(project) == before


def test_another_record_of_the_same_run_is_told(project: Path, tmp_path: Path) -> None:
    """The stored one stays, the rest is imported, the exit code says it."""
    call(project, OPENHTF / "fail.json")
    changed = document(OPENHTF / "fail.json")
    changed["outcome"] = "PASS"
    (tmp_path / "changed.json").write_text(json.dumps(changed))
    told = call(project, tmp_path / "changed.json", OPENHTF / "pass.json")
    assert told.return_value == 1
    assert "changed.json:1:1: error: " in told.stderr
    assert "[other-report]" in told.stderr
    assert sorted(stored(project).values()) == ["failed", "passed"]


BAD = {
    "cut.json": (
        '{"dut_id": "SN1",\n "station_id"',
        "cut.json:2:14: error: this is neither JSON nor a CSV",
        "not-json",
    ),
    "form.json": (
        '{"dut_id": "SN1",\n "station_id": 7, "start_time_millis": 1, "outcome": "PASS", "phases": []}',
        "form.json:2:16: error: `station_id` must be a text or null, not 7",
        "record-form",
    ),
    "none.json": ('{"name": "package"}', "none.json:1:1: error: this is no record of a test run", "no-record"),
    "deep.json": ("[" * 100_000, "deep.json:1:1: error: this is not valid JSON: nested too deeply", "not-json"),
    "latin.json": ('{"name": "Prüfung"}'.encode("latin-1"), "latin.json:1:1: error: this is not UTF-8", "not-utf-8"),
    "old.csv": (
        "run,run_status,run_start\nx,passed,2026\n",
        "old.csv:1:1: error: the columns sequence, version",
        "record-form",
    ),
    "live.json": (
        '{"modules": {}, "dut": {}, "status": "run", "alert": ""}',
        "live.json:1:1: error: this is the live",
        "no-record",
    ),
}


def test_each_bad_file_is_told_and_the_others_are_imported(project: Path, tmp_path: Path) -> None:
    """With file, line and column, the line itself, what was expected, and a hint."""
    folder = tmp_path / "records"
    folder.mkdir()
    for name, (content, _, _) in BAD.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "notes.txt").write_text("no record, and none that looks like one")
    shutil.copy(OPENHTF / "pass.json", folder / "pass.json")
    told = call(project, folder)
    assert told.return_value == 1
    assert told.stdout.startswith("1 imported, 0 were there")
    assert f"{len(BAD)} not imported" in told.stdout
    for _, said, code in BAD.values():
        (line,) = [line for line in told.stderr.splitlines() if said in line]
        assert line.endswith(f"[{code}]")
    assert '   2 |  "station_id": 7, "start' in told.stderr
    assert "     |                ^\n" in told.stderr
    assert "hint: a record is a JSON report of HardPy" in told.stderr
    assert "notes.txt" not in told.stderr


def test_a_dry_run_stores_nothing(project: Path) -> None:
    """It says what would come, each run once, and what could not."""
    told = call(project, OPENHTF, HARDPY / "fail.json", HARDPY / "runstore", "--dry-run")
    assert (told.return_value, told.stdout.partition(":")[0]) == (0, f"{len(RECORDS) + 1} to import, 1 were there")
    assert stored(project) == {}


def test_stand_and_zone_are_for_records_without(project: Path) -> None:
    """What a record says itself is not touched."""
    written = document(OPENHTF / "pass.json")
    without = project / "without.json"
    without.write_text(json.dumps({**written, "station_id": ""}))
    call(project, without, OPENHTF / "fail.json", "--stand", "Line 4", "--timezone", "Asia/Tokyo")
    listed = json.loads(call(project, "--format", "json", first="list").stdout)["runs"]
    assert {run["serial_number"]: run["stand"] for run in listed} == {"SN000001": "Line 4", "SN000002": "station-3"}
    shown = json.loads(call(project, listed[0]["id"], "--format", "json", first="show").stdout)
    assert shown["host"] == {"timezone": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.json"], "there is no nowhere.json"),
        ([".", "--timezone", "Mars"], "there is no time zone Mars"),
        (["http://me:pass@localhost:1"], "the URL names no database"),
        (["http://me:pass@localhost:1/a", "--database", "b"], "the URL names the database a"),
        (["http://me:12/pass@localhost:1/a"], "not a valid address: in a password write / as %2F"),
        (["http://me:se/pass@localhost:1/a"], "not a valid address: in a password write / as %2F"),
    ],
)
def test_what_cannot_be_a_source_is_refused(project: Path, arguments: list[str], said: str) -> None:
    """Before anything is read; a password is not repeated."""
    with pytest.raises(Refusal, match=said) as refused:
        call(project, *arguments)
    assert "pass@" not in str(refused.value)


def test_nothing_imported_is_sent_unless_asked(project: Path) -> None:
    """StandCloud gets an imported run by `hardseq sync --run` alone."""
    (project / "hardseq.toml").write_text(
        '[stand_cloud]\naddress = "127.0.0.1:9"\napi_key = "secret"\nautosync = true\n', encoding="utf-8"
    )
    call(project, *RECORDS)
    with opened_deliveries(project) as deliveries:
        assert deliveries.undelivered() == set()
    run = next(iter(stored(project)))
    asked = CliRunner().invoke(sync.command, [str(project), "--run", run], standalone_mode=False)
    assert asked.return_value == 1, asked.output
    with opened_deliveries(project) as deliveries:
        assert deliveries.undelivered() == {run}


def test_the_origin_is_shown(project: Path) -> None:
    """In the list, in the text, in the report and in every export for people."""
    call(project, OPENHTF / "pass.json")
    assert "imported  OpenHTF, pass.json" in call(project, "latest", first="show").stdout
    assert " imported " in call(project, first="list").stdout
    [listed] = json.loads(call(project, "--format", "json", first="list").stdout)["runs"]
    assert listed["imported"] == {"program": "OpenHTF", "file": "pass.json"}
    assert "OpenHTF: pass.json" in call(project, "latest", "--format", "html", first="export").stdout
    lowered = json.loads(call(project, "latest", "--format", "standcloud", first="export").stdout)
    assert lowered["artifact"]["hardseq"]["imported"] == {"program": "OpenHTF", "file": "pass.json"}


def test_a_file_that_was_attached_comes_along(project: Path) -> None:
    """Its bytes are in the store."""
    call(project, OPENHTF / "pass.json")
    shown = json.loads(call(project, "latest", "--format", "json", first="show").stdout)
    (attached,) = [
        each
        for module in shown["modules"]
        for case in module["cases"]
        for attempt in case["attempts"]
        for each in attempt["attachments"]
    ]
    with closing(SqliteStore(project / ".hardseq" / "hardseq.sqlite3")) as store:
        assert store.attachment(shown["id"], attached["sha256"]) == b"seen by hand"


def said_by_figures(project: Path) -> list[Any]:
    """What the commands that count and reckon say of all runs."""
    asked = ("yield", "failures", "capability", "measurements", "overview")
    return [
        json.loads(call(project, "--format", "json", command=figures.command, first=question).stdout)
        for question in asked
    ]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_was_exported_counts_the_same_elsewhere(form: str, project: Path, tmp_path: Path) -> None:
    """Of every run an export, imported into another project: the same yields, failures, capability and trends."""
    call(project, *RECORDS, *REPORTS)
    other, folder = tmp_path / "other", tmp_path / "exports"
    other.mkdir()
    (other / "hardseq.toml").write_text("", encoding="utf-8")
    for run in stored(project):
        call(project, run, "--format", form, "-o", folder / f"{run}.{form}", first="export")
    told = call(other, folder)
    assert (told.return_value, stored(other)) == (0, stored(project))
    assert _rounded(said_by_figures(other)) == _rounded(said_by_figures(project))
    assert call(other, folder).stdout.startswith(f"0 imported, {len(stored(other))} were there")


def _rounded(said: Any) -> Any:
    """Durations in CSV are in milliseconds, those reckoned of them therefore not exactly the same."""
    if isinstance(said, dict):
        return {key: _rounded(each) for key, each in said.items()}
    if isinstance(said, list):
        return [_rounded(each) for each in said]
    return round(said, 2) if isinstance(said, float) else said


def many(folder: Path, count: int) -> None:
    """So many records, each of another unit."""
    folder.mkdir()
    written = document(OPENHTF / "subtest.json")
    for number in range(count):
        record = {**written, "dut_id": f"SN{number:06}", "start_time_millis": written["start_time_millis"] + number}
        (folder / f"{number:06}.json").write_text(json.dumps(record))


@pytest.mark.slow
@pytest.mark.real_start
def test_killed_in_the_middle_it_goes_on(project: Path, tmp_path: Path) -> None:
    """What was stored stays, the next call stores the rest, and each run is there once."""
    many(tmp_path / "many", 200)
    command = [sys.executable, "-m", "sequencer", "runs", "import", str(tmp_path / "many"), "--project", str(project)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)) as process:
        deadline = time.monotonic() + 60
        while not _some(project) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        process.communicate()
    before = len(stored(project))
    assert 0 < before < 200
    told = call(project, tmp_path / "many")
    assert (told.return_value, told.stdout.partition(":")[0]) == (0, f"{200 - before} imported, {before} were there")
    assert len(stored(project)) == 200


def _some(project: Path) -> bool:
    try:
        return bool(stored(project))
    except Exception:  # it is being made
        return False


def peaks(folder: Path) -> Iterator[int]:
    """The most memory that reading so many more records takes (bytes)."""
    import tracemalloc

    from sequencer.app.import_runs import records_of
    from sequencer.records.record import Origin

    for count in (5, 50):
        tracemalloc.start()
        for found in islice(records_of(folder, Origin), count):
            assert found.record is not None
        yield tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    """Ten times as many files take no more than the few bytes of their names."""
    many(tmp_path / "many", 50)
    list(peaks(tmp_path / "many"))  # what is imported and compiled is there from now on
    few, lots = peaks(tmp_path / "many")
    assert lots < few + 100_000
