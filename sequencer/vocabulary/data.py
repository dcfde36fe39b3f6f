"""Plain data: what YAML, JSON and the journal can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

Scalar = None | bool | int | float | str
Data = Scalar | Sequence["Data"] | Mapping[str, "Data"]

MeasurementType = Literal["numeric", "string", "boolean", "array", "missing", "other"]
"""What kind of value a measurement has."""

MAX_WHOLE = 2**53 - 1
"""The largest whole number that every store, every page and every reader of JSON holds exactly: each number that a
sequence or a configuration gives hardseq itself is at most that far from 0. Values of drivers are kept whole."""


def finite_number(value: object) -> int | float | None:
    """``value`` where it is a finite number that others can hold as a floating-point one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(float(value)) else None
    except OverflowError:
        return None


def utf8(text: str) -> bytes:
    """``text`` in UTF-8. A lone surrogate (a driver's undecodable byte) has no such form and is written as its escape,
    ``\\udc80``: visible, and valid inside JSON."""
    return text.encode("utf-8", "backslashreplace")
