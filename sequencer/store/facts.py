"""What a store needs to know about a report besides keeping it: pure functions, the same for every store."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sequencer.limits.bounds import number
from sequencer.report.evidence import marks
from sequencer.report.model import CaseReport, ModuleReport, RunReport
from sequencer.store.base import RunSummary
from sequencer.vocabulary.data import Data

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class NumericMeasurement(NamedTuple):
    """A number that a case's last attempt recorded; ``limits`` as written."""

    case: str
    name: str
    unit: str | None
    value: float | None
    result: bool | None
    limits: Data


def text(value: object) -> str | None:
    """``value`` as a database takes it: no lone surrogates (they have no UTF-8 form), ``None`` for nothing."""
    if value is None or value == "":
        return None
    written = str(value)
    return written if written.isascii() else _LONE_SURROGATE.sub("\ufffd", written)


def summary(report: RunReport) -> RunSummary:
    """The report's line in the history."""
    sequence = report["sequence"]
    return RunSummary(
        id=report["id"],
        status=report["status"],
        start_time=report["start_time"],
        stop_time=report["stop_time"],
        sequence=text(sequence["name"]) or "",
        sequence_version=text(sequence["version"]),
        serial_number=text(report["dut"].get("serial_number")),
        part_number=text(report["dut"].get("part_number")),
        stand=text(report["stand"].get("name")),
        user=text(report["user"]),
        # Whoever could skip steps, or change values in the debugger, has not tested the product as the sequence says.
        partial=not {"partial", "debugged"}.isdisjoint(marks(report)),
        simulated=report["simulated"],
        aborted=report["aborted"],
        cases=sum(len(module["cases"]) for module in report["modules"]),
        caused_dut_failure_id=text(report["caused_dut_failure_id"]),
        error_code=report["error_code"],
    )


def full_name(module: ModuleReport, case: CaseReport) -> str:
    """``module::case``."""
    return text(f"{module['id']}::{case['id']}") or ""


def failed_cases(report: RunReport) -> list[str]:
    """The full names of the cases that ended ``failed``, ``error`` or ``stopped``, in running order."""
    return [
        full_name(module, case)
        for module in report["modules"]
        for case in module["cases"]
        if case["status"] in ("failed", "error", "stopped")
    ]


def measurements(report: RunReport) -> Iterator[NumericMeasurement]:
    """The numeric measurements of every case's last attempt, but for failed tries, in the order they were taken."""
    for module in report["modules"]:
        for case in module["cases"]:
            if not case["attempts"]:
                continue
            name = full_name(module, case)
            for taken in case["attempts"][-1]["measurements"]:
                if taken["type"] == "numeric" and not taken.get("superseded"):
                    title, unit, value = text(taken["name"]) or "", text(taken["unit"]), _number(taken["value"])
                    yield NumericMeasurement(name, title, unit, value, taken["result"], taken["limits"])


def attachments(report: RunReport) -> dict[str, str | None]:
    """The media type of every attached file of any attempt by its sha256."""
    return {
        attached["sha256"]: attached["media_type"]
        for module in report["modules"]
        for case in module["cases"]
        for attempt in case["attempts"]
        for attached in attempt["attachments"]
    }


def encode(report: Mapping[str, Any]) -> bytes:
    """The report as compact JSON in pure ASCII: any text survives, a lone surrogate from a driver included."""
    return _json(report).encode("ascii")


def fingerprint(encoded: bytes) -> str:
    """The sha256 of an encoded report. Equal ones are the same report; different ones may differ in key order alone."""
    return hashlib.sha256(encoded).hexdigest()


def _number(value: object) -> float | None:
    found = number(value)
    return None if found is None else float(found)
