"""What is exported as JSON or CSV and imported again: the same report, the same figures."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.figures.rows import CaseRow, RunRows, rows_of
from sequencer.records.files import read_document
from sequencer.records.hardseq_csv import read_csv
from sequencer.records.record import NOT_FINITE, ForeignRecord, Origin, UnusableRecord
from sequencer.report.exports.csv_rows import from_spreadsheet_text, spreadsheet_text, to_csv
from sequencer.report.exports.json_text import to_json
from sequencer.report.exports.words import printable
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from tests.effort import examples
from tests.figures.history import MONDAY, Case, Run, report_of

FROM = Origin("export")


def through_json(report: RunReport) -> RunReport:
    read = read_document(json.loads(to_json(report), parse_constant=str), FROM).report
    assert read.pop("imported") == {"program": "hardseq", "file": "export"}
    return read


def through_csv(*reports: RunReport) -> list[RunReport]:
    text = "".join(map(to_csv, reports))
    found = list(read_csv(io.StringIO(text, newline=""), FROM))
    assert all(isinstance(each, ForeignRecord) for each in found), found
    return [each.report for each in found if isinstance(each, ForeignRecord)]


@given(data=st.data())
@settings(max_examples=examples(50))
def test_json_gives_the_same_report(data: st.DataObject, streams: Any) -> None:
    """Of any run that is over, whatever is in it."""
    report = fold(data.draw(streams), aborted=True)
    assert through_json(report) == report


def in_csv(text: str | None) -> str | None:
    return None if text is None else printable(text)


def counted(rows: RunRows) -> dict[str, Any]:
    """What figures count of a run, as far as CSV says it: times in milliseconds, no waits, parts and log."""
    run = rows.run
    texts = ("sequence", "version", "serial_number", "part_number", "batch", "stand", "operator", "slot", "start")
    plain = ("id", "status", "partial", "simulated", "counted", "judged", "aborted", "error_code", "untested")
    return {
        **{name: in_csv(getattr(run, name)) for name in texts},
        **{name: getattr(run, name) for name in plain},
        "first_failure": in_csv(run.caused_dut_failure_id),
        "began": None if run.began is None else run.began // 1000,
        "cases": Counter(map(_case, rows.cases)),
        "measurements": Counter(
            (in_csv(each.case), in_csv(each.name), in_csv(each.unit), *each[3:]) for each in rows.measurements
        ),
        "failures": Counter((in_csv(each.case), in_csv(each.measurement)) for each in rows.failures),
    }


def _case(row: CaseRow) -> tuple[object, ...]:
    return in_csv(row.name), in_csv(row.title), row.status, row.attempts


@given(data=st.data())
@settings(max_examples=examples(50))
def test_csv_gives_the_same_figures(data: st.DataObject, streams: Any) -> None:
    """Of any run that is over: unit, verdict, marks, cases, attempts, measurements with limits and results."""
    report = fold(data.draw(streams), aborted=True)
    (read,) = through_csv(report)
    assert counted(rows_of(read)) == counted(rows_of(report))


RUNS = [
    Run(
        start=MONDAY + 0.125,
        status="failed",
        serial_number="SN1",
        cases=(Case("m::rail", 2.0, "failed", (("Rail", 5.3, "V", [4.8, 5.2]),)),),
    ),
    Run(
        start=MONDAY + 60, serial_number="=SN1", slot="A", operator="'+Ann", batch="B7", zone="Asia/Tokyo", error_code=7
    ),
    Run(start=MONDAY + 61, serial_number=None, simulated=True, partial=True, debugged=True),
    Run(
        start=MONDAY + 62,
        status="stopped",
        cases=(Case("m::led", 3.0, "stopped"), Case("m::rail", 1.5, earlier=((), (("Rail", 5, "V", None),)))),
    ),
]


def test_several_exports_in_one_file_are_several_runs() -> None:
    """As `cat` makes them; durations stay, to the millisecond."""
    reports = [report_of(run.named(number)) for number, run in enumerate(RUNS)]
    read = through_csv(*reports)
    assert [counted(rows_of(each)) for each in read] == [counted(rows_of(each)) for each in reports]
    for before, after in zip(reports, read, strict=True):
        one, other = ({case.name: case for case in rows_of(each).cases} for each in (before, after))
        for name, case in one.items():
            assert other[name].seconds == pytest.approx(case.seconds, abs=0.002)
            assert (other[name].retried or 0) == pytest.approx(case.retried or 0, abs=0.002)


@pytest.mark.parametrize("value", NOT_FINITE)
def test_a_number_that_is_not_finite_comes_back(value: str) -> None:
    """One of them begins as a formula does, and is guarded as one."""
    report = report_of(RUNS[0].named(1))
    (taken,) = report["modules"][0]["cases"][0]["attempts"][0]["measurements"]
    taken["value"] = value
    (read,) = through_csv(report)
    assert read["modules"][0]["cases"][0]["attempts"][0]["measurements"][0]["value"] == value
    assert counted(rows_of(read)) == counted(rows_of(report))


@given(st.text("'=+-@ \t\r\n＝ax1", max_size=8))
def test_every_text_comes_back_from_a_spreadsheet(text: str) -> None:
    """Apostrophes that were there stay, those that kept a formula from being one go."""
    cell = spreadsheet_text(text)
    assert from_spreadsheet_text(cell) == text
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝"))


def changed(**cells: str) -> str:
    """The export of a run with other cells in its row."""
    heading, row, *_ = to_csv(report_of(RUNS[0].named(1))).splitlines()
    import csv

    names = heading.split(",")
    (values,) = csv.reader([row])
    out = io.StringIO()
    csv.writer(out).writerows([names, [cells.get(name, value) for name, value in zip(names, values, strict=True)]])
    return out.getvalue()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"run_status": "passed"}, "the run passed, but its case m::rail did not"),
        ({"run_status": "good"}, "`run_status` must be one of passed"),
        ({"run_start": "05.01.2026 00:00"}, "`run_start` must be a time in UTC"),
        ({"marks": "real"}, "`marks` cannot be 'real'"),
        ({"value": "5,3"}, "`value` must be a number, not '5,3'"),
        ({"value": "9" * 400}, "`value` must be a number"),
        ({"limits_json": "{"}, "`limits_json` must be JSON"),
        ({"error_code": "E7"}, "`error_code` must be a whole number"),
        ({"attempt": "0"}, "an attempt needs a number"),
        ({"without_measurements": "[7]"}, "`without_measurements` must be a list"),
        ({"run": ""}, "`run` and `run_start` must not be empty"),
    ],
)
def test_what_a_spreadsheet_changed_is_told_with_its_line(cells: dict[str, str], said: str) -> None:
    """The run is refused, and the next one in the file is read."""
    text = changed(**cells) + to_csv(report_of(RUNS[1].named(2)))
    refused, read = list(read_csv(io.StringIO(text, newline=""), FROM))
    assert isinstance(refused, UnusableRecord)
    assert isinstance(read, ForeignRecord)
    assert (said in refused.message, refused.line) == (True, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "passed"}, "the run passed, but its case m::rail did not"),
        ({"status": "run"}, "not over"),
        ({"format": "hardseq/report/9"}, "does not know the format"),
        ({"start_time": "today"}, "`start_time` must be a number"),
        ({"id": ""}, "no id"),
    ],
)
def test_a_report_that_was_changed_is_refused(change: dict[str, Any], said: str) -> None:
    """What was damaged, or contradicts itself, is no report to rely on."""
    document = json.loads(to_json(report_of(RUNS[0].named(1))))
    with pytest.raises(UnusableRecord, match=said):
        read_document({**document, **change}, FROM)


def test_comments_come_along() -> None:
    """They are notes of the run again, and no part of the report."""
    from sequencer.report.note import new_note, with_notes

    report = report_of(RUNS[0].named(1))
    note = new_note(report["id"], user="Ann", source="panel", comment="a bent pin", disposition="repair")
    found = read_document(json.loads(to_json(with_notes(report, [note]))), FROM)
    assert found.notes == [note]
    assert "notes" not in found.report
