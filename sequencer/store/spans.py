"""A range of days cut into few spans of fixed length, so that sums over any time are read from few rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

DAY_SECONDS = 86400.0
LENGTHS = (1024, 32, 1)
"""Days per span; each length is a multiple of the next."""


class Spans(NamedTuple):
    """The spans ``first <= span < end`` of ``days`` days each; span ``n`` begins at day ``n * days``."""

    days: int
    first: int
    end: int


def day_of(time: float) -> int:
    """The day (UTC, counted from 1970-01-01) that a Unix time lies in."""
    return math.floor(time / DAY_SECONDS)


def cut(first_day: int, end_day: int, lengths: tuple[int, ...] = LENGTHS) -> Iterator[Spans]:
    """The days ``first_day <= day < end_day`` as the longest spans that fit."""
    if first_day >= end_day or not lengths:
        return
    days, shorter = lengths[0], lengths[1:]
    first, end = -(-first_day // days), end_day // days
    if first >= end:
        yield from cut(first_day, end_day, shorter)
        return
    yield Spans(days, first, end)
    yield from cut(first_day, first * days, shorter)
    yield from cut(end * days, end_day, shorter)


class Cover(NamedTuple):
    """A time range as whole days (``None``: open) and what is left over at its ends, as ``(since, until)``."""

    first_day: int | None
    end_day: int | None
    edges: list[tuple[float | None, float | None]]


def cover(since: float | None, until: float | None) -> Cover:
    """Splits ``since <= time < until`` at the day boundaries."""
    first_day = None if since is None else math.ceil(since / DAY_SECONDS)
    end_day = None if until is None else day_of(until)
    if first_day is not None and end_day is not None and first_day >= end_day:
        return Cover(0, 0, [(since, until)])
    edges: list[tuple[float | None, float | None]] = []
    if since is not None and first_day is not None and since < first_day * DAY_SECONDS:
        edges.append((since, first_day * DAY_SECONDS))
    if until is not None and end_day is not None and end_day * DAY_SECONDS < until:
        edges.append((end_day * DAY_SECONDS, until))
    return Cover(first_day, end_day, edges)
