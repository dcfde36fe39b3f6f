"""What failed, and how often: a Pareto of cases, measurements, error codes or stands, and what never failed before."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

from sequencer.figures import formulas
from sequencer.figures.cells import number, numbers, real
from sequencer.figures.scope import Ask, Scope, Split, grouped, named

CAUSES = ("case", "measurement", "error_code", "failing_stand")
"""What failures are told apart by."""


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


class _Cause(NamedTuple):
    """SQL of what failures are told apart by, of what people read for it, and of which rows ``has`` it.

    ``of_cases``: it stands in ``failures`` and ``titles``, else in ``runs`` alone, as the column ``name``.
    """

    name: str
    title: str
    has: str
    of_cases: bool

    @property
    def tables(self) -> str:
        """A row of each failure, with its run."""
        return "failures JOIN runs USING (run) JOIN titles USING (title)" if self.of_cases else "runs"

    @property
    def kept(self) -> str:
        """The columns that ``name`` and ``title`` are made of, but for those of ``titles``."""
        return "failures.title, failures.measurement" if self.of_cases else self.name

    @property
    def found(self) -> str:
        """The tables that have these columns once more where ``found`` has them."""
        return "found AS failures JOIN titles USING (title)" if self.of_cases else "found AS runs"


_CAUSES = {
    "case": _Cause(
        "titles.name",
        "arg_max(titles.said, (titles.since, titles.said))",
        "failures.measurement IS NULL",
        of_cases=True,
    ),
    "measurement": _Cause(
        "titles.name || '::' || failures.measurement",
        "arg_max(titles.said || ': ' || failures.measurement, (titles.since, titles.said))",
        "failures.measurement IS NOT NULL",
        of_cases=True,
    ),
    "error_code": _Cause(
        "runs.error_code", "any_value(runs.error_code)", "runs.error_code IS NOT NULL", of_cases=False
    ),
    "failing_stand": _Cause(
        "runs.stand",
        "any_value(runs.stand)",
        "runs.judged AND NOT runs.status = 'passed' AND runs.stand IS NOT NULL",
        of_cases=False,
    ),
}
"""By what failures are told apart."""


def failures(ask: Ask, scope: Scope, cause: str = "case") -> list[FailureShare]:
    """What failed, the most frequent first. ``share`` is of all such failures in the row's splits.

    ``scope.by`` may have ``cause`` among its names; ``by`` says it then, too.
    """
    told = _CAUSES[cause]
    splits = scope._replace(by=tuple(one for one in scope.by if one != cause))
    names = [f"s{number}" for number in range(len(splits.by) + 1)]
    columns = ", ".join(names)
    where, values = splits.where("runs")
    # Runs of a unit are counted first: to count units by their texts afterwards takes a quarter longer.
    rows = ask(
        f"""
        WITH found AS (
            SELECT {named(splits.split("runs"), names)}, {told.kept}, runs.sequence AS of_sequence, runs.part_number,
                   runs.serial_number, count(*) AS n
            FROM {told.tables} WHERE runs.counted AND {told.has} AND {where} GROUP BY ALL
        )
        SELECT {columns}, {told.name} AS name, {told.title}, sum(n)::BIGINT AS total, count(serial_number)
        FROM {told.found} GROUP BY {columns}, {told.name}
        ORDER BY {", ".join(f"{one} NULLS LAST" for one in (names[-1], *names[:-1]))}, total DESC, name
        """,
        values,
    )
    found: list[FailureShare] = []
    for split, bars in grouped(rows, len(names)):
        total = sum(number(bar[2]) for bar in bars)
        for bar, so_far in zip(bars, accumulate(number(bar[2]) for bar in bars), strict=True):
            said = splits.said(split)
            by = {one: bar[0] if one == cause else said.by[one] for one in scope.by}
            runs, units = numbers(bar[2:])
            shares = formulas.rate(runs, total), formulas.rate(so_far, total)
            found.append(FailureShare(Split(by, said.span), str(bar[0]), str(bar[1]), runs, units, *shares))
    return found


class NewFailure(NamedTuple):
    """What failed in a time and never before it, with its first run (its id, and when it began in Unix seconds)."""

    name: str
    title: str
    runs: int
    start_time: float
    run: str

    def document(self) -> dict[str, object]:
        """As JSON."""
        return self._asdict()


def new_failures(ask: Ask, scope: Scope, cause: str = "case") -> list[NewFailure]:
    """The newest first. None where ``scope`` has no ``since``, or no run before that: nothing is new then."""
    told = _CAUSES[cause]
    name, has, tables = told.name, told.has, told.tables
    if scope.since is None:
        return []
    before, values = scope._replace(since=None, until=scope.since).where("runs")
    if not ask(f"SELECT 1 FROM runs WHERE counted AND {before} LIMIT 1", values):
        return []
    where, values_since = scope.where("runs")
    rows = ask(
        f"SELECT {name} AS name, {told.title}, count(*), min(runs.start_time) AS first, "
        f"arg_min(runs.id, (runs.start_time, runs.id)) FROM {tables} WHERE runs.counted AND {has} AND {where} "
        f"AND {name} NOT IN (SELECT {name} FROM {tables} WHERE runs.counted AND {has} AND {before}) "
        f"GROUP BY {name} ORDER BY first DESC, name",
        [*values_since, *values],
    )
    return [
        NewFailure(str(one), str(said), number(runs), real(at) or 0.0, str(run)) for one, said, runs, at, run in rows
    ]
