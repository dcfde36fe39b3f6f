"""A phase of an OpenHTF record as an attempt of a case: its status, measurements, files, log and failures."""

from __future__ import annotations

import base64
import binascii
import hashlib
import unicodedata
from dataclasses import field

from sequencer.limits import judge, parse_limits
from sequencer.records.openhtf_limits import limits_of
from sequencer.records.record import NOT_FINITE, AttachedFile, Fields, JsonPath, UnusableRecord, failure
from sequencer.report.fields import blank
from sequencer.report.model import AttemptReport, LogLineReport, MeasurementReport
from sequencer.vocabulary.data import Data, MeasurementType
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.json_text import as_text
from sequencer.vocabulary.reason import coded
from sequencer.vocabulary.status import FailureKind, LogLevel, Status

PROGRAM = "OpenHTF"
MOST_LOGGED = 1000
"""Lines of the log that an attempt has."""
_OWN_LINES = (".phase.", ".plug.")
"""What is in the names of the loggers that phases and plugs write with."""
_OUTCOMES = "test_state.py"
"""The file of OpenHTF that says with the logger of a phase how the phase ended."""
_LEVELS: tuple[tuple[int, LogLevel], ...] = ((40, "error"), (30, "warning"), (20, "info"))
_INFO = 20


@dataclass(slots=True)
class Phase:
    """A phase that ran, with the lines logged meanwhile. ``start`` and ``end`` in Unix seconds."""

    index: int
    found: Fields
    log: list[Fields] = field(default_factory=list)

    @property
    def path(self) -> JsonPath:
        """Where it is in the record."""
        return ("phases", self.index)

    @property
    def name(self) -> str:
        """As OpenHTF has it."""
        return str(self.found["name"])

    @property
    def subtest(self) -> str | None:
        """The name of the subtest that it belongs to."""
        return self.found.get("subtest_name") or None

    @property
    def descriptor(self) -> object:
        """Of two phases that follow each other the same where one of them was run again."""
        return self.found.get("descriptor_id")

    @property
    def start(self) -> float:
        """When it began."""
        return float(self.found["start_time_millis"] / 1000)

    @property
    def end(self) -> float:
        """When it ended; when it began where nobody knows."""
        end = self.found.get("end_time_millis")
        return self.start if end is None else float(end / 1000)

    @property
    def result(self) -> object:
        """What it returned, a mapping for an exception, ``None`` for a timeout."""
        return (self.found.get("result") or {"phase_result": "CONTINUE"}).get("phase_result")


def status_of(phase: Phase, run_outcome: str) -> Status:
    """How the attempt ended. What it repeated afterwards failed; a ``SKIP`` judges nothing."""
    outcome, result = phase.found["outcome"], phase.result
    if outcome == "PASS":
        return "passed"
    if outcome == "FAIL" or result in ("STOP", "FAIL_SUBTEST"):
        return "failed"
    if outcome == "SKIP":
        return "failed" if result == "REPEAT" else "skipped"
    if isinstance(result, dict):  # an exception that the test declares to be a failure makes the run one
        return "failed" if run_outcome == "FAIL" else "error"
    return "stopped" if isinstance(result, str) and run_outcome == "ABORTED" else "error"


