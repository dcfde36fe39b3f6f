"""Yield: of runs, and of units in their first, second and last run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sequencer.figures import formulas
from sequencer.figures.cells import numbers, real
from sequencer.figures.scope import Ask, Scope, Split, named


class YieldRow(NamedTuple):
    """Judged runs by verdict, and the units whose first judged run is one of these.

    ``seconds``: how long all of these runs took, ``passed_seconds``: those that passed.
    """

    split: Split
    passed: int
    failed: int
    error: int
    units: int
    first_passed: int
    second_passed: int
    final_passed: int
    seconds: float
    passed_seconds: float

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
        f"SELECT {named(scope.split(table), names)}, {counts} FROM {table} WHERE {where} GROUP BY {', '.join(names)}"
        for table, where, counts in (
            (
                "runs",
                f"judged AND {runs}",
                "count(*) FILTER (status = 'passed') AS passed, count(*) FILTER (status = 'failed') AS failed, "
                "count(*) FILTER (status = 'error') AS error, 0 AS units, 0 AS firsts, 0 AS seconds, 0 AS finals, "
                "sum(stop_time - start_time) AS took, "
                "sum(stop_time - start_time) FILTER (status = 'passed') AS took_passed",
            ),
            (
                "units",
                units,
                "0, 0, 0, count(*), count(*) FILTER (first_passed), count(*) FILTER (second_passed), "
                "count(*) FILTER (final_passed), NULL, NULL",
            ),
        )
    ]
    sums = ", ".join(
        f"sum({name})::BIGINT" for name in ("passed", "failed", "error", "units", "firsts", "seconds", "finals")
    )
    rows = ask(
        f"SELECT {', '.join(names)}, {sums}, sum(took), sum(took_passed) "
        f"FROM ({' UNION ALL '.join(sides)}) GROUP BY {', '.join(names)} "
        f"ORDER BY {', '.join(f'{name} NULLS LAST' for name in (names[-1], *names[:-1]))}",
        [*run_values, *unit_values],
    )
    if not rows and not scope.by and scope.span is None:
        return [YieldRow(Split({}, None), 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0)]
    return [_row(scope.said(row[: len(names)]), row[len(names) :]) for row in rows]


def _row(split: Split, sums: Sequence[object]) -> YieldRow:
    passed, failed, error, units, first, second, final = numbers(sums[:7])
    seconds, passed_seconds = (real(one) or 0.0 for one in sums[7:])
    return YieldRow(split, passed, failed, error, units, first, second, final, seconds, passed_seconds)
