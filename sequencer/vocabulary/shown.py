"""Measured values as people read them, on a terminal and in exports; the report has them whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sequencer.vocabulary.data import MAX_WHOLE, Data

if TYPE_CHECKING:
    from decimal import Decimal

LONGEST = 60
"""Characters."""
UNIT_SIGNS = frozenset("%°′″")
LINE_END = "⏎"


def shown_value(value: Data, unit: str | None = None) -> str:
    """``10.5 V``; on one line, and cut when it is long."""
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, float):
        text = shown_number(value)
    elif isinstance(value, list | tuple):
        more = f", … {len(value)} elements" if len(value) > 5 else ""
        text = f"[{', '.join(shown_value(each) for each in value[:5])}{more}]"
    else:
        text = show(value)
    return with_unit(_cut(text), unit)


def show(value: object, unit: str | None = None) -> str:
    """A value as limits and reasons say it: numbers with every digit and unit, texts in quotes, long ones cut."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return with_unit(_digits(value), unit)
    if isinstance(value, str):
        return json.dumps(value if len(value) <= LONGEST else value[:LONGEST] + "…", ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        shown = ", ".join(show(item) for item in value[:5])
        return f"[{shown}, … {len(value)} elements]" if len(value) > 5 else f"[{shown}]"
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    return "null" if value is None else f"<{type(value).__name__}>"


def show_whole(value: object) -> str:
    """A value with everything in it, on one line; cut when it is very long."""
    shown = _whole(value)
    return shown if len(shown) <= 2 * LONGEST else shown[: 2 * LONGEST] + "…"


def _whole(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_whole, value))}]"
    if isinstance(value, dict):
        entries = (f"{json.dumps(key, ensure_ascii=False)}: {_whole(each)}" for key, each in value.items())
        return f"{{{', '.join(entries)}}}"
    return show(value)


def _digits(value: int | float) -> str:
    if isinstance(value, int):
        return str(int(value)) if value.bit_length() <= 256 else f"about 2**{value.bit_length()}"
    if value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return _short_exponent(repr(float(value)))


def _short_exponent(written: str) -> str:
    """``1e-7`` for ``1e-07``: as pages write it."""
    mantissa, exponent, power = written.partition("e")
    return f"{mantissa}e{int(power):+d}" if exponent else written


def with_unit(number: str, unit: str | None) -> str:
    """``10.5 V``, and ``45°``: signs that belong to the number follow it without a blank."""
    if not unit:
        return number
    return f"{number}{unit}" if unit in UNIT_SIGNS else f"{number} {unit}"


def shown_number(value: int | float) -> str:
    """A number without the noise of binary fractions (10.49999999999951 is 10.5): whole ones as they are, others with
    seven significant digits, very large and very small ones with five and an exponent.

    The page's ``number`` (``text.js``) writes the same; a test holds the two equal.
    """
    if isinstance(value, int):
        return _digits(value)
    if value.is_integer() and abs(value) <= MAX_WHOLE:
        return str(int(value))
    if not abs(value) < float("inf"):
        return repr(value)
    if value and not 1e-4 <= abs(value) < 1e9:
        mantissa, _, power = f"{_rounded(value, 5):.4e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(power):+d}"
    written = f"{_rounded(value, 7):f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _rounded(value: float, digits: int) -> Decimal:
    # Imported here: not every start shows a number.
    from decimal import ROUND_HALF_UP, Context

    return Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal_from_float(value)


def _cut(text: str) -> str:
    text = text.replace("\r\n", LINE_END).replace("\n", LINE_END)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
