"""What each alarm watches, as it is now: its figure for each stand, part number, measurement, ... by the index."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sequencer.figures.capability import CapabilityRow, capabilities
from sequencer.figures.cells import known, number, text
from sequencer.figures.control_chart import ControlPoint, control_charts
from sequencer.figures.one_measurement import Measured
from sequencer.figures.scope import COLUMNS, Ask, Scope, named, same
from sequencer.figures.yields import YieldRow, yields
from sequencer.project.alarm_rules import CapabilityFigure, YieldFigure
from sequencer.project.settings import AlarmSettings
from sequencer.store.stands import StandNow

LEAST = 20
"""Values or units without which a figure over a time, or an index, says nothing."""
NEWEST_POINTS = 5
"""Of a control chart: a pattern that one of them completes is one of now."""
_LOOKED_THROUGH = 10_000
"""Newest judged runs among which units in a row are looked for."""


class AlarmValue(NamedTuple):
    """A figure of one ``subject`` (by names of the figures: ``stand``, ``part_number``, ``case``, ...), from ``n``
    runs, units or values. ``holds``: it is one to raise the alarm for. ``since``: when the oldest run began that makes
    it so, where that matters. ``title``: what people call what failed, or the rule of a control chart.
    """

    subject: Mapping[str, str]
    value: float
    n: int
    holds: bool
    since: float | None = None
    title: str = ""

    @property
    def key(self) -> str:
        """What tells it apart from other values of the same alarm."""
        return json.dumps(dict(sorted(self.subject.items())), ensure_ascii=False)


def values(ask: Ask, alarm: AlarmSettings, now: float) -> list[AlarmValue]:
    """What is known of it at ``now`` (Unix seconds). Of what is not listed nothing can be said."""
    condition, window = alarm.condition, alarm.window
    since = None if window.seconds is None else now - window.seconds
    scope = Scope(by=alarm.by, since=since, newest=window.runs)
    match condition.figure:
        case "yield" | "first_pass_yield" | "final_yield" as figure:
            return list(_yields(alarm, figure, yields(ask, scope)))
        case "cp" | "cpk" | "pp" | "ppk" as index:
            return list(_indices(alarm, index, capabilities(ask, scope)))
        case "western_electric" | "nelson":
            return list(_patterns(ask, alarm, scope))
        case "same_failure":
            return _same_failures(ask, alarm)
        case "silent":
            return []


def silent_stands(alarm: AlarmSettings, stands: Iterable[StandNow], now: float) -> list[AlarmValue]:
    """How long each stand has said nothing that has to speak."""
    speaking = ("running", "idle", "blocked", "silent")
    found = []
    for stand in stands:
        quiet = max(0.0, now - stand.heard)
        holds = stand.condition in speaking and alarm.condition.holds(quiet)
        found.append(AlarmValue({"stand": stand.id}, quiet, 1, holds))
    return found


def _yields(alarm: AlarmSettings, figure: YieldFigure, rows: Sequence[YieldRow]) -> Iterator[AlarmValue]:
    least = alarm.window.runs or LEAST
    for row in rows:
        passed, count = {
            "yield": (row.passed, row.runs),
            "first_pass_yield": (row.first_passed, row.units),
            "final_yield": (row.final_passed, row.units),
        }[figure]
        if count >= least:
            share = passed / count
            yield AlarmValue(_said(row.split.by), share, count, alarm.condition.holds(share))


def _indices(alarm: AlarmSettings, index: CapabilityFigure, rows: Sequence[CapabilityRow]) -> Iterator[AlarmValue]:
    least = min(alarm.window.runs or LEAST, LEAST)
    for row in rows:
        value = getattr(row.indices, index)
        if row.n >= least and value is not None:
            yield AlarmValue(_measured(row), value, row.n, alarm.condition.holds(value))


def _patterns(ask: Ask, alarm: AlarmSettings, scope: Scope) -> Iterator[AlarmValue]:
    """Each measurement is looked at by itself: there are tens of them, of which each has a chart."""
    for measured in capabilities(ask, scope._replace(by=())):
        of = Measured(measured.case, measured.measurement, measured.unit or "")
        for chart in control_charts(ask, scope._replace(sequence=measured.sequence), of):
            if chart.n < LEAST:
                continue
            newest = chart.points[-NEWEST_POINTS:]
            rules = [rule for point in newest for rule in _broken(point, alarm.condition.figure)]
            subject = {**_said(chart.split.by), **_measured(measured)}
            value = next((point.value for point in newest if _broken(point, alarm.condition.figure)), newest[-1].value)
            yield AlarmValue(subject, value, chart.n, bool(rules), title=rules[0] if rules else "")


def _broken(point: ControlPoint, rules: str) -> list[str]:
    return [rule for rule in point.rules if rule.startswith(f"{rules}_")]


def _same_failures(ask: Ask, alarm: AlarmSettings) -> list[AlarmValue]:
    """For each split the newest units, each by its newest run, and the case that failed in all of them, where one did.

    Runs without a serial number are units of their own.
    """
    wanted = int(alarm.condition.bound or 0)
    names = [f"s{place}" for place in range(len(alarm.by))]
    splits = [f"runs.{COLUMNS[name]}" for name in alarm.by]
    by = f"PARTITION BY {', '.join(names)}" if names else ""
    of_each = f"PARTITION BY {', '.join([*names, 'unit'])}"
    shown = "".join(f"units.{name}, " for name in names)
    rows = ask(
        f"""
        WITH judged AS (
            SELECT {named(splits, names)}{", " if names else ""} run, id, start_time,
                   CASE WHEN serial_number IS NULL THEN id
                        ELSE concat_ws(chr(31), sequence, part_number, serial_number) END AS unit
            FROM runs WHERE judged ORDER BY start_time DESC, id DESC LIMIT {_LOOKED_THROUGH}
        ), once AS (
            SELECT * FROM judged QUALIFY row_number() OVER ({of_each} ORDER BY start_time DESC, id DESC) = 1
        ), units AS (
            SELECT *, count(*) OVER ({by}) AS of_split FROM (
                SELECT * FROM once QUALIFY row_number() OVER ({by} ORDER BY start_time DESC, id DESC) <= {wanted}
            )
        ), failed AS (
            SELECT {shown} titles.sequence, titles.name,
                   arg_max(titles.said, (titles.since, titles.said)) AS said, count(DISTINCT units.run) AS n
            FROM units JOIN failures USING (run) JOIN titles USING (title) WHERE failures.measurement IS NULL
            GROUP BY {shown} titles.sequence, titles.name HAVING n = {wanted}
        )
        SELECT {shown} count(DISTINCT units.run), min(start_time), min(failed.name), arg_min(failed.said, failed.name)
        FROM units LEFT JOIN failed ON {same("units", "failed", names) or "TRUE"}
        WHERE of_split = {wanted} GROUP BY {shown} of_split
        """,
        [],
    )
    return [_same_failure(alarm, row) for row in rows]


def _same_failure(alarm: AlarmSettings, row: Sequence[object]) -> AlarmValue:
    count, since, case, title = row[len(alarm.by) :]
    # The subject is where it happens, not what fails: another case that fails from then on is the same trouble.
    subject = _said(dict(zip(alarm.by, row, strict=False)))
    return AlarmValue(subject, number(count), number(count), case is not None, known(since), text(title) or "")


def _measured(row: CapabilityRow) -> dict[str, str]:
    unit = {} if row.unit is None else {"unit": row.unit}
    of = {"sequence": row.sequence, "case": row.case, "measurement": row.measurement}
    return {**_said(row.split.by), **of, **unit}


def _said(by: Mapping[str, object]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in by.items()}
