"""HardPy's reports: documents of its CouchDB databases ``report`` and ``runstore``, and its JSON files.

What each field means is as HardPy's documentation has it (https://everypinio.github.io/hardpy/documentation/database/).
Read are the forms of version 0.4 and on: what was not there yet may be missing, and what has no field in our report
goes into the artifact of its level under ``HardPy``. Of several attempts of a case HardPy keeps the last one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.limits import judge, parse_limits
from sequencer.records.form import Form, list_of, map_of, mapping, maybe, maybe_mapping, one_of
from sequencer.records.record import (
    KINDS,
    NOT_FINITE,
    Fields,
    ForeignRecord,
    JsonPath,
    Origin,
    UniqueNames,
    UnusableRecord,
    add_attempt,
    facts,
    failure,
    new_case,
    new_module,
    new_run,
    run_id,
    seconds,
    settle,
    text_fact,
    unsaid,
)
from sequencer.report.fields import blank
from sequencer.report.model import AttemptReport, CaseReport, MeasurementReport, ModuleReport, RunReport
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.json_text import as_text
from sequencer.vocabulary.reason import coded
from sequencer.vocabulary.status import GROUPS, Group, Status

PROGRAM = "HardPy"

_STATUS = one_of("passed", "failed", "error", "stopped", "skipped", "run", "ready")
_GROUP = one_of(*GROUPS, None)
_TEXT = maybe("string")
_NUMBER = maybe("integer")
_INFO = maybe("object")
_UNIT = dict.fromkeys(("name", "type", "serial_number", "part_number", "revision"), _TEXT) | {"info": _INFO}
_MEASUREMENT = mapping(
    {
        "type": one_of("numeric", "string"),
        "name": _TEXT,
        "result": maybe("boolean"),
        "unit": _TEXT,
        "operation": _TEXT,
    },
    ("type", "value"),
)
_TIMES = {"status": _STATUS, "start_time": maybe("number"), "stop_time": maybe("number"), "name": {"type": "string"}}
_CASE = mapping(
    {
        **_TIMES,
        "group": _GROUP,
        "assertion_msg": _TEXT,
        "msg": {"type": ["object", "array", "null"]},
        "attempt": {"type": "integer", "minimum": 0},
        "measurements": list_of(_MEASUREMENT),
        "chart": _INFO,
        "artifact": _INFO,
    },
    ("status", "name"),
)
_STAND = dict.fromkeys(("hw_id", "name", "revision", "timezone", "location"), _TEXT) | {
    "number": _NUMBER,
    "info": _INFO,
}
_INSTRUMENT = dict.fromkeys(("name", "revision", "serial_number", "part_number", "comment"), _TEXT) | {
    "number": _NUMBER,
    "info": _INFO,
}
FORM = Form(
    "a report of HardPy, schema version 1 or one before it",
    mapping(
        {
            **_TIMES,
            "test_stand": maybe_mapping({**_STAND, "instruments": list_of(mapping(_INSTRUMENT))}),
            "dut": maybe_mapping({**_UNIT, "sub_units": list_of(mapping(_UNIT))}),
            "process": maybe_mapping({"name": _TEXT, "number": _NUMBER, "info": _INFO}),
            "modules": map_of(
                mapping({**_TIMES, "group": _GROUP, "artifact": _INFO, "cases": map_of(_CASE)}, ("status", "name"))
            ),
            "user": _TEXT,
            "batch_serial_number": _TEXT,
            "caused_dut_failure_id": _TEXT,
            "error_code": {"type": ["integer", "null"], "minimum": 0},
            "artifact": _INFO,
        },
        ("status", "start_time", "stop_time", "name", "dut", "modules"),
    ),
)
_KNOWN = (
    *("_id", "_rev", "id", "rev", "_attachments", "status", "start_time", "stop_time", "name", "test_stand", "dut"),
    *("process", "modules", "user", "batch_serial_number", "caused_dut_failure_id", "error_code", "artifact"),
    *("progress", "timezone"),
)
_OF_A_CASE = (
    *("status", "start_time", "stop_time", "name", "group", "assertion_msg", "msg", "attempt", "measurements", "chart"),
    "artifact",
)
_OF_A_MODULE = ("status", "start_time", "stop_time", "name", "group", "cases", "artifact")
_OF_THE_PANEL = frozenset({"operator_msg", "operator_data", "alert"})
"""What only the live state of HardPy's panel has."""


def is_hardpy(document: object) -> bool:
    """Whether the document looks like one of HardPy."""
    return isinstance(document, dict) and {"modules", "dut", "status"}.issubset(document) and "format" not in document


