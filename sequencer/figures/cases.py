"""Where the time of each case goes: retries, answers of operators, waits for other slots; and how that changed."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures import daily
from sequencer.figures.cells import known, number, ranked, text
from sequencer.figures.durations import durations
from sequencer.figures.scope import Ask, Scope, Split, grouped, named


class VersionTime(NamedTuple):
    """How long a case took in the runs of a version of its sequence."""

    version: str | None
    n: int
    median: float


class CaseTimeRow(NamedTuple):
    """How long a case took in counted runs, in seconds: ``seconds`` in all, ``share`` of those of all cases.

    Of ``seconds``, ``retried`` went into attempts that were followed by another one (in ``retries`` runs), ``asked``
    into waiting for an operator, ``waited`` into waiting for other slots. ``versions``: the oldest first.
    ``measures``: whether it ever recorded a number.
    """

    split: Split
    sequence: str
    case: str
    title: str
    n: int
    seconds: float
    mean: float
    median: float
    p95: float
    share: float | None
    retries: int
    retried: float
    asked: float
    waited: float
    measures: bool
    versions: list[VersionTime]

    def document(self) -> dict[str, object]:
        """As JSON."""
        versions = [version._asdict() for version in self.versions]
        fields = {name: getattr(self, name) for name in self._fields[1:-1]}
        return {**self.split.document(), **fields, "versions": versions}


def case_times(ask: Ask, scope: Scope) -> list[CaseTimeRow]:
    """The cases of each sequence, the most time first. Quantiles are interpolated linearly (NIST 7.2.6.2, R7)."""
    answers = _of_days(ask, scope) if daily.answers(scope) else None
    rows, of_versions = _of_durations(ask, scope) if answers is None else answers
    versions: dict[tuple[object, ...], list[VersionTime]] = {}
    for *key, version, n, middle in of_versions:
        versions.setdefault(tuple(key), []).append(VersionTime(text(version), number(n), known(middle)))
    found: list[CaseTimeRow] = []
    for split, cases in grouped(rows, len(scope.by) + 1):
        total = sum(known(case[4]) for case in cases)
        cases.sort(key=lambda case: (-ranked(known(case[4])), str(case[0]), str(case[1])))
        found += [_row(scope, split, case, total, versions[(*split, *case[:2])]) for case in cases]
    return found


_Rows = list[tuple[object, ...]]


def _of_days(ask: Ask, scope: Scope) -> tuple[_Rows, _Rows] | None:
    """As :func:`_of_durations`."""
    found = durations(ask, scope)
    if found is None:
        return None
    named = {
        title: facts
        for title, *facts in ask(
            "SELECT title, sequence, name, said, (sequence, name) IN (SELECT (sequence, name) FROM series) FROM titles",
            [],
        )
    }
    rows: _Rows = []
    of_versions: _Rows = []
    for one in found:
        sequence, name, said, measures = named[one.title]
        if one.whole:
            quantiles = [one.median, one.p95]
            seconds = one.n, one.total, one.total / one.n, quantiles
            rows.append(
                (None, sequence, name, said, *seconds, one.retries, one.retried, one.asked, one.waited, measures)
            )
        else:
            of_versions.append((None, sequence, name, one.version, one.n, one.median))
    return rows, of_versions


def _of_durations(ask: Ask, scope: Scope) -> tuple[_Rows, _Rows]:
    """The cases, and those of each version, both with the splits of the scope."""
    names = [f"s{number}" for number in range(len(scope.by) + 1)]
    by = ", ".join(names)
    where, values = scope.where("runs")
    chosen = f"""WITH chosen AS (
            SELECT run, version, start_time, {named(scope.split("runs"), names)} FROM runs WHERE counted AND {where}
        )"""
    rows = ask(
        f"""{chosen}, sums AS (
            SELECT {by}, title, count(*) AS n, sum(seconds) AS total, avg(seconds) AS mean,
                   quantile_cont(seconds, [0.5, 0.95]) AS quantiles, count(*) FILTER (attempts > 1) AS retries,
                   coalesce(sum(retried), 0) AS retried, coalesce(sum(asked), 0) AS asked,
                   coalesce(sum(waited), 0) AS waited
            FROM cases JOIN chosen USING (run) WHERE seconds IS NOT NULL GROUP BY ALL
        )
        SELECT {by}, sequence, name, said, n, total, mean, quantiles, retries, retried, asked, waited,
               (sequence, name) IN (SELECT (sequence, name) FROM series)
        FROM sums JOIN titles USING (title)
        ORDER BY {", ".join(f"{one} NULLS LAST" for one in (names[-1], *names[:-1]))}
        """,
        values,
    )
    of_versions = ask(
        f"""{chosen}, known AS (
            SELECT {by}, title, chosen.version, count(*) AS n, median(seconds) AS middle, min(start_time) AS since
            FROM cases JOIN chosen USING (run) WHERE seconds IS NOT NULL GROUP BY ALL
        )
        SELECT {by}, sequence, name, version, n, middle FROM known JOIN titles USING (title)
        ORDER BY known.since, version NULLS FIRST
        """,
        values,
    )
    return rows, of_versions


def _row(
    scope: Scope, split: tuple[object, ...], case: tuple[object, ...], total: float, versions: list[VersionTime]
) -> CaseTimeRow:
    sequence, name, title, n, seconds, mean, quantiles, retries, retried, asked, waited, measures = case
    assert isinstance(quantiles, list)
    median, p95 = quantiles
    return CaseTimeRow(
        split=scope.said(split),
        sequence=str(sequence),
        case=str(name),
        title=str(title),
        n=number(n),
        seconds=known(seconds),
        mean=known(mean),
        median=median,
        p95=p95,
        share=known(seconds) / total if total else None,
        retries=number(retries),
        retried=known(retried),
        asked=known(asked),
        waited=known(waited),
        measures=bool(measures),
        versions=versions,
    )
