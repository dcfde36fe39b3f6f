"""The questions about one measurement against numpy, pandas and scipy, on random histories and on planned ones."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sequencer.figures.cases import case_times
from sequencer.figures.cells import ranked
from sequencer.figures.control_chart import control_charts
from sequencer.figures.follow import follow
from sequencer.figures.histogram import MOST_BINS, bins_of, boxes, histogram
from sequencer.figures.index import FiguresIndex
from sequencer.figures.measurements import measurements
from sequencer.figures.one_measurement import Measured
from sequencer.figures.over_time import limits_in_force, points
from sequencer.figures.rows import LARGEST, CaseRow, rows_of
from sequencer.figures.scatter import correlations, scatter
from sequencer.figures.scope import Scope
from tests.effort import examples
from tests.figures.history import MONDAY, Case, Feed, Run, report_of
from tests.figures.line import BOARD, DAY, filled, line, truths
from tests.figures.reference import NOTHING, Reference
from tests.figures.test_against_pandas import SHIFTS, histories, reports_of, scopes, tried
from tests.later import Later

stats = Later("scipy.stats")
pd = Later("pandas")

RAIL = Measured("m::rail", "Rail")


def about(value: float | None) -> Any:
    """Equal but for how sums are rounded."""
    return None if value is None or math.isnan(value) else pytest.approx(value, rel=1e-6, abs=1e-9)


def by_split(rows: Sequence[Any]) -> dict[tuple[str, ...], Any]:
    """The rows of an answer by what they are about."""
    found = {split_of(row): row for row in rows}
    assert len(found) == len(rows)
    return found


def split_of(row: Any) -> tuple[str, ...]:
    """As pandas has it."""
    return tuple(NOTHING if value is None else str(value) for value in (*row.split.by.values(), row.split.span))


class Expected:
    """The values of ``RAIL`` in a scope, in the order of time, from the reports themselves."""

    def __init__(self, reference: Reference, scope: dict[str, Any]) -> None:
        frame = reference.values[reference.values.counted & reference.values.value.notna()]
        frame, self.names = reference.split(scope, reference.chosen(scope, frame))
        frame = frame.fillna({"unit": NOTHING}).sort_values(["start_time", "id", "position"])
        self.all = frame
        mine = frame[(frame.case == RAIL.case) & (frame.measurement == RAIL.measurement)]
        self.values = self.of_series(mine)

    def of_series(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those of the sequence and in the unit of the newest one."""
        newest = frame.iloc[-1:]
        return frame[frame.sequence.isin(newest.sequence) & frame.unit.isin(newest.unit)]

    def groups(self) -> dict[tuple[str, ...], pd.DataFrame]:
        """By the splits."""
        return dict(iter(self.values.groupby(self.names)))


def none(value: Any) -> Any:
    """What pandas makes of nothing is nothing."""
    return None if pd.isna(value) else value


def check_histogram(index: FiguresIndex, scope: Scope, expected: Expected) -> None:
    """Counts in bins by numpy; figures and limits."""
    found = by_split(histogram(index.ask, scope, RAIL))
    groups = expected.groups()
    assert set(found) == set(groups)
    for key, group in groups.items():
        row, values = found[key], group.value.astype(float)
        assert (row.n, row.mean) == (len(values), about(values.mean()))
        assert row.sigma == about(values.std(ddof=1))
        newest = group.iloc[-1]
        assert (row.lower, row.upper, row.target) == (none(newest.lower), none(newest.upper), None)
        edges = [row.bins.edge(place) for place in range(row.bins.size + 1)]
        counted, _ = np.histogram(values + row.bins.width * 1e-9, edges)
        assert (row.under, row.over, row.counts) == (0, 0, list(counted))


