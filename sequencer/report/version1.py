"""The report lowered to schema version 1, which StandCloud and tools for HardPy's CouchDB documents read.

Exactly the fields of that version, nothing else: an unknown key at any level is refused by its readers. What has no
field there goes into the ``artifact`` of its level under the key ``hardseq``, or into ``info``.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from sequencer.limits import Limit, judge, parse_limits
from sequencer.limits.exact import EachElement
from sequencer.limits.numeric import Tolerance
from sequencer.report.evidence import marked_name
from sequencer.report.fact_sections import DutReport
from sequencer.report.model import AttemptReport, CaseReport, MeasurementReport, ModuleReport, RunReport
from sequencer.vocabulary.data import utf8
from sequencer.vocabulary.json_text import as_text, one_line
from sequencer.vocabulary.status import FINAL_STATUSES

UNKNOWN = "unknown"
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}\Z")

Fields = dict[str, Any]


def lower(report: RunReport, *, rev: str | None = None, stand_cloud: bool = False) -> Fields:
    """The version 1 document of ``report``; every key of the format is there, null where nothing was recorded.

    As a CouchDB document it has ``_id`` and, where ``rev`` is given, ``_rev`` (a document yet to be created has none).
    For StandCloud it has ``id`` and ``rev`` (made from the content when not given), and names and part numbers that
    are empty become ``unknown`` as its readers want it. The name of a run that is no evidence says so, as these readers
    look at nothing else.
    """
    identity: Fields = {"id": report["id"], "rev": rev} if stand_cloud else {"_id": report["id"]}
    if rev is not None and not stand_cloud:
        identity["_rev"] = rev
    document: Fields = {
        **identity,
        "status": report["status"],
        "stop_time": _stop(report),
        "start_time": _seconds(report["start_time"]),
        "name": marked_name(report.get("tests_name") or report["sequence"]["name"], report),
        "test_stand": _stand(report),
        "dut": _dut(report["dut"]),
        "process": _section(report["process"], ("name", "number", "info")),
        "modules": {module["id"]: _module(module) for module in report["modules"]},
        "user": report["user"],
        "batch_serial_number": report["batch"].get("serial_number"),
        "caused_dut_failure_id": report["caused_dut_failure_id"],
        "error_code": report["error_code"],
        "artifact": _artifact(report["artifact"], _run_rest(report)),
    }
    if stand_cloud:
        _name_the_unknown(document)
        if rev is None:
            document["rev"] = _revision(document)
    return document


def _run_rest(report: RunReport) -> Fields:
    rest: Fields = {
        "version": report["hardseq"],
        "sequence": {key: value for key, value in report["sequence"].items() if value is not None},
        "host": report["host"],
    }
    for key in (
        "params",
        "variant",
        "untested",
        "simulated",
        "debugged",
        "aborted",
        "stop_reason",
        "failures",
        "operator_messages",
        "after_run",
        "imported",
    ):
        if report.get(key):  # a report of an earlier version may lack one
            rest[key] = _uncoded(key, report[key])
    if report["selection"] is not None:
        rest["selection"] = report["selection"]
    return rest


def _module(module: ModuleReport) -> Fields:
    rest = {"description": module["description"]} if module["description"] else {}
    return {
        "status": module["status"],
        "stop_time": _stop(module),
        "start_time": _seconds(module["start_time"]),
        "name": module["name"],
        "group": module["group"],
        "cases": {case["id"]: _case(case) for case in module["cases"]},
        "artifact": _artifact(module["artifact"], rest),
    }


def _case(case: CaseReport) -> Fields:
    attempts = case["attempts"]
    # A report of an earlier version lacks `skip_kind`.
    rest: Fields = {key: case[key] for key in ("description", "reason", "skip_kind", "tags") if case.get(key)}
    fields: Fields = {
        "status": case["status"],
        "stop_time": _stop(case),
        "start_time": _seconds(case["start_time"]),
        "name": case["name"],
        "group": case["group"],
        # As HardPy says it of a case that did not run; of such readers none looks into `artifact`.
        "assertion_msg": None if attempts else case["reason"],
        "msg": None,
        "measurements": [],
        "chart": None,
        "attempt": 0,
        "artifact": {},
    }
    artifact: Fields = {}
    if attempts:
        last = attempts[-1]
        artifact = last["artifact"]
        _fill(fields, last, rest)
        if len(attempts) > 1:
            rest["attempts"] = [
                {key: _uncoded(key, value) for key, value in attempt.items() if key not in _OF_NOW}
                for attempt in attempts[:-1]
            ]
    fields["artifact"] = _artifact(artifact, rest)
    return fields


def _fill(fields: Fields, attempt: AttemptReport, rest: Fields) -> None:
    """What an attempt recorded, into the fields of its case and into the ``rest`` that has no field."""
    messages = [failure["message"] for failure in attempt["failures"]]
    fields["assertion_msg"] = "\n".join(messages) if messages else None
    fields["msg"] = attempt["messages"] or None
    fields["attempt"] = attempt["number"]
    fields["measurements"], unsaid = lower_measurements(attempt["measurements"])
    fields["chart"], charts = lower_charts(attempt["charts"])
    superseded = [measurement for measurement in attempt["measurements"] if measurement.get("superseded")]
    more: Fields = {"measurements": unsaid, "charts": charts, "superseded": superseded, "tries": attempt.get("tries")}
    more["waits"], more["log"] = attempt.get("waits"), attempt.get("log")
    for key in ("checks", "failures", "dialogs", "programs", "attachments"):
        more[key] = attempt[key]
    rest.update({key: _uncoded(key, value) for key, value in more.items() if value})


_OF_NOW = frozenset({"waiting", "printing"})
"""What an attempt does now: of one that is over, nothing."""
_CODED = frozenset({"failures", "after_run", "tries", "superseded", "measurements"})
"""The lists whose entries may have a ``coded_reason``: version 1 has the sentences alone."""


def _uncoded(key: str, value: Any) -> object:
    if key not in _CODED or not value:
        return value
    return [{name: each for name, each in entry.items() if name != "coded_reason"} for entry in value]


def _stand(report: RunReport) -> Fields:
    stand, host = report["stand"], report["host"]
    timezone = stand.get("timezone") or host.get("timezone")
    fields = _section(stand, ("hw_id", "name", "revision", "timezone", "location", "number", "info"))
    if fields["hw_id"] is None:
        fields["hw_id"] = _text(host.get("id"))
    fields["timezone"] = timezone if isinstance(timezone, str) and _TIMEZONE.match(timezone) else None
    fields["drivers"] = {}
    keys = ("name", "revision", "serial_number", "part_number", "number", "comment", "info")
    fields["info"] = {**_slot(report), **fields["info"]}
    fields["instruments"] = [_section(instrument, keys) for instrument in report["instruments"]]
    return fields


def _slot(report: RunReport) -> Fields:
    """Where the product was, and what it was started with; nothing where the stand has no slots."""
    if "slot" not in report or "start" not in report:
        return {}
    return {
        "slot": report["slot"]["name"],
        "slot_number": report["slot"]["number"],
        "start": report["start"]["id"],
    }


def _dut(dut: DutReport) -> Fields:
    keys = ("name", "type", "serial_number", "part_number", "revision", "info")
    return {**_section(dut, keys), "sub_units": [_section(unit, keys) for unit in dut.get("sub_units") or ()]}


def _section(recorded: Mapping[str, Any], keys: tuple[str, ...]) -> Fields:
    """The fields of one object; a number that is not a non-negative integer goes into ``info``."""
    info = dict(recorded.get("info") or {})
    fields: Fields = {}
    for key in keys:
        value = recorded.get(key)
        if key == "number" and value is not None:
            whole = value if type(value) is int else int(value) if type(value) is float and value.is_integer() else -1
            if whole < 0:
                info.setdefault("number", value)
            fields[key] = whole if whole >= 0 else None
        elif key != "info":
            fields[key] = _text(value)
    fields["info"] = {str(key): _info_value(value) for key, value in info.items()}
    return fields


def _info_value(value: object) -> object:
    """Texts, numbers and null as they are, anything else as JSON text."""
    if value is None or type(value) in (str, int) or (type(value) is float and math.isfinite(value)):
        return value
    return one_line(value)


def _artifact(recorded: Fields, rest: Fields) -> Fields:
    """What the sequence recorded, and beside it what version 1 has no field for."""
    if not rest:
        return recorded
    key = "hardseq"
    while key in recorded:
        key += "_"
    return {**recorded, key: rest}


def _text(value: object) -> str | None:
    return None if value is None else as_text(value)


def _seconds(time: float | None) -> int | None:
    return None if time is None else math.floor(time)


def _stop(part: Any) -> int | None:
    """What has started and is over has a stop time, whatever was lost."""
    if part["stop_time"] is None and part["start_time"] is not None and part["status"] in FINAL_STATUSES:
        return _seconds(part["start_time"])
    return _seconds(part["stop_time"])


def _name_the_unknown(document: Fields) -> None:
    stand, dut = document["test_stand"], document["dut"]
    stand["name"] = stand["name"] or UNKNOWN
    for part in (dut, *dut["sub_units"], *stand["instruments"]):
        part["part_number"] = part["part_number"] or UNKNOWN
        part["name"] = part["name"] or part["part_number"]


def _revision(document: Fields) -> str:
    """The same for the same content, in the form of CouchDB's revisions."""
    content = utf8(json.dumps(document, sort_keys=True, ensure_ascii=False))
    return f"1-{hashlib.blake2b(content, digest_size=16).hexdigest()}"


