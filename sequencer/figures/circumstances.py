"""Circumstances of runs: what they are chosen and split by besides their time, each combination once, with a number.

Stand, version, batch and so on are the same in many runs: a million of them have a thousand different circumstances. A
measurement knows the number of its run's, so that values are told apart by stand without looking up the run of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sequencer.figures.cells import number
from sequencer.figures.insertion import insert, sql_rows, turned
from sequencer.figures.rows import RunRow
from sequencer.figures.scope import same
from sequencer.figures.tables import CIRCUMSTANCES, FACTS

if TYPE_CHECKING:
    import duckdb

Circumstances = tuple[str | None, ...]
"""The values of ``CIRCUMSTANCES``."""

_MOST_KNOWN = 10_000


def circumstances_of(run: RunRow) -> Circumstances:
    """Those of a run."""
    return tuple([getattr(run, name) for name in CIRCUMSTANCES])


class CircumstanceNumbers:
    """The numbers of circumstances in an index: those of the last runs are kept at hand, all of them in its table."""

    def __init__(self) -> None:
        self._known: dict[Circumstances, int] = {}

    def forget(self) -> None:
        """What is at hand, as the table may be another one."""
        self._known.clear()

    def of(self, connection: duckdb.DuckDBPyConnection, runs: Sequence[RunRow]) -> dict[Circumstances, int]:
        """Those of these runs; new ones are in the table then."""
        wanted = dict.fromkeys(circumstances_of(run) for run in runs)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        if unknown := [one for one in wanted if one not in self._known]:
            self._known |= _in_table(connection, unknown)
            new = [one for one in unknown if one not in self._known]
            ((last,),) = connection.execute("SELECT coalesce(max(circumstance), 0) FROM circumstances").fetchall()
            numbers = range(last + 1, last + 1 + len(new))
            insert(connection, "circumstances", turned(zip(numbers, *turned(new), strict=True)))
            self._known |= zip(new, numbers, strict=True)
        return {one: self._known[one] for one in wanted}


def _in_table(connection: duckdb.DuckDBPyConnection, wanted: Sequence[Circumstances]) -> dict[Circumstances, int]:
    rows, values = sql_rows({name: FACTS[name] for name in CIRCUMSTANCES}, turned(wanted))
    found = connection.execute(
        f"SELECT c.* FROM circumstances c JOIN ({rows}) w ON {same('c', 'w', CIRCUMSTANCES)}", values
    ).fetchall()
    return {tuple(known): number(numbered) for numbered, *known in found}
