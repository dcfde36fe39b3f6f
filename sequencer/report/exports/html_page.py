"""``html``: the report as one page to print, mail or keep: it loads nothing, runs nothing, and escapes every text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from sequencer.report.after_run import standing
from sequencer.report.exports.html_chart import chart_svg
from sequencer.report.exports.html_style import STYLE
from sequencer.report.exports.words import as_text, duration, limits_in_words, printable, shown
from sequencer.report.model import AttemptReport, CaseReport, FailureReport, MeasurementReport, RunReport
from sequencer.report.outcome import outcome, outcome_text
from sequencer.vocabulary.times import moment

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def to_html(report: RunReport) -> str:
    """A whole HTML document."""
    return "\n".join(_page(report)) + "\n"


def _page(report: RunReport) -> Iterator[str]:
    name = _safe(report["sequence"]["name"]) or "Test report"
    partial = " (partial run)" if report["selection"] is not None else ""
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{name}: {outcome_text(outcome(report))}</title><style>{STYLE}</style></head><body>"
    yield f"<header><div><h1>{name}</h1><p class=quiet>{_readable(report['start_time'])}{partial}</p></div>"
    yield f"{_badge(report['status'], outcome_text(outcome(report)))}</header>"
    yield from _facts(_run_facts(report))
    yield from _failed(report)
    for message in report["operator_messages"]:
        words = ": ".join(part for part in (message["title"], message["text"]) if part)
        yield f"<p class=quiet>Told the operator: {_safe(words)}</p>"
    if after := standing(report):
        yield "<h2>Not done after the run</h2>"
        yield from _failures(after)
    yield from _artifact(report["artifact"])
    for module in report["modules"]:
        yield f"<h2>{_safe(module['name'])} {_badge(module['status'])}</h2>"
        yield from _artifact(module["artifact"])
        for case in module["cases"]:
            yield from _case(case)
    yield f"<footer class=quiet>Run {_safe(report['id'])}, hardseq {_safe(report['hardseq'])}, "
    yield f"{_safe(report['sequence']['file'])} sha256 {_safe(report['sequence']['sha256'])}</footer></body></html>"


def _run_facts(report: RunReport) -> Iterator[tuple[str, Any]]:
    dut, stand = report["dut"], report["stand"]
    yield "Serial number", dut.get("serial_number")
    yield "Part number", dut.get("part_number")
    yield "DUT", " ".join(dut[key] for key in ("name", "type", "revision") if dut.get(key))
    for index, unit in enumerate(dut.get("sub_units") or (), 1):
        yield f"Sub unit {index}", _in_one_line(unit)
    yield "Batch", report["batch"].get("serial_number")
    yield "Process", report["process"].get("name")
    yield "Stand", stand.get("name")
    yield "Location", stand.get("location")
    for index, instrument in enumerate(report["instruments"], 1):
        yield f"Instrument {index}", _in_one_line(instrument)
    yield "Operator", report["user"]
    yield "Sequence version", report["sequence"]["version"]
    yield "Duration", f"{duration(report['start_time'], report['stop_time']):.1f} s"
    yield "Error code", report["error_code"]
    yield "Stopped", report["stop_reason"]
    yield "Simulated", "yes" if report["simulated"] else None
    yield "Aborted", "yes: the run died, this is what its journal held" if report["aborted"] else None
    for section in (dut, report["process"], stand):
        yield from (section.get("info") or {}).items()
    yield from report["params"].items()


def _in_one_line(fields: dict[str, Any]) -> str:
    return " ".join(as_text(value) for key, value in fields.items() if key != "info" and value)


def _facts(facts: Iterable[tuple[str, Any]]) -> Iterator[str]:
    yield '<dl class="facts">'
    for name, value in facts:
        if value is not None and value != "":
            yield f"<div><dt>{_safe(name)}</dt><dd>{_safe(as_text(value))}</dd></div>"
    yield "</dl>"


def _failed(report: RunReport) -> Iterator[str]:
    """Everything that kept the run from passing, before the details."""
    bad = [
        (f"{module['name']}: {case['name']}", case)
        for module in report["modules"]
        for case in module["cases"]
        if case["status"] in ("failed", "error", "stopped")
    ]
    if not bad and not report["failures"]:
        return
    yield "<h2>What did not pass</h2>"
    yield from _failures(report["failures"])
    for name, case in bad:
        yield f"<p>{_badge(case['status'])} {_safe(name)}</p>"
        if case["attempts"]:
            yield from _failures(case["attempts"][-1]["failures"])


def _failures(failures: Iterable[FailureReport]) -> Iterator[str]:
    for failure in failures:
        code = "" if failure["error_code"] is None else f" (error code {failure['error_code']})"
        where = f"\n{failure['place']}" if failure["place"] else ""
        call = f" in {failure['call']}" if failure["call"] else ""
        more = f"<span class=quiet>{_safe(where + call)}</span>"
        yield f'<div class="failure">{_safe(failure["message"] + code)}{more}</div>'


def _case(case: CaseReport) -> Iterator[str]:
    seconds = duration(case["start_time"], case["stop_time"])
    time = f"<span class=quiet>{seconds:.2f} s</span>" if case["start_time"] is not None else ""
    yield '<section class="case">'
    yield f'<div class="title"><h3>{_safe(case["name"])}</h3>{time}{_badge(case["status"])}</div>'
    if case["description"]:
        yield f"<p class=quiet>{_safe(case['description'])}</p>"
    if case["reason"]:
        yield f"<p class=quiet>{_safe(case['reason'])}</p>"
    for attempt in case["attempts"]:
        if len(case["attempts"]) > 1:
            yield f"<p>Attempt {attempt['number']} {_badge(attempt['status'])}</p>"
        yield from _attempt(attempt)
    yield "</section>"


def _attempt(attempt: AttemptReport) -> Iterator[str]:
    for text in attempt["messages"].values():
        yield f"<p>{_safe(text)}</p>"
    yield from _measurements(attempt["measurements"])
    for chart in attempt["charts"]:
        yield chart_svg(chart)
    for dialog in attempt["dialogs"]:
        question = dialog["dialog"].get("title") or dialog["dialog"].get("text") or dialog["id"]
        answer = dialog["result"] or "no answer"
        value = "" if dialog["value"] is None else f" {as_text(dialog['value'])}"
        by = f", by {dialog['by']}" if dialog["by"] else ""
        yield f"<p class=quiet>Operator: {_safe(as_text(question))} {_safe(answer + value + by)}</p>"
    for program in attempt["programs"]:
        yield f"<p class=quiet>{_safe(' '.join(program['command']))}: exit code {program['exit_code']}</p>"
        if program["output"]:
            yield f"<pre>{_safe(program['output'])}</pre>"
    for attachment in attempt["attachments"]:
        words = f"{attachment['name']}, {attachment['size']} bytes, sha256 {attachment['sha256']}"
        yield f"<p class=quiet>Attached: {_safe(words)}</p>"
    yield from _artifact(attempt["artifact"])
    yield from _failures(attempt["failures"])


def _artifact(artifact: dict[str, Any]) -> Iterator[str]:
    if artifact:
        yield f"<pre>{_safe(json.dumps(artifact, ensure_ascii=False, indent=2))}</pre>"


def _measurements(measurements: list[MeasurementReport]) -> Iterator[str]:
    if not measurements:
        return
    heading = "".join(f"<th>{title}</th>" for title in ("Measurement", "Value", "Limits", "Result"))
    yield f"<div class=scroll><table><thead><tr>{heading}</tr></thead><tbody>"
    for measurement in measurements:
        superseded = measurement.get("superseded")
        result = "tried again" if superseded else {True: "pass", False: "FAIL", None: ""}[measurement["result"]]
        missed = ' class="missed"' if measurement["result"] is False and not superseded else ""
        yield f"<tr><td>{_safe(measurement['name'])}</td><td{missed}>{_safe(shown(measurement))}</td>"
        yield f"<td>{_safe(limits_in_words(measurement))}</td><td{missed}>{result}</td></tr>"
    yield "</tbody></table></div>"


def _readable(time: float) -> str:
    return moment(time).split(".")[0].replace("T", " ") + " UTC"


def _badge(status: str, text: str | None = None) -> str:
    return f'<span class="badge {_safe(status)}">{_safe(text or status)}</span>'


def _safe(text: str) -> str:
    return escape(printable(text))
