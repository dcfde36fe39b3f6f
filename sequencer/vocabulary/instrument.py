"""What an instrument says of itself, and until when its calibration holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.regex import PatternError, compile_pattern

_ISO_DATE = r"(?a)\d{4}-\d{2}-\d{2}"
IDENTITIES = ("identify", "idn", "id")
"""What drivers call the identity of their instrument, the first that there is; the last is PyMeasure's word."""
_IDN_FIELDS = ("maker", "part_number", "serial_number", "revision")


def parse_due(text: object) -> date:
    """The date of ``2027-05-01``. Raises ``ValueError``, also for the other forms that ISO 8601 knows."""
    if not isinstance(text, str) or not re.fullmatch(_ISO_DATE, text):
        raise UnusableValue(Reason("date_form"))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnusableValue(Reason("no_such_date")) from None


def requirement_problem(key: str, value: object) -> str | None:
    """What is wrong with a requirement (``idn`` or ``calibration_due``), ``None`` when it can be used."""
    if key == "calibration_due":
        try:
            parse_due(value)
        except ValueError as error:
            return str(error)
        return None
    if not isinstance(value, str):
        return "must be a string"
    try:
        compile_pattern(value)
    except PatternError as error:
        return f"is not a valid regular expression: {error}"
    return None


def instrument_entry(
    name: str, identity: str | None, calibration_due: str | None, *, simulated: bool
) -> Mapping[str, object]:
    """The entry of the report's ``instruments``: the fields of ``record.INSTRUMENT_FIELDS`` that are known.

    ``identity`` with the four fields of an answer to ``*IDN?`` (IEEE 488.2, 10.14: maker, model, serial number,
    firmware) is taken apart; ``0`` there means that the instrument does not know. Any other text stands in ``info``.
    """
    fields = [] if identity is None else [field.strip() for field in identity.split(",")]
    known: dict[str, str] = {}
    info: dict[str, str] = {}
    if len(fields) == len(_IDN_FIELDS):
        known = {key: field for key, field in zip(_IDN_FIELDS, fields, strict=True) if field not in ("", "0")}
        info = {"maker": known.pop("maker")} if "maker" in known else {}
    elif identity:
        info = {"identity": identity}
    if calibration_due is not None:
        info["calibration_due"] = calibration_due
    return {
        "name": name,
        **known,
        **({"comment": "simulated"} if simulated else {}),
        **({"info": info} if info else {}),
    }
