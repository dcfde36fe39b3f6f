"""Several slots on a terminal: a line for each, the verdicts side by side."""

from __future__ import annotations

import io
import os
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.report import event as events
from sequencer.report.dialog import describe
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.terminal.lines import columns, plain
from sequencer.terminal.live_slots import LiveSlots
from sequencer.terminal.slot_verdicts import SlotVerdict, counts_line, verdict_blocks
from sequencer.terminal.slots import PlainSlots, open_slots_terminal
from tests.effort import examples

WORDS = {"passed": "PASS", "failed": "FAIL", "error": "ERROR", "stopped": "STOPPED"}


class Tty(io.StringIO):
    """A stream that a person looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def run_of(slot: str, serial: str, status: Any = "passed", reason: str = "") -> list[Stamped]:
    case = {"id": "rail", "name": "Rail", "group": "main", "description": None, "place": "a.yaml:1:1"}
    case |= {"critical": False, "tags": [], "attempts": 1, "timeout": None}
    module = {"id": "main", "name": "Main", "group": "main", "description": None, "cases": [case]}
    sequence = {"name": "Board", "version": None, "description": None, "file": "board.yaml", "sha256": "0"}
    begun = events.RunStarted(
        f"run-{slot}", sequence, [module], "0.1.0", {}, record={"dut": {"serial_number": serial}}, slot={"name": slot}
    )
    happened: list[Event] = [begun, events.CaseStarted("main::rail")]
    happened.append(events.MeasurementRecorded("main::rail", "a.yaml:3:5", "5 V", 5.01, "numeric", "V", [4, 6], True))
    if reason:
        happened.append(events.FailureRecorded("main::rail", "failed", reason, "a.yaml:9:5", "5 V"))
    happened += [events.CaseFinished("main::rail", status), events.RunFinished(status)]
    return [Stamped(number, 1000.0 + number, event) for number, event in enumerate(happened, 1)]


def report_of(slot: str, serial: str, status: Any = "passed", reason: str = "") -> RunReport:
    return fold(run_of(slot, serial, status, reason))


def test_plain_lines_say_which_slot() -> None:
    """Each line of a run begins with its slot; failures come slot by slot, then a verdict for each, then how many."""
    stream = io.StringIO()
    terminal = open_slots_terminal(stream, ["left", "right", "third"])
    assert isinstance(terminal, PlainSlots)
    runs = {"left": run_of("left", "SN1"), "right": run_of("right", "SN2", "failed", "5 V: too low")}
    for slot, run in runs.items():
        for each in run:
            terminal.event(slot, each)
    terminal.output("right", "hello\nthere")
    terminal.lost("third", "no process")
    ends = [SlotVerdict(slot, fold(run)) for slot, run in runs.items()]
    terminal.finish([*ends, SlotVerdict("third", None, "no process")])
    lines = stream.getvalue().split("\n")
    for said in (
        "left   PASSED   main::rail  Rail  ",
        "right  FAILED   main::rail  Rail  ",
        "right    | there",
        "third  ERROR    it did not begin: no process",
        "── right SN2",
        "── third",
        "verdict   left   PASS  SN1",
        "verdict   right  FAIL  first failure: main::rail  SN2",
        "verdict   third  ERROR",
        "slots     1 passed, 1 failed, 1 error",
    ):
        assert any(line.startswith(said) for line in lines), (said, lines)
    assert "── left" not in stream.getvalue()


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A live display of three slots that draws nothing by itself."""
    monkeypatch.setattr("sequencer.terminal.live_display.REFRESH_SECONDS", 3600.0)
    display = LiveSlots(Tty(), ["left", "right", "third"])
    yield display
    display.close()


def shown(display: LiveSlots, width: int = 80, height: int = 24) -> list[str]:
    return [plain(line) for line in display.area(1004.5, os.terminal_size((width, height)))]


