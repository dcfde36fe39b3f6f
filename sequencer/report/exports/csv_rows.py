"""``csv``: one row per measurement of every attempt, for spreadsheets and statistics (RFC 4180, UTF-8, comma).

What made no measurement is in the first row, in ``without_measurements``; a run without any has one row, in which
``type`` is empty. So the file says all that the main figures count of a run, and ``hardseq runs import`` reads it. A
text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sequencer.limits.bounds import bounds
from sequencer.report.evidence import marks
from sequencer.report.exports.words import limits_in_words, printable, words_of_limits
from sequencer.report.model import AttemptReport, CaseReport, MeasurementReport, ModuleReport, RunReport
from sequencer.vocabulary.json_text import as_text, one_line
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
    "type",
    "limits_json",
    "warn_limits_json",
    "run_stop",
    "timezone",
    "operator",
    "marks",
    "untested",
    "error_code",
    "first_failure",
    "module_name",
    "group",
    "skip_kind",
    "attempt_start",
    "attempt_stop",
    "without_measurements",
)
"""Times are ISO 8601 in UTC; ``limits`` is in words, the two bounds are numbers where there are such; ``result`` is
``passed``, ``failed`` or, without limits, empty. ``marks`` is why the run is no evidence, and ``aborted``; ``group``
that of the module where it is not ``main``, else that of the case. ``without_measurements`` is JSON: a list of the
cases that, or attempts of which, measured nothing, with the names of the columns."""

SLOT_COLUMNS = ("slot", "start")
"""Behind the others in the file of a run that was in a slot."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | float


def to_csv(report: RunReport) -> str:
    """The measurements of a run as rows under ``COLUMNS``; a single one when it made none."""
    text = io.StringIO()
    writer = csv.writer(text)
    slot = [] if "slot" not in report or "start" not in report else [report["slot"]["name"], report["start"]["id"]]
    writer.writerow([*COLUMNS, *(SLOT_COLUMNS if slot else ())])
    writer.writerows([*row, *map(_cell, slot)] for row in _rows(report))
    return text.getvalue()


def _rows(report: RunReport) -> Iterator[list[Cell]]:
    run, more, others = _run_cells(report), _more_run_cells(report), _without_measurements(report)
    is_first = True
    for module in report["modules"]:
        for case in module["cases"]:
            of_case = [_cell(module["name"]), _group(module, case), case.get("skip_kind") or ""]
            for attempt in case["attempts"]:
                begin = [*run, *_case_cells(module, case, attempt)]
                end = [*more, *of_case, *_attempt_times(attempt)]
                for measurement in attempt["measurements"]:
                    yield [*begin, *_measurement_cells(measurement), *end, others if is_first else ""]
                    is_first = False
    if is_first:
        of_measurement = [""] * (COLUMNS.index("run_stop") - COLUMNS.index("module"))
        yield [*run, *of_measurement, *more, *[""] * (len(COLUMNS) - COLUMNS.index("module_name") - 1), others]


def _without_measurements(report: RunReport) -> str:
    found: list[dict[str, object]] = []
    for module in report["modules"]:
        for case in module["cases"]:
            attempts = [attempt for attempt in case["attempts"] if not attempt["measurements"]]
            if attempts or not case["attempts"]:
                columns: dict[str, object] = {"module": module["id"], "module_name": module["name"]}
                columns |= {"case": case["id"], "case_name": case["name"], "case_status": case["status"]}
                columns |= {"group": _group(module, case), "skip_kind": case.get("skip_kind") or ""}
                found.append(columns | {"attempts": [_attempt_columns(attempt) for attempt in attempts]})
    return one_line(found) if found else ""


def _attempt_columns(attempt: AttemptReport) -> dict[str, object]:
    start, stop = _attempt_times(attempt)
    number, status = attempt["number"], attempt["status"]
    return {"attempt": number, "attempt_status": status, "attempt_start": start, "attempt_stop": stop}


def _run_cells(report: RunReport) -> list[Cell]:
    dut, sequence = report["dut"], report["sequence"]
    return [
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


def _more_run_cells(report: RunReport) -> list[Cell]:
    timezone = report["stand"].get("timezone") or report["host"].get("timezone")
    code = report["error_code"]
    return [
        moment(report["stop_time"]),
        _cell(timezone if isinstance(timezone, str) else None),
        _cell(report["user"]),
        " ".join([*marks(report), *(["aborted"] if report["aborted"] else ())]),
        report.get("untested") or "",
        "" if code is None else code,
        _cell(report["caused_dut_failure_id"]),
    ]


def _case_cells(module: ModuleReport, case: CaseReport, attempt: AttemptReport) -> list[Cell]:
    return [
        _cell(module["id"]),
        _cell(case["id"]),
        _cell(case["name"]),
        case["status"],
        attempt["number"],
        attempt["status"],
    ]


def _group(module: ModuleReport, case: CaseReport) -> str:
    return case["group"] if module["group"] == "main" else module["group"]


def _attempt_times(attempt: AttemptReport) -> list[Cell]:
    return [moment(attempt["start_time"]), moment(attempt["stop_time"])]


def _measurement_cells(measurement: MeasurementReport) -> list[Cell]:
    value = measurement["value"]
    lower, upper = bounds(measurement["limits"], measurement["unit"])
    warn_limits = measurement.get("warn_limits")
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
        _cell(words_of_limits(warn_limits, measurement["unit"])),
        _cell(measurement.get("warning")),
        measurement["type"],
        "" if measurement["limits"] is None else _cell(one_line(measurement["limits"])),
        "" if warn_limits is None else _cell(one_line(warn_limits)),
    ]


def spreadsheet_text(text: str) -> str:
    """``text`` as no spreadsheet takes it for a formula; :func:`from_spreadsheet_text` gives it back."""
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def from_spreadsheet_text(cell: str) -> str:
    """The text that ``spreadsheet_text`` made the cell of."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell.lstrip("'")) else cell


def _is_formula(text: str) -> bool:
    # Some programs trim what they import: blanks before a formula make it none the less.
    return text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)


def _cell(text: str | None) -> str:
    return spreadsheet_text(printable(text or ""))
