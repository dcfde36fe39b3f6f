"""Control charts against published examples, and the rules against the patterns that their authors drew."""

from __future__ import annotations

import statistics

import pytest

from sequencer.figures.control import RULES, c4, individual_limits, marked, subgroup_limits
from sequencer.figures.control_chart import ControlRow, Subgroup, control_charts
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.figures.one_measurement import Measured
from sequencer.figures.scope import Scope
from tests.figures.history import MONDAY, Case, Feed, Run, report_of
from tests.later import Later

stats = Later("scipy.stats")

FLOW = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
"""NIST/SEMATECH e-Handbook 6.3.2.2, flow rate of ten batches."""

RINGS = """
30 2 19 -8 8 -5 -8 1 11 4 -12 24 21 5 2 2 -4 -7 15 9 -8 7 15 -11 14 9 -6 -3 -15 -7 -5 6 -6 0 5 -15 3
-7 15 -12 8 -5 9 5 4 -2 0 -10 7 -5 -6 -2 -6 -5 -10 4 0 7 0 -4 -17 2 -2 -3 12 6 -33 -6 0 -16 12 14 -2
-1 7 0 -16 5 -2 -4 -6 12 -14 5 7 6 10 18 3 0 -16 2 3 5 -3 0 10 13 20 3 -18 1 15 5 -4 4 -1 -10 6 9 10
-11 -10 9 14 15 8 -7 0 10 -18 -16 -5 17 13
"""
"""Montgomery, Introduction to Statistical Quality Control, table 6.3: inside diameters of piston rings, 25 samples of
five, in micrometres beyond 74 mm."""


def charts(values: list[float], subgroup: Subgroup, apart: float = 60.0) -> list[ControlRow]:
    """Of values that follow each other after so many seconds."""
    cases = [Case("m::ring", measured=(("Ring", value, "mm", None),)) for value in values]
    runs = [
        Run(start=MONDAY + at * apart, cases=(case,), serial_number=f"SN{at}").named(at)
        for at, case in enumerate(cases)
    ]
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(run) for run in runs]))  # type: ignore[arg-type]
        return control_charts(index.ask, Scope(), Measured("m::ring", "Ring"), subgroup)


@pytest.mark.parametrize(("size", "constant"), [(2, 0.7979), (3, 0.8862), (5, 0.9400), (10, 0.9727), (25, 0.9896)])
def test_c4(size: int, constant: float) -> None:
    """NIST 6.3.2.1 and AIAG, table of constants."""
    assert c4(size) == pytest.approx(constant, abs=5e-5)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3, 5, 10, 25])
def test_c4_is_the_mean_of_the_chi_distribution(size: int) -> None:
    """As scipy knows it."""
    assert c4(size) == pytest.approx(stats.chi.mean(size - 1) / (size - 1) ** 0.5)


def test_factors_of_subgroups() -> None:
    """A3 = 1.427, B3 = 0 and B4 = 2.089 for five values, A3 = 0.975, B3 = 0.284, B4 = 1.716 for ten (AIAG)."""
    for size, factors in ((5, (1.427, 0.0, 2.089)), (10, (0.975, 0.284, 1.716))):
        found = subgroup_limits(0.0, 1.0 / c4(size), size)
        assert (found.upper, found.spread_lower, found.spread_upper) == pytest.approx(factors, abs=6e-4)


def test_individuals_of_the_handbook() -> None:
    """NIST 6.3.2.2: centre 50.81, limits 45.8159 and 55.8041; every range below 3.267 mean ranges."""
    (chart,) = charts(list(FLOW), 1)
    assert (chart.n, chart.incomplete, chart.centre) == (10, 0, pytest.approx(50.81))
    assert chart.spread_centre == pytest.approx(1.8778, abs=1e-4)
    limits = chart.points[0].limits
    assert limits is not None and limits == individual_limits(chart.centre, chart.spread_centre or 0.0)
    assert (limits.lower, limits.upper) == pytest.approx((45.8159, 55.8041), abs=1e-3)
    assert limits.spread_upper == pytest.approx(6.1347, abs=1e-3)
    assert [point.spread for point in chart.points][:3] == [None, pytest.approx(2.0), pytest.approx(2.3)]
    assert [point.rules for point in chart.points if point.rules] == []


