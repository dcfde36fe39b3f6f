"""Units in limits."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.limits import judge, limit_problems, parse_limits
from sequencer.limits.units import UnitProblem, convert_limits, in_unit
from tests.effort import examples


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("4800 mV", "V", 4.8),
        ("3300mV", "V", 3.3),
        ("5.2 V", "V", 5.2),
        ("1e3 mV", "V", 1.0),
        ("−5 V", "mV", -5000.0),
        ("4.7 kOhm", "Ω", 4700.0),
        ("4.7 kΩ", "Ohm", 4700.0),
        ("10 µA", "mA", 0.01),
        ("10 μA", "uA", 10),
        ("25 °C", "K", 298.15),
        ("77 °F", "°C", 25.0),
        ("32 °F", "degC", 0.0),
        ("-273.15 °C", "K", 0.0),
        ("1 pF", "F", 1e-12),
        ("10 dBm", "mW", 10.0),
        ("1 W", "dBm", 30.0),
        ("50 %", "ppm", 500_000.0),
        ("500 mVpp", "Vpp", 0.5),
        ("1 Nm", "N*cm", 100.0),
        ("2 Ncm", "Nm", 0.02),
        ("0.5 kNm", "Nm", 500.0),
        ("3 mNm", "Ncm", 0.3),
        ("1.5 h", "min", 90.0),
        ("7 widgets", "widgets", 7),
    ],
)
def test_quantities_as_engineers_write_them(text: str, unit: str, number: float) -> None:
    """Prefixes, Greek letters, temperatures, levels and percentages become the number a person would write."""
    assert in_unit(text, unit) == number


@pytest.mark.parametrize(("text", "unit", "number"), [("2 K", "°C", 2), ("3.6 °F", "°C", 2), ("1 dB", "dBm", 1)])
def test_tolerances_are_differences(text: str, unit: str, number: float) -> None:
    """A tolerance in kelvin for a value in °C is not moved by 273.15, and decibels fit a level."""
    assert in_unit(text, unit, difference=True) == number


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        ("5 mA", "V", "'mA' cannot be converted to 'V'"),
        ("60 rpm", "Hz", "'rpm' cannot be converted to 'Hz'"),
        ("500 mVpp", "V", "unknown unit 'mVpp'"),
        ("500 mVpp", "Vrms", "unknown unit 'mVpp'"),
        ("5 dB", "%", "no single value"),
        ("0 W", "dBm", "no value in dBm"),
        ("1 m^9999", "m", "unknown unit"),
    ],
)
def test_what_does_not_convert_is_refused(text: str, unit: str, words: str) -> None:
    """Another dimension, an unknown unit, or a conversion that would be a guess is a problem in plain words."""
    with pytest.raises(UnitProblem, match=words):
        in_unit(text, unit)


@pytest.mark.parametrize(
    ("written", "unit", "converted"),
    [
        (["4800 mV", "5.2 V"], "V", [4.8, 5.2]),
        ({"nominal": "5000 mV", "tolerance": "4%"}, "V", {"nominal": 5.0, "tolerance": "4%"}),
        (
            {"nominal": "25 °C", "tolerance": {"plus": "2 K", "minus": 1}},
            "°C",
            {"nominal": 25, "tolerance": {"plus": 2.0, "minus": 1}},
        ),
        ({"each": {"outside": {"lt": "1 mV", "gt": 2}}}, "V", {"each": {"outside": {"lt": 0.001, "gt": 2}}}),
        ({"eq": "v1.2.0"}, "V", {"eq": "v1.2.0"}),
        ({"matches": "5 mV"}, "V", {"matches": "5 mV"}),
        (["32 °F", "77 °F"], "°C", [0.0, 25.0]),
        (["${{ low }}", "5 V"], "V", ["${{ low }}", 5]),
        ([1, 2], None, [1, 2]),
    ],
)
def test_limits_are_converted_whole(written: Any, unit: str | None, converted: Any) -> None:
    """Every quantity becomes a number in the measurement's unit, everything else stays as written."""
    assert convert_limits(written, unit) == converted


def test_limits_with_units_judge_in_the_measurements_unit() -> None:
    """Limits in mV judge a value in V, and speak of V."""
    limit = parse_limits(["4800 mV", "5.2 V"], "V")
    assert judge(4.8, limit).result is True
    assert str(judge(4.79, limit, "V").reason) == "4.79 V is below the lower limit of 4.8 V"


def test_bounds_are_temperatures_and_tolerances_are_differences() -> None:
    """25 °C ± 2 K is 23 °C to 27 °C, and a bound of 77 °F is one of 25 °C, compared with by `eq` too."""
    around = parse_limits({"nominal": "77 °F", "tolerance": "2 K"}, "°C")
    assert [judge(value, around).result for value in (22.9, 23, 27, 27.1)] == [False, True, True, False]
    sides = parse_limits({"nominal": 25, "tolerance": {"plus": "2 K", "minus": "1.8 °F"}}, "°C")
    assert [judge(value, sides).result for value in (23.9, 24, 27, 27.1)] == [False, True, True, False]
    bounds = parse_limits({"ge": "32 °F", "lt": "77 °F"}, "°C")
    assert [judge(value, bounds).result for value in (-0.1, 0, 24.9, 25)] == [False, True, True, False]
    assert judge(25, parse_limits({"eq": "77 °F"}, "°C")).result is True


@pytest.mark.parametrize(
    ("written", "unit", "path"),
    [
        (["5 mA", "5.2 V"], "V", (0,)),
        ({"ge": "1 V"}, None, ("ge",)),
        ({"nominal": 5, "tolerance": {"plus": "1 mA", "minus": 1}}, "V", ("tolerance", "plus")),
        ({"nominal": 90, "tolerance": "2%"}, "%", ("tolerance",)),
        ({"eq": "5 mA"}, "V", ("eq",)),
        ({"each": {"le": "3 Vxx"}}, "V", ("each", "le")),
    ],
)
def test_wrong_units_are_found_at_check_time(written: Any, unit: str | None, path: tuple[Any, ...]) -> None:
    """Each wrong unit is a problem at its own place, and a `ValueError` at run time."""
    (problem,) = limit_problems(written, unit)
    assert (problem.code, problem.path, problem.severity) == ("limit-unit", path, "error")
    with pytest.raises(ValueError, match=re.escape(problem.message)):
        parse_limits(written, unit)


def test_pint_is_imported_only_when_a_conversion_needs_it() -> None:
    """Limits without units, or in the measurement's own, do not pay for reading unit definitions."""
    code = (
        "import sys\n"
        "from sequencer.limits import parse_limits\n"
        "parse_limits([1, 2], 'V'); parse_limits(['1 V', '2 V'], 'V')\n"
        "print('pint' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


@given(st.one_of(st.text(max_size=12), st.from_regex(r"-?\d{1,3} ?[a-zA-Zµ°%/^*]{1,5}", fullmatch=True)))
@settings(max_examples=examples(150))
def test_any_text_converts_or_is_refused(text: str) -> None:
    """Whatever is written as a limit, reading its unit never raises anything but a unit problem."""
    try:
        number = in_unit(text, "V")
    except UnitProblem:
        return
    assert number is None or isinstance(number, (int, float))
