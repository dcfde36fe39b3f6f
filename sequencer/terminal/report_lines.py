"""A whole stored report as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from sequencer.report.exports.words import slot_text
from sequencer.report.model import AttemptReport, CaseReport, RunReport
from sequencer.terminal.lines import (
    Line,
    Style,
    case_line,
    indented,
    log_style,
    log_text,
    measurement_line,
    one_line,
    try_text,
)
from sequencer.terminal.summary import summary, verdict_line
from sequencer.vocabulary.times import shown_seconds, shown_time


def report_lines(report: RunReport) -> Iterator[Line]:
    """Facts, every case with every attempt, then the failures and the verdict, and what was added later."""
    sequence = report["sequence"]
    version = f" {sequence['version']}" if sequence["version"] else ""
    yield [(one_line(f"{sequence['name']}{version}"), "bold"), (f"  {sequence['file']}", "dim")]
    yield from _facts(report)
    for module in report["modules"]:
        yield []
        yield [(one_line(module["name"]), "bold"), (f"  {module['id']}", "dim")]
        for case in module["cases"]:
            yield from _case(f"{module['id']}::{case['id']}", case)
    yield from summary(report)
    yield verdict_line(report)
    for note in report.get("notes", ()):
        who = f"{note['user'] or note['source']}, {shown_time(note['time'])}"
        said = f"{note['comment']} " if note["comment"] else ""
        yield [(f"{note['disposition'] or 'comment'}: ", "bold"), (one_line(said), ""), (one_line(who), "dim")]


def _facts(report: RunReport) -> Iterator[Line]:
    dut, stand = report["dut"], report["stand"]
    facts = {
        "id": report["id"],
        "started": shown_time(report["start_time"]),
        "dut": _joined(dut.get("name"), dut.get("part_number"), dut.get("serial_number"), dut.get("revision")),
        "batch": report["batch"].get("serial_number"),
        "process": _joined(report["process"].get("name"), report["process"].get("number")),
        "stand": _joined(stand.get("name"), stand.get("location"), report["host"].get("name")),
        "slot": _slot(report),
        "user": report["user"],
        "variant": report.get("variant"),
        "imported": _joined(*report["imported"].values()) if "imported" in report else None,
        "params": ", ".join(f"{name}={value}" for name, value in report["params"].items()),
    }
    for name, value in facts.items():
        if value:
            yield [(f"{name:<10}", "dim"), (one_line(str(value)), "")]


def _slot(report: RunReport) -> str:
    return f"{slot_text(report)}, start {report['start']['id']}" if "start" in report else ""


def _joined(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part is not None and part != "")


def _case(full_name: str, case: CaseReport) -> Iterator[Line]:
    seconds = None
    if case["start_time"] is not None and case["stop_time"] is not None:
        seconds = case["stop_time"] - case["start_time"]
    yield case_line(full_name, case["name"], case["status"], seconds, case["reason"] or "")
    many = len(case["attempts"]) > 1
    for attempt in case["attempts"]:
        if many:
            yield _attempt_line(attempt)
        yield from _recorded(attempt)


def _attempt_line(attempt: AttemptReport) -> Line:
    took = "" if attempt["stop_time"] is None else f", {shown_seconds(attempt['stop_time'] - attempt['start_time'])}"
    style: Style = "dim"
    return [(f"          attempt {attempt['number']}: {attempt['status']}{took}", style)]


def _recorded(attempt: AttemptReport) -> Iterator[Line]:
    for measured in attempt["measurements"]:
        yield measurement_line(measured)
    told = {f"{measured['name']}: {measured['reason']}" for measured in attempt["measurements"]}
    for tried in attempt.get("tries", ()):
        if tried["message"] in told:
            continue  # the measurement's own line says so
        yield from indented(try_text(tried["number"], tried["message"]), "dim")
    for text in attempt["messages"].values():
        yield from indented(text, "notice")
    for line in attempt.get("log", ()):
        yield from indented(log_text(line["level"], line["text"], line["source"]), log_style(line["level"]))
    if left_out := attempt.get("log_left_out"):
        yield from indented(f"{left_out} more lines of the log are in the journal", "dim")
    for dialog in attempt["dialogs"]:
        question = dialog["dialog"].get("title") or dialog["dialog"].get("text") or dialog["id"]
        answer = dialog["result"] if dialog["value"] is None else f"{dialog['result']}: {dialog['value']}"
        yield from indented(f"{question} → {answer}", "notice")
    for program in attempt["programs"]:
        yield from indented(f"{' '.join(program['command'])} → exit code {program['exit_code']}", "dim")
    for attachment in attempt["attachments"]:
        yield from indented(f"attached {attachment['name']}, {attachment['size']} bytes", "dim")
