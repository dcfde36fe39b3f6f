"""Which runs a question is about, how its rows are split, and how SQL and JSON say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import time
from typing import Literal, NamedTuple, get_args

Ask = Callable[[str, Sequence[object]], list[tuple[object, ...]]]
"""Answers SQL with its values."""

Span = Literal["hour", "shift", "day", "week", "month"]
SPANS: tuple[Span, ...] = get_args(Span)

COLUMNS = {
    "stand": "stand",
    "slot": "slot",
    "part_number": "part_number",
    "sequence": "sequence",
    "version": "version",
    "batch": "batch",
    "operator": "operator",
    "user": "operator",
}
"""What runs and units can be split by, with the column that says it."""

FILTERS = {
    "sequence": "the sequence's name",
    "part_number": "the part number of the DUT",
    "stand": "the stand's name",
    "slot": "the name of the slot that the DUT was in",
    "batch": "the batch",
    "version": "the version of the sequence",
    "operator": "the name of the operator",
}
"""What runs and units can be chosen by."""

MIDNIGHT = ("00:00",)


class Scope(NamedTuple):
    """Which runs, and how they are split.

    Fields that are not ``None`` must match; ``since <= start_time < until`` (Unix seconds). ``by``: names of
    ``COLUMNS``. ``span``: the time in the time zone of the stand, weeks from Monday, shifts from the times of day in
    ``shifts``. A unit belongs to the time, stand and so on of its first judged run. ``newest``: of each value of ``by``
    only so many judged runs, or of questions about units so many of them, the newest ones. ``clock_since`` and
    ``clock_until`` are as ``since`` and ``until``, of what the clock of the stand showed, as if that were UTC: spans of
    stands in several time zones are not one time.
    """

    sequence: str | None = None
    part_number: str | None = None
    stand: str | None = None
    slot: str | None = None
    since: float | None = None
    until: float | None = None
    by: tuple[str, ...] = ()
    span: Span | None = None
    shifts: tuple[str, ...] = MIDNIGHT
    batch: str | None = None
    version: str | None = None
    operator: str | None = None
    newest: int | None = None
    clock_since: float | None = None
    clock_until: float | None = None

    def of_runs(self, wanted: Mapping[str, str | None]) -> Scope:
        """The same of those runs that match, by the names of ``FILTERS``."""
        return self._replace(
            sequence=wanted.get("sequence"),
            part_number=wanted.get("part_number"),
            stand=wanted.get("stand"),
            slot=wanted.get("slot"),
            batch=wanted.get("batch"),
            version=wanted.get("version"),
            operator=wanted.get("operator"),
        )

    @property
    def is_of_circumstances(self) -> bool:
        """Whether runs are chosen and split by their circumstances and their time, and nothing else of them."""
        return self.span is None and self.newest is None and self.clock_since is None and self.clock_until is None

    def where(self, table: str, circumstances: str | None = None) -> tuple[str, list[object]]:
        """The condition on the rows of ``table``, and its values.

        ``circumstances``: the table that has those of their runs; by default ``table`` itself has.
        """
        conditions = {
            **{f"{circumstances or table}.{name} = ?": getattr(self, name) for name in FILTERS},
            f"{table}.start_time >= ?": self.since,
            f"{table}.start_time < ?": self.until,
            f"epoch({table}.began) >= ?": self.clock_since,
            f"epoch({table}.began) < ?": self.clock_until,
        }
        wanted = {text: value for text, value in conditions.items() if value is not None}
        condition, values = " AND ".join(wanted) or "TRUE", list(wanted.values())
        if self.newest is None:
            return condition, values
        counts = f"{condition} AND runs.judged" if table == "runs" else condition
        own = f"PARTITION BY {', '.join(f'{table}.{COLUMNS[name]}' for name in self.by)}" if self.by else ""
        place = f"row_number() OVER ({own} ORDER BY {table}.start_time DESC, {table}.id DESC)"
        newest = f"SELECT {table}.rowid FROM {table} WHERE {counts} QUALIFY {place} <= ?"
        return f"{table}.rowid IN ({newest})", [*values, self.newest]

    def split(self, table: str) -> list[str]:
        """The columns of the splits, the span last: the time when it began. Text would take three times as long."""
        span = "NULL::TIMESTAMP" if self.span is None else _SPANS[self.span](f"{table}.began", self.shifts)
        return [*(f"{table}.{COLUMNS[name]}" for name in self.by), span]

    def said(self, values: Sequence[object]) -> Split:
        """What a row belongs to, from the values of its splits."""
        *by, span = values
        return Split(dict(zip(self.by, by, strict=True)), self._written(span))

    def _written(self, span: object) -> str | None:
        """``2026-06-01``, with ``T14:00`` where a day has several."""
        if span is None or self.span is None:
            return None
        day, _, clock = str(span).partition(" ")
        return f"{day}T{clock[:5]}" if self.span in _OF_A_DAY else day


class Split(NamedTuple):
    """What a row is about: the values of ``by``, and when the span began, as the stand's clock showed it."""

    by: dict[str, object]
    span: str | None

    @property
    def key(self) -> tuple[object, ...]:
        """The same as values, to find rows by."""
        return (*self.by.values(), self.span)

    def document(self) -> dict[str, object]:
        """As JSON, where there are any: ``by`` with the values, ``span``."""
        by: dict[str, object] = {"by": self.by} if self.by else {}
        return by if self.span is None else {**by, "span": self.span}


def _cut(unit: str) -> Callable[[str, Sequence[str]], str]:
    return lambda column, shifts: f"date_trunc('{unit}', {column})"


def _shift(column: str, shifts: Sequence[str]) -> str:
    """The newest begin of a shift that is not later; before the first one of a day it is the day before's last."""
    begins = sorted(time.fromisoformat(begin) for begin in shifts or MIDNIGHT)
    late_first = [
        f"WHEN {column}::TIME >= TIME '{begin}' THEN {column}::DATE + TIME '{begin}'" for begin in begins[::-1]
    ]
    before = f"{column}::DATE - 1 + TIME '{begins[-1]}'"
    return f"CASE {' '.join(late_first)} ELSE {before} END"


_OF_A_DAY: tuple[Span, ...] = ("hour", "shift")
_SPANS: dict[Span, Callable[[str, Sequence[str]], str]] = {
    "hour": _cut("hour"),
    "shift": _shift,
    "day": _cut("day"),
    "week": _cut("week"),
    "month": _cut("month"),
}


def named(columns: Sequence[str], names: Sequence[str]) -> str:
    """Columns of a SELECT with their names."""
    return ", ".join(f"{column} AS {name}" for column, name in zip(columns, names, strict=True))


def same(one: str, other: str, names: Sequence[str]) -> str:
    """The condition that rows of two tables have the same values, also where both have none."""
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in names) or "TRUE"


def grouped(
    rows: Sequence[tuple[object, ...]], splits: int
) -> Iterator[tuple[tuple[object, ...], list[tuple[object, ...]]]]:
    """The rest of the rows by their first values, which follow each other."""
    groups: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
    for row in rows:
        groups.setdefault(row[:splits], []).append(row[splits:])
    yield from groups.items()
