"""The rows of a run as a text, for a store that has no report of it any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sequencer.figures.rows import CaseRow, FailureRow, MeasurementRow, RunRow, RunRows, SubUnitRow

Row = TypeVar("Row")


def condensed(rows: RunRows) -> str:
    """JSON: the run as an object, and each table as a list of rows, the first of which are the names of its columns."""
    tables = {
        "cases": _table(CaseRow._fields, rows.cases),
        "measurements": _table(MeasurementRow._fields, rows.measurements),
        "failures": _table(FailureRow._fields, rows.failures),
        "sub_units": _table(SubUnitRow._fields, rows.sub_units),
    }
    return json.dumps({"run": rows.run._asdict(), **tables}, separators=(",", ":"))


def read_condensed(text: str) -> RunRows:
    """What :func:`condensed` wrote, also in another version: what is not known in both is left out.

    Raises ``ValueError``, ``TypeError``, ``LookupError`` or ``AttributeError`` for another text.
    """
    found = json.loads(text)
    (run,) = _rows(RunRow, RunRow._fields, [list(found["run"]), list(found["run"].values())])
    return RunRows(
        run,
        _rows(CaseRow, CaseRow._fields, found["cases"]),
        _rows(MeasurementRow, MeasurementRow._fields, found["measurements"]),
        _rows(FailureRow, FailureRow._fields, found["failures"]),
        _rows(SubUnitRow, SubUnitRow._fields, found["sub_units"]),
    )


def _table(fields: Sequence[str], rows: Iterable[Sequence[object]]) -> list[Sequence[object]]:
    return [fields, *rows]


def _rows(kind: Callable[..., Row], fields: Sequence[str], table: Sequence[Sequence[object]]) -> list[Row]:
    names, *rows = table
    return [
        kind(**{str(name): value for name, value in zip(names, row, strict=True) if name in fields}) for row in rows
    ]
