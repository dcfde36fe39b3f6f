"""The rows of a run as a text, for a store that has no report of it any more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sequencer.figures.rows import CaseRow, FailureRow, MeasurementRow, RunRow, RunRows, SubUnitRow
from sequencer.store.base import Store
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.times import shown_time

Row = TypeVar("Row")


def condensed(rows: RunRows, pruned: float | None = None) -> str:
    """JSON: the run as an object, and each table as a list of rows, the first of which are the names of its columns.

    ``pruned`` is when its report was taken out, in Unix seconds.
    """
    tables = {
        "cases": _table(CaseRow._fields, rows.cases),
        "measurements": _table(MeasurementRow._fields, rows.measurements),
        "failures": _table(FailureRow._fields, rows.failures),
        "sub_units": _table(SubUnitRow._fields, rows.sub_units),
    }
    taken_out = {} if pruned is None else {"pruned": pruned}
    return json.dumps({"run": rows.run._asdict(), **tables, **taken_out}, separators=(",", ":"))


def pruned_reason(store: Store, run: str) -> Reason | None:
    """Why the store has no report of this run, if it had one once: it was pruned, and when. Raises ``StoreError``."""
    text = store.condensed(run)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    pruned = found.get("pruned") if isinstance(found, dict) else None
    if not isinstance(pruned, int | float) or isinstance(pruned, bool):  # of an earlier version
        return Reason("run_pruned", run=run)
    return Reason("run_pruned_at", run=run, time=shown_time(pruned))


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