def test_a_line_shows_what_happens_in_a_slot(live: LiveSlots) -> None:
    """Its case with the last measurement, what it waits for, what it asks, how it ended, and why it never began."""
    assert shown(live) == ["left   starting ...", "right  starting ...", "third  starting ..."]
    run = run_of("left", "SN1")
    for each in run[:3]:
        live.event("left", each)
    assert shown(live)[0].endswith("0/1  main::rail  2.5 s  5 V = 5.01 V")
    live.event("left", Stamped(4, 1003.5, events.WaitStarted("main::rail", "a.yaml:1:1", "hold", ["meter", "matrix"])))
    assert "main::rail  2.5 s  waits for meter, matrix" in shown(live)[0]
    live.event("left", Stamped(5, 1003.5, events.WaitFinished("main::rail", "a.yaml:1:1", "hold", ["meter"], 1.0)))
    assert "waits" not in shown(live)[0]
    live.event("left", Stamped(6, 1004.0, events.DialogAsked("main::rail", "q", describe("Is the LED on?"))))
    assert shown(live)[0].endswith("0/1  ? Is the LED on?")
    live.event("left", Stamped(7, 1004.0, events.DialogAnswered("main::rail", "q", "confirm", None, "ann")))
    for each in run[3:]:
        live.event("left", each)
    live.lost("third", "the test process ended")
    lines = shown(live)
    assert (lines[0].endswith("1/1  PASSED"), lines[2]) == (True, "third  ERROR  the test process ended")


def test_many_slots_share_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than rows stand side by side; what still has no room is counted."""
    monkeypatch.setattr("sequencer.terminal.live_display.REFRESH_SECONDS", 3600.0)
    names = [f"s{number:02}" for number in range(64)]
    display = LiveSlots(Tty(), names)
    try:
        display.event("s05", run_of("s05", "SN5")[0])
        lines = shown(display, 132, 24)
        assert len(lines) <= 21
        assert all(name in " ".join(lines) for name in names)
        assert "s05" in lines[5] and "0/1" in lines[5]
        assert max(map(len, lines)) <= 132
        assert shown(display, 40, 12)[-1] == "... and 55 more slots"
    finally:
        display.close()


@given(
    st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=64),
    st.integers(20, 200),
    st.integers(5, 80),
    st.booleans(),
)
@settings(max_examples=examples(60), deadline=None)
def test_the_verdicts_fit_the_terminal(statuses: list[str], width: int, height: int, colour: bool) -> None:
    """Whatever its size: no line is wider; each slot has its verdict; in large letters only where all of them fit."""
    reports = {status: report_of("x", "SN1", status) for status in WORDS}
    ends = [SlotVerdict(f"s{number}", reports[status]) for number, status in enumerate(statuses)]
    text = re.sub(r"\x1b\[[0-9;]*m", "", verdict_blocks(ends, width, height, colour=colour))
    lines = text.split("\n")
    assert max(map(columns, lines)) <= width
    for end in ends:
        assert re.search(rf"\b{end.slot}\b", text)
    if "█" in text:
        assert len(lines) <= height
    else:
        assert all(re.search(rf"\b{end.slot} +{WORDS[end.outcome]}", text) for end in ends if end.outcome in WORDS)


def test_two_verdicts_stand_side_by_side() -> None:
    """At 80 columns, each under its slot and serial number."""
    ends = [SlotVerdict("left", report_of("left", "SN1")), SlotVerdict("right", report_of("right", "SN2", "failed"))]
    assert verdict_blocks(ends, 80, 24, colour=False, ink="#").split("\n") == [
        "               left SN1                                 right SN2",
        "        ####   ###   ####  ####                   #####  ###  ### #",
        "        #   # #   # #     #                       #     #   #  #  #",
        "        ####  #####  ###   ###                    ####  #####  #  #",
        "        #     #   #     #     #                   #     #   #  #  #",
        "        #     #   # ####  ####                    #     #   # ### #####",
        "",
    ]
    assert plain(counts_line([*ends, *ends, SlotVerdict("x", None)])) == "slots     2 passed, 2 failed, 1 error"
