"""The end of a run in words: what failed, where in the YAML, what to hold against it, and where the report is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from sequencer.report.after_run import standing
from sequencer.report.model import CaseReport, FailureReport, RunReport
from sequencer.report.outcome import missing_cases, outcome, verdict_word
from sequencer.terminal.lines import Line, Style, clean, indented, one_line, shown_seconds, status_style
from sequencer.vocabulary.status import FINAL_STATUSES

_KIND_STYLES: dict[str, Style] = {"failed": "failed", "timeout": "failed", "stopped": "stopped", "error": "error"}
MAX_FAILURES = 100
"""More failed cases than this are counted, not shown: the report has them all."""
MAX_MISSING = 5
"""As many skipped cases are named that the verdict lacks."""


Source = Callable[[FailureReport], Iterable[Line]]
"""The code behind a failure, as lines to show."""


def no_source(failure: FailureReport) -> Iterable[Line]:
    """No code is at hand."""
    return ()


def summary(report: RunReport, source: Source = no_source) -> Iterator[Line]:
    """The lines; ``source`` shows the code of a failure."""
    yield []
    yield from _failed_cases(report, source)
    for failure in report["failures"]:
        yield from _failure(failure, "run", source)
        yield []
    yield _counts(report)
    yield from _remarks(report)
    yield from after_run_lines(report, source)


def after_run_lines(report: RunReport, source: Source = no_source) -> Iterator[Line]:
    """What failed after the run and is not settled, with the command that tries it again."""
    for failed in standing(report):
        yield from _failure(failed, f"step {failed['number']} after the run", source)
        again = f"`hardseq runs retry-after-run {report['id']}` tries it again"
        what = "the step itself was done" if failed.get("done") else f"the verdict stays; {again}"
        yield [(f"  {what}", "dim")]
        yield []


def place_lines(places: Iterable[str]) -> Iterator[Line]:
    """Where the report is, one place a line."""
    for place in places:
        yield [("report    ", "dim"), (place, "")]


def verdict_line(report: RunReport) -> Line:
    """The verdict for those who read a log."""
    code = report["error_code"]
    pieces: list[tuple[str, Style]] = [
        ("verdict   ", "dim"),
        (verdict_word(report), status_style(report["status"])),
    ]
    if report["caused_dut_failure_id"]:
        pieces.append((f"  first failure: {report['caused_dut_failure_id']}", ""))
    if code is not None:
        pieces.append((f"  error code: {code}", ""))
    return pieces


def _failed_cases(report: RunReport, source: Source) -> Iterator[Line]:
    bad = [
        (f"{module['id']}::{case['id']}", case)
        for module in report["modules"]
        for case in module["cases"]
        if case["status"] in ("failed", "error", "stopped")
    ]
    for full_name, case in bad[:MAX_FAILURES]:
        yield [
            (f"{case['status'].upper()}: ", status_style(case["status"])),
            (full_name, "bold"),
            (f"  {one_line(case['name'])}", ""),
        ]
        yield from _case(case, source)
        yield []
    if len(bad) > MAX_FAILURES:
        yield [(f"... and {len(bad) - MAX_FAILURES} more; the report has them all", "dim")]
        yield []


def _case(case: CaseReport, source: Source) -> Iterator[Line]:
    if not case["attempts"]:
        yield from indented(case["reason"] or "it never began", by=2)
        return
    last = case["attempts"][-1]
    if last["number"] > 1:
        yield [(f"  attempt {last['number']} of {last['number']}", "dim")]
    if not last["failures"]:
        yield from indented(case["reason"] or f"at {case['place']}", by=2)
    for failure in last["failures"]:
        yield from _failure(failure, None, source)


def _failure(failure: FailureReport, subject: str | None, source: Source) -> Iterator[Line]:
    style = _KIND_STYLES.get(failure["kind"], "error")
    if subject is not None:
        yield [(f"{failure['kind'].upper()} of the {subject}", style)]
    yield from indented(failure["message"], style, by=2)
    where = []
    if failure["place"]:
        where.append(f"at {failure['place']}")
    if failure["step"]:
        where.append(f"step {failure['step']!r}")
    if failure["call"]:
        where.append(f"calling {failure['call']}")
    if failure["error_code"] is not None:
        where.append(f"error code {failure['error_code']}")
    if where:
        yield from indented(", ".join(where), "dim", by=2)
    yield from source(failure)
    if failure["traceback"]:
        yield from indented(failure["traceback"], "", by=4)


def _counts(report: RunReport) -> Line:
    counts = Counter(case["status"] for module in report["modules"] for case in module["cases"])
    pieces: list[tuple[str, Style]] = [("cases     ", "dim")]
    shown = [(f"{counts[status]} {status}", status_style(status)) for status in FINAL_STATUSES if counts[status]]
    for number, (text, style) in enumerate(shown):
        pieces += [(", " if number else "", ""), (text, style)]
    if not shown:
        pieces.append(("none ran", "stopped"))
    if report["stop_time"] is not None:
        pieces.append((f"  in {shown_seconds(max(0.0, report['stop_time'] - report['start_time']))}", "dim"))
    return pieces


def _what_is_missing(report: RunReport) -> Iterator[Line]:
    """Why a run in which nothing went wrong is no pass."""
    if outcome(report) == "nothing_tested":
        yield [("untested  ", "dim"), ("no case of a main module passed: the product was not tested", "")]
    elif outcome(report) == "incomplete":
        missing = missing_cases(report)
        more = f" and {len(missing) - MAX_MISSING} more" if len(missing) > MAX_MISSING else ""
        names = ", ".join(missing[:MAX_MISSING]) + more
        yield [("missing   ", "dim"), (f"skipped because of something else: {clean(names) or 'a case'}", "")]


def _remarks(report: RunReport) -> Iterator[Line]:
    if report["selection"] is not None:
        total = sum(len(module["cases"]) for module in report["modules"])
        yield [
            ("PARTIAL   ", "stopped"),
            (f"{len(report['selection'])} of {total} cases were chosen: no evidence for a product", ""),
        ]
    yield from _what_is_missing(report)
    if report["simulated"]:
        yield [("SIMULATED ", "stopped"), ("no evidence for a product", "")]
    if report["debugged"]:
        yield [
            ("DEBUGGED  ", "stopped"),
            ("steps could be skipped, repeated and changed: no evidence for a product", ""),
        ]
    if report["aborted"]:
        yield [("ABORTED   ", "error"), ("the test process died; this is what its journal holds", "")]
    if report["stop_reason"]:
        yield [("stopped   ", "stopped"), (report["stop_reason"], "")]