MAX_ELEMENTS = 100
"""An array of so many numbers under an ``each`` limit becomes one measurement per element; a longer one is one text."""


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
        rest: Fields = {"name": measurement["name"]}
        if not said and measurement["limits"] is not None:
            rest["limits"] = measurement["limits"]
        if measurement["unit"] is not None and lowered[-1]["type"] == "string":
            rest["unit"] = measurement["unit"]
        if measurement["reason"] is not None:
            rest["reason"] = measurement["reason"]
        if "warn_limits" in measurement:
            rest["warn_limits"] = measurement["warn_limits"]
        if "warning" in measurement:
            rest["warning"] = measurement["warning"]
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
    text = as_text(value)
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
    if not isinstance(limit, EachElement) or not isinstance(value, list) or len(value) > MAX_ELEMENTS:
        return []
    fields = limit.limit.lower()
    if not fields or "casesensitive" in fields or any(type(item) not in (int, float) for item in value):
        return []
    name, unit = measurement["name"], measurement["unit"]
    return [
        _numeric(f"{name}[{index}]", item, unit, fields, judge(item, limit.limit).result)
        for index, item in enumerate(value)
    ]


def _numeric(name: str, value: object, unit: str | None, fields: Fields, result: bool | None) -> Fields:
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


TYPES = ("line", "line_log_x", "line_log_y", "log_x_y")


def lower_charts(charts: list[Fields]) -> tuple[Fields | None, list[Fields]]:
    """The first chart that version 1 can hold, and all the others."""
    for index, chart in enumerate(charts):
        lowered = _lower(chart)
        if lowered is not None:
            return lowered, charts[:index] + charts[index + 1 :]
    return None, charts


def _lower(chart: Mapping[str, object]) -> dict[str, object] | None:
    xs, ys, names = chart.get("x_data"), chart.get("y_data"), chart.get("marker_name") or []
    if chart.get("type") not in TYPES or not _is_series(xs) or not _is_series(ys) or not isinstance(names, list):
        return None
    assert isinstance(xs, list) and isinstance(ys, list)
    if [len(x) for x in xs] != [len(y) for y in ys]:
        return None
    labels = {key: chart.get(key) for key in ("title", "x_label", "y_label")}
    if any(text is not None and not isinstance(text, str) for text in (*labels.values(), *names)):
        return None
    return {"type": chart["type"], **labels, "marker_name": names, "x_data": xs, "y_data": ys}


def _is_series(data: object) -> bool:
    return isinstance(data, list) and all(isinstance(row, list) and all(map(_is_finite, row)) for row in data)


def _is_finite(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))
