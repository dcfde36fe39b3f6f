"""What there is to choose from: the stands, batches, versions and so on of all runs."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures.cells import number
from sequencer.figures.scope import COLUMNS, Ask, Scope

MOST = 500
"""Values of one column, those of the newest runs."""

_NAMES = tuple(dict.fromkeys(COLUMNS.values()))


class ExistingValue(NamedTuple):
    """A value by which runs can be chosen, and how many runs say it."""

    name: str
    value: str
    runs: int

    def document(self) -> dict[str, object]:
        """As JSON."""
        return self._asdict()


def choices(ask: Ask, scope: Scope) -> list[ExistingValue]:
    """The values of each column in the runs of ``scope``, the newest ``MOST`` of each, in the order of the alphabet."""
    where, values = scope.where("runs")
    sides = [
        f"SELECT * FROM (SELECT '{name}' AS name, {name} AS value, sum(n)::BIGINT AS runs FROM used "
        f"WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY max(last) DESC, value LIMIT {MOST})"
        for name in _NAMES
    ]
    rows = ask(
        f"""
        WITH used AS MATERIALIZED (
            FROM circumstances JOIN (
                SELECT circumstance, count(*) AS n, max(start_time) AS last FROM runs WHERE {where} GROUP BY ALL
            ) USING (circumstance)
        )
        {" UNION ALL ".join(sides)} ORDER BY name, value""",
        values,
    )
    return [ExistingValue(str(name), str(value), number(runs)) for name, value, runs in rows]