def read_hardpy(document: Fields, origin: Origin) -> ForeignRecord:
    """The run of a HardPy document. Raises ``UnusableRecord``."""
    if not _OF_THE_PANEL.isdisjoint(document):
        raise UnusableRecord(
            "no-record",
            "this is the live state of HardPy's panel, not a report",
            hint="its reports are in the database `report` or `runstore`, in `reports` or `.hardpy/storage/runstore`",
        )
    FORM.check(document)
    _refuse_own(document)
    if document["status"] in ("run", "ready") or document["start_time"] is None:
        raise UnusableRecord("record-unfinished", "the run was not over when this was written", ("status",))
    report = _run(document)
    modules, known_as = UniqueNames(), dict[str, str]()
    for name, module in (document["modules"] or {}).items():
        report["modules"].append(_module(modules.new(name), module, report["start_time"], ("modules", name)))
        ids = [case["id"] for case in report["modules"][-1]["cases"]]
        for case, identity in zip(module.get("cases") or {}, ids, strict=True):
            known_as[f"{name}::{case}"] = f"{report['modules'][-1]['id']}::{identity}"
    _tell_cause(report, document, known_as)
    settle(report, document["status"] if _is_over(document) else "error", PROGRAM)
    return ForeignRecord(origin.marked(report, PROGRAM))


def _is_over(document: Fields) -> bool:
    """Whether all that a run that passed needs has run."""
    left = [
        case["status"] in ("run", "ready")
        for module in (document["modules"] or {}).values()
        for case in (module.get("cases") or {}).values()
    ]
    return document["status"] != "passed" or not any(left)


def _refuse_own(document: Fields) -> None:
    own = (document.get("artifact") or {}).get("hardseq")
    if isinstance(own, dict) and "sequence" in own:
        raise UnusableRecord(
            "no-record",
            "this is what hardseq sends to StandCloud, which lacks much of the run",
            ("artifact", "hardseq"),
            run=str(document.get("_id") or document.get("id") or ""),
            hint="export the run as JSON: `hardseq runs export ID --format json`",
        )


def _run(document: Fields) -> RunReport:
    start = seconds(document["start_time"], ("start_time",))
    stop = None if document["stop_time"] is None else seconds(document["stop_time"], ("stop_time",))
    stand, dut = document.get("test_stand") or {}, document["dut"] or {}
    # A run is in several places of HardPy, each time under another `_id`: what it is known by is where, what and when.
    where = stand.get("hw_id") or stand.get("name") or ""
    serial = facts("dut", {"serial_number": dut.get("serial_number")}, ("dut",)).get("serial_number", "")
    report = new_run(run_id(start, PROGRAM, where, document["name"], serial), document["name"], start, stop)
    report["stand"] = facts("stand", {key: stand.get(key) for key in _STAND}, ("test_stand",))
    zone = document.get("timezone")
    if "timezone" not in report["stand"] and isinstance(zone, list) and zone:
        report["stand"]["timezone"] = as_text(zone[0])
    report["dut"] = facts("dut", {key: dut.get(key) for key in (*_UNIT, "sub_units")}, ("dut",))
    process = document.get("process") or {}
    report["process"] = facts("process", {key: process.get(key) for key in ("name", "number", "info")}, ("process",))
    report["batch"] = facts("batch", {"serial_number": document.get("batch_serial_number")})
    report["user"] = text_fact(document.get("user"), ("user",))
    report["instruments"] = facts("instruments", stand.get("instruments") or [], ("test_stand", "instruments"))
    rest = unsaid(document, _KNOWN, PROGRAM)
    if more := unsaid(stand, (*_STAND, "instruments"), "test_stand") | unsaid(
        dut, (*_UNIT, "sub_units"), "dut"
    ):  # its drivers, say
        rest.setdefault(PROGRAM, {}).update(more)
    report["artifact"] = {**(document.get("artifact") or {}), **rest}
    return report


def _module(identity: str, found: Fields, run_start: float, path: JsonPath) -> ModuleReport:
    group: Group = found.get("group") or "main"
    module = new_module(identity, found["name"], group)
    module["artifact"] = {**(found.get("artifact") or {}), **unsaid(found, _OF_A_MODULE, PROGRAM)}
    if found.get("start_time") is not None:
        start, stop = seconds(found["start_time"], (*path, "start_time")), found.get("stop_time")
        module["start_time"], module["stop_time"] = start, start if stop is None else max(start, float(stop))
    names = UniqueNames()
    for name, case in (found.get("cases") or {}).items():
        module["cases"].append(_case(names.new(name), case, run_start, (*path, "cases", name)))
    module["status"] = _over(found["status"])
    return module


def _over(status: Status) -> Status:
    """The status of a part of a run that is over: what was running then did not end, what was to come was left out."""
    return {"run": "error", "ready": "skipped"}.get(status, status)  # type: ignore[return-value]  # both are statuses


