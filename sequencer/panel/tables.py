"""History as rows for spreadsheets. Texts that a spreadsheet would take for a formula are made harmless."""

from __future__ import annotations

import csv as _csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sequencer.figures.history import SeriesPoint, Statistics
from sequencer.project.action_log import LogEntry
from sequencer.report.exports.csv_rows import spreadsheet_text
from sequencer.report.note import Note, disposition_of
from sequencer.store.base import RunSummary
from sequencer.vocabulary.json_text import one_line
from sequencer.vocabulary.times import moment

if TYPE_CHECKING:
    from sequencer.figures.catalogue import RowKey

Row = Sequence[object]


def csv(rows: Iterable[Row]) -> Iterator[str]:
    """Each row as a line of CSV (RFC 4180)."""
    buffer = io.StringIO()
    writer = _csv.writer(buffer)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        value = one_line(value)
    return spreadsheet_text(value) if isinstance(value, str) else value


def run_rows(runs: Iterable[tuple[RunSummary, Sequence[Note]]]) -> Iterator[Row]:
    """One row a run; times in UTC (ISO 8601). What was added to a run is in the last two columns."""
    yield (*RunSummary._fields, "disposition", "comments")
    for run, notes in runs:
        yield [
            *(moment(value) if name.endswith("_time") else value for name, value in run._asdict().items()),
            disposition_of(notes),
            "\n".join(note.comment for note in notes if note.comment),
        ]


def log_rows(entries: Iterable[LogEntry]) -> Iterator[Row]:
    """One row an action, newest first; times in UTC (ISO 8601), ``details`` as JSON."""
    yield LogEntry._fields
    for entry in entries:
        yield [moment(entry.time) if name == "time" else getattr(entry, name) for name in LogEntry._fields]


def statistics_rows(found: Statistics, by_slot: Mapping[str, Statistics]) -> Iterator[Row]:
    """Counts and yields, then failures by case, then counts and yields of each slot."""
    yield ("name", "value")
    for name in (
        "runs", "judged", "passed", "failed", "error", "stopped", "skipped", "units", "first_passed", "total_yield",
        "first_pass_yield", "mean_seconds",
    ):  # fmt: skip
        yield (name, getattr(found, name))
    for failure in found.failures:
        yield (f"failures of {failure.case}", failure.runs)
    for slot, part in by_slot.items():
        for name in ("runs", "judged", "passed", "units", "first_passed", "total_yield", "first_pass_yield"):
            yield (f"{name} of slot {slot}", getattr(part, name))


def series_rows(points: Iterable[SeriesPoint]) -> Iterator[Row]:
    """One row a value, oldest first."""
    yield ("run", "time", "serial_number", "value", "unit", "lower", "upper", "result")
    for point in points:
        yield (
            point.run_id, moment(point.time), point.serial_number, point.value, point.unit, point.lower, point.upper,
            point.result,
        )  # fmt: skip


def figure_lines(rows: Iterable[Mapping[str, object]], keys: Sequence[RowKey]) -> list[dict[str, object]]:
    """An answer of the figures as lines: splits as columns; each run of a unit and so on in one of its own."""
    return [line for row in rows for line in _figure_lines(row, keys)]


def _figure_lines(row: Mapping[str, object], keys: Sequence[RowKey]) -> Iterator[dict[str, object]]:
    by = row.get("by")
    unrolled = next((key.name for key in keys if key.has_lines), None)
    plain = {name: value for name, value in row.items() if name not in ("by", unrolled)}
    plain = {**(by if isinstance(by, dict) else {}), **plain}
    lines = row.get(unrolled) if unrolled else None
    if isinstance(lines, list):
        yield from ({**plain, **line} for line in lines or [{}])
    else:
        yield plain


def figure_rows(rows: Iterable[Mapping[str, object]], keys: Sequence[RowKey]) -> Iterator[Row]:
    """The same with a heading, of all columns that one of the lines has; times in UTC (ISO 8601)."""
    lines = figure_lines(rows, keys)
    names = list(dict.fromkeys(name for line in lines for name in line))
    if names:
        yield names
    for line in lines:
        if isinstance(began := line.get("start_time"), float):
            line["start_time"] = moment(began)
        yield [in_one_cell(line.get(name)) for name in names]


def in_one_cell(value: object) -> object:
    """Numbers or words of a list one after the other; what else there is as it is."""
    if isinstance(value, list) and not any(isinstance(one, dict) for one in value):
        return " ".join(map(str, value))
    return value
