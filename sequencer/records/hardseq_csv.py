"""hardseq's own CSV exports: all that figures count of a run, from one row a measurement.

A file may hold several exports, one after the other, each with its heading or without. What the rows do not have
(messages, dialogs, failures, charts, files, parts of the product) is not in the report; times are in milliseconds.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, cast, get_args

from sequencer.records.hardseq_json import PROGRAM
from sequencer.records.record import (
    NOT_FINITE,
    ForeignRecord,
    Origin,
    UnusableRecord,
    add_attempt,
    new_case,
    new_module,
    new_run,
)
from sequencer.report.exports.csv_rows import COLUMNS, SLOT_COLUMNS, from_spreadsheet_text
from sequencer.report.fact_sections import DutReport
from sequencer.report.fields import blank
from sequencer.report.model import AttemptReport, CaseReport, MeasurementReport, ModuleReport, RunReport
from sequencer.vocabulary.data import Data, MeasurementType
from sequencer.vocabulary.status import (
    BAD_STATUSES,
    FINAL_STATUSES,
    GROUPS,
    SKIP_KINDS,
    UNTESTED,
    Group,
    SkipKind,
    Status,
    Untested,
    verdict,
)

LONGEST_CELL = 2**28
"""Letters of a cell: an array that was measured is one."""
_MARKS = frozenset({"partial", "debugged", "simulated", "aborted"})
_RESULTS: Mapping[str, bool | None] = {"passed": True, "failed": False, "superseded": None, "": None}
_TYPES: tuple[MeasurementType, ...] = get_args(MeasurementType)
_INTEGER = re.compile(r"-?\d{1,300}")
_HINT = "export the run again with this version of hardseq, best as JSON; spreadsheets change what they save"


class CsvRow:
    """A row by the names of its columns; ``line`` is where it ends in the file."""

    def __init__(self, cells: Mapping[str, str], line: int) -> None:
        self._cells = cells
        self.line = line

    def __getitem__(self, column: str) -> str:
        """What was exported into the cell; an empty text where there is none."""
        return from_spreadsheet_text(self._cells.get(column, ""))

    def text(self, column: str) -> str | None:
        """The text of the cell; ``None`` for an empty one."""
        return self[column] or None

    def word(self, column: str, words: Iterable[str]) -> str:
        """One of these words. Raises ``UnusableRecord``."""
        if self[column] not in words:
            expected = ", ".join(word for word in words if word)
            raise self.wrong(f"`{column}` must be one of {expected}, not {self[column]!r:.60}")
        return self[column]

    def time(self, column: str) -> float | None:
        """Unix seconds; ``None`` for an empty cell. Raises ``UnusableRecord``."""
        if not self[column]:
            return None
        try:
            found = datetime.fromisoformat(self[column])
            if found.tzinfo is None:
                raise ValueError
            return found.timestamp()
        except (ValueError, OverflowError):
            raise self.wrong(
                f"`{column}` must be a time in UTC such as 2026-11-22T13:00:05.120Z, not {self[column]!r:.60}"
            ) from None

    def data(self, column: str) -> Data:
        """The JSON in the cell; ``None`` for an empty one. Raises ``UnusableRecord``."""
        text = self.text(column)
        try:
            return None if text is None else cast(Data, json.loads(text, parse_constant=str))
        except (ValueError, RecursionError):
            raise self.wrong(f"`{column}` must be JSON, not {text!r:.60}") from None

    def wrong(self, message: str) -> UnusableRecord:
        """What cannot be used, with the line."""
        return UnusableRecord("record-form", message, line=self.line, hint=_HINT)


def is_heading(cells: list[str]) -> bool:
    """Whether these are the names of the columns."""
    return cells[: len(_FIRST)] == _FIRST


_FIRST = list(COLUMNS[:3])


def read_csv(lines: Iterable[str], origin: Origin) -> Iterator[ForeignRecord | UnusableRecord]:
    """The runs in a file's ``lines``, each as soon as its rows are read: a report, or why there is none.

    A run's rows stand together. What comes after a row that cannot be read at all is read on from the next run.
    """
    try:
        for _, rows in groupby(_rows(lines), lambda row: row["run"]):
            try:
                yield _record(list(rows), origin)
            except UnusableRecord as unusable:
                yield unusable
    except UnusableRecord as unusable:
        yield unusable


def _rows(lines: Iterable[str]) -> Iterator[CsvRow]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, strict=True)
    columns: list[str] = []
    try:
        for cells in reader:
            if is_heading(cells):
                columns = cells
                _check_columns(columns, reader.line_num)
            elif len(cells) != len(columns):
                message = f"the row has {len(cells)} cells, and its heading {len(columns)}"
                raise UnusableRecord("record-form", message, line=reader.line_num, hint=_HINT)
            else:
                yield CsvRow(dict(zip(columns, cells, strict=True)), reader.line_num)
    except csv.Error as error:
        raise UnusableRecord("record-form", f"no CSV: {error}", line=reader.line_num, hint=_HINT) from None


def _check_columns(columns: list[str], line: int) -> None:
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise UnusableRecord(
            "record-form",
            f"the columns {', '.join(missing)} are missing: whether the runs were simulated or partial is not known",
            line=line,
            hint="an earlier version of hardseq wrote it, or a person changed it; export the runs again, best as JSON",
        )


def _record(rows: list[CsvRow], origin: Origin) -> ForeignRecord:
    first = rows[0]
    start = first.time("run_start")
    if not first["run"] or start is None:
        raise first.wrong("`run` and `run_start` must not be empty")
    report = new_run(first.text("run") or "", first.text("sequence") or "", start, first.time("run_stop"))
    _fill_run(report, first)
    cases = _Cases(report)
    for row in rows:
        if row["type"]:
            cases.attempt(row)["measurements"].append(_measurement(row, start))
    for row in _without_measurements(first):
        cases.attempt(row) if row["attempt"] else cases.case(row)
    cases.settle()
    if "partial" in first["marks"].split():
        report["selection"] = [name for name, case in cases.by_name() if case.get("skip_kind") != "selection"]
    bad = [name for name, case in cases.by_name() if case["status"] in BAD_STATUSES]
    if report["status"] == "passed" and bad:
        raise first.wrong(f"the run passed, but its case {bad[0]} did not")
    return ForeignRecord(origin.marked(report, PROGRAM))


def _without_measurements(first: CsvRow) -> Iterator[CsvRow]:
    """The cases and attempts that measured nothing, as rows."""
    found = first.data("without_measurements") or []
    try:
        for case in cast(Any, found):
            attempts = case.pop("attempts")
            for each in attempts or [{}]:
                yield CsvRow({name: str(value) for name, value in {**case, **each}.items()}, first.line)
    except (TypeError, AttributeError, KeyError):
        raise first.wrong("`without_measurements` must be a list of cases with `attempts`") from None


class _Cases:
    """The modules, cases and attempts of a run, in the order in which they are met, then of their attempts."""

    def __init__(self, report: RunReport) -> None:
        self._report = report
        self._modules: dict[str, ModuleReport] = {}
        self._cases: dict[tuple[str, str], CaseReport] = {}
        self._attempts: dict[tuple[str, str, str], AttemptReport] = {}
        self._statuses: dict[tuple[str, str], Status] = {}

    def case(self, row: CsvRow) -> CaseReport:
        """The case of the row. Raises ``UnusableRecord``."""
        module_id, case_id = row.text("module") or "", row.text("case") or ""
        if module_id not in self._modules:
            self._modules[module_id] = new_module(module_id, row.text("module_name") or module_id)
            self._report["modules"].append(self._modules[module_id])
        if (known := self._cases.get((module_id, case_id))) is None:
            group = cast(Group, row.word("group", GROUPS))
            known = self._cases[module_id, case_id] = new_case(case_id, row.text("case_name") or case_id, group)
            known["skip_kind"] = cast("SkipKind | None", row.word("skip_kind", (*SKIP_KINDS, "")) or None)
            self._statuses[module_id, case_id] = cast(Status, row.word("case_status", FINAL_STATUSES))
            self._modules[module_id]["cases"].append(known)
        return known

    def attempt(self, row: CsvRow) -> AttemptReport:
        """The attempt of the row. Raises ``UnusableRecord``."""
        key = row.text("module") or "", row.text("case") or "", row["attempt"]
        if key not in self._attempts:
            self._attempts[key] = _attempt(self.case(row), row)
        return self._attempts[key]

    def by_name(self) -> Iterator[tuple[str, CaseReport]]:
        """The cases by their full names."""
        return ((f"{module}::{case}", report) for (module, case), report in self._cases.items())

    def settle(self) -> None:
        """Attempts in their order; statuses and times of what is made of them."""
        for name, case in self._cases.items():
            case["attempts"].sort(key=lambda attempt: attempt["number"])
            case["status"] = self._statuses[name]
            if case["attempts"]:
                case["start_time"] = case["attempts"][0]["start_time"]
                case["stop_time"] = case["attempts"][-1]["stop_time"]
        for module in self._modules.values():
            module["status"] = verdict(case["status"] for case in module["cases"])
            began = [case["start_time"] for case in module["cases"] if case["start_time"] is not None]
            ended = [case["stop_time"] for case in module["cases"] if case["stop_time"] is not None]
            module["start_time"], module["stop_time"] = min(began, default=None), max(ended, default=None)


def _fill_run(report: RunReport, row: CsvRow) -> None:
    report["status"] = cast(Status, row.word("run_status", FINAL_STATUSES))
    report["sequence"]["version"] = row.text("version")
    unit = {"serial_number": row.text("serial_number"), "part_number": row.text("part_number")}
    report["dut"] = cast(DutReport, {key: value for key, value in unit.items() if value is not None})
    if (batch := row.text("batch")) is not None:
        report["batch"]["serial_number"] = batch
    if (stand := row.text("stand")) is not None:
        report["stand"]["name"] = stand
    report["user"] = row.text("operator")
    if timezone := row.text("timezone"):
        report["host"]["timezone"] = timezone
    marked = set(row["marks"].split())
    if unknown := marked - _MARKS:
        raise row.wrong(f"`marks` cannot be {' '.join(sorted(unknown))!r:.60}")
    report["simulated"], report["debugged"] = "simulated" in marked, "debugged" in marked
    report["aborted"] = "aborted" in marked
    report["untested"] = cast("Untested | None", row.word("untested", (*UNTESTED, "")) or None)
    report["caused_dut_failure_id"] = row.text("first_failure")
    if code := row["error_code"]:
        if not code.isascii() or not code.isdigit() or len(code) > 18:
            raise row.wrong(f"`error_code` must be a whole number, not {code!r:.60}")
        report["error_code"] = int(code)
    slot, started = (row.text(column) for column in SLOT_COLUMNS)
    if slot is not None and started is not None:
        report["slot"], report["start"] = {"name": slot, "number": 1}, {"id": started, "slots": [slot]}


def _attempt(case: CaseReport, row: CsvRow) -> AttemptReport:
    start, stop, number = row.time("attempt_start"), row.time("attempt_stop"), row["attempt"]
    if start is None or not re.fullmatch("[1-9][0-9]{0,8}", number):
        raise row.wrong("an attempt needs a number from 1 in `attempt`, and `attempt_start`")
    status = cast(Status, row.word("attempt_status", FINAL_STATUSES))
    return add_attempt(case, int(number), status, start, start if stop is None else stop)


def _measurement(row: CsvRow, time: float) -> MeasurementReport:
    measurement = blank(MeasurementReport)
    measurement["name"], measurement["unit"] = row.text("measurement") or "", row.text("unit")
    measurement["type"] = cast(MeasurementType, row.word("type", _TYPES))
    measurement["value"] = _value(row, measurement["type"])
    measurement["limits"], measurement["reason"] = row.data("limits_json"), row.text("reason")
    measurement["result"] = _RESULTS[row.word("result", tuple(_RESULTS))]
    measurement["place"], measurement["time"] = row.text("place") or "", row.time("time") or time
    if row["result"] == "superseded":
        measurement["superseded"] = True
    if (warn_limits := row.data("warn_limits_json")) is not None:
        measurement["warn_limits"] = warn_limits
    if (warning := row.text("warning")) is not None:
        measurement["warning"] = warning
    return measurement


def _value(row: CsvRow, kind: MeasurementType) -> Data:
    if kind == "string":
        return row.text("value") or ""
    if kind == "numeric":
        if row["value"] in NOT_FINITE:
            return row["value"]
        try:
            number = int(row["value"]) if _INTEGER.fullmatch(row["value"]) else float(row["value"])
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise row.wrong(f"`value` must be a number, not {row['value']!r:.60}")
        return number
    if kind == "other":  # what Python shows of an object, or JSON
        try:
            return row.data("value")
        except UnusableRecord:
            return row.text("value")
    return row.data("value")
