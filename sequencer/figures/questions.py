"""What is asked of the figures index, each question once, in SQL; ``docs/reference/figures.md`` says what it means.

Every row can say itself as JSON (``document``): the shapes are a contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import time
from itertools import accumulate
from typing import Literal, NamedTuple, get_args

from sequencer.figures import formulas

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

CAUSES = ("case", "measurement", "error_code")
"""What failures are told apart by."""

MIDNIGHT = ("00:00",)


class Scope(NamedTuple):
    """Which runs, and how they are split.

    Fields that are not ``None`` must match; ``since <= start_time < until`` (Unix seconds). ``by``: names of
    ``COLUMNS``. ``span``: the time in the time zone of the stand, weeks from Monday, shifts from the times of day in
    ``shifts``. A unit belongs to the time, stand and so on of its first judged run.
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

    def where(self, table: str) -> tuple[str, list[object]]:
        """The condition on the rows of ``table``, and its values."""
        conditions = {
            f"{table}.sequence = ?": self.sequence,
            f"{table}.part_number = ?": self.part_number,
            f"{table}.stand = ?": self.stand,
            f"{table}.slot = ?": self.slot,
            f"{table}.start_time >= ?": self.since,
            f"{table}.start_time < ?": self.until,
        }
        wanted = {text: value for text, value in conditions.items() if value is not None}
        return " AND ".join(wanted) or "TRUE", list(wanted.values())

    def split(self, table: str) -> list[str]:
        """The columns of the splits, the span last."""
        span = "NULL::VARCHAR" if self.span is None else _SPANS[self.span](f"{table}.began", self.shifts)
        return [*(f"{table}.{COLUMNS[name]}" for name in self.by), span]

    def said(self, values: Sequence[object]) -> Split:
        """What a row belongs to, from the values of its splits."""
        *by, span = values
        return Split(dict(zip(self.by, by, strict=True)), None if span is None else str(span))


class Split(NamedTuple):
    """What a row is about: the values of ``by``, and when the span began, as the stand's clock showed it."""

    by: dict[str, object]
    span: str | None


def _cut(unit: str, form: str) -> Callable[[str, Sequence[str]], str]:
    return lambda column, shifts: f"strftime(date_trunc('{unit}', {column}), '{form}')"


def _shift(column: str, shifts: Sequence[str]) -> str:
    """The newest begin of a shift that is not later; before the first one of a day it is the day before's last."""
    begins = sorted(time.fromisoformat(begin) for begin in shifts or MIDNIGHT)
    late_first = [
        f"WHEN {column}::TIME >= TIME '{begin}' THEN {column}::DATE + TIME '{begin}'" for begin in begins[::-1]
    ]
    before = f"{column}::DATE - 1 + TIME '{begins[-1]}'"
    return f"strftime(CASE {' '.join(late_first)} ELSE {before} END, '%Y-%m-%dT%H:%M')"


_SPANS: dict[Span, Callable[[str, Sequence[str]], str]] = {
    "hour": _cut("hour", "%Y-%m-%dT%H:%M"),
    "shift": _shift,
    "day": _cut("day", "%Y-%m-%d"),
    "week": _cut("week", "%Y-%m-%d"),
    "month": _cut("month", "%Y-%m-%d"),
}


class YieldRow(NamedTuple):
    """Judged runs by verdict, and the units whose first judged run is one of these."""

    split: Split
    passed: int
    failed: int
    error: int
    units: int
    first_passed: int
    second_passed: int
    final_passed: int

    @property
    def runs(self) -> int:
        """All judged runs."""
        return self.passed + self.failed + self.error

    @property
    def second_pass_yield(self) -> float | None:
        """The units that passed in their first or second judged run, of all units."""
        return formulas.rate(self.second_passed, self.units)

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "by": self.split.by,
            "span": self.split.span,
            "runs": self.runs,
            "passed": self.passed,
            "failed": self.failed,
            "error": self.error,
            "yield": formulas.rate(self.passed, self.runs),
            "units": self.units,
            "first_passed": self.first_passed,
            "first_pass_yield": formulas.rate(self.first_passed, self.units),
            "final_passed": self.final_passed,
            "final_yield": formulas.rate(self.final_passed, self.units),
        }


