"""The step ``log``: a line in the log of its case, in the report and wherever that is shown."""

from __future__ import annotations

from pathlib import Path

from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.report.exports.html_page import to_html
from sequencer.report.fold import MOST_LOGGED, fold
from sequencer.terminal.lines import plain
from sequencer.terminal.report_lines import report_lines
from sequencer.terminal.state import TerminalRunView
from tests.runner.test_judgements import run

SEQUENCE = """
name: Logs
modules:
  main:
    cases:
      only:
        steps:
          - {log: 5}
          - {log: "rail ${{ 2 + 3 }} V", level: warning}
          - {log: hidden, level: debug}
          - {check: true}
"""

PLAN = [{"id": "main", "name": "Main", "cases": [{"id": "only", "name": "Only"}]}]


def test_what_is_logged_stands_in_the_report_with_its_level(tmp_path: Path) -> None:
    """Each line has its time, its level and nobody as its source; a warning changes no verdict."""
    cases = run(tmp_path, SEQUENCE)
    assert cases[""]["status"] == "passed"
    log = cases["only"]["attempts"][0]["log"]
    assert [(line["level"], line["text"], line["source"]) for line in log] == [
        ("info", "5", None),
        ("warning", "rail 5 V", None),
        ("debug", "hidden", None),
    ]
    assert log[0]["time"] <= log[1]["time"]


def test_the_log_is_written_where_a_report_is_written() -> None:
    """The terminal has debug lines only of a stored report; a page has all; of a flood the report counts the rest."""
    said: list[events.Event] = [events.RunStarted("r", {"name": "Logs"}, PLAN, "", {})]
    said += [events.CaseStarted("main::only"), events.LineLogged("main::only", "debug", "fine")]
    said += [events.LineLogged("main::only", "error", "<bad>", "dmm")]
    said += [events.LineLogged("main::only", "info", str(number)) for number in range(MOST_LOGGED)]
    said += [events.CaseFinished("main::only", "passed"), events.RunFinished("passed")]
    stamped = [Stamped(seq, 1.5 + seq, each) for seq, each in enumerate(said, 1)]
    view = TerminalRunView()
    live = [plain(line) for each in stamped for line in view.apply(each)]
    assert "         error: dmm: <bad>" in live
    assert not any("fine" in line for line in live)
    report = fold(stamped)
    attempt = report["modules"][0]["cases"][0]["attempts"][0]
    assert (len(attempt["log"]), attempt["log_left_out"]) == (MOST_LOGGED, 2)
    stored = [plain(line) for line in report_lines(report)]
    assert "         debug: fine" in stored
    assert "         2 more lines of the log are in the journal" in stored
    page = to_html(report)
    assert "00:00:05.500 UTC error: dmm: &lt;bad&gt;" in page
    assert "debug: fine" in page
