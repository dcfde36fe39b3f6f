"""OpenHTF's test records, as its ``OutputToJSON`` writes them: a phase is a case, a phase that repeats its attempts.

Read from the Apache-licensed sources of OpenHTF 1.6.3 (``core/test_record.py``, ``core/measurements.py``): what earlier
versions lack may be missing. Left out are the source code of the phases, the debugging lines of OpenHTF's own loggers
and the station's whole configuration, which may hold credentials. What has no field in our report goes into the
artifact of its level under ``OpenHTF``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sequencer.records.form import Form, list_of, map_of, mapping, maybe, maybe_mapping, one_of
from sequencer.records.openhtf_phase import PROGRAM, Phase, fill_attempt, status_of
from sequencer.records.record import (
    AttachedFile,
    Fields,
    ForeignRecord,
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
from sequencer.report.model import CaseReport, ModuleReport, RunReport
from sequencer.vocabulary.json_text import as_text
from sequencer.vocabulary.status import FailureKind, Status, verdict

_STATUSES: dict[str, Status] = {
    "PASS": "passed",
    "FAIL": "failed",
    "ERROR": "error",
    "TIMEOUT": "error",
    "ABORTED": "stopped",
}
_KINDS: dict[str, FailureKind] = {"FAIL": "failed", "TIMEOUT": "timeout", "ABORTED": "stopped"}
UNKNOWN_DUT = "UNKNOWN_DUT"
"""What OpenHTF writes where nobody said which unit it was."""

_TEXT, _MILLIS = maybe("string"), maybe("number")
_MEASUREMENT = mapping(
    {
        "outcome": one_of("PASS", "FAIL", "UNSET", "PARTIALLY_SET", "SKIPPED"),
        "validators": list_of({}),
        "dimensions": list_of({}),
        "units": maybe_mapping({"suffix": _TEXT, "name": _TEXT}),
        "docstring": _TEXT,
    },
    ("outcome",),
)
_PHASE = mapping(
    {
        "name": {"type": "string"},
        "start_time_millis": {"type": "number"},
        "end_time_millis": _MILLIS,
        "outcome": one_of("PASS", "FAIL", "SKIP", "ERROR", None),
        "result": maybe("object"),
        "measurements": map_of(_MEASUREMENT),
        "attachments": map_of(mapping({"mimetype": _TEXT, "data": _TEXT})),
        "options": maybe("object"),
        "codeinfo": maybe("object"),
        "subtest_name": _TEXT,
        "failure_diagnosis_results": list_of({}),
    },
    ("name", "start_time_millis", "outcome"),
)
_LOG_LINE = mapping(
    {"level": {"type": "number"}, "timestamp_millis": {"type": "number"}}, ("level", "timestamp_millis")
)
FORM = Form(
    "a test record of OpenHTF, as its OutputToJSON writes it",
    mapping(
        {
            "dut_id": _TEXT,
            "station_id": _TEXT,
            "start_time_millis": {"type": "number"},
            "end_time_millis": _MILLIS,
            "outcome": one_of(*_STATUSES, None),
            "outcome_details": list_of({"type": "object"}),
            "metadata": maybe("object"),
            "code_info": maybe_mapping({"name": _TEXT, "docstring": _TEXT}),
            "phases": {"type": "array", "items": _PHASE},
            "log_records": list_of(_LOG_LINE),
        },
        ("dut_id", "station_id", "start_time_millis", "outcome", "phases"),
    ),
)
_KNOWN = (
    *("dut_id", "station_id", "start_time_millis", "end_time_millis", "outcome", "outcome_details", "metadata"),
    *("code_info", "phases", "log_records"),
)
_OF_METADATA = ("test_name", "test_version", "test_description", "config")


def is_openhtf(document: object) -> bool:
    """Whether the document looks like a record of OpenHTF."""
    return isinstance(document, dict) and {"dut_id", "station_id", "phases"}.issubset(document)


def read_openhtf(document: Fields, origin: Origin) -> ForeignRecord:
    """The run of an OpenHTF record, with the files attached to it. Raises ``UnusableRecord``."""
    FORM.check(document)
    outcome = document["outcome"]
    if outcome is None:
        raise UnusableRecord("record-unfinished", "the run was not over when this was written", ("outcome",))
    report = _run(document)
    files: dict[str, AttachedFile] = {}
    _add_phases(report, document, files)
    for number, details in enumerate(document.get("outcome_details") or ()):
        _tell_details(report, outcome, details, number)
    if outcome == "ABORTED":
        report["stop_reason"] = next((found["message"] for found in report["failures"]), "aborted")
    settle(report, _STATUSES[outcome], PROGRAM)
    return ForeignRecord(origin.marked(report, PROGRAM), files)


def _run(document: Fields) -> RunReport:
    start = seconds(document["start_time_millis"] / 1000, ("start_time_millis",))
    end = document.get("end_time_millis")
    stop = None if end is None else seconds(end / 1000, ("end_time_millis",))
    metadata, code = document.get("metadata") or {}, document.get("code_info") or {}
    serial = document["dut_id"] if document["dut_id"] != UNKNOWN_DUT else None
    name = as_text(metadata.get("test_name") or code.get("name") or "OpenHTF test")
    report = new_run(run_id(start, PROGRAM, document["station_id"], name, document["dut_id"]), name, start, stop)
    report["sequence"]["version"] = _text(metadata.get("test_version"))
    report["sequence"]["description"] = _text(metadata.get("test_description") or code.get("docstring"))
    report["sequence"]["file"] = code.get("name") or ""
    unit = {"serial_number": serial, "part_number": _text(metadata.get("part_number"))}
    report["dut"] = facts("dut", {**unit, "revision": _text(metadata.get("revision"))}, ("dut_id",))
    report["stand"] = facts("stand", {"name": document["station_id"]}, ("station_id",))
    batch = _text(metadata.get("batch_number") or metadata.get("batch"))
    report["batch"] = facts("batch", {"serial_number": batch}, ("metadata",))
    report["user"] = text_fact(_text(metadata.get("operator") or metadata.get("user")), ("metadata",))
    rest = unsaid(document, _KNOWN, PROGRAM)
    if more := unsaid(metadata, _OF_METADATA, "metadata"):
        rest.setdefault(PROGRAM, {}).update(more)
    report["artifact"] = rest
    return report


def _text(value: object) -> str | None:
    return None if value is None else as_text(value)


def _add_phases(report: RunReport, document: Fields, files: dict[str, AttachedFile]) -> None:
    modules: dict[str | None, ModuleReport] = {}
    names: dict[str | None, UniqueNames] = {}
    module_names = UniqueNames()
    for subtest, repeated in _repeated(_phases(document)):
        if subtest not in modules:
            name = subtest or report["sequence"]["name"]
            modules[subtest] = new_module(module_names.new(name), name)
            names[subtest] = UniqueNames()
            report["modules"].append(modules[subtest])
        case = _case(repeated, names[subtest], document, files)
        if repeated[0].start < report["start_time"]:  # what asks for the unit runs before the test begins
            case["group"] = "setup"
        modules[subtest]["cases"].append(case)
    for module in report["modules"]:
        module["status"] = verdict(case["status"] for case in module["cases"])
        module["start_time"] = min(case["start_time"] or 0.0 for case in module["cases"])
        module["stop_time"] = max(case["stop_time"] or 0.0 for case in module["cases"])


def _phases(document: Fields) -> Iterator[Phase]:
    """The phases with the lines that were logged while each was the last one that had begun."""
    phases = [Phase(index, found) for index, found in enumerate(document["phases"])]
    current = iter(phases)
    last, following = None, next(current, None)
    for line in sorted(document.get("log_records") or (), key=lambda line: line["timestamp_millis"]):
        while following is not None and following.start <= line["timestamp_millis"] / 1000:
            last, following = following, next(current, None)
        if last is not None:
            _writer_of(line, last, phases).log.append(line)
    yield from phases


def _writer_of(line: Fields, last: Phase, phases: list[Phase]) -> Phase:
    """The phase whose logger wrote the line, else the last that had begun: some begin in the same millisecond."""
    _, named, name = as_text(line.get("logger_name") or "").partition(".phase.")
    if not named or last.name == name:
        return last
    begun = [phase for phase in phases[: last.index] if phase.name == name]
    return begun[-1] if begun else last


def _repeated(phases: Iterator[Phase]) -> Iterator[tuple[str | None, list[Phase]]]:
    """Phases that follow each other and are one and the same, with the subtest that they are in."""
    for (subtest, _, _), same in groupby(phases, lambda phase: (phase.subtest, phase.name, phase.descriptor)):
        yield subtest, list(same)


def _case(repeated: list[Phase], names: UniqueNames, document: Fields, files: dict[str, AttachedFile]) -> CaseReport:
    first = repeated[0]
    case = new_case(names.new(first.name), first.name)
    case["description"] = _text((first.found.get("codeinfo") or {}).get("docstring"))
    for number, phase in enumerate(repeated, 1):
        status = status_of(phase, document["outcome"])
        attempt = add_attempt(case, number, status, seconds(phase.start, phase.path), phase.end)
        fill_attempt(attempt, phase, files)
    if case["status"] == "skipped":
        case["reason"], case["skip_kind"] = "the phase returned SKIP", "condition"
    return case


def _tell_details(report: RunReport, outcome: str, details: Fields, number: int) -> None:
    if outcome == "PASS":
        report["artifact"].setdefault(PROGRAM, {}).setdefault("outcome_details", []).append(dict(details))
        return
    code, description = details.get("code"), as_text(details.get("description") or "")
    is_code = type(code) is int and code >= 0
    named = "" if code is None else f"{as_text(code)}: " if description else as_text(code)
    kind = _KINDS.get(outcome, "error")
    stop = report["stop_time"] or report["start_time"]
    report["failures"].append(failure(kind, f"{named}{description}", stop, code if is_code else None))
    if is_code and report["error_code"] is None:
        report["error_code"] = code