def yields(ask: Ask, scope: Scope) -> list[YieldRow]:
    """Yield by the splits, in the order of time, then of the splits; one row without splits."""
    runs, run_values = scope.where("runs")
    units, unit_values = scope.where("units")
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    sides = [
        f"SELECT {_named(scope.split(table), names)}, {counts} FROM {table} WHERE {where} GROUP BY {', '.join(names)}"
        for table, where, counts in (
            (
                "runs",
                f"judged AND {runs}",
                "count(*) FILTER (status = 'passed') AS passed, count(*) FILTER (status = 'failed') AS failed, "
                "count(*) FILTER (status = 'error') AS error, 0 AS units, 0 AS firsts, 0 AS seconds, 0 AS finals",
            ),
            (
                "units",
                units,
                "0, 0, 0, count(*), count(*) FILTER (first_passed), count(*) FILTER (second_passed), "
                "count(*) FILTER (final_passed)",
            ),
        )
    ]
    sums = ", ".join(
        f"sum({name})::BIGINT" for name in ("passed", "failed", "error", "units", "firsts", "seconds", "finals")
    )
    rows = ask(
        f"SELECT {', '.join(names)}, {sums} FROM ({' UNION ALL '.join(sides)}) GROUP BY {', '.join(names)} "
        f"ORDER BY {', '.join(f'{name} NULLS LAST' for name in (names[-1], *names[:-1]))}",
        [*run_values, *unit_values],
    )
    if not rows and not scope.by and scope.span is None:
        return [YieldRow(Split({}, None), *(0,) * 7)]
    return [YieldRow(scope.said(row[: len(names)]), *_numbers(row[len(names) :])) for row in rows]


class FailureShare(NamedTuple):
    """In how many counted runs something failed, and of how many units: a bar of a Pareto chart."""

    split: Split
    name: str
    title: str
    runs: int
    units: int
    share: float | None
    cumulative: float | None

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "by": self.split.by,
            **({} if self.split.span is None else {"span": self.split.span}),
            "name": self.name,
            "title": self.title,
            "runs": self.runs,
            "units": self.units,
            "share": self.share,
            "cumulative": self.cumulative,
        }


_UNIT = "CASE WHEN runs.serial_number IS NOT NULL THEN (runs.sequence, runs.part_number, runs.serial_number) END"
_CAUSES = {
    "case": (
        "titles.name",
        "arg_max(titles.said, (titles.since, titles.said))",
        "failures JOIN runs USING (run) JOIN titles USING (title)",
        "failures.measurement IS NULL",
    ),
    "measurement": (
        "titles.name || '::' || failures.measurement",
        "arg_max(titles.said || ': ' || failures.measurement, (titles.since, titles.said))",
        "failures JOIN runs USING (run) JOIN titles USING (title)",
        "failures.measurement IS NOT NULL",
    ),
    "error_code": ("runs.error_code", "runs.error_code", "runs", "runs.error_code IS NOT NULL"),
}
"""By what failures are told apart: its id, what people read, where it stands, and which rows have it."""


def failures(ask: Ask, scope: Scope, cause: str = "case") -> list[FailureShare]:
    """What failed, the most frequent first. ``share`` is of all such failures in the row's splits.

    ``scope.by`` may have ``cause`` among its names; ``by`` says it then, too.
    """
    name, title, tables, has = _CAUSES[cause]
    splits = scope._replace(by=tuple(one for one in scope.by if one != cause))
    names = [f"s{number}" for number in range(len(splits.by) + 1)]
    where, values = scope.where("runs")
    rows = ask(
        f"SELECT {_named(splits.split('runs'), names)}, {name} AS name, {title}, "
        f"count(DISTINCT runs.run) AS runs, count(DISTINCT {_UNIT}) "
        f"FROM {tables} WHERE runs.counted AND {has} AND {where} GROUP BY {', '.join(names)}, {name} "
        f"ORDER BY {', '.join(f'{one} NULLS LAST' for one in (names[-1], *names[:-1]))}, runs DESC, name",
        values,
    )
    found: list[FailureShare] = []
    for split, bars in _grouped(rows, len(names)):
        total = sum(_number(bar[2]) for bar in bars)
        for bar, so_far in zip(bars, accumulate(_number(bar[2]) for bar in bars), strict=True):
            said = splits.said(split)
            by = {one: bar[0] if one == cause else said.by[one] for one in scope.by}
            runs, units = _numbers(bar[2:])
            shares = formulas.rate(runs, total), formulas.rate(so_far, total)
            found.append(FailureShare(Split(by, said.span), str(bar[0]), str(bar[1]), runs, units, *shares))
    return found


