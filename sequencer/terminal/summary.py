"""The end of a run in words: what failed, where in the YAML, what to hold against it, and where the report is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from sequencer.report.after_run import standing
from sequencer.report.model import CaseReport, FailureReport, RunReport
from sequencer.report.outcome import WORDS, Outcome, missing_cases, outcome, verdict_word, warnings
from sequencer.terminal.lines import Line, Style, clean, indented, one_line, status_style
from sequencer.vocabulary.status import BAD_STATUSES, FINAL_STATUSES
from sequencer.vocabulary.times import shown_seconds

_COLOURS: Mapping[Outcome, str] = {
    # Black on green and yellow, white on the others: the pairs with the strongest contrast in any theme.
    "passed": "\x1b[30;42m",
    "failed": "\x1b[97;41m",
    "error": "\x1b[97;45m",
    "stopped": "\x1b[30;43m",
    "nothing_tested": "\x1b[30;47m",
    "incomplete": "\x1b[30;47m",
}
_END = "\x1b[0m"

_LETTERS: Mapping[str, tuple[str, ...]] = {
    "A": (" ### ", "#   #", "#####", "#   #", "#   #"),
    "C": (" ####", "#    ", "#    ", "#    ", " ####"),
    "D": ("#### ", "#   #", "#   #", "#   #", "#### "),
    "E": ("#####", "#    ", "#### ", "#    ", "#####"),
    "F": ("#####", "#    ", "#### ", "#    ", "#    "),
    "G": (" ####", "#    ", "#  ##", "#   #", " ####"),
    "H": ("#   #", "#   #", "#####", "#   #", "#   #"),
    "I": ("###", " # ", " # ", " # ", "###"),
    "L": ("#    ", "#    ", "#    ", "#    ", "#####"),
    "M": ("#   #", "## ##", "# # #", "#   #", "#   #"),
    "N": ("#   #", "##  #", "# # #", "#  ##", "#   #"),
    "O": (" ### ", "#   #", "#   #", "#   #", " ### "),
    "P": ("#### ", "#   #", "#### ", "#    ", "#    "),
    "R": ("#### ", "#   #", "#### ", "#  # ", "#   #"),
    "S": (" ####", "#    ", " ### ", "    #", "#### "),
    "T": ("#####", "  #  ", "  #  ", "  #  ", "  #  "),
    " ": ("  ", "  ", "  ", "  ", "  "),
}


_DOTS = ((4, 2), (3, 2), (2, 1), (1, 1))
"""The sizes of a letter's dot to choose from, in columns and rows; a column is about half as wide as a row is high."""

TALL = 30
"""From this many rows on a terminal has room for letters of two rows a dot."""


def block_letters(word: str, *, ink: str = "█", dot: tuple[int, int] = (2, 1)) -> list[str]:
    """Rows of equal length; ``dot`` is how many columns and rows one dot of a letter takes."""
    rows = []
    for number in range(5):
        row = " ".join(_LETTERS[letter][number] for letter in word)
        rows += ["".join((ink if letter == "#" else " ") * dot[0] for letter in row)] * dot[1]
    return rows


def verdict_block(outcome: Outcome, width: int, height: int = 24, *, colour: bool, ink: str = "█") -> str:
    """The verdict as a block as wide as the terminal; in a very narrow one a single line. Ends in a newline."""
    rows = ["", *_rows(WORDS.get(outcome, "ERROR"), width, height, ink), ""]
    if not colour:
        return "\n".join(row.center(width).rstrip() for row in rows) + "\n"
    # Spaces to the last column, so that the colour covers the whole width.
    return "".join(f"{painted(row.center(width), outcome)}\n" for row in rows)


def painted(text: str, outcome: Outcome) -> str:
    """The text on the colour of the verdict."""
    return f"{_COLOURS.get(outcome, _COLOURS['error'])}{text}{_END}"


def _rows(text: str, width: int, height: int, ink: str) -> list[str]:
    """The text in the largest letters that fit, its words one below the other where they do not fit side by side."""
    for dot in _DOTS:
        for lines in ([text], text.split()):
            blocks = [block_letters(line, ink=ink, dot=dot) for line in lines]
            if max(len(block[0]) for block in blocks) + 4 <= width and (dot[1] == 1 or height >= TALL):
                first, *others = blocks
                return [*first, *(row for block in others for row in ("", *block))]
    return [text] if len(text) <= width else text.split()


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
    yield from _failures(report, source)
    yield _counts(report)
    yield from _remarks(report)
    yield from after_run_lines(report, source)


def failure_lines(report: RunReport, source: Source = no_source) -> Iterator[Line]:
    """As ``summary``, of a run that is one of several: nothing where its verdict says all."""
    said = [*_failures(report, source)]
    remarks = [*_remarks(report), *after_run_lines(report, source)]
    if said or remarks:
        yield from (*said, _counts(report), *remarks)


def _failures(report: RunReport, source: Source) -> Iterator[Line]:
    yield from _failed_cases(report, source)
    for failure in report["failures"]:
        yield from _failure(failure, "run", source)
        yield []


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
        if case["status"] in BAD_STATUSES
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
    if count := warnings(report):
        pieces += [(", ", ""), (f"{count} {'warning' if count == 1 else 'warnings'}", "stopped")]
    if report["stop_time"] is not None:
        pieces.append((f"  in {shown_seconds(max(0.0, report['stop_time'] - report['start_time']))}", "dim"))
    return pieces


def _what_is_missing(report: RunReport) -> Iterator[Line]:
    """Why a run in which nothing went wrong does not pass."""
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
        yield [("ABORTED   ", "error"), ("the test process died; this is what its journal contains", "")]
    if report["stop_reason"]:
        yield [("stopped   ", "stopped"), (report["stop_reason"], "")]
