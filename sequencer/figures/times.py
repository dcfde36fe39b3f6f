"""Where the time goes: how long each case takes."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures import daily
from sequencer.figures.cells import known, number, ranked, real
from sequencer.figures.durations import durations
from sequencer.figures.scope import Ask, Scope, Split, grouped, named


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
        return {**self.split.document(), **{name: getattr(self, name) for name in self._fields[1:]}}


def times(ask: Ask, scope: Scope) -> list[TimeRow]:
    """Where the time goes, the most first. Quantiles are interpolated linearly (NIST 7.2.6.2, Hyndman and Fan's R7)."""
    rows = _of_days(ask, scope) if daily.answers(scope) else None
    rows = _of_durations(ask, scope) if rows is None else rows
    found: list[TimeRow] = []
    for split, cases in grouped(rows, len(scope.by) + 1):
        total = sum(real(case[4]) or 0.0 for case in cases)
        cases.sort(key=lambda case: (-ranked(known(case[4])), str(case[0])))
        for name, n, mean, quantiles, seconds in cases:
            share = (real(seconds) or 0.0) / total if total else None
            assert isinstance(quantiles, list)
            median, p95 = quantiles
            found.append(TimeRow(scope.said(split), str(name), number(n), real(mean) or 0.0, median, p95, share))
    return found


def _of_days(ask: Ask, scope: Scope) -> list[tuple[object, ...]] | None:
    found = durations(ask, scope, by_name=True)
    if found is None:
        return None
    names = {title: str(name) for title, name in ask("SELECT title, name FROM titles", [])}
    rows = [(names[one.title], one) for one in found]
    return [(None, name, one.n, one.total / one.n, [one.median, one.p95], one.total) for name, one in rows]


def _of_durations(ask: Ask, scope: Scope) -> list[tuple[object, ...]]:
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    where, values = scope.where("runs")
    return ask(
        f"""
        WITH chosen AS (
            SELECT run, {named(scope.split("runs"), names)} FROM runs WHERE counted AND {where}
        ), called AS (
            SELECT title, name, min(title) OVER (PARTITION BY name) AS one FROM titles
        )
        SELECT {", ".join(names)}, any_value(name) AS name, count(*), avg(seconds),
               quantile_cont(seconds, [0.5, 0.95]), sum(seconds) AS total
        FROM cases JOIN chosen USING (run) JOIN called USING (title)
        WHERE seconds IS NOT NULL GROUP BY {", ".join(names)}, one
        ORDER BY {", ".join(f"{one} NULLS LAST" for one in (names[-1], *names[:-1]))}
        """,
        values,
    )
