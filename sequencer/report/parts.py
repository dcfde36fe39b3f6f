"""Empty reports of a run, a module, a case, an attempt: where the fold begins. Missing facts get defaults."""

from __future__ import annotations

from typing import Any, get_args

from sequencer.report.event import FailureKind, FailureRecorded, RunStarted
from sequencer.report.model import FORMAT, AttemptReport, CaseReport, FailureReport, ModuleReport, RunReport
from sequencer.vocabulary.status import GROUPS, Group

_KINDS = get_args(FailureKind)


def new_run(event: RunStarted, time: float) -> RunReport:
    """A run that has just begun, without its modules and without what ``event.record`` says."""
    sequence, host = event.sequence, event.host
    report: RunReport = {
        "format": FORMAT,
        "id": event.run,
        "status": "run",
        "untested": None,
        "start_time": time,
        "stop_time": None,
        "sequence": {
            "name": text(sequence.get("name")),
            "version": optional_text(sequence.get("version")),
            "description": optional_text(sequence.get("description")),
            "file": text(sequence.get("file")),
            "sha256": text(sequence.get("sha256")),
        },
        "hardseq": event.hardseq,
        "host": dict(host),
        "stand": {},
        "dut": {},
        "process": {},
        "batch": {},
        "instruments": [],
        "user": None,
        "params": dict(event.params),
        "selection": None if event.selection is None else list(event.selection),
        "simulated": event.simulated,
        "debugged": event.debugged,
        "aborted": False,
        "stop_reason": None,
        "caused_dut_failure_id": None,
        "error_code": None,
        "failures": [],
        "operator_messages": [],
        "artifact": {},
        "modules": [],
        "damaged_lines": 0,
    }
    if event.tests_name:
        report["tests_name"] = event.tests_name
    return report


def new_module(plan: dict[str, Any]) -> ModuleReport:
    """A module of the plan that has not begun, without its cases."""
    return {
        "id": text(plan.get("id")),
        "name": text(plan.get("name")) or text(plan.get("id")),
        "group": _group(plan),
        "description": optional_text(plan.get("description")),
        "status": "ready",
        "start_time": None,
        "stop_time": None,
        "artifact": {},
        "cases": [],
    }


def new_case(plan: dict[str, Any]) -> CaseReport:
    """A case of the plan that has not begun."""
    return {
        "id": text(plan.get("id")),
        "name": text(plan.get("name")) or text(plan.get("id")),
        "group": _group(plan),
        "description": optional_text(plan.get("description")),
        "place": text(plan.get("place")),
        "critical": plan.get("critical") is True,
        "tags": [text(tag) for tag in plan.get("tags") or ()],
        "status": "ready",
        "start_time": None,
        "stop_time": None,
        "reason": None,
        "skip_kind": None,
        "attempts": [],
    }


def new_attempt(number: int, time: float, timeout: float | None = None) -> AttemptReport:
    """An attempt that begins at ``time``."""
    return {
        "number": number,
        "status": "run",
        "start_time": time,
        "stop_time": None,
        "timeout": timeout,
        "measurements": [],
        "checks": [],
        "messages": {},
        "failures": [],
        "dialogs": [],
        "charts": [],
        "programs": [],
        "attachments": [],
        "progress": None,
        "artifact": {},
        "step": None,
    }


def new_failure(event: FailureRecorded, time: float) -> FailureReport:
    """The report of a failure."""
    code = event.error_code
    return {
        "kind": event.kind if event.kind in _KINDS else "error",
        "message": event.message,
        "error_code": code if type(code) is int and code >= 0 else None,
        "place": event.place,
        "step": event.step,
        "call": event.call,
        "traceback": event.traceback,
        "generated": event.generated,
        "time": time,
    }


def text(value: object) -> str:
    """A text, empty when there is none."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def optional_text(value: object) -> str | None:
    """A text or nothing."""
    return None if value is None else text(value)


def _group(plan: dict[str, Any]) -> Group:
    group = plan.get("group", "main")
    return group if group in GROUPS else "main"
