"""The points of a chart with more of them than anybody can draw: fewer that look the same, and all of them as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from sequencer.report.exports.csv_rows import spreadsheet_text

Points = Sequence[int | float | None]
"""The numbers of an axis; ``None`` is a gap."""


def thinned(x: Points, y: Points, most: int) -> tuple[Points, Points]:
    """At most ``most`` of the points, at least 2, in their order: of each stretch the lowest and the highest.

    So no peak gets lost, however narrow. Of a stretch with gaps alone one stays. (The min-max method; see for example
    Jugel et al., "M4", VLDB 2014.)
    """
    count = len(y)
    if count <= most:
        return x, y
    stretches = most // 2
    kept: list[int] = []
    for number in range(stretches):
        begin, end = number * count // stretches, (number + 1) * count // stretches
        here = [(value, at) for at, value in enumerate(y[begin:end], begin) if value is not None]
        kept += sorted({min(here)[1], max(here)[1]}) if here else [begin]
    return [x[at] for at in kept], [y[at] for at in kept]


def points_csv(names: Sequence[str], xs: Sequence[Points], ys: Sequence[Points]) -> bytes:
    """All points in UTF-8: two columns for each series, ``NAME x`` and ``NAME y``, a gap being an empty field."""
    text = io.StringIO()
    write = csv.writer(text)
    write.writerow(spreadsheet_text(f"{name} {axis}") for name in names for axis in "xy")
    columns: Iterable[Points] = (column for pair in zip(xs, ys, strict=True) for column in pair)
    write.writerows(zip_longest(*columns))
    return text.getvalue().encode("utf-8", "backslashreplace")
