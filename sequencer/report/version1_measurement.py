"""Measurements in version 1: a number with an operation, or a text that is equal or not. The rest becomes text."""

from __future__ import annotations

import json
from typing import Any

from sequencer.limits import Limit, judge, parse_limits
from sequencer.limits.exact import Each
from sequencer.limits.numeric import Tolerance
from sequencer.report.model import MeasurementReport

MAX_ELEMENTS = 100
"""An array of so many numbers under an ``each`` limit becomes one measurement per element; a longer one is one text."""

Fields = dict[str, Any]


def lower_measurements(measurements: list[MeasurementReport]) -> tuple[list[Fields], list[Fields]]:
    """The version 1 measurements, and what they could not say: ``[{name, limits, unit, reason}]``."""
    lowered: list[Fields] = []
    unsaid: list[Fields] = []
    for measurement in measurements:
        if measurement.get("superseded"):
            continue  # version 1 knows no tries: a passed case would look failed
        limit = _limit(measurement)
        elements = _elements(measurement, limit)
        if elements:
            lowered.extend(elements)
            said = False
        else:
            fields, said = _one(measurement, limit)
            lowered.append(fields)
        rest = {"name": measurement["name"]}
        if not said and measurement["limits"] is not None:
            rest["limits"] = measurement["limits"]  # type: ignore[assignment]
        if measurement["unit"] is not None and lowered[-1]["type"] == "string":
            rest["unit"] = measurement["unit"]
        if measurement["reason"] is not None:
            rest["reason"] = measurement["reason"]
        if len(rest) > 1:
            unsaid.append(rest)
    return lowered, unsaid


def _limit(measurement: MeasurementReport) -> Limit | None:
    if measurement["limits"] is None:
        return None
    try:
        return parse_limits(measurement["limits"], measurement["unit"])
    except ValueError:
        return None


def _one(measurement: MeasurementReport, limit: Limit | None) -> tuple[Fields, bool]:
    """One measurement; false when its limit is not, or not wholly, in it."""
    value, fields = measurement["value"], {} if limit is None else limit.lower()
    is_text = "casesensitive" in fields
    if measurement["type"] == "numeric" and not isinstance(value, str):
        usable = {} if is_text else fields
        said = bool(usable) and not isinstance(limit, Tolerance)
        return _numeric(measurement["name"], value, measurement["unit"], usable, measurement["result"]), said
    usable = fields if is_text and measurement["type"] == "string" else {}
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # A number that JSON lacks never passed, nor did a value that was never there.
    failed = measurement["type"] in ("numeric", "missing")
    return {
        "type": "string",
        "name": measurement["name"],
        "value": text,
        "operation": usable.get("operation"),
        "comparison_value": usable.get("comparison_value"),
        "casesensitive": usable.get("casesensitive", True),
        "result": False if failed else measurement["result"],
    }, bool(usable)


def _elements(measurement: MeasurementReport, limit: Limit | None) -> list[Fields]:
    """One measurement per element of a short array of numbers under ``each``; empty when it is anything else."""
    value = measurement["value"]
    if not isinstance(limit, Each) or not isinstance(value, list) or len(value) > MAX_ELEMENTS:
        return []
    fields = limit.limit.lower()
    if not fields or "casesensitive" in fields or any(type(item) not in (int, float) for item in value):
        return []
    name, unit = measurement["name"], measurement["unit"]
    return [
        _numeric(f"{name}[{index}]", item, unit, fields, judge(item, limit.limit).result)
        for index, item in enumerate(value)
    ]


def _numeric(name: str, value: Any, unit: str | None, fields: Fields, result: bool | None) -> Fields:
    return {
        "type": "numeric",
        "name": name,
        "value": value,
        "unit": unit,
        "operation": fields.get("operation"),
        "comparison_value": fields.get("comparison_value"),
        "lower_limit": fields.get("lower_limit"),
        "upper_limit": fields.get("upper_limit"),
        "result": result,
    }
