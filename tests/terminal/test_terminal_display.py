from __future__ import annotations

import io
import re
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.cli.run_page import PageAddress
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold, measurement_of
from sequencer.report.model import RunReport
from sequencer.report.outcome import WORDS
from sequencer.terminal.display import PlainTerminal, open_terminal
from sequencer.terminal.lines import case_line, clean, columns, cut, measurement_line, plain
from sequencer.terminal.live import LiveTerminal
from sequencer.terminal.report_lines import report_lines
from sequencer.terminal.summary import place_lines, verdict_block
from sequencer.vocabulary.shown import shown_value
from sequencer.vocabulary.times import shown_seconds


class Tty(io.StringIO):
    """A stream that a person looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def plan(*cases: str) -> events.RunStarted:
    described = [
        {"id": case, "name": f"Case {case}", "group": "main", "description": None, "place": "a.yaml:1:1"}
        | {"critical": False, "tags": [], "attempts": 1, "timeout": None}
        for case in cases
    ]
    module = {"id": "main", "name": "Main", "group": "main", "description": None, "cases": described}
    sequence = {"name": "Rails", "version": "1.0", "description": None, "file": "sequences/rails.yaml", "sha256": "0"}
    return events.RunStarted("0190", sequence, [module], "0.1.0", {})


def stamped(*happened: Event) -> list[Stamped]:
    return [Stamped(number, 1000.0 + number, event) for number, event in enumerate(happened, 1)]


RUN = stamped(
    plan("good", "bad", "never"),
    events.CaseStarted("main::good"),
    events.MeasurementRecorded("main::good", "a.yaml:3:5", "5 V rail", 5.01, "numeric", "V", [4.8, 5.2], True),
    events.MessageShown("main::good", "key", "Serial 7"),
    events.CaseFinished("main::good", "passed"),
    events.CaseStarted("main::bad"),
    events.MeasurementRecorded(
        "main::bad", "a.yaml:9:5", "3.3 V rail", 3.9, "numeric", "V", [3.1, 3.5], False, "3.9 V is above 3.5 V"
    ),
    events.FailureRecorded(
        "main::bad", "failed", "3.3 V rail: 3.9 V is above 3.5 V", "a.yaml:9:5", "3.3 V rail", "meter.read", 7
    ),
    events.FailureRecorded(
        "main::bad", "error", "OSError: gone", "a.yaml:11:5", "off", "supply.off", None, "Traceback: driver.py"
    ),
    events.CaseFinished("main::bad", "failed"),
    events.CaseFinished("main::never", "skipped", reason="main::bad did not pass"),
    events.RunFinished("failed"),
)


def shown_on(terminal: Any, run: list[Stamped], report: RunReport | None = None) -> None:
    for each in run:
        terminal.event(each)
    terminal.finish(report or fold(run))
    for line in place_lines(["reports.sqlite3, id 0190"]):
        terminal.say(line)


def test_plain_lines_tell_each_case_and_the_summary() -> None:
    """Without a terminal a run is plain text: cases with values and limits, then each failure with place and code."""
    stream = io.StringIO()
    terminal = open_terminal(stream)
    assert isinstance(terminal, PlainTerminal)
    shown_on(terminal, RUN)
    text = stream.getvalue()
    assert "\x1b" not in text
    for expected in (
        "Rails 1.0  sequences/rails.yaml",
        "PASSED   main::good  Case good",
        "5 V rail = 5.01 V",
        "Serial 7",
        "3.9 V is above 3.5 V",
        "at a.yaml:9:5, step '3.3 V rail', calling meter.read, error code 7",
        "Traceback: driver.py",
        "SKIPPED  main::never  Case never  main::bad did not pass",
        "cases     1 passed, 1 failed, 1 skipped",
        "report    reports.sqlite3, id 0190",
        "verdict   FAIL  first failure: main::bad  error code: 7",
    ):
        assert expected in text


def test_a_terminal_gets_colours_and_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the lines are coloured and the verdict ends the run as a block over the whole width."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    stream = Tty()
    terminal = open_terminal(stream)
    assert isinstance(terminal, LiveTerminal)
    shown_on(terminal, RUN)
    text = stream.getvalue()
    assert "\x1b[31mFAILED" in text
    assert text.count("\x1b[97;41m") == 7
    assert text.index("main::good") < text.index("FAILED: ") < text.rindex("█")


def test_no_color_is_honoured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR leaves the live display without a single colour."""
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Tty()
    terminal = LiveTerminal(stream)
    shown_on(terminal, RUN)
    assert re.findall(r"\x1b\[[0-9;]*m", stream.getvalue()) == []