def check_points(index: FiguresIndex, scope: Scope, expected: Expected) -> None:
    """All of them in time where there are few; else nothing but them, with every extreme."""
    found = points(index.ask, scope, RAIL)
    said = [(row.id, row.serial_number, row.value, row.lower, row.upper) for row in found]
    frame = expected.values
    columns = (frame.id, frame.serial_number, frame.value, frame.lower, frame.upper)
    assert said == [tuple(none(value) for value in row) for row in zip(*columns, strict=True)]
    thinned = points(index.ask, scope, RAIL, most=4)
    assert all(row in found for row in thinned)
    assert [row.start_time for row in thinned] == sorted(row.start_time for row in thinned)
    few: dict[tuple[str, ...], list[float]] = {}
    for row in thinned:
        few.setdefault(split_of(row), []).append(row.value)
    for key, group in expected.groups().items():
        assert (min(few[key]), max(few[key])) == (group.value.min(), group.value.max())


def check_limits(index: FiguresIndex, scope: Scope, expected: Expected) -> None:
    """Every pair with the first and the last time."""
    found = {(*split_of(row), row.lower, row.upper): row for row in limits_in_force(index.ask, scope, RAIL)}
    wanted = {}
    for key, group in expected.groups().items():
        for row in group.itertuples():
            wanted.setdefault((*key, none(row.lower), none(row.upper)), []).append(row.start_time)
    assert {key: (row.n, row.since, row.until) for key, row in found.items()} == {
        key: (len(times), min(times), max(times)) for key, times in wanted.items()
    }


def check_boxes(index: FiguresIndex, scope: Scope, expected: Expected) -> None:
    """Quartiles by numpy, whiskers by hand."""
    found = by_split(boxes(index.ask, scope, RAIL))
    groups = expected.groups()
    assert set(found) == set(groups)
    for key, group in groups.items():
        row, values = found[key], group.value.astype(float)
        first, median, third = np.quantile(values, [0.25, 0.5, 0.75])
        fences = first - 1.5 * (third - first), third + 1.5 * (third - first)
        inside = values[(values >= fences[0] - 1e-12) & (values <= fences[1] + 1e-12)]
        assert (row.first_quartile, row.median, row.third_quartile) == (about(first), about(median), about(third))
        assert (row.n, row.minimum, row.maximum) == (len(values), values.min(), values.max())
        assert row.lower_whisker == about(min(inside.min(), first))
        assert row.upper_whisker == about(max(inside.max(), third))
        assert row.outliers == len(values) - len(inside)


def check_control(index: FiguresIndex, scope: Scope, expected: Expected) -> None:
    """Centre lines of individuals, and of subgroups of two; the span of the scope is none of them."""
    groups = {
        key[:-1]: group.sort_values(["start_time", "id", "position"])
        for key, group in expected.values.assign(span=NOTHING).groupby(expected.names)
    }
    charts = {split_of(row)[:-1]: row for row in control_charts(index.ask, scope, RAIL)}
    assert set(charts) == set(groups)
    for key, group in groups.items():
        values = group.value.astype(float)
        assert charts[key].centre == about(values.mean())
        assert charts[key].spread_centre == about(values.diff().abs().mean())
        assert [(point.id, point.value) for point in charts[key].points] == list(zip(group.id, values, strict=True))
    pairs = {split_of(row)[:-1]: row for row in control_charts(index.ask, scope, RAIL, 2)}
    for key, group in groups.items():
        whole = len(group) // 2
        if not whole:
            assert key not in pairs
            continue
        values = group.value.astype(float).to_numpy()[: whole * 2].reshape(whole, 2)
        assert [point.value for point in pairs[key].points] == [about(value) for value in values.mean(axis=1)]
        assert [point.spread for point in pairs[key].points] == [about(one) for one in values.std(axis=1, ddof=1)]
        assert pairs[key].incomplete == len(group) % 2


