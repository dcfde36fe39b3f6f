"""How values, limits and durations of a report read in an export."""

from __future__ import annotations

import re

from sequencer.limits import parse_limits
from sequencer.report.model import MeasurementReport, RunReport
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.json_text import as_text
from sequencer.vocabulary.shown import shown_value

# What neither XML 1.0 nor a spreadsheet nor a page can hold: control characters, lone surrogates, non-characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """The text with escapes (``\\u001d``) for characters that no text file should hold; tabs and line ends stay.

    Left out, two serial numbers that differ in such a character alone would read the same.
    """
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown(measurement: MeasurementReport) -> str:
    """A measured value for people: ``5.1 V``."""
    return shown_value(measurement["value"], measurement["unit"])


def limits_in_words(measurement: MeasurementReport) -> str:
    """``4.8 V ≤ value ≤ 5.2 V``; empty without limits, as written when they cannot be read."""
    return words_of_limits(measurement["limits"], measurement["unit"])


def words_of_limits(limits: Data, unit: str | None) -> str:
    """The same for any limits."""
    if limits is None:
        return ""
    try:
        return parse_limits(limits, unit).describe(unit)
    except ValueError:
        return as_text(limits)


def slot_text(report: RunReport) -> str:
    """Where the product was, ``left (1)``; empty where the stand has no slots."""
    return f"{report['slot']['name']} ({report['slot']['number']})" if "slot" in report else ""


def duration(start: float | None, stop: float | None) -> float:
    """Seconds between the two, 0 when one is not known."""
    return 0.0 if start is None or stop is None else max(stop - start, 0.0)
