"""Measured values over runs. Rows lie in the order of their runs, so that saving a run writes to one place only.

Names and limits repeat from run to run; they stand once in tables of their own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from sequencer.store.base import RunFilter, SeriesName, SeriesPoint
from sequencer.store.facts import NumericMeasurement
from sequencer.store.sqlite.tallies import conditions
from sequencer.vocabulary.data import Data


def add_measurements(
    connection: sqlite3.Connection, number: int, sequence: str, taken: Iterable[NumericMeasurement]
) -> None:
    """Keeps the values of the run with this row number."""
    known = {
        (case, measurement, unit): series
        for series, case, measurement, unit in connection.execute(
            "SELECT id, case_name, measurement, unit FROM series WHERE sequence = ?", (sequence,)
        )
    }
    limits: dict[str, int] = {}
    rows = []
    for position, measurement in enumerate(taken):
        name = (measurement.case, measurement.name, measurement.unit or "")
        if name not in known:
            known[name] = _insert_series(connection, sequence, name)
        written = _limits_id(connection, limits, measurement.limits)
        rows.append((number, known[name], position, measurement.value, measurement.result, written))
    connection.executemany("INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?)", rows)


def _insert_series(connection: sqlite3.Connection, sequence: str, name: tuple[str, str, str]) -> int:
    cursor = connection.execute(
        "INSERT INTO series (sequence, case_name, measurement, unit) VALUES (?, ?, ?, ?)", (sequence, *name)
    )
    return int(cursor.lastrowid or 0)


def _limits_id(connection: sqlite3.Connection, known: dict[str, int], limits: Data) -> int | None:
    if limits is None:
        return None
    written = json.dumps(limits)
    if written not in known:
        connection.execute("INSERT INTO limits (written) VALUES (?) ON CONFLICT DO NOTHING", (written,))
        row = connection.execute("SELECT id FROM limits WHERE written = ?", (written,)).fetchone()
        known[written] = int(row[0])
    return known[written]


def series(
    connection: sqlite3.Connection, case: str, measurement: str, runs: RunFilter, *, unit: str | None, limit: int
) -> list[SeriesPoint]:
    """See :meth:`sequencer.store.base.Store.series`."""
    # Imported here: saving a run needs no limits.
    from sequencer.limits.bounds import bounds

    found = connection.execute(
        "SELECT sequence, json_group_array(id) FROM series "
        "WHERE case_name = ? AND measurement = ? AND unit = coalesce(?, unit) GROUP BY sequence",
        (case, measurement, unit),
    ).fetchall()
    rows: list[Any] = []
    for sequence, ids in found:
        if runs.sequence in (None, sequence):
            rows += _newest(connection, ids, runs._replace(sequence=sequence), limit)
    rows.sort(key=lambda row: (row[1], row[0], row[2]))
    drawn: dict[tuple[str | None, str], tuple[float | None, float | None]] = {}
    points = []
    for run_id, time, _position, serial_number, value, said, written, result in rows[-limit:]:
        if (written, said) not in drawn:
            drawn[written, said] = bounds(None if written is None else json.loads(written), said or None)
        lower, upper = drawn[written, said]
        judged = None if result is None else bool(result)
        points.append(SeriesPoint(run_id, time, serial_number, value, said or None, lower, upper, judged))
    return points


def _newest(connection: sqlite3.Connection, ids: str, runs: RunFilter, limit: int) -> list[object]:
    where, values = conditions(runs)
    # CROSS JOIN holds SQLite to this order: newest runs first, their values by key, no more than are asked for.
    return connection.execute(
        "SELECT runs.id, start_time, position, serial_number, value, unit, written, result "
        "FROM (SELECT * FROM runs WHERE simulated = 0 AND " + where + " ORDER BY start_time DESC, id DESC) AS runs "
        "CROSS JOIN measurements ON run = number AND series IN (SELECT value FROM json_each(?)) "
        "CROSS JOIN series ON series.id = measurements.series "
        "LEFT JOIN limits ON limits.id = measurements.limits "
        "ORDER BY start_time DESC, runs.id DESC LIMIT ?",
        (*values, ids, limit),
    ).fetchall()


def series_names(connection: sqlite3.Connection, sequence: str | None) -> list[SeriesName]:
    """See :meth:`sequencer.store.base.Store.series_names`."""
    where, values = ("", ()) if sequence is None else ("WHERE sequence = ?", (sequence,))
    rows = connection.execute(
        f"SELECT sequence, case_name, measurement, unit FROM series {where} ORDER BY 1, 2, 3, 4", values
    )
    return [SeriesName(name, case, measurement, unit or None) for name, case, measurement, unit in rows]