def check_pairs(index: FiguresIndex, scope: Scope, expected: Expected) -> None:
    """The correlation with every other measurement, by scipy; the last value of a run counts."""
    last = expected.all.groupby([*expected.names, "id", "sequence", "case", "measurement", "unit"]).tail(1)
    found = {
        (*split_of(row), row.case, row.measurement, row.unit or NOTHING): row
        for row in correlations(index.ask, scope, RAIL)
    }
    ours = last[(last.case == RAIL.case) & (last.measurement == RAIL.measurement)]
    ours = expected.of_series(ours.sort_values(["start_time", "id", "position"]))
    merged = ours.merge(last, on=[*expected.names, "id"], suffixes=("", "_2"))
    others = ["case_2", "measurement_2", "unit_2"]
    different = (merged[others].to_numpy() != merged[["case", "measurement", "unit"]].to_numpy()).any(axis=1)
    for key, group in merged[different].groupby([*expected.names, *others]):
        x, y = group.value.astype(float), group.value_2.astype(float)
        if x.min() == x.max() or y.min() == y.max():
            assert key not in found
            continue
        line = stats.linregress(x, y)
        assert (found[key].n, found[key].r) == (len(x), about(line.rvalue))
        unit = "" if key[-1] == NOTHING else key[-1]
        row = by_split(scatter(index.ask, scope, RAIL, Measured(key[-3], key[-2], unit)))[key[:-3]]
        assert (row.n, row.r) == (len(x), about(line.rvalue))
        assert (row.slope, row.intercept) == (about(line.slope), about(line.intercept))
        assert sorted((point.id, point.x, point.y) for point in row.points) == sorted(zip(group.id, x, y, strict=True))


