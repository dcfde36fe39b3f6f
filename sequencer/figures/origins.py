"""Origins: what runs are chosen and split by (stand, version, batch …), each combination once and with a number.

A measurement knows the number of its run's origin. There are a thousand of them where there are a million runs, so that
values are told apart by stand without looking up the run of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sequencer.figures.cells import number
from sequencer.figures.insertion import insert, rows_of, turned
from sequencer.figures.rows import RunRow
from sequencer.figures.scope import same
from sequencer.figures.tables import FACTS, ORIGIN

if TYPE_CHECKING:
    import duckdb

Origin = tuple[str | None, ...]
"""The values of ``ORIGIN``."""

_MOST_KNOWN = 10_000


def origin_of(run: RunRow) -> Origin:
    """That of a run."""
    return tuple([getattr(run, name) for name in ORIGIN])


class OriginNumbers:
    """The numbers of origins in an index. Those of the last runs are kept at hand, all of them in the table."""

    def __init__(self) -> None:
        self._known: dict[Origin, int] = {}

    def forget(self) -> None:
        """What is at hand, as the table may be another one."""
        self._known.clear()

    def of(self, connection: duckdb.DuckDBPyConnection, runs: Sequence[RunRow]) -> dict[Origin, int]:
        """Those of these runs; new ones are in the table then."""
        wanted = dict.fromkeys(origin_of(run) for run in runs)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        if unknown := [origin for origin in wanted if origin not in self._known]:
            self._known |= _in_table(connection, unknown)
            ((last,),) = connection.execute("SELECT coalesce(max(origin), 0) FROM origins").fetchall()
            new = [origin for origin in unknown if origin not in self._known]
            numbers = range(last + 1, last + 1 + len(new))
            insert(connection, "origins", turned(zip(numbers, *turned(new), strict=True)))
            self._known |= zip(new, numbers, strict=True)
        return {origin: self._known[origin] for origin in wanted}


def _in_table(connection: duckdb.DuckDBPyConnection, origins: Sequence[Origin]) -> dict[Origin, int]:
    rows, values = rows_of({name: FACTS[name] for name in ORIGIN}, turned(origins))
    found = connection.execute(
        f"SELECT origins.* FROM origins JOIN ({rows}) wanted ON {same('origins', 'wanted', ORIGIN)}", values
    ).fetchall()
    return {tuple(origin): number(numbered) for numbered, *origin in found}