def test_the_live_area_shows_the_running_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a case runs its name, its values, how long it took before and the bar stand on the screen."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Tty()
    terminal = LiveTerminal(stream)
    terminal.expect({"main::good": 2.0})
    now = time.time()
    for number, each in enumerate(RUN[:3], 1):
        terminal.event(Stamped(number, now, each.event))
    deadline = time.monotonic() + 20
    while "0/3" not in stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.02)
    terminal.close()
    text = stream.getvalue()
    assert "main::good  Case good" in text
    assert "of about 2.0 s" in text
    assert "0/3" in text


def test_the_live_area_says_that_a_value_was_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failed try measured is marked while the case still runs, as in the lines that are written at its end."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Tty()
    terminal = LiveTerminal(stream)
    now = time.time()
    tried = events.TryFailed("main::bad", "a.yaml:9:5", "3.3 V rail", 1, "3.9 V is above 3.5 V", 1)
    for number, event in enumerate([plan("bad"), RUN[5].event, RUN[6].event, tried], 1):
        terminal.event(Stamped(number, now, event))
    deadline = time.monotonic() + 20
    while "tried again" not in stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.02)
    terminal.close()
    assert "3.3 V rail = 3.9 V" in stream.getvalue()
    assert "tried again" in stream.getvalue()


@pytest.mark.parametrize("width", [10, 30, 60, 80, 200])
@pytest.mark.parametrize("outcome", WORDS)
def test_the_verdict_fits_any_width(outcome: Any, width: int) -> None:
    """The block is never wider than the terminal, coloured rows are exactly as wide, and it always says something."""
    rows = re.sub(r"\x1b\[[0-9;]*m", "", verdict_block(outcome, width, 40, colour=True)).splitlines()
    assert {len(row) for row in rows} == {width}
    assert any(row.strip() for row in rows)


def test_a_long_run_writes_only_what_did_not_pass() -> None:
    """With thousands of cases the passed ones leave no line."""
    names = [f"c{number}" for number in range(1000)]
    run: list[Event] = [plan(*names)]
    for name in names:
        run += [
            events.CaseStarted(f"main::{name}"),
            events.CaseFinished(f"main::{name}", "failed" if name == "c500" else "passed"),
        ]
    stream = io.StringIO()
    shown_on(PlainTerminal(stream), stamped(*run, events.RunFinished("failed")))
    assert len(stream.getvalue().splitlines()) < 20
    assert "main::c500" in stream.getvalue()


def test_what_a_product_says_cannot_command_the_terminal() -> None:
    """Escape sequences in names, messages and values are shown, not obeyed."""
    evil = "\x1b]0;owned\x07\x1b[2J"
    run = stamped(
        plan("a"),
        events.CaseStarted("main::a"),
        events.MessageShown("main::a", "k", evil),
        events.MeasurementRecorded("main::a", "a.yaml:1:1", evil, evil, "string"),
        events.FailureRecorded("main::a", "failed", evil, "a.yaml:1:1"),
        events.CaseFinished("main::a", "failed"),
        events.RunFinished("failed"),
    )
    stream = io.StringIO()
    terminal = PlainTerminal(stream)
    terminal.output(evil)
    shown_on(terminal, run)
    assert "\x1b" not in stream.getvalue() and "\x07" not in stream.getvalue()
    assert "\\x1b[2J" in stream.getvalue()


def test_names_in_a_sequence_cannot_command_the_terminal() -> None:
    """Line ends and escape sequences in the names of sequence, module and case are signs, live and in `runs show`."""
    evil = "two\nlines\x1b[2J"
    begun = plan("a")
    begun.sequence["name"] = begun.modules[0]["name"] = begun.modules[0]["cases"][0]["name"] = evil
    run = stamped(
        begun,
        events.CaseStarted("main::a"),
        events.FailureRecorded("main::a", "failed", "no", "a.yaml:1:1"),
        events.CaseFinished("main::a", "failed"),
        events.RunFinished("failed"),
    )
    stream = io.StringIO()
    shown_on(PlainTerminal(stream), run)
    stored = "\n".join(map(plain, report_lines(fold(run))))
    for text, times in ((stream.getvalue(), 3), (stored, 4)):
        assert "\x1b" not in text
        assert text.count("two") == text.count("two⏎lines\\x1b[2J") == times