class CapabilityRow(NamedTuple):
    """A measurement's values in counted runs, and how they fit the limits of the newest one."""

    split: Split
    sequence: str
    case: str
    measurement: str
    unit: str | None
    n: int
    mean: float | None
    sigma: float | None
    sigma_within: float | None
    lower: float | None
    upper: float | None
    below: int
    above: int

    @property
    def indices(self) -> formulas.CapabilityIndices:
        """Cp, Cpk, Pp and Ppk."""
        return formulas.capability(self.mean, self.sigma, self.sigma_within, self.lower, self.upper)

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            **_said(self.split),
            **{name: getattr(self, name) for name in self._fields[1:-2]},
            **self.indices._asdict(),
            "below": self.below,
            "above": self.above,
        }


def capabilities(ask: Ask, scope: Scope) -> list[CapabilityRow]:
    """Every numeric measurement, the worst Ppk first; those of which none can be said follow.

    Neighbours are values that follow each other in time, then by the id of the run and their place in it.
    """
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    where, values = scope.where("runs")
    # A run's place in time is found once, and as a number: values are sorted by it, and there are many more of them.
    rows = ask(
        f"""
        WITH placed AS (
            SELECT run, {_named(scope.split("runs"), names)},
                   row_number() OVER (ORDER BY start_time, id)::UBIGINT * 4294967296 AS place
            FROM runs WHERE counted AND {where}
        ), splits AS (
            SELECT *, row_number() OVER () AS split FROM (SELECT DISTINCT {", ".join(names)} FROM placed)
        ), numbered AS (
            SELECT run, split, place FROM placed JOIN splits ON {_same("placed", "splits", names)}
        ), taken AS (
            SELECT split, series, value, value - lag(value) OVER own AS step,
                   last_value(lower) OVER whole AS lower, last_value(upper) OVER whole AS upper
            FROM measurements JOIN numbered USING (run) WHERE value IS NOT NULL
            WINDOW own AS (PARTITION BY split, series ORDER BY place + position),
                   whole AS (PARTITION BY split, series ORDER BY place + position
                             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ), sums AS (
            SELECT split, series, count(*) AS n, avg(value) AS mean, stddev_samp(value) AS sigma,
                   avg(abs(step)) AS range, max(lower) AS lower, max(upper) AS upper,
                   count(*) FILTER (value < lower) AS below, count(*) FILTER (value > upper) AS above
            FROM taken GROUP BY split, series
        )
        SELECT {", ".join(names)}, sequence, series.name, measurement, unit,
               n, mean, sigma, range, lower, upper, below, above
        FROM sums JOIN splits USING (split) JOIN series USING (series)
        """,
        values,
    )
    return sorted((_capability_row(scope, row, len(names)) for row in rows), key=_worst_first)


def _capability_row(scope: Scope, row: tuple[object, ...], splits: int) -> CapabilityRow:
    sequence, case, measurement, unit, n, mean, sigma, moving, lower, upper, below, above = row[splits:]
    return CapabilityRow(
        split=scope.said(row[:splits]),
        sequence=str(sequence),
        case=str(case),
        measurement=str(measurement),
        unit=_text(unit),
        n=_number(n),
        mean=_float(mean),
        sigma=formulas.overall_sigma(_float(mean), _float(sigma)),
        sigma_within=formulas.sigma_within(_float(moving)),
        lower=_float(lower),
        upper=_float(upper),
        below=_number(below),
        above=_number(above),
    )


def _worst_first(row: CapabilityRow) -> tuple[object, ...]:
    ppk = row.indices.ppk
    said = [str(value) for value in (*row.split.by.values(), row.split.span)]
    return ppk is None, ppk or 0.0, row.sequence, row.case, row.measurement, row.unit or "", said


class TimeRow(NamedTuple):
    """How long a case took in counted runs, in seconds, and its share of the time of all cases."""

    split: Split
    case: str
    n: int
    mean: float
    median: float
    p95: float
    share: float | None

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {**_said(self.split), **{name: getattr(self, name) for name in self._fields[1:]}}


def times(ask: Ask, scope: Scope) -> list[TimeRow]:
    """Where the time goes, the most first. Quantiles are interpolated linearly (NIST 7.2.6.2, Hyndman and Fan's R7)."""
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    where, values = scope.where("runs")
    rows = ask(
        f"""
        WITH chosen AS (
            SELECT run, {_named(scope.split("runs"), names)} FROM runs WHERE counted AND {where}
        ), called AS (
            SELECT title, name, min(title) OVER (PARTITION BY name) AS one FROM titles
        )
        SELECT {", ".join(names)}, any_value(name) AS name, count(*), avg(seconds),
               quantile_cont(seconds, [0.5, 0.95]), sum(seconds) AS total
        FROM cases JOIN chosen USING (run) JOIN called USING (title)
        WHERE seconds IS NOT NULL GROUP BY {", ".join(names)}, one
        ORDER BY {", ".join(f"{one} NULLS LAST" for one in (names[-1], *names[:-1]))}, total DESC, name
        """,
        values,
    )
    found: list[TimeRow] = []
    for split, cases in _grouped(rows, len(names)):
        total = sum(_float(case[4]) or 0.0 for case in cases)
        for name, n, mean, quantiles, seconds in cases:
            share = (_float(seconds) or 0.0) / total if total else None
            assert isinstance(quantiles, list)
            median, p95 = quantiles
            found.append(TimeRow(scope.said(split), str(name), _number(n), _float(mean) or 0.0, median, p95, share))
    return found


