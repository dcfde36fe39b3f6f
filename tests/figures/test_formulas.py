"""The formulas against published examples, and against the standard library."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.figures.capability import capabilities
from sequencer.figures.follow import follow
from sequencer.figures.formulas import capability, overall_sigma, rate, sample_sigma, sigma_within
from sequencer.figures.index import FiguresIndex
from sequencer.figures.scope import Scope
from tests.figures.history import MONDAY, Case, Feed, Run, report_of

FLOW = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
"""NIST/SEMATECH e-Handbook 6.3.2.2, flow rate of ten batches."""


def test_the_capability_of_the_handbook() -> None:
    """NIST 6.1.6: limits 8 and 20, mean 16, sigma 2: Cp 1.0, Cpk 0.6667 (Cpu), with one limit that one's."""
    found = capability(16.0, 2.0, 2.0, 8.0, 20.0)
    assert found.cp == found.pp == pytest.approx(1.0)
    assert found.cpk == found.ppk == pytest.approx(0.6667, abs=1e-4)
    assert capability(16.0, 2.0, 2.0, 8.0, None) == (None, pytest.approx(1.3333, abs=1e-4), None, pytest.approx(4 / 3))


def test_the_control_chart_of_the_handbook() -> None:
    """NIST 6.3.2.2: a mean of 50.81 and a mean moving range of 1.8778, so that three sigmas within are 4.994."""
    cases = [Case("m::flow", measured=(("Flow", value, None, [40, 60]),)) for value in FLOW]
    runs = [Run(start=MONDAY + at, cases=(case,), serial_number=f"SN{at}").named(at) for at, case in enumerate(cases)]
    with FiguresIndex(None) as index:
        follow(index, Feed([report_of(run) for run in runs]))  # type: ignore[arg-type]
        (row,) = capabilities(index.ask, Scope())
    assert (row.n, row.mean) == (10, pytest.approx(50.81))
    assert row.sigma_within == pytest.approx(1.8778 / 1.128, abs=1e-4)
    assert row.sigma_within is not None
    assert row.mean + 3 * row.sigma_within == pytest.approx(55.8041, abs=1e-3)
    assert row.sigma == pytest.approx(statistics.stdev(FLOW))


@pytest.mark.parametrize(("mean", "sigma"), [(None, None), (5.0, None), (5.0, 0.0)])
def test_where_nothing_can_be_said_nothing_is(mean: float | None, sigma: float | None) -> None:
    """No value, one value, or values that are all the same: no index, rather than an infinite one."""
    assert set(capability(mean, sigma, sigma, 4.0, 6.0)) == {None}
    assert sigma_within(None) is None
    assert rate(0, 0) is None
    assert set(capability(5.0, 1.0, 1.0, None, None)) == {None}


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_the_sample_sigma_is_that_of_the_standard_library(values: list[float]) -> None:
    """n - 1; of one value there is none, and what rounding leaves of equal values is none either."""
    assert sample_sigma(values) == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-9)
    assert sample_sigma(values[:1]) is None
    assert overall_sigma(0.1 + 0.2, sample_sigma([0.1 + 0.2] * 3)) == 0.0