def fill_attempt(attempt: AttemptReport, phase: Phase, files: dict[str, AttachedFile]) -> None:
    """What the phase recorded. Raises ``UnusableRecord``."""
    ours: dict[str, object] = {}
    kept_attachments: dict[str, object] = {}
    kept_measurements: dict[str, object] = {}
    for name, found in (phase.found.get("measurements") or {}).items():
        attempt["measurements"].append(_measurement(name, found, phase, kept_measurements))
        if chart := _chart(name, found):
            attempt["charts"].append(chart)
    for name, attached in (phase.found.get("attachments") or {}).items():
        if attached.get("data") is None:  # the record was written with `inline_attachments=False`
            kept_attachments[name] = dict(attached)
            continue
        data = _decoded(name, attached, (*phase.path, "attachments", name))
        sha256, media_type = hashlib.sha256(data).hexdigest(), attached.get("mimetype")
        files[sha256] = AttachedFile(data, media_type)
        attempt["attachments"].append({"name": name, "sha256": sha256, "size": len(data), "media_type": media_type})
    ours |= {"measurements": kept_measurements} if kept_measurements else {}
    ours |= {"attachments": kept_attachments} if kept_attachments else {}
    for key in ("diagnosis_results", "failure_diagnosis_results"):
        if phase.found.get(key):
            ours[key] = phase.found[key]
    if ours:
        attempt["artifact"] = {PROGRAM: ours}
    timeout = (phase.found.get("options") or {}).get("timeout_s")
    attempt["timeout"] = float(timeout) if isinstance(timeout, int | float) else None
    _add_log(attempt, phase)
    if attempt["status"] not in ("passed", "skipped"):
        _add_failures(attempt, phase)


def _measurement(name: str, found: Fields, phase: Phase, kept: dict[str, object]) -> MeasurementReport:
    measurement = blank(MeasurementReport)
    value: Data = found.get("measured_value")
    measurement["name"], measurement["value"], measurement["time"] = name, value, phase.end
    measurement["type"], measurement["unit"] = _type_of(value), _unit(found)
    validators = found.get("validators") or []
    judged = _result(found["outcome"], phase, bool(validators or found.get("conditional_validators")))
    if value in NOT_FINITE:
        judged = False
    measurement["result"] = judged
    said = limits_of(validators, value, judged if phase.found["outcome"] != "SKIP" else found["outcome"] == "PASS")
    measurement["limits"] = said.limits
    rest = {key: found[key] for key in ("conditional_validators", "docstring", "dimensions") if found.get(key)}
    if validators and said.limits is None:
        rest["validators"] = validators
    if found["outcome"] not in ("PASS", "FAIL") or phase.found["outcome"] == "SKIP":
        rest["outcome"] = found["outcome"]
    if rest:
        kept[name] = rest
    _tell(measurement, said.warn_limits)
    return measurement


def _result(outcome: str, phase: Phase, has_validators: bool) -> bool | None:
    """A measurement that was to be set fails where its phase did not pass; OpenHTF can be told to let it be."""
    if phase.found["outcome"] == "SKIP" and phase.result == "SKIP":
        return None
    if outcome == "PASS":
        return True if has_validators else None
    if outcome == "FAIL":
        return False
    return None if outcome == "SKIPPED" or phase.found["outcome"] == "PASS" else False


def _unit(found: Fields) -> str | None:
    """The unit as keyboards write it: OpenHTF has the signs of ohm, kelvin and angstrom that are no letters."""
    unit = found.get("units") or {}
    return unicodedata.normalize("NFC", unit.get("suffix") or unit.get("name") or "") or None


def _type_of(value: Data) -> MeasurementType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float) or value in NOT_FINITE:
        return "numeric"
    if isinstance(value, str):
        return "string"
    if value is None:
        return "missing"
    return "array" if isinstance(value, list) else "other"


def _tell(measurement: MeasurementReport, warn_limits: Data) -> None:
    """Why it failed, or is marginal, in our words."""
    value, unit = measurement["value"], measurement["unit"]
    if measurement["result"] is False:
        limits = measurement["limits"]
        judged = judge(value, None if limits is None else parse_limits(limits, unit), unit)
        if judged.reason is not None:
            measurement["reason"] = str(judged.reason)
            if (code := coded(judged.reason)) is not None:
                measurement["coded_reason"] = code
    elif warn_limits is not None and measurement["type"] == "numeric":
        measurement["warn_limits"] = warn_limits
        judged = judge(value, parse_limits(warn_limits, unit), unit)
        if judged.result is False and judged.reason is not None:
            measurement["warning"] = str(judged.reason)
            if (code := coded(judged.reason)) is not None:
                measurement["coded_warning"] = code