class RunOfUnit(NamedTuple):
    """A run of a unit, whatever became of it."""

    id: str
    start_time: float
    sequence: str
    stand: str | None
    slot: str | None
    status: str
    caused_dut_failure_id: str | None


class Part(NamedTuple):
    """A unit that is built into another one, or the one that it is built into."""

    serial_number: str
    part_number: str | None


class UnitRow(NamedTuple):
    """A product by serial and part number: all of its runs, the oldest first; its parts, and what it is a part of."""

    serial_number: str
    part_number: str | None
    runs: list[RunOfUnit]
    sub_units: list[Part]
    built_into: list[Part]

    def document(self) -> dict[str, object]:
        """As JSON."""
        parts = {name: [part._asdict() for part in getattr(self, name)] for name in ("sub_units", "built_into")}
        return {
            "serial_number": self.serial_number,
            "part_number": self.part_number,
            "runs": [run._asdict() for run in self.runs],
            **parts,
        }


def units(ask: Ask, scope: Scope, serial_number: str) -> list[UnitRow]:
    """The units of this serial number, one of each part number; also one that is only known as a part of others."""
    where, values = scope.where("runs")
    runs = ask(
        f"SELECT part_number, {', '.join(RunOfUnit._fields)} FROM runs WHERE serial_number = ? AND {where} "
        "ORDER BY part_number NULLS LAST, start_time, id",
        [serial_number, *values],
    )
    parts = ask(
        "SELECT DISTINCT runs.part_number, u.serial_number, u.part_number FROM runs JOIN sub_units u USING (run) "
        "WHERE runs.serial_number = ? ORDER BY ALL",
        [serial_number],
    )
    wholes = ask(
        "SELECT DISTINCT u.part_number, runs.serial_number, runs.part_number FROM sub_units u JOIN runs USING (run) "
        "WHERE u.serial_number = ? AND runs.serial_number IS NOT NULL ORDER BY ALL",
        [serial_number],
    )
    numbers = dict.fromkeys(row[0] for row in runs) or dict.fromkeys(row[0] for row in wholes)
    return [
        UnitRow(
            serial_number,
            _text(number),
            [_run_of_unit(row[1:]) for row in runs if row[0] == number],
            [_part(row) for row in parts if row[0] == number],
            [_part(row) for row in wholes if row[0] in (None, number) or number is None],
        )
        for number in numbers
    ]


def _run_of_unit(row: Sequence[object]) -> RunOfUnit:
    identity, start_time, sequence, stand, slot, status, failed = row
    texts = _text(stand), _text(slot), str(status), _text(failed)
    return RunOfUnit(str(identity), _float(start_time) or 0.0, str(sequence), *texts)


def _part(row: Sequence[object]) -> Part:
    return Part(str(row[1]), _text(row[2]))


def _said(split: Split) -> dict[str, object]:
    """The splits in JSON where there are any."""
    by: dict[str, object] = {"by": split.by} if split.by else {}
    return by if split.span is None else {**by, "span": split.span}


def _named(columns: Sequence[str], names: Sequence[str]) -> str:
    return ", ".join(f"{column} AS {name}" for column, name in zip(columns, names, strict=True))


def _same(one: str, other: str, names: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in names)


def _grouped(
    rows: Sequence[tuple[object, ...]], splits: int
) -> Iterator[tuple[tuple[object, ...], list[tuple[object, ...]]]]:
    """The rest of the rows by their first values, which follow each other."""
    groups: dict[tuple[object, ...], list[tuple[object, ...]]] = {}
    for row in rows:
        groups.setdefault(row[:splits], []).append(row[splits:])
    yield from groups.items()


def _numbers(values: Sequence[object]) -> list[int]:
    return [_number(value) for value in values]


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _float(value: object) -> float | None:
    assert value is None or isinstance(value, float)
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