def test_a_reader_that_goes_away_does_not_end_the_run() -> None:
    """A closed pipe is noticed once and then ignored."""

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    shown_on(PlainTerminal(Gone()), RUN)


def test_partial_and_simulated_runs_say_so() -> None:
    """The summary of a run that is no evidence for a product says why."""
    report = fold(RUN)
    report["selection"] = ["main::good"]
    report["simulated"] = True
    stream = io.StringIO()
    shown_on(PlainTerminal(stream), RUN, report)
    assert "PARTIAL   1 of 3 cases were chosen" in stream.getvalue()
    assert "SIMULATED" in stream.getvalue()


def test_an_encoding_without_blocks_gets_other_ink(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal whose code page lacks block characters letters are drawn in ASCII, and nothing raises."""
    monkeypatch.setenv("NO_COLOR", "1")
    raw = io.BytesIO()

    class Old(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    stream = Old(raw, encoding="cp1252", errors="backslashreplace")
    shown_on(LiveTerminal(stream), RUN)
    assert b"####" in raw.getvalue()


@given(st.text(), st.integers(0, 50))
def test_cutting_keeps_to_the_width(text: str, width: int) -> None:
    """A cut line is never wider than asked for, whatever letters it has."""
    assert columns(plain(cut([(clean(text).replace("\n", " "), "")], width))) <= width


@given(st.text())
def test_clean_text_is_printable(text: str) -> None:
    """No control character but the line break survives cleaning."""
    assert all(letter.isprintable() or letter == "\n" for letter in clean(text))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (0.123, "123 ms"),
        (59.94, "59.9 s"),
        (60, "1:00"),
        (185, "3:05"),
        (3725, "1:02:05"),
    ],
)
def test_durations_as_people_read_them(seconds: float, shown: str) -> None:
    """Less than a second is said in milliseconds, long durations in minutes or hours."""
    assert shown_seconds(seconds) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (5, "V", "5 V"),
        (10.49999999999951, "mV", "10.5 mV"),
        (5.0, None, "5"),
        (-1.5e-9, "A", "-1.5e-9 A"),
        (True, None, "true"),
        (None, None, "null"),
        ("OK", None, "OK"),
        ("x" * 100, None, "x" * 59 + "…"),
        ("NaN", "V", "NaN"),
        ([5.6999999999999975, 1.0], "A", "[5.7, 1] A"),
        (45.5, "°", "45.5°"),
        (30, "′", "30′"),
        ([1, 2], "%", "[1, 2]%"),
        (25, "°C", "25 °C"),
        (list(range(6)), None, "[0, 1, 2, 3, 4, … 6 elements]"),
    ],
)
def test_values_as_people_read_them(value: Any, unit: str | None, shown: str) -> None:
    """Numbers carry their unit, texts stand bare, long ones are cut."""
    assert shown_value(value, unit) == shown


def test_line_ends_in_names_and_values_break_no_line() -> None:
    """They are signs in the line."""
    event = events.MeasurementRecorded(
        "m::a", "s.yaml:1:1", "two\nlines", "one\r\ntwo", "string", None, None, False, "not\nso"
    )
    measured = measurement_of(event, 1.0)
    for line in (case_line("m::a", "two\nlines", "passed", 0.1, "note\nmore"), measurement_line(measured)):
        assert "\n" not in plain(line)
        assert "⏎" in plain(line)


def test_a_page_is_told_of_only_while_there_is_something_to_see() -> None:
    """Once: at the first question or after a while; of a run that is over nothing is told."""
    told: list[str] = []
    short = PageAddress(lambda: told.append("short"), seconds=3600)
    short.cancel()
    short.tell()
    asking = PageAddress(lambda: told.append("asking"), seconds=3600)
    for _ in range(2):
        asking.event(Stamped(1, 0.0, events.DialogAsked("m::a", "1", {})))
    asking.cancel()
    late = threading.Event()
    PageAddress(late.set, seconds=0.0)
    assert late.wait(60)
    assert told == ["asking"]