def check_measurements(
    index: FiguresIndex, scope: Scope, expected: Expected, reference: Reference, said: dict[str, Any]
) -> None:
    """Yield lost and trend; the rest is the capability, which another test has."""
    judged = reference.runs[reference.runs.counted & reference.runs.status.isin(["passed", "failed", "error"])]
    runs, names = reference.split(said, reference.chosen(said, judged))
    missed, _ = reference.split(said, reference.chosen(said, reference.values[reference.values.missed]))
    chosen = reference.chosen(said, reference.runs[reference.runs.counted])
    begin, end = chosen.start_time.min(), chosen.start_time.max()
    keys = [*names, "sequence", "case", "measurement", "unit"]
    groups = dict(iter(expected.all.groupby(keys)))
    found = measurements(index.ask, scope)
    assert len(found) == len(groups)
    for row in found:
        about_row = row.capability
        split = split_of(about_row)
        group = groups[(*split, about_row.sequence, about_row.case, about_row.measurement, about_row.unit or NOTHING)]
        mine = runs[(runs[names] == list(split)).all(axis=1) & (runs.sequence == about_row.sequence)]
        lost = missed[(missed.case == about_row.case) & (missed.measurement == about_row.measurement)].id
        assert row.lost == (about(mine.id.isin(lost).mean()) if len(mine) else 0.0)
        times = group.start_time.astype(float)
        if end - begin >= 24 * DAY:
            first, last = begin // DAY, end // DAY
            bucket = (times // DAY - first) * 24 // (last - first + 1)
        else:
            bucket = np.minimum(np.floor((times - begin) / ((end - begin) or 1.0) * 24), 23)
        assert row.trend == [
            about(mean) for mean in group.value.astype(float).groupby(bucket * np.ones(len(group))).mean()
        ]


@pytest.mark.slow
@given(histories, scopes, st.randoms(use_true_random=False))
@settings(tried, max_examples=examples(15))
def test_every_figure_of_a_measurement_agrees(
    history: list[tuple[Run, str]], scope: dict[str, Any], dice: random.Random
) -> None:
    """Aborted, partial, simulated, debugged, retested and replaced runs included, in whatever order they come."""
    reports = reports_of(history)
    dice.shuffle(reports)
    reference = Reference(reports, SHIFTS)
    expected, asked = Expected(reference, scope), Scope(**scope, shifts=SHIFTS)
    with FiguresIndex(None) as index:
        follow(index, Feed(reports))  # type: ignore[arg-type]
        for check in (check_histogram, check_points, check_limits, check_boxes, check_control, check_pairs):
            check(index, asked, expected)
        check_measurements(index, asked, expected, reference, scope)


@pytest.fixture(scope="module")
def planted() -> Iterator[FiguresIndex]:
    """The line with its planted truths."""
    with FiguresIndex(None) as index:
        filled(index, line(COUNT))
        yield index


COUNT = 4_000
TRUTHS = truths(COUNT)
VOLTAGE = Measured("main::voltage", "Voltage", "V")


@pytest.mark.slow
def test_a_drifting_stand_is_seen_in_its_points(planted: FiguresIndex) -> None:
    """Far more values than a chart shows: those that are shown have both ends of each stand, and rise on one alone."""
    scope = Scope(by=("stand",))
    found = points(planted.ask, scope, VOLTAGE, 400)
    assert 100 < len(found) <= 400
    for row in boxes(planted.ask, scope, VOLTAGE):
        shown = [point for point in found if point.split.by == row.split.by]
        assert (min(p.value for p in shown), max(p.value for p in shown)) == (row.minimum, row.maximum)
        rise = stats.linregress([p.start_time for p in shown], [p.value for p in shown]).rvalue
        drifts = row.split.by == {"stand": TRUTHS.drifting_stand.stand}
        assert (rise > 0.5) if drifts else abs(rise) < 0.3
    (drifting,) = control_charts(planted.ask, Scope(stand=TRUTHS.drifting_stand.stand), VOLTAGE, "day")
    assert {"nelson_1", "nelson_2", "western_electric_4"} <= {rule for point in drifting.points for rule in point.rules}


@pytest.mark.slow
def test_what_belongs_together_is_the_first_of_the_correlations(planted: FiguresIndex) -> None:
    """The measurement that was planted with it, before all others; in the sample each of the four ends."""
    x, y = Measured("main::level3", TRUTHS.correlated.measurement or ""), Measured("main::level2", "Level 2")
    for one, other in ((x, y), (y, x)):
        first, second = correlations(planted.ask, Scope(), one)[:2]
        assert (first.case, first.measurement, first.unit) == (*other[:2], "V")
        assert first.r > 0.8
        assert abs(second.r) < 0.2
    (row,) = scatter(planted.ask, Scope(sequence=BOARD), x, y)
    assert 1_000 <= len(row.points) <= 1_004 < row.n
    for axis, of in (("x", x), ("y", y)):
        (box,) = boxes(planted.ask, Scope(sequence=BOARD), of)
        shown = [getattr(point, axis) for point in row.points]
        assert box.minimum <= min(shown) <= max(shown) <= box.maximum


def test_the_newest_runs_are_those_that_began_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever they came; of those that began at the same time, the ones whose ids are the last."""
    monkeypatch.setattr("sequencer.figures.scatter.NEWEST_RUNS", 5)
    runs = [
        rows_of(report_of(Run(start=MONDAY + number // 3, cases=(Case("m::rail", measured=taken),)).named(number)))
        for number in range(12)
        for taken in [(("Rail", number / 10, "V", None), ("Ripple", number**2 / 10, "V", None))]
    ]
    random.Random(1).shuffle(runs)
    with FiguresIndex(None) as index:
        filled(index, runs)
        (row,) = scatter(index.ask, Scope(), RAIL, Measured("m::rail", "Ripple"))
        (other,) = correlations(index.ask, Scope(), RAIL)
    newest = sorted((run.run.start_time, run.run.id) for run in runs)[-5:]
    assert [(point.start_time, point.id) for point in row.points] == newest
    assert row.n == other.n == 5


@pytest.mark.slow
def test_a_name_that_a_newer_sequence_has_too_is_that_of_the_same_runs() -> None:
    """The other measurement is the one in the runs of the first, whatever other sequences call so."""
    rail, ripple = ("m::rail", "Rail"), ("m::ripple", "Ripple")
    made = [Run(MONDAY + at, cases=(of(rail, 4.0 + at), of(ripple, 2.0 * at))) for at in range(3)]
    made.append(Run(MONDAY + 9, sequence="Final test", cases=(of(ripple, 7.0),)))
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(run.named(number)) for number, run in enumerate(made)]))  # type: ignore[arg-type]
        (row,) = scatter(index.ask, Scope(), RAIL, Measured(*ripple))
        (most,) = correlations(index.ask, Scope(), RAIL)
    assert (row.n, row.r, row.slope) == (3, about(1.0), about(2.0))
    assert (most.measurement, most.n) == ("Ripple", 3)


def of(measurement: tuple[str, str], value: float) -> Case:
    """A case with one value."""
    case, name = measurement
    return Case(case, measured=((name, value, "V", None),))


def test_a_version_that_got_slower_is_seen_in_the_times(planted: FiguresIndex) -> None:
    """Its median beside that of the version before it."""
    flash = next(row for row in case_times(planted.ask, Scope()) if row.case == TRUTHS.slow_version.case)
    before, after = flash.versions
    assert (before.version, after.version) == ("2.0", TRUTHS.slow_version.version)
    assert after.median > 1.8 * before.median
    assert (flash.title, flash.n) == ("Flash", before.n + after.n)


@pytest.mark.parametrize(
    ("values", "width"),
    [
        ([value / 10 for value in range(1_000)], 10.0),
        ([1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 5.0] * 500, 1.0),
        ([5.0] * 20, 0.5),
        ([5.0], 0.5),
        ([0.0], 1.0),
        ([0.0] * 90 + [1.0] * 10, 1.0),
        ([*np.linspace(4.9, 5.1, 400), 9.9e37], 0.05),
        ([1e12, 1e12 + 1e-4], None),
    ],
)
def test_bins(values: list[float], width: float | None) -> None:
    """Freedman and Diaconis, rounded up; coarse steps, equal values and an overload make no nonsense."""
    cases = [Case("m::rail", measured=(("Rail", float(value), "V", None),)) for value in values[:50]]
    first, third = np.quantile(values, [0.25, 0.75])
    few = sorted(set(values))
    step = min(np.diff(few)) if 1 < len(few) <= 200 else None
    found = bins_of(len(values), (first, third), float(np.std(values)), (min(values), max(values)), step)
    assert width is None or found.width == pytest.approx(width)
    assert 1 <= found.size <= MOST_BINS
    assert found.edge(0) <= min(values)
    with FiguresIndex(None) as index:
        runs = [Run(start=MONDAY + at, cases=(case,)).named(at) for at, case in enumerate(cases)]
        follow(index, Feed([report_of(run) for run in runs]))  # type: ignore[arg-type]
        (row,) = histogram(index.ask, Scope(), RAIL)
        assert row.under + sum(row.counts) + row.over == row.n == len(cases)


MEASURED = st.floats(-LARGEST, LARGEST)


@settings(max_examples=examples(100), deadline=None)
@given(
    st.tuples(MEASURED, MEASURED, MEASURED, MEASURED).map(sorted),
    st.integers(1, 10**6),
    st.none() | st.floats(0, 1e150),
)
@example([0.0, *[5e-324] * 3], 4, None)
@example([5e-324] * 4, 4, 0.0)
def test_any_values_have_bins(found: list[float], n: int, sigma: float | None) -> None:
    """Never too many, and never none, however small or large they and what lies between them are."""
    low, first, third, high = found
    for step in (None, (high - low) or None):
        bins = bins_of(n, (first, third), sigma, (low, high), step)
        assert 1 <= bins.size <= MOST_BINS and bins.edge(0) < bins.edge(bins.size)


def test_what_is_alike_but_for_rounding_keeps_its_place() -> None:
    """Measurements that go with another one alike are in the order of their names, not of the last digit of r."""
    scales = (0.7, 1.3, 3.3, 1.7, 2.3, 0.9)
    runs = [
        Run(
            start=MONDAY + at,
            cases=tuple(
                Case(f"m::{number}", measured=((f"{number}", (0.1 + at**1.5) * scale, "V", None),))
                for number, scale in enumerate((1.0, *scales))
            ),
        ).named(at)
        for at in range(4)
    ]
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(run) for run in runs]))  # type: ignore[arg-type]
        found = correlations(index.ask, Scope(), Measured("m::0", "0"))
        assert [row.case for row in found] == [f"m::{number}" for number in range(1, 7)]
    assert ranked(0.1 + 0.2) == ranked(0.3) < ranked(0.300_000_01)


def test_an_overload_is_counted_beside_the_bins() -> None:
    """What a meter says that has too much at its input does not make one bin of everything else."""
    values = [*np.linspace(4.9, 5.1, 50), 9.9e37]
    cases = [Case("m::rail", measured=(("Rail", float(value), "V", [4, 6]),)) for value in values]
    runs = [Run(start=MONDAY + at, cases=(case,)).named(at) for at, case in enumerate(cases)]
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(run) for run in runs]))  # type: ignore[arg-type]
        (row,) = histogram(index.ask, Scope(), RAIL)
    assert (row.over, row.under, sum(row.counts)) == (1, 0, 50)
    assert row.bins.width == pytest.approx(0.1)
    assert row.document()["bins"][0] == {"from": 4.9, "to": 5.0, "count": 25}  # type: ignore[index]


def test_what_was_never_measured_has_no_figures(planted: FiguresIndex) -> None:
    """No rows, and no error: neither of a name that nobody knows nor in a time in which nothing ran."""
    for scope, of in ((Scope(), Measured("main::none", "None")), (Scope(until=0.0), VOLTAGE)):
        for question in (histogram, boxes, points, limits_in_force, control_charts, correlations):
            assert question(planted.ask, scope, of) == []
        assert scatter(planted.ask, scope, of, VOLTAGE) == []
    assert measurements(planted.ask, Scope(until=0.0)) == case_times(planted.ask, Scope(until=0.0)) == []


def test_where_the_time_of_cases_went() -> None:
    """Against pandas: sums, quantiles and shares by sequence, retries, answers and waits."""
    dice = np.random.default_rng(1)
    runs = []
    for number in range(60):
        took = [float(value) for value in dice.exponential(2.0, 2)]
        cases = [
            CaseRow("m::one", "One", "passed", took[0], 2, took[0] / 2, None, None),
            CaseRow("m::two", "Two", "passed", took[1], 1, None, took[1] / 4, took[1] / 8 if number % 2 else None),
        ]
        run = rows_of(report_of(Run(start=MONDAY + number, version="ABC"[number // 20]).named(number)))
        runs.append(run._replace(cases=cases[: 1 + number % 3], measurements=[], failures=[]))
    frame = pd.DataFrame([{**case._asdict(), "version": run.run.version} for run in runs for case in run.cases])
    with FiguresIndex(None) as index:
        filled(index, runs)
        found = case_times(index.ask, Scope())
    assert [row.seconds for row in found] == sorted((row.seconds for row in found), reverse=True)
    for row in found:
        mine = frame[frame.name == row.case]
        assert (row.n, row.seconds, row.mean) == (len(mine), about(mine.seconds.sum()), about(mine.seconds.mean()))
        assert (row.median, row.p95) == (about(mine.seconds.median()), about(mine.seconds.quantile(0.95)))
        assert row.share == about(mine.seconds.sum() / frame.seconds.sum())
        assert (row.retries, row.retried) == (int((mine.attempts > 1).sum()), about(mine.retried.sum()))
        assert (row.asked, row.waited) == (about(mine.asked.sum()), about(mine.waited.sum()))
        medians = mine.groupby("version").seconds.median()
        assert [(one.version, one.median) for one in row.versions] == [
            (at, about(value)) for at, value in medians.items()
        ]
