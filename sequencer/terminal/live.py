"""The live display: finished cases scroll by, the running one and a bar stand below them."""

from __future__ import annotations

from collections.abc import Mapping
from os import terminal_size
from typing import TextIO

from sequencer.report.event import RunStarted, Stamped
from sequencer.report.model import RunReport
from sequencer.terminal.lines import (
    Line,
    Style,
    clean,
    columns,
    measurement_line,
    one_line,
    output_lines,
    status_style,
)
from sequencer.terminal.live_display import LiveDisplay
from sequencer.terminal.state import RunningCase, TerminalRunView
from sequencer.terminal.summary import Source, no_source
from sequencer.vocabulary.clock import SteadyClock
from sequencer.vocabulary.status import BAD_STATUSES, FINAL_STATUSES
from sequencer.vocabulary.times import shown_seconds

SHOWN_MEASUREMENTS = 6
SHOWN_MESSAGES = 3


class LiveTerminal(LiveDisplay):
    """Shows one run on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._view = TerminalRunView()
        self._expected: Mapping[str, float] = {}
        super().__init__(stream)

    def event(self, stamped: Stamped) -> None:
        """Keeps the event for the next drawing."""
        with self._lock:
            if isinstance(stamped.event, RunStarted):
                self._clock = SteadyClock.set_to(stamped.time)
            self._pending += self._view.apply(stamped)

    def output(self, text: str) -> None:
        """Keeps what a driver printed for the next drawing."""
        with self._lock:
            self._pending += output_lines(text)

    def expect(self, seconds: Mapping[str, float]) -> None:
        """Shows them beside the time that has passed."""
        with self._lock:
            self._expected = dict(seconds)

    def finish(self, report: RunReport, source: Source = no_source) -> None:
        """Takes the live display away and writes the summary."""
        self.close()
        self._writer.end(report, source)

    def area(self, now: float, size: terminal_size) -> list[Line]:
        """The operator's messages, the running case, and a bar."""
        lines: list[Line] = [[(text, "notice")] for text in self._view.operator_messages.values()]
        if self._view.running is not None:
            lines += self._running(self._view.running, now)
        lines = lines[: max(0, size.lines - 3)]
        if self._view.started is None:
            lines.append([("starting ...", "dim")])
        else:
            lines.append(self._progress(now, size.columns))
        return lines

    def _running(self, case: RunningCase, now: float) -> list[Line]:
        took = shown_seconds(max(0.0, now - case.started))
        expected = self._expected.get(case.full_name)
        head: list[tuple[str, Style]] = [("▶ " if self._bar[0] == "█" else "> ", "notice"), (case.full_name, "bold")]
        if case.name != case.full_name:
            head.append((f"  {one_line(case.name)}", ""))
        if case.attempt > 1:
            head.append((f"  attempt {case.attempt}", "stopped"))
        head.append((f"  {took}" + (f" of about {shown_seconds(expected)}" if expected else ""), "dim"))
        if case.step:
            head.append((f"  {one_line(case.step)}", "dim"))
        lines: list[Line] = [head]
        lines += [measurement_line(measured) for measured in case.measurements[-SHOWN_MEASUREMENTS:]]
        lines += [
            [(f"          {clean(text)}".split("\n")[0], "notice")]
            for text in list(case.messages.values())[-SHOWN_MESSAGES:]
        ]
        if case.progress is not None and case.progress.maximum > 0:
            bar = self.filled(case.progress.value / case.progress.maximum)
            label = clean(case.progress.label or "")
            lines.append([(f"          {bar} {case.progress.value:g} of {case.progress.maximum:g} {label}", "notice")])
        return lines

    def _progress(self, now: float, width: int) -> Line:
        view = self._view
        done, total = view.done, max(view.total, 1)
        bad = any(view.counts[status] for status in BAD_STATUSES)
        pieces: list[tuple[str, Style]] = [
            (self.filled(done / total), "failed" if bad else "passed"),
            (f" {done}/{total}", "bold"),
        ]
        counted = [(status, view.counts[status]) for status in FINAL_STATUSES if view.counts[status]]
        pieces += [(f"  {count} {status}", status_style(status)) for status, count in counted]
        if view.started is not None:
            pieces.append((f"  {shown_seconds(max(0.0, now - view.started))}", "dim"))
        if left := self._left(now):
            pieces.append((f"  about {shown_seconds(left)} left", "dim"))
        title = f"  {view.title}"
        if sum(columns(text) for text, _ in pieces) + columns(title) < width:
            pieces.append((title, "dim"))
        return pieces

    def _left(self, now: float) -> float | None:
        """Seconds that the cases to come took before."""
        if not self._expected or self._view.started is None:
            return None
        return max(0.0, sum(self._expected.values()) - (now - self._view.started)) or None