def _chart(name: str, found: Fields) -> dict[str, object] | None:
    """The curve of a measurement over one dimension of numbers."""
    dimensions, rows = found.get("dimensions") or [], found.get("measured_value")
    if len(dimensions) != 1 or not isinstance(rows, list) or not rows:
        return None
    if not all(isinstance(row, list) and len(row) == 2 and all(map(_is_number, row)) for row in rows):
        return None
    (of,) = dimensions
    x_label = of.get("suffix") or of.get("name") if isinstance(of, dict) else as_text(of)
    return {
        "type": "line",
        "title": name,
        "x_label": x_label,
        "y_label": _unit(found),
        "marker_name": [name],
        "x_data": [[row[0] for row in rows]],
        "y_data": [[row[1] for row in rows]],
    }


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _decoded(name: str, found: Fields, path: JsonPath) -> bytes:
    try:
        data = base64.b64decode(found["data"], validate=True)
    except (binascii.Error, ValueError):
        raise UnusableRecord("record-form", f"the attachment {name!r:.80} is no base64", path) from None
    if found.get("sha1") not in (None, hashlib.sha1(data, usedforsecurity=False).hexdigest()):
        raise UnusableRecord("record-value", f"the attachment {name!r:.80} does not have the SHA-1 given with it", path)
    return data


def _add_log(attempt: AttemptReport, phase: Phase) -> None:
    lines = [line for line in phase.log if _is_told(line)]
    if lines:
        attempt["log"] = [_log_line(line) for line in lines[:MOST_LOGGED]]
    if len(lines) > MOST_LOGGED:
        attempt["log_left_out"] = len(lines) - MOST_LOGGED


def _is_told(line: Fields) -> bool:
    """Whether a person wrote the line, or it matters; OpenHTF debugs itself in dozens of them for each phase."""
    logger = as_text(line.get("logger_name") or "")
    return line["level"] >= _INFO or (line.get("source") != _OUTCOMES and any(part in logger for part in _OWN_LINES))


def _log_line(line: Fields) -> LogLineReport:
    level: LogLevel = next((name for least, name in _LEVELS if line["level"] >= least), "debug")
    source = as_text(line.get("logger_name") or "").rpartition(".")[2]
    text = as_text(line.get("message") or "")
    return {"time": line["timestamp_millis"] / 1000, "level": level, "text": text, "source": source or None}


def _add_failures(attempt: AttemptReport, phase: Phase) -> None:
    result, time, missed = phase.result, phase.end, attempt["failures"]
    for measurement in attempt["measurements"]:
        if measurement["result"] is False:
            why = measurement["reason"] or "its validators did not accept the value"
            missed.append(failure("failed", f"{measurement['name']}: {why}", time))
    for diagnosis in phase.found.get("failure_diagnosis_results") or ():
        missed.append(failure("failed", f"diagnosis {as_text(diagnosis)}", time))
    if isinstance(result, dict):
        kind = as_text(result.get("exc_type") or "").removeprefix("<class '").removesuffix("'>")
        raised = failure("failed" if attempt["status"] == "failed" else "error", "", time)
        raised["message"] = f"{kind}: {as_text(result.get('exc_val') or '')}"
        raised["traceback"] = as_text(result["exc_tb"]) if result.get("exc_tb") else None
        missed.append(raised)
    elif result is None:
        after = "" if attempt["timeout"] is None else f" of {attempt['timeout']:g} s"
        missed.append(failure("timeout", f"the phase hit its timeout{after}", time))
    elif attempt["status"] == "stopped":
        missed.append(failure("stopped", "the run was aborted", time))
    elif not missed:
        kind_of: FailureKind = "failed" if attempt["status"] == "failed" else "error"
        missed.append(failure(kind_of, f"the phase returned {result or 'nothing'}", time))