def _case(identity: str, found: Fields, run_start: float, path: JsonPath) -> CaseReport:
    case = new_case(identity, found["name"], found.get("group") or "main")
    status, said = _over(found["status"]), found.get("assertion_msg")
    recorded = any(found.get(key) for key in ("measurements", "msg", "chart", "attempt"))
    if status == "skipped" and found.get("start_time") is None and not recorded:
        case["reason"] = said
        return case
    start = run_start if found.get("start_time") is None else seconds(found["start_time"], (*path, "start_time"))
    stop = start if found.get("stop_time") is None else seconds(found["stop_time"], (*path, "stop_time"))
    attempt = add_attempt(case, max(1, found.get("attempt") or 1), status, start, stop)
    _fill(attempt, found, path)
    if status == "skipped":
        case["reason"] = said
    elif said and status != "passed":
        attempt["failures"].append(failure(KINDS.get(status, "error"), said, attempt["stop_time"] or start))
    elif said:
        attempt["messages"]["assertion_msg"] = said
    return case


def _fill(attempt: AttemptReport, found: Fields, path: JsonPath) -> None:
    said = found.get("msg") or {}
    messages = said if isinstance(said, dict) else {f"#{number}": each for number, each in enumerate(said, 1)}
    attempt["messages"] = {key: as_text(value) for key, value in messages.items()}
    attempt["measurements"] = [
        _measurement(each, attempt["start_time"], (*path, "measurements", index))
        for index, each in enumerate(found.get("measurements") or ())
    ]
    if found.get("chart"):
        attempt["charts"].append(dict(found["chart"]))
    attempt["artifact"] = {**(found.get("artifact") or {}), **unsaid(found, _OF_A_CASE, PROGRAM)}


def _measurement(found: Fields, time: float, path: JsonPath) -> MeasurementReport:
    measurement = blank(MeasurementReport)
    measurement["name"], measurement["value"], measurement["time"] = found.get("name") or "", found["value"], time
    wanted = (str,) if found["type"] == "string" else (int, float)
    finite = isinstance(found["value"], wanted) and not isinstance(found["value"], bool)
    if not finite and found["value"] not in NOT_FINITE:
        raise UnusableRecord(
            "record-form", f"a {found['type']} measurement cannot have the value {found['value']!r:.60}", path
        )
    measurement["type"], measurement["unit"] = found["type"], found.get("unit") or None
    measurement["result"] = found.get("result") if finite else False
    measurement["limits"] = _limits(found)
    if measurement["result"] is False and measurement["limits"] is not None:
        judged = judge(found["value"], parse_limits(measurement["limits"], measurement["unit"]), measurement["unit"])
        if judged.result is False and judged.reason is not None:
            measurement["reason"] = str(judged.reason)
            if (code := coded(judged.reason)) is not None:
                measurement["coded_reason"] = code
    return measurement


def _limits(found: Fields) -> Data:
    """The limits that an operation with its values says; ``None`` where they say none that there could be."""
    limits = _written_limits(found.get("operation"), found)
    try:
        parse_limits(limits, found.get("unit") or None)
    except ValueError:
        return None
    return limits


def _written_limits(operation: object, found: Fields) -> Data:
    compared, lower, upper = (found.get(key) for key in ("comparison_value", "lower_limit", "upper_limit"))
    if operation in ("eq", "ne") and compared is not None:
        ignoring = found["type"] == "string" and found.get("casesensitive") is False
        return {operation: compared, "ignore_case": True} if ignoring else {operation: compared}
    if operation in ("gt", "ge", "lt", "le") and compared is not None:
        return {operation: compared}
    if isinstance(operation, str) and len(operation) == 4 and lower is not None and upper is not None:
        first, second = operation[:2], operation[2:]
        if first in ("gt", "ge") and second in ("lt", "le"):
            return {first: lower, second: upper}
        if first in ("lt", "le") and second in ("gt", "ge"):
            return {"outside": {first: lower, second: upper}}
    return None


def _tell_cause(report: RunReport, document: Fields, known_as: Mapping[str, str]) -> None:
    """The first failed case and its error code, as HardPy told them; ``known_as``: our names of its cases."""
    cause, code = document.get("caused_dut_failure_id"), document.get("error_code")
    report["caused_dut_failure_id"] = None if cause is None else known_as.get(cause, cause)
    report["error_code"] = code
    if code is None:
        return
    for module in report["modules"]:
        for case in module["cases"]:
            if f"{module['id']}::{case['id']}" == report["caused_dut_failure_id"] and case["attempts"]:
                for failed in case["attempts"][-1]["failures"][:1]:
                    failed["error_code"] = code
