"""How rows come into the tables of the index: as JSON, column by column in one statement for each table.

Of the many cases and measurements of a run only one column is its own. All others, such as titles, limits and mostly
results, are the same in many runs: such a *pattern* is written once, and joined. That takes a third of the time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sequencer.figures.tables import DERIVED, OF_RUN, TABLES, TOUCHED

if TYPE_CHECKING:
    import duckdb

Columns = list[list[object]]

OWN: Mapping[str, str] = {"cases": "seconds", "measurements": "value"}
"""The column of a table that differs from run to run."""


def given(table: str) -> Mapping[str, str]:
    """The columns that are not made of others."""
    if table == "touched":
        return TOUCHED
    derived = DERIVED.get(table, {})
    return {name: kind for name, kind in TABLES[table].items() if name not in derived}


def turned(rows: Iterable[Sequence[object]]) -> Columns:
    """Rows as columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def insert(connection: duckdb.DuckDBPyConnection, table: str, columns: Columns) -> None:
    """Adds the rows whose values :func:`given` columns have, in this order."""
    if columns and columns[0]:
        rows, values = sql_rows(given(table), columns)
        connection.execute(f"INSERT INTO {table} BY NAME {rows}", values)


class RowsOfRuns:
    """Rows of the ``table``, of which each run has several."""

    def __init__(self, table: str) -> None:
        kinds = given(table)
        self._table = table
        self._of_run = [name for name in kinds if name in OF_RUN]
        self._alike = [name for name in kinds if name not in (*OF_RUN, OWN[table])]
        self._runs: Columns = [[] for _ in (*self._of_run, "pattern", "own")]
        self._patterns: dict[tuple[object, ...], int] = {}

    def add(self, of_run: Mapping[str, object], columns: Mapping[str, Sequence[object]]) -> None:
        """The rows of one run, by the names of their columns."""
        pattern = tuple([tuple(columns[name]) for name in self._alike])
        number = self._patterns.setdefault(pattern, len(self._patterns))
        own = columns[OWN[self._table]]
        for column, value in zip(self._runs, (*[of_run[name] for name in self._of_run], number, own), strict=True):
            column.append(value)

    def insert(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Adds them all."""
        if not self._patterns:
            return
        kinds, own = given(self._table), OWN[self._table]
        of_runs = {name: kinds[name] for name in self._of_run} | {"pattern": "UINTEGER", own: f"{kinds[own]}[]"}
        runs, of_each = sql_rows(of_runs, self._runs)
        alike = {"pattern": "UINTEGER", **{name: f"{kinds[name]}[]" for name in self._alike}}
        patterns, of_all = sql_rows(alike, [[*self._patterns.values()], *turned(self._patterns)])
        each = ", ".join([*self._of_run, *(f"unnest({name}) AS {name}" for name in (own, *self._alike))])
        made = ", ".join(f"{expression} AS {name}" for name, expression in DERIVED.get(self._table, {}).items())
        connection.execute(
            f"INSERT INTO {self._table} BY NAME SELECT *{made and f', {made}'} "
            f"FROM (SELECT {each} FROM ({runs}) JOIN ({patterns}) USING (pattern))",
            [*of_each, *of_all],
        )


def sql_rows(kinds: Mapping[str, str], columns: Sequence[Sequence[object]]) -> tuple[str, list[str]]:
    """SQL of the rows that have these columns, and its values."""
    import msgspec

    sent = {name: ["BIGINT" if kind == "TIMESTAMP" else kind] for name, kind in kinds.items()}
    values = ", ".join(
        f"make_timestamp(unnest(j.{name})) AS {name}" if kind == "TIMESTAMP" else f"unnest(j.{name}) AS {name}"
        for name, kind in kinds.items()
    )
    text = msgspec.json.encode(dict(zip(kinds, columns, strict=True))).decode()
    return f"SELECT {values} FROM (SELECT from_json(?::JSON, ?) AS j)", [text, json.dumps(sent)]
