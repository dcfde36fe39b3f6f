"""``hardseq figures``: what all runs say together, as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import Refusal
from sequencer.app.project_figures import opened_figures
from sequencer.cli import figures
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.history import MONDAY, Case, Feed, Run, report_of

YIELD = [
    *("by", "span", "runs", "passed", "failed", "error", "yield"),
    *("units", "first_passed", "first_pass_yield", "final_passed", "final_yield"),
]
FAILURES = ["by", "name", "title", "runs", "units", "share", "cumulative"]
CAPABILITY = [
    *("sequence", "case", "measurement", "unit", "n", "mean", "sigma", "sigma_within", "lower", "upper"),
    *("cp", "cpk", "pp", "ppk", "below", "above"),
]
TIME = ["case", "n", "mean", "median", "p95", "share"]
UNIT = ["serial_number", "part_number", "runs", "sub_units", "built_into"]
RUN = ["id", "start_time", "sequence", "stand", "slot", "status", "caused_dut_failure_id"]


def call(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(figures.command, [*arguments, "--project", str(folder)], standalone_mode=False)


def asked(folder: Path, *arguments: str) -> Any:
    """The JSON that it writes."""
    found = call(folder, *arguments, "--format", "json")
    assert found.exception is None, found.exception
    return json.loads(found.stdout)


def rail(value: float) -> tuple[Case, ...]:
    status = "passed" if value <= 5.2 else "failed"
    return (Case("m::rail", 2.0, status, (("Rail", value, "V", [4.8, 5.2]),), title="Rail 5 V"), Case("m::led", 6.0))


RUNS = [
    Run(start=MONDAY, status="failed", serial_number="SN1", cases=rail(5.3), error_code=7),
    Run(start=MONDAY + 60, serial_number="SN1", cases=rail(5.0), stand="Stand 2", sub_units=(("CPU1", "CPU"),)),
    Run(start=MONDAY + 86_400, serial_number="SN2", cases=rail(5.1), slot="=A"),
    Run(start=MONDAY + 86_400, serial_number="SN3", cases=rail(9.9), simulated=True),
    Run(start=MONDAY + 86_460, serial_number="CPU1", part_number="CPU", sequence="CPU test", cases=()),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in whose store a few runs are."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "hardseq.toml").touch()
    store = SqliteStore(folder / ".hardseq" / "hardseq.sqlite3")
    for number, run in enumerate(RUNS):
        store.save(report_of(run.named(number)))
    store.close()
    return folder


def test_yield(project: Path) -> None:
    """Its row has exactly these keys; rates are from 0 to 1, and what cannot be said is null."""
    (row,) = asked(project, "yield", "--sequence", "Board test")
    assert list(row) == YIELD
    assert row == {
        "by": {},
        "span": None,
        "runs": 3,
        "passed": 2,
        "failed": 1,
        "error": 0,
        "yield": 2 / 3,
        "units": 2,
        "first_passed": 1,
        "first_pass_yield": 0.5,
        "final_passed": 2,
        "final_yield": 1.0,
    }
    rows = asked(project, "yield", "--span", "day", "--by", "stand", "--by", "slot", "--part-number", "PN1")
    assert [(row["span"], row["by"], row["runs"]) for row in rows] == [
        ("2026-01-05", {"stand": "Stand 1", "slot": None}, 1),
        ("2026-01-05", {"stand": "Stand 2", "slot": None}, 1),
        ("2026-01-06", {"stand": "Stand 1", "slot": "=A"}, 1),
    ]
    assert rows[1]["units"] == 0 and rows[1]["first_pass_yield"] is None
    (nothing,) = asked(project, "yield", "--stand", "nowhere")
    assert (nothing["runs"], nothing["yield"]) == (0, None)
    assert asked(project, "yield", "--stand", "nowhere", "--by", "stand") == []
    late = asked(project, "yield", "--since", "2026-01-06T00:00+00:00", "--until", "2026-01-06T00:00:30+00:00")
    assert [row["runs"] for row in late] == [1]


@pytest.mark.slow
def test_one_measurement(project: Path) -> None:
    """Each point, bin and version in a line of text or CSV; in JSON the numbers of all three values."""
    named = ("m::rail", "Rail")
    (bins,) = asked(project, "histogram", *named)
    assert (bins["n"], sum(one["count"] for one in bins["bins"]), bins["upper"]) == (3, 3, 5.2)
    assert [row["value"] for row in asked(project, "values", *named, "--unit", "V")] == [5.3, 5.0, 5.1]
    assert asked(project, "values", *named, "--unit", "") == []
    assert [row["by"] for row in asked(project, "box", *named, "--by", "stand")] == [
        {"stand": "Stand 1"},
        {"stand": "Stand 2"},
    ]
    (limits,) = asked(project, "limits", *named)
    assert (limits["lower"], limits["n"], limits["until"]) == (4.8, 3, MONDAY + 86_400)
    assert asked(project, "scatter", *named) == asked(project, "correlations", *named) == []
    control = call(project, "control", *named, "--subgroup", "2").stdout.splitlines()
    assert len(control) == 2 and "5.15" in control[1] and "serial number" in control[0]
    lines = list(
        csv.DictReader(io.StringIO(call(project, "control", *named, "--format", "csv").stdout.lstrip("\ufeff")))
    )
    assert [(line["value"], line["rules"], line["n"]) for line in lines] == [
        ("5.3", "", "3"),
        ("5.0", "", "3"),
        ("5.1", "", "3"),
    ]
    assert call(project, "histogram", "m::rail").exit_code != 0
    (row,) = asked(project, "capability", "--case", "m::rail", "--measurement", "Rail")
    assert row["n"] == 3


def test_measurements_and_cases(project: Path) -> None:
    """The yield that a measurement costs and its trend; of a case the median in each version."""
    (row,) = asked(project, "measurements")
    assert (list(row)[: len(CAPABILITY)], row["lost"]) == (CAPABILITY, 1 / 3)
    assert row["trend"] == [pytest.approx(5.15), 5.1]
    shown = call(project, "measurements", "--format", "csv").stdout.splitlines()
    assert shown[1].endswith("5.15 5.1")
    led, rail_5v = asked(project, "cases")
    assert (led["title"], rail_5v["title"], rail_5v["retries"], rail_5v["asked"]) == ("m::led", "Rail 5 V", 0, 0.0)
    assert led["versions"] == [{"version": "1.0", "n": 3, "median": 6.0}]
    assert "m::led" in call(project, "cases").stdout


def test_failures(project: Path) -> None:
    """By case when nothing else is said, by measurement, by error code; one of them at a time."""
    (row,) = asked(project, "failures")
    assert list(row) == FAILURES
    assert row == {
        "by": {"case": "m::rail"},
        "name": "m::rail",
        "title": "Rail 5 V",
        "runs": 1,
        "units": 1,
        "share": 1.0,
        "cumulative": 1.0,
    }
    (row,) = asked(project, "failures", "--by", "measurement", "--by", "stand")
    assert (row["name"], row["by"]["stand"]) == ("m::rail::Rail", "Stand 1")
    (row,) = asked(project, "failures", "--by", "error_code")
    assert (row["name"], row["by"]) == ("7", {"error_code": 7})
    assert isinstance(call(project, "failures", "--by", "case", "--by", "measurement").exception, Refusal)


def test_capability_and_time(project: Path) -> None:
    """Of counted runs; split rows say what they are about."""
    (row,) = asked(project, "capability")
    assert list(row) == CAPABILITY
    assert (row["n"], row["lower"], row["upper"], row["below"], row["above"]) == (3, 4.8, 5.2, 0, 1)
    assert row["sigma_within"] == pytest.approx((0.3 + 0.1) / 2 / 1.128)
    rows = asked(project, "capability", "--by", "stand")
    assert [(one["by"], one["n"]) for one in rows] == [({"stand": "Stand 1"}, 2), ({"stand": "Stand 2"}, 1)]
    assert rows[1]["sigma"] is rows[1]["ppk"] is None
    rows = asked(project, "time")
    assert [list(row) for row in rows] == [TIME, TIME]
    assert [(row["case"], row["n"], row["median"], row["share"]) for row in rows] == [
        ("m::led", 3, 6.0, 0.75),
        ("m::rail", 3, 2.0, 0.25),
    ]


def test_unit(project: Path) -> None:
    """All runs of a serial number over stands and sequences, what is in it, and what it is in."""
    (unit,) = asked(project, "unit", "SN1")
    assert list(unit) == UNIT
    assert [list(run) for run in unit["runs"]] == [RUN, RUN]
    assert [(run["status"], run["stand"]) for run in unit["runs"]] == [("failed", "Stand 1"), ("passed", "Stand 2")]
    assert unit["runs"][0]["caused_dut_failure_id"] == "m::rail"
    assert unit["sub_units"] == [{"serial_number": "CPU1", "part_number": "CPU"}]
    (part,) = asked(project, "unit", "CPU1")
    assert part["built_into"] == [{"serial_number": "SN1", "part_number": "PN1"}]
    assert asked(project, "unit", "unknown") == []
    assert "its sub-units: CPU1 (CPU)" in call(project, "unit", "SN1").stdout


def test_text_and_csv(project: Path) -> None:
    """A table for people, and one for spreadsheets, in which no text is a formula."""
    text = call(project, "yield", "--by", "slot", "--sequence", "Board test").stdout
    assert "50.0 %" in text and "=A" in text
    rows = list(csv.DictReader(io.StringIO(call(project, "yield", "--by", "slot", "--format", "csv").stdout)))
    assert [row["slot"] for row in rows] == ["'=A", ""]
    assert rows[0]["yield"] == "1.0"
    rows = list(csv.DictReader(io.StringIO(call(project, "unit", "SN1", "--format", "csv").stdout)))
    assert [row["start_time"] for row in rows] == ["2026-01-05T00:00:00.000Z", "2026-01-05T00:01:00.000Z"]
    for command in ("failures", "capability", "time"):
        assert "m::" in call(project, command).stdout
    assert "nothing to show" in call(project, "capability", "--stand", "nowhere").stderr


def test_what_came_since_is_counted_and_rebuild_begins_anew(project: Path, tmp_path: Path) -> None:
    """Without anybody asking for it; a rebuilt index says the same."""
    (tmp_path / "hardseq.toml").touch()
    assert asked(tmp_path, "yield")[0]["runs"] == 0
    store = SqliteStore(tmp_path / ".hardseq" / "hardseq.sqlite3")
    store.save(report_of(RUNS[0]))
    assert asked(tmp_path, "yield")[0]["runs"] == 1
    assert call(tmp_path, "rebuild").stdout.startswith("1 runs in ")
    assert asked(tmp_path, "yield")[0]["runs"] == 1


def test_an_index_in_use_is_told(project: Path) -> None:
    """By whom, and what to do."""
    state = project / ".hardseq"
    with (
        FiguresIndex(state / "figures.duckdb", state / "figures.lock"),
        pytest.raises(Refusal, match="is in use") as refused,
        opened_figures(project, lambda done, left: None, patience=0.0),
    ):
        pass
    assert refused.value.hint is not None


def test_where_there_can_be_no_file_the_figures_are_made_for_once(project: Path, tmp_path: Path) -> None:
    """As in a folder that cannot be written, and as a history can be read there."""
    (tmp_path / "hardseq.toml").touch()
    store = SqliteStore(tmp_path / ".hardseq" / "hardseq.sqlite3")
    store.save(report_of(RUNS[0]))
    (tmp_path / ".hardseq" / "figures.lock").mkdir()
    found = call(tmp_path, "yield", "--format", "json")
    assert json.loads(found.stdout)[0]["runs"] == 1
    assert "for this once" in found.stderr


def test_while_the_store_is_away_the_figures_are_those_of_the_last_time(tmp_path: Path) -> None:
    """And say so; where there are none yet the command says what is wrong."""
    configuration = '[database]\nstorage_type = "couchdb"\nurl = "http://127.0.0.1:9"\ntimeout = 1.0\n'
    (tmp_path / "hardseq.toml").write_text(configuration)
    refused = call(tmp_path, "yield").exception
    assert isinstance(refused, Refusal) and "127.0.0.1:9" in str(refused)
    with FiguresIndex(tmp_path / ".hardseq" / "figures.duckdb") as index:
        follow(index, Feed([report_of(RUNS[0])], "http://127.0.0.1:9/hardseq"))  # type: ignore[arg-type]
    found = call(tmp_path, "yield", "--format", "json")
    assert json.loads(found.stdout)[0]["runs"] == 1
    assert "those of the last time" in found.stderr


def test_a_folder_of_parquet_files(project: Path, tmp_path: Path) -> None:
    """Without a panel the command makes the files itself; what it cannot do it says."""
    folder = tmp_path / "out"
    first = call(project, "export", "--parquet", str(folder))
    assert first.exception is None, first.exception
    assert first.stdout == f"{folder}: 9 files written, 0 removed, 0 unchanged\n"
    assert call(project, "export", "--parquet", str(folder)).stdout.endswith(
        "0 files written, 0 removed, 9 unchanged\n"
    )
    found = duckdb.sql(f"SELECT run, status FROM read_parquet('{folder}/runs/**/*.parquet') ORDER BY start_time, run")
    assert [status for _, status in found.fetchall()] == [run.status for run in RUNS]
    refused = call(project, "export", "--parquet", str(tmp_path)).exception
    assert isinstance(refused, Refusal) and "is not empty" in str(refused)
