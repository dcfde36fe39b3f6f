"""Units in limits: a number with a unit becomes a number in the measurement's unit. pint is imported only when needed.

The result is rounded to 12 significant digits (temperatures to 9 decimals), so that 3300 mV is 3.3 V and not
3.3000000000000003 V. Units convert when their root units agree, which is stricter than their dimensions: Hz and rpm are
both "per time", and still one is not 60 of the other for pint, which takes a revolution for 2π radians.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

from sequencer.vocabulary.data import Data

Number = int | float

_QUANTITY = re.compile(
    r"\s*(?P<number>[-+−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*"
    r"(?P<unit>[A-Za-zµμΩΩ°%][A-Za-z0-9µμΩΩ°%/*^·²³_-]{0,29})\s*\Z",
    re.ASCII,
)
# pint knows neither how peak-to-peak and r.m.s. values are written nor these spellings.
_SUFFIX = re.compile(r"(?<=[VAW])(pp|PP|rms|RMS|pk|dc|DC|ac|AC)\Z")
_SPELLINGS = (
    (re.compile(r"[Oo]hms?"), "ohm"),
    (re.compile(r"\b([mkM]?)N([cm]?)m\b"), r"\1N*\2m"),
    (re.compile("−"), "-"),
)
_RATIOS = ("decibel", "neper")
_OFFSET_UNITS = ("degree_Celsius", "degree_Fahrenheit", "degree_Reaumur")


class UnitProblem(ValueError):
    """A unit that is unknown, or of another dimension than the measurement's; the text is a plain sentence."""


def read_quantity(text: str) -> tuple[Number, str] | None:
    """``(4800, "mV")`` for ``4800 mV``; ``None`` for a text that is not a number with a unit."""
    match = _QUANTITY.match(text)
    if match is None:
        return None
    number = match["number"].replace("−", "-")
    return (int(number) if number.lstrip("+-").isdigit() else float(number)), match["unit"]


def in_unit(text: str, unit: str, *, difference: bool = False) -> Number | None:
    """The number that ``text`` (``4800 mV``) is in ``unit``; ``None`` for a text that is not a number with a unit.

    ``difference``: it is one of two values, as a tolerance is: 2 K are 2 °C then, and dB fit dBm. Raises
    ``UnitProblem``.
    """
    quantity = read_quantity(text)
    if quantity is None:
        return None
    number, written = quantity
    if _plain(written) == _plain(unit) or (difference and written == "dB" and unit.startswith("dB")):
        return number
    return _convert(number, written, unit, difference)


def convert_limits(written: Data, unit: str | None) -> Data:
    """The limits as written with every quantity in ``unit``: ``[4800 mV, 5.2 V]`` in V is ``[4.8, 5.2]``.

    Percentages of a tolerance, texts to compare with and texts with ``${{ expressions }}`` stay as they are. Raises
    ``UnitProblem``; ``limit_problems`` tells all of them with their paths.
    """
    return written if unit is None else _converted(written, unit, difference=False)


def change_unit(limits: Data, source: str, target: str) -> Data:
    """The limits, whose numbers are in ``source``, with numbers in ``target``. Raises ``UnitProblem``."""
    return _changed(limits, source, target, difference=False)


def _changed(limits: Data, source: str, target: str, *, difference: bool) -> Data:
    if isinstance(limits, Mapping):
        return {
            key: _changed(value, source, target, difference=difference or key == "tolerance")
            for key, value in limits.items()
        }
    if isinstance(limits, list):
        return [_changed(item, source, target, difference=difference) for item in limits]
    if isinstance(limits, bool) or not isinstance(limits, int | float) or _plain(source) == _plain(target):
        return limits
    return _convert(limits, source, target, difference)


def _converted(written: Data, unit: str, *, difference: bool) -> Data:
    if isinstance(written, Mapping):
        return {key: _entry(key, value, unit, difference) for key, value in written.items()}
    if isinstance(written, (list, tuple)):
        return [_converted(item, unit, difference=difference) for item in written]
    if not isinstance(written, str) or "${{" in written:
        return written
    if difference and written.rstrip().endswith("%"):
        return written
    number = in_unit(written, unit, difference=difference)
    return written if number is None else number


def _entry(key: str, value: Data, unit: str, difference: bool) -> Data:
    if key in ("matches", "ignore_case", "is"):
        return value
    return _converted(value, unit, difference=difference or key == "tolerance")


def _plain(unit: str) -> str:
    """One spelling for signs that look alike."""
    return unit.replace("µ", "u").replace("μ", "u").replace("Ω", "Ω").replace(" ", "")


def _convert(number: Number, written: str, unit: str, difference: bool) -> Number:
    source, target = _SUFFIX.search(written), _SUFFIX.search(unit)
    if source is not None and target is not None and source[0].lower() == target[0].lower():
        return _convert(number, written[: source.start()], unit[: target.start()], difference)
    registry = _registry()
    from_unit, to_unit = _unit(registry, written), _unit(registry, unit)
    if registry.get_root_units(from_unit)[1] != registry.get_root_units(to_unit)[1]:
        raise UnitProblem(f"{written!r} cannot be converted to {unit!r}: they measure different things")
    names = [str(from_unit), str(to_unit)]
    if (names[0] in _RATIOS) is not (names[1] in _RATIOS):  # of powers or of amplitudes: nobody knows which
        raise UnitProblem(f"{written!r} cannot be converted to {unit!r}: a ratio in dB has no single value")
    offset = any(name in _OFFSET_UNITS for name in names)
    if difference:
        if "decibel" in "".join(names):
            raise UnitProblem(f"a tolerance for {unit!r} is given in dB or {unit}, not in {written!r}")
        names = [f"delta_{name}" if name in _OFFSET_UNITS else name for name in names]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # with numpy installed, pint's logarithm of 0 warns where else it raises
            result = float(registry.Quantity(number, names[0]).to(names[1]).magnitude)
    except (ArithmeticError, ValueError, TypeError, AttributeError):
        raise UnitProblem(f"{number} {written} has no value in {unit}") from None
    if not math.isfinite(result):
        raise UnitProblem(f"{number} {written} has no value in {unit}")
    rounded = float(f"{result:.12g}")
    return round(rounded, 9) if offset and not difference else rounded


def _unit(registry: Any, text: str) -> Any:
    for pattern, spelling in _SPELLINGS:
        text = pattern.sub(spelling, text)
    if re.search(r"\d\d\d", text):
        raise UnitProblem(f"unknown unit {text!r}")
    try:
        return registry.parse_units(text)
    except Exception:  # pint raises many things at what it cannot read
        raise UnitProblem(f"unknown unit {text!r}") from None


@cache
def _registry() -> Any:
    """pint's own units; made once, since reading their definitions takes a quarter of a second."""
    try:
        import pint
    except ImportError:
        raise UnitProblem("limits with units need pint: pip install 'hardseq[units]'") from None
    return pint.UnitRegistry()
