"""``csv``: one row per measurement of every attempt, for spreadsheets and statistics (RFC 4180, UTF-8, comma).

A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sequencer.limits.bounds import bounds
from sequencer.report.exports.words import limits_in_words, printable, words_of_limits
from sequencer.report.model import AttemptReport, CaseReport, MeasurementReport, ModuleReport, RunReport
from sequencer.vocabulary.json_text import as_text
from sequencer.vocabulary.times import moment

COLUMNS = (
    "run",
    "run_status",
    "run_start",
    "sequence",
    "version",
    "serial_number",
    "part_number",
    "batch",
    "stand",
    "module",
    "case",
    "case_name",
    "case_status",
    "attempt",
    "attempt_status",
    "measurement",
    "value",
    "unit",
    "limits",
    "lower_limit",
    "upper_limit",
    "result",
    "reason",
    "time",
    "place",
    "warn_limits",
    "warning",
)
"""Times are ISO 8601 in UTC; ``limits`` is in words, the two bounds are numbers where there are such; ``result`` is
``passed``, ``failed`` or, without limits, empty."""

SLOT_COLUMNS = ("slot", "start")
"""Behind the others in the file of a run that was in a slot."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | float


def to_csv(report: RunReport) -> str:
    """The measurements of a run as rows under ``COLUMNS``; just the heading when it made none."""
    text = io.StringIO()
    writer = csv.writer(text)
    slot = [] if "slot" not in report or "start" not in report else [report["slot"]["name"], report["start"]["id"]]
    writer.writerow([*COLUMNS, *(SLOT_COLUMNS if slot else ())])
    writer.writerows([*row, *map(_cell, slot)] for row in _rows(report))
    return text.getvalue()


def _rows(report: RunReport) -> Iterator[list[Cell]]:
    dut, sequence = report["dut"], report["sequence"]
    run = [
        _cell(report["id"]),
        report["status"],
        moment(report["start_time"]),
        _cell(sequence["name"]),
        _cell(sequence["version"]),
        _cell(dut.get("serial_number")),
        _cell(dut.get("part_number")),
        _cell(report["batch"].get("serial_number")),
        _cell(report["stand"].get("name")),
    ]
    for module in report["modules"]:
        for case in module["cases"]:
            for attempt in case["attempts"]:
                for measurement in attempt["measurements"]:
                    yield [*run, *_case_cells(module, case, attempt), *_measurement_cells(measurement)]


def _case_cells(module: ModuleReport, case: CaseReport, attempt: AttemptReport) -> list[Cell]:
    return [
        _cell(module["id"]),
        _cell(case["id"]),
        _cell(case["name"]),
        case["status"],
        attempt["number"],
        attempt["status"],
    ]


def _measurement_cells(measurement: MeasurementReport) -> list[Cell]:
    value = measurement["value"]
    lower, upper = bounds(measurement["limits"], measurement["unit"])
    return [
        _cell(measurement["name"]),
        value if type(value) in (int, float) else _cell(as_text(value)),  # type: ignore[list-item]  # its type was asked for
        _cell(measurement["unit"]),
        _cell(limits_in_words(measurement)),
        "" if lower is None else lower,
        "" if upper is None else upper,
        "superseded"
        if measurement.get("superseded")
        else {True: "passed", False: "failed", None: ""}[measurement["result"]],
        _cell(measurement["reason"]),
        moment(measurement["time"]),
        _cell(measurement["place"]),
        _cell(words_of_limits(measurement.get("warn_limits"), measurement["unit"])),
        _cell(measurement.get("warning")),
    ]


def spreadsheet_text(text: str) -> str:
    """``text`` as no spreadsheet takes it for a formula."""
    # Some programs trim what they import: blanks before a formula make it none the less.
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _cell(text: str | None) -> str:
    return spreadsheet_text(printable(text or ""))
