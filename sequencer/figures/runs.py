"""The runs themselves, page by page: found by part of a text, sorted by a column, counted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from sequencer.figures.cells import number, real, text
from sequencer.figures.parquet import write_rows
from sequencer.figures.scope import Ask, Scope
from sequencer.store.base import Neighbours
from sequencer.vocabulary.status import FINAL_STATUSES, Status

_NUMBERS = ("start_time", "seconds", "error_code")

Order = Literal["ascending", "descending"]
ORDERS: tuple[Order, ...] = get_args(Order)

SORTS = {
    "start_time": "runs.start_time",
    "status": "runs.status",
    "serial_number": "runs.serial_number",
    "part_number": "runs.part_number",
    "batch": "runs.batch",
    "sequence": "runs.sequence",
    "version": "runs.version",
    "stand": "runs.stand",
    "slot": "runs.slot",
    "operator": "runs.operator",
    "seconds": "runs.stop_time - runs.start_time",
    "case": "runs.caused_dut_failure_id",
    "error_code": "runs.error_code",
}
"""What runs can be sorted by, with the expression; what lacks it comes last, the newest first among equals."""


class RunsChoice(NamedTuple):
    """Which runs, besides those in a scope; fields that are not ``None`` must match.

    ``text``: a part of the serial number, the part number, the batch, the error code, or the id or title of a case that
    failed, in capitals or not; or the whole id of the run. ``case``: it failed, had an error or was stopped.
    ``measurement`` (``module::case::name``): it missed its limits.
    """

    text: str | None = None
    serial_number: str | None = None
    status: Status | None = None
    case: str | None = None
    measurement: str | None = None
    error_code: int | None = None

    def where(self) -> tuple[str, list[object]]:
        """The condition on rows of ``runs``, and its values."""
        conditions: list[str] = []
        values: list[object] = []
        if self.text is not None:
            conditions.append(_HAS_TEXT)
            values += [self.text] * _HAS_TEXT.count("?")
        for column, wanted in (("serial_number", self.serial_number), ("status", self.status)):
            if wanted is not None:
                conditions.append(f"runs.{column} = ?")
                values.append(wanted)
        if self.case is not None:
            conditions.append(_FAILED.format("failures.measurement IS NULL AND titles.name = ?"))
            values.append(self.case)
        if self.measurement is not None:
            conditions.append(_FAILED.format("titles.name || '::' || failures.measurement = ?"))
            values.append(self.measurement)
        if self.error_code is not None:
            conditions.append("runs.error_code = ?")
            values.append(self.error_code)
        return " AND ".join(conditions) or "TRUE", values


_FAILED = "runs.run IN (SELECT failures.run FROM failures JOIN titles USING (title) WHERE {})"
_PARTS = ("runs.serial_number", "runs.part_number", "runs.batch", "runs.error_code::VARCHAR")
_OF_CASES = "contains(lower(titles.name), lower(?)) OR contains(lower(titles.said), lower(?))"
_HAS_TEXT = (
    f"({' OR '.join(f'contains(lower({column}), lower(?))' for column in _PARTS)} OR runs.id = ? "
    f"OR {_FAILED.format(_OF_CASES)})"
)


EVERY = RunsChoice()


class FoundRun(NamedTuple):
    """A run as the index has it; ``seconds`` from its start to its end, ``changed``: its report was, in the store.

    ``imported``: the program whose record it is.
    """

    id: str
    status: str
    start_time: float
    seconds: float | None
    serial_number: str | None
    part_number: str | None
    batch: str | None
    sequence: str
    version: str | None
    stand: str | None
    slot: str | None
    operator: str | None
    caused_dut_failure_id: str | None
    error_code: int | None
    partial: bool
    simulated: bool
    aborted: bool
    untested: str | None
    changed: bool
    imported: str | None

    def document(self) -> dict[str, object]:
        """As JSON."""
        return self._asdict()


_EXPRESSIONS = {name: f"runs.{name}" for name in FoundRun._fields} | {
    "seconds": "runs.stop_time - runs.start_time AS seconds"
}
COLUMNS = ", ".join(_EXPRESSIONS.values())
"""Of ``runs``, as :func:`found_run` reads them."""


class Totals(NamedTuple):
    """Of all runs that match: how many there are, how many ended how, and of how many units they are."""

    runs: int = 0
    passed: int = 0
    failed: int = 0
    error: int = 0
    stopped: int = 0
    skipped: int = 0
    units: int = 0


class FoundRuns(NamedTuple):
    """A page. ``next`` is the cursor of the following one, ``None`` on the last one."""

    runs: list[FoundRun]
    next: str | None


class _Place(NamedTuple):
    """The last run of a page: the value that it is sorted by, and what orders equal ones."""

    value: object
    start_time: float
    run: str


def runs(
    ask: Ask,
    scope: Scope,
    choice: RunsChoice = EVERY,
    *,
    sort: str = "start_time",
    order: Order = "descending",
    limit: int = 50,
    cursor: str | None = None,
) -> FoundRuns:
    """At most ``limit`` runs in this order, following those of the page whose ``next`` was ``cursor``.

    ``sort``: a name of ``SORTS``. Runs that arrive in between shift nothing. Raises ``ValueError`` for a cursor of
    another list.
    """
    conditions, values = _both(scope, choice)
    by = SORTS[sort]
    if cursor is not None:
        after, more = _after(by, order, _place(cursor, sort, order))
        conditions = f"{conditions} AND {after}"
        values += more
    rows = ask(_page(by, order, conditions), [*values, limit + 1])
    found = [found_run(row[1:]) for row in rows[:limit]]
    more_follow = len(rows) > limit
    return FoundRuns(found, _cursor(sort, order, rows[limit - 1][0], found[-1]) if more_follow else None)


def _page(by: str, order: Order, conditions: str) -> str:
    """Which runs first, what they are then: of a million rows only those columns are read that order them."""
    direction = "ASC" if order == "ascending" else "DESC"
    return (
        f"WITH page AS (SELECT runs.run, {by} AS sorted, runs.start_time AS began_at, runs.id AS named FROM runs "
        f"WHERE {conditions} ORDER BY sorted {direction} NULLS LAST, began_at DESC, named DESC LIMIT ?) "
        f"SELECT page.sorted, {COLUMNS} FROM page JOIN runs USING (run) "
        f"ORDER BY sorted {direction} NULLS LAST, began_at DESC, named DESC"
    )


def _after(by: str, order: Order, place: _Place) -> tuple[str, list[object]]:
    """The condition on runs that follow; in the order of time it spares the parts of the table where none is."""
    older: list[object] = [place.start_time, place.start_time, place.run]
    among = "(runs.start_time <= ? AND (runs.start_time < ? OR runs.id < ?))"
    if by == SORTS["start_time"] and order == "descending":
        return among, older
    if place.value is None:
        return f"{by} IS NULL AND {among}", older
    side = ">" if order == "ascending" else "<"
    return f"({by} {side} ? OR {by} IS NULL OR ({by} = ? AND {among}))", [place.value, place.value, *older]


def _before(by: str, order: Order, place: _Place) -> tuple[str, list[object]]:
    """The condition on runs that stand above it, as :func:`_after` has it."""
    newer: list[object] = [place.start_time, place.start_time, place.run]
    among = "(runs.start_time >= ? AND (runs.start_time > ? OR runs.id > ?))"
    if by == SORTS["start_time"] and order == "descending":
        return among, newer
    if place.value is None:
        return f"({by} IS NOT NULL OR {among})", newer
    side = "<" if order == "ascending" else ">"
    return f"({by} {side} ? OR ({by} = ? AND {among}))", [place.value, place.value, *newer]


def neighbours(
    ask: Ask,
    run: str,
    scope: Scope,
    choice: RunsChoice = EVERY,
    *,
    sort: str = "start_time",
    order: Order = "descending",
) -> Neighbours | None:
    """The runs that match just above (``newer``) and below (``older``) ``run`` in this order, of which it need not be
    one; ``None`` where that is not here."""
    by = SORTS[sort]
    found = ask(f"SELECT {by}, runs.start_time, runs.id FROM runs WHERE runs.id = ?", [run])
    if not found:
        return None
    value, start_time, identity = found[0]
    place = _Place(value, real(start_time) or 0.0, str(identity))
    conditions, values = _both(scope, choice)
    down, up = ("ASC", "DESC") if order == "ascending" else ("DESC", "ASC")

    def nearest(beside: tuple[str, list[object]], listed: str) -> str | None:
        rows = ask(
            f"SELECT runs.id FROM runs WHERE {conditions} AND {beside[0]} ORDER BY {listed} LIMIT 1",
            [*values, *beside[1]],
        )
        return str(rows[0][0]) if rows else None

    return Neighbours(
        nearest(_before(by, order, place), f"{by} {up} NULLS FIRST, runs.start_time ASC, runs.id ASC"),
        nearest(_after(by, order, place), f"{by} {down} NULLS LAST, runs.start_time DESC, runs.id DESC"),
    )


def totals(ask: Ask, scope: Scope, choice: RunsChoice = EVERY) -> Totals:
    """Of all pages together."""
    conditions, values = _both(scope, choice)
    counts = ", ".join(f"count(*) FILTER (runs.status = '{status}')" for status in FINAL_STATUSES)
    (row,) = ask(
        f"SELECT count(*), {counts}, count(DISTINCT runs.serial_number) FROM runs WHERE {conditions}",
        values,
    )
    found = dict(zip(("runs", *FINAL_STATUSES, "units"), row, strict=True))
    return Totals(**{name: number(found[name]) for name in Totals._fields})


def all_runs(
    ask: Ask,
    scope: Scope,
    choice: RunsChoice = EVERY,
    *,
    sort: str = "start_time",
    order: Order = "descending",
    at_once: int = 1000,
) -> Iterator[FoundRun]:
    """Every run that matches, page by page."""
    cursor: str | None = None
    while True:
        page = runs(ask, scope, choice, sort=sort, order=order, limit=at_once, cursor=cursor)
        yield from page.runs
        if (cursor := page.next) is None:
            return


def write_runs(
    ask: Ask,
    scope: Scope,
    choice: RunsChoice,
    file: Path,
    *,
    sort: str = "start_time",
    order: Order = "descending",
    columns: Sequence[str] = FoundRun._fields,
) -> None:
    """Every run that matches, as a new Parquet file with these ``columns``, names of :class:`FoundRun`."""
    conditions, values = _both(scope, choice)
    written = {**_EXPRESSIONS, "start_time": "TRY(to_timestamp(runs.start_time)) AS start_time"}
    direction = "ASC" if order == "ascending" else "DESC"
    select = (
        f"SELECT {', '.join(written[name] for name in columns)} FROM runs WHERE {conditions} "
        f"ORDER BY {SORTS[sort]} {direction} NULLS LAST, runs.start_time DESC, runs.id DESC"
    )
    write_rows(ask, select, values, file)


def _both(scope: Scope, choice: RunsChoice) -> tuple[str, list[object]]:
    within, values = scope.where("runs")
    chosen, more = choice.where()
    return f"{within} AND {chosen}", [*values, *more]


def _cursor(sort: str, order: Order, value: object, last: FoundRun) -> str:
    written = json.dumps([sort, order, value, last.start_time, last.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def _place(cursor: str, sort: str, order: Order) -> _Place:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
        known_sort, known_order, value, start_time, run = found
        known = (known_sort, known_order) == (sort, order) and isinstance(run, str)
        place = _Place(value, float(start_time), str(run))
    except (ValueError, TypeError, binascii.Error):
        known = False
    kind = (int, float) if sort in _NUMBERS else str
    if not known or not (place.value is None or isinstance(place.value, kind)):
        raise ValueError("this is not a cursor of this list")
    return place


def found_run(row: Sequence[object]) -> FoundRun:
    """The run whose ``COLUMNS`` these are."""
    said = dict(zip(FoundRun._fields, row, strict=True))
    return FoundRun(
        id=str(said["id"]),
        status=str(said["status"]),
        start_time=real(said["start_time"]) or 0.0,
        seconds=real(said["seconds"]),
        serial_number=text(said["serial_number"]),
        part_number=text(said["part_number"]),
        batch=text(said["batch"]),
        sequence=str(said["sequence"]),
        version=text(said["version"]),
        stand=text(said["stand"]),
        slot=text(said["slot"]),
        operator=text(said["operator"]),
        caused_dut_failure_id=text(said["caused_dut_failure_id"]),
        error_code=None if said["error_code"] is None else number(said["error_code"]),
        partial=bool(said["partial"]),
        simulated=bool(said["simulated"]),
        aborted=bool(said["aborted"]),
        untested=text(said["untested"]),
        changed=bool(said["changed"]),
        imported=text(said["imported"]),
    )
