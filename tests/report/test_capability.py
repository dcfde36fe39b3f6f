"""Process capability."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.capability import Capability, capability

VALUES = [5.01, 4.98, 5.03, 5.00, 4.97, 5.02, 4.99, 5.00]


def test_the_figures_of_the_handbook() -> None:
    """The example of the NIST handbook (mean 16, s 2, limits 8 and 20) has Cp 1.0 and Cpk 0.6667."""
    values = [14.0, 18.0, 14.0, 18.0, 16.0]  # mean 16, sample standard deviation 2
    found = capability(values, 8, 20)
    assert found.stdev == pytest.approx(2.0)
    assert found.cp == pytest.approx(1.0)
    assert found.cpk == pytest.approx(0.6667, abs=1e-4)


def test_one_limit_has_no_cp() -> None:
    """With one limit Cpk is that side's figure, and Cp is not defined."""
    stdev = statistics.stdev(VALUES)
    assert capability(VALUES, lower=4.9).cpk == pytest.approx((statistics.fmean(VALUES) - 4.9) / (3 * stdev))
    assert capability(VALUES, upper=5.1).cpk == pytest.approx((5.1 - statistics.fmean(VALUES)) / (3 * stdev))
    assert capability(VALUES, upper=5.1).cp is None
    assert capability(VALUES).cpk is None


@pytest.mark.parametrize("values", [[], [math.nan, math.inf], [5.0], [5.1, 5.1, 5.1]], ids=str)
def test_without_spread_there_is_no_figure(values: list[float]) -> None:
    """Too few values, or equal ones, have neither Cp nor Cpk; nothing raises."""
    found = capability(values, 4, 6)
    assert (found.cp, found.cpk) == (None, None)


def test_no_values() -> None:
    """No value at all has no mean."""
    assert capability([]) == Capability(0)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=50))
def test_it_agrees_with_the_standard_library(values: list[float]) -> None:
    """Mean and standard deviation are those of `statistics`."""
    found = capability(values, -200, 200)
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert found.stdev == pytest.approx(statistics.stdev(values), abs=1e-9)


@given(st.lists(st.floats()))
def test_it_never_raises(values: list[float]) -> None:
    """NaN, infinities and huge values are no reason to fail."""
    capability(values, -1, 1)
