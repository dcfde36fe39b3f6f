"""What the grid of slots shows of each: its run in a few words, and the questions that it asks."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.panel.patches import open_messages
from sequencer.report.model import CaseReport, ModuleReport, RunReport
from sequencer.vocabulary.status import FINAL_STATUSES

_OF_DIALOG = ("id", "asked", "result", "dialog")


def slot_state(report: RunReport, session: Mapping[str, object], now: float) -> dict[str, object]:
    """``report`` and ``session`` as the slot's own page has them; the keys are those of ``SLOT`` in ``api_slots``.

    ``progress`` goes from 0 to 1 by cases; ``expected_stop`` is the Unix time at which the run is expected to be over,
    ``None`` where earlier runs do not tell.
    """
    status = report["status"]
    cases = [(module, case) for module in report["modules"] for case in module["cases"]]
    done = sum(case["status"] in FINAL_STATUSES for _, case in cases)
    running = [(module, case) for module, case in cases if case["status"] == "run"] if status == "run" else []
    expected = session.get("expected")
    left = _left(report, cases, expected, now) if status == "run" and isinstance(expected, Mapping) else None
    return {
        "state": session["state"],
        "problem": session["problem"],
        "run": report["id"] or None,
        "status": status,
        "untested": report["untested"],
        "serial_number": _serial_number(report, session),
        "case": running[0][1]["name"] if running else _cause(report, cases),
        "progress": round(done / len(cases), 3) if cases and status == "run" else None,
        "start_time": report["start_time"] or None,
        "stop_time": report["stop_time"],
        "expected_stop": None if left is None else round(now + left, 1),
        "dialogs": [asked for module, case in running for asked in _open(module, case)],
        "messages": open_messages(report),
    }


def board_number(params: object, values: Mapping[str, object]) -> str | None:
    """The value that tells one board from the next: of the first parameter that is asked for anew for each."""
    for param in params if isinstance(params, list) else ():
        if param["each_run"]:
            value = values.get(param["name"])
            return None if value is None else str(value)
    return None


def _serial_number(report: RunReport, session: Mapping[str, object]) -> str | None:
    if not report["id"]:
        return None
    dut: Mapping[str, object] = report["dut"]
    recorded = dut.get("serial_number")
    return str(recorded) if recorded else board_number(session["params"], report["params"])


def _cause(report: RunReport, cases: list[tuple[ModuleReport, CaseReport]]) -> str | None:
    """The name of the case that decided a verdict other than PASS."""
    cause = report["caused_dut_failure_id"]
    return next((case["name"] for module, case in cases if f"{module['id']}::{case['id']}" == cause), None)


def _left(
    report: RunReport, cases: list[tuple[ModuleReport, CaseReport]], expected: Mapping[str, float], now: float
) -> float | None:
    """The same sum as the page of a single run makes (``state.js``, ``remainingSeconds``)."""
    left = 0.0
    selection = report["selection"]
    for module, case in cases:
        name = f"{module['id']}::{case['id']}"
        wanted = not selection or name in selection or module["id"] in selection or case["group"] != "main"
        if case["status"] not in ("run", "ready") or (case["status"] == "ready" and not wanted):
            continue
        if (seconds := expected.get(name)) is None:
            return None
        begun = case["start_time"]
        spent = now - begun if case["status"] == "run" and begun is not None else 0.0
        left += max(0.0, seconds - spent)
    return left


def _open(module: ModuleReport, case: CaseReport) -> list[dict[str, object]]:
    if not case["attempts"]:
        return []
    # In the form that the page of a single run makes of its cases.
    about = {"name": case["name"], "full_name": f"{module['id']}::{case['id']}", "module": {"name": module["name"]}}
    return [
        {**{name: asked.get(name) for name in _OF_DIALOG}, "case": about}
        for asked in case["attempts"][-1]["dialogs"]
        if asked["result"] is None
    ]