def test_piston_rings() -> None:
    """Montgomery, example 6.3: centre 74.001, mean deviation 0.0094, limits 73.988 and 74.014, of deviations 0.0196."""
    rings = [74 + int(value) / 1000 for value in RINGS.split()]
    (chart,) = charts([*rings, 74.0, 74.1], 5)
    assert (chart.n, chart.incomplete, len(chart.points)) == (127, 2, 25)
    assert chart.centre == pytest.approx(74.001176, abs=1e-6)
    assert chart.spread_centre == pytest.approx(0.0094, abs=5e-6)
    for point in chart.points:
        assert point.size == 5 and point.limits is not None and point.rules == []
        assert (point.limits.lower, point.limits.upper) == pytest.approx((73.988, 74.014), abs=6e-4)
        assert (point.limits.spread_lower, point.limits.spread_upper) == pytest.approx((0.0, 0.0196), abs=5e-5)


def test_subgroups_in_time() -> None:
    """Of a day each, whatever their sizes: the sigma is pooled, and wider limits are those of smaller subgroups."""
    values = [5.0, 5.2, 5.1, 4.9, 5.3, 5.0, 5.1]
    (chart,) = charts(values, "day", 8 * 3600.0)
    assert [point.size for point in chart.points] == [3, 3] and chart.incomplete == 1
    groups = values[:3], values[3:6]
    variances = [statistics.variance(group) for group in groups]
    assert chart.sigma == pytest.approx((sum(variances) / 2) ** 0.5)
    assert chart.centre == pytest.approx(sum(values[:6]) / 6)
    (uneven,) = charts([*values[:3], *values[3:5]], "day", 8 * 3600.0)
    three, two = (point.limits for point in uneven.points)
    assert three is not None and two is not None and two.upper > three.upper


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("western_electric_1", [3.1]),
        ("western_electric_2", [2.1, 0.5, 2.2]),
        ("western_electric_3", [-1.1, -1.2, 0.3, -1.4, -1.1]),
        ("western_electric_4", [0.1] * 8),
        ("nelson_1", [-3.01]),
        ("nelson_2", [-0.2] * 9),
        ("nelson_3", [-1, -0.5, 0, 0.4, 0.8, 1.2]),
        ("nelson_4", [0.5, -0.5] * 7),
        ("nelson_5", [-2.5, -2.1]),
        ("nelson_6", [1.1, 1.2, 1.3, 1.4]),
        ("nelson_7", [0.4, -0.9, 0.2] * 5),
        ("nelson_8", [1.2, -1.3] * 4),
    ],
)
def test_a_rule_marks_the_point_that_completes_its_pattern(rule: str, pattern: list[float]) -> None:
    """The last one; neither one before it, nor the last one of a pattern that lacks its first point."""
    *before, last = marked(pattern)
    assert rule in last
    assert not any(rule in rules for rules in before)
    assert rule not in (marked(pattern[1:]) or [[]])[-1]
    assert set(RULES) >= set(last)


def test_sides_are_not_mixed() -> None:
    """Two of three on different sides of the centre line, or four on one side with the last one inside, are none."""
    assert marked([2.5, 0.0, -2.5])[-1] == []
    assert "nelson_6" not in marked([1.1, 1.2, 1.3, 1.4, 0.5])[-1]


def test_values_that_are_all_the_same_are_not_marked() -> None:
    """Nor is a single value: nothing can be said of them."""
    (chart,) = charts([5.1] * 20, 1)
    assert all(point.rules == [] for point in chart.points)
    (single,) = charts([5.1], 1)
    assert (single.sigma, single.points[0].limits, single.points[0].rules) == (None, None, [])
    assert charts([5.1], 5) == []
