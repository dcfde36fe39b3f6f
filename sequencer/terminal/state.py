"""What a terminal shows of a run, kept from its events; each event costs the same however long the run is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import field
from typing import Any

from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.report.fold import measurement_of, supersede
from sequencer.report.model import MeasurementReport
from sequencer.terminal.lines import (
    Line,
    case_line,
    clean,
    indented,
    log_style,
    log_text,
    measurement_line,
    one_line,
    try_text,
)
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.status import Status

DETAILED_UP_TO = 200
SHOWN_LOG = 100
"""Lines of a case's log that are written with it: what the sequence says, and what anybody warns of."""


@dataclass(slots=True)
class RunningCase:
    """The attempt that is running; ``started`` in Unix seconds."""

    full_name: str
    name: str
    started: float
    attempt: int
    timeout: float | None
    step: str = ""
    measurements: list[MeasurementReport] = field(default_factory=list)
    tries: list[events.TryFailed] = field(default_factory=list)
    messages: dict[str, str] = field(default_factory=dict)
    log: list[events.LineLogged] = field(default_factory=list)
    failures: list[events.FailureRecorded] = field(default_factory=list)
    progress: events.ProgressChanged | None = None
    waiting: events.WaitStarted | None = None


class TerminalRunView:
    """Takes events and answers with the lines to write for each; the rest is for a live display.

    In a run of more than ``detailed_up_to`` cases only those that did not pass are written in full. ``names_slot``: the
    first lines say which slot it is.
    """

    def __init__(self, detailed_up_to: int = DETAILED_UP_TO, *, names_slot: bool = True) -> None:
        self._names_slot = names_slot
        self._detailed_up_to = detailed_up_to
        self.title = ""
        self.total = 0
        self.counts: Counter[Status] = Counter()
        self.names: dict[str, str] = {}
        self.running: RunningCase | None = None
        self.operator_messages: dict[str, str] = {}
        self.started: float | None = None
        self.selection: set[str] | None = None
        self._handlers: dict[type[Any], Callable[[Any, float], list[Line]]] = {
            events.RunStarted: self._run_started,
            events.RunResumed: self._run_resumed,
            events.CaseStarted: self._case_started,
            events.StepStarted: self._step_started,
            events.WaitStarted: self._wait_started,
            events.WaitFinished: self._wait_finished,
            events.MeasurementRecorded: self._measured,
            events.TryFailed: self._tried,
            events.MessageShown: self._said,
            events.LineLogged: self._logged,
            events.FailureRecorded: self._failed,
            events.ProgressChanged: self._progressed,
            events.OperatorMessageShown: self._told,
            events.CaseFinished: self._case_finished,
        }

    def apply(self, stamped: Stamped) -> list[Line]:
        """The lines that this event writes."""
        handler = self._handlers.get(type(stamped.event))
        return [] if handler is None else handler(stamped.event, stamped.time)

    @property
    def done(self) -> int:
        """How many cases have ended, skipped ones included."""
        return sum(self.counts.values())

    @property
    def detailed(self) -> bool:
        """Whether cases that pass are written with all they measured."""
        return self.total <= self._detailed_up_to

    def _run_started(self, event: events.RunStarted, time: float) -> list[Line]:
        sequence = event.sequence
        version = f" {sequence['version']}" if sequence.get("version") else ""
        self.title = one_line(f"{sequence.get('name', '')}{version}")
        self.started = time
        self.running = None
        self.counts.clear()
        self.names.clear()
        self.operator_messages.clear()
        self.selection = None if event.selection is None else set(event.selection)
        for module in event.modules:
            for case in module["cases"]:
                self.names[f"{module['id']}::{case['id']}"] = case["name"]
        self.total = len(self.names)
        lines: list[Line] = [[(self.title, "bold"), (f"  {sequence.get('file', '')}", "dim")]]
        if event.slot is not None and self._names_slot:
            lines.append([("slot ", "dim"), (one_line(str(event.slot.get("name"))), "bold")])
        if event.simulated:
            lines.append([("simulated: drivers with a `simulate` counterpart are replaced by it", "stopped")])
        if event.debugged:
            lines.append([("debugging: steps can be skipped, repeated and inspected", "stopped")])
        if event.selection is not None:
            lines.append([(f"partial: {len(event.selection)} of {self.total} cases chosen", "stopped")])
        return lines

    def _run_resumed(self, event: events.RunResumed, time: float) -> list[Line]:
        return [[(f"a new test process took over: {clean(event.reason)}", "error")]]

    def _case_started(self, event: events.CaseStarted, time: float) -> list[Line]:
        name = self.names.get(event.case, event.case)
        self.running = RunningCase(event.case, name, time, event.attempt, event.timeout)
        return []

    def _step_started(self, event: events.StepStarted, time: float) -> list[Line]:
        if self.running is not None:
            self.running.step = event.step
        return []

    def _wait_started(self, event: events.WaitStarted, time: float) -> list[Line]:
        if self.running is not None:
            self.running.waiting = event
        return []

    def _wait_finished(self, event: events.WaitFinished, time: float) -> list[Line]:
        if self.running is not None:
            self.running.waiting = None
        return []

    def _measured(self, event: events.MeasurementRecorded, time: float) -> list[Line]:
        if self.running is not None:
            self.running.measurements.append(measurement_of(event, time))
        return []

    def _tried(self, event: events.TryFailed, time: float) -> list[Line]:
        if self.running is not None:
            supersede(self.running.measurements, event.measurements)
            self.running.tries.append(event)
        return []

    def _said(self, event: events.MessageShown, time: float) -> list[Line]:
        if self.running is not None:
            self.running.messages[event.key] = event.text
        return []

    def _logged(self, event: events.LineLogged, time: float) -> list[Line]:
        wanted = event.level in ("warning", "error") or (event.level == "info" and event.source is None)
        if self.running is not None and wanted and len(self.running.log) < SHOWN_LOG:
            self.running.log.append(event)
        return []

    def _failed(self, event: events.FailureRecorded, time: float) -> list[Line]:
        if self.running is not None and event.case is not None:
            self.running.failures.append(event)
            return []
        return [[("ERROR    ", "error"), (clean(event.message), "")]]

    def _progressed(self, event: events.ProgressChanged, time: float) -> list[Line]:
        if self.running is not None:
            self.running.progress = event
        return []

    def _told(self, event: events.OperatorMessageShown, time: float) -> list[Line]:
        if event.text is None:
            self.operator_messages.pop(event.id, None)
            return []
        self.operator_messages[event.id] = clean(event.text)
        heading = f"{clean(event.title)}: " if event.title else ""
        return [[("OPERATOR ", "notice"), (heading, "bold"), (clean(event.text), "")]]

    def _case_finished(self, event: events.CaseFinished, time: float) -> list[Line]:
        case, self.running = self.running, None
        if not event.final:
            attempt = f"attempt {event.attempt}, another one follows"
            return self._lines(case, event, time, attempt)
        self.counts[event.status] += 1
        if event.status == "skipped":
            return self._skipped(event)
        note = f"attempt {event.attempt}" if event.attempt > 1 else ""
        return self._lines(case, event, time, note)

    def _skipped(self, event: events.CaseFinished) -> list[Line]:
        if not self.detailed or (self.selection is not None and event.case not in self.selection):
            return []
        return [case_line(event.case, self.names.get(event.case, ""), "skipped", None, event.reason or "")]

    def _lines(self, case: RunningCase | None, event: events.CaseFinished, time: float, note: str) -> list[Line]:
        if not self.detailed and event.status == "passed":
            return []
        name = self.names.get(event.case, "")
        if case is None or case.full_name != event.case:
            return [case_line(event.case, name, event.status, None, note)]
        lines = [case_line(event.case, name, event.status, max(0.0, time - case.started), note)]
        lines += [measurement_line(measured) for measured in case.measurements]
        for text in case.messages.values():
            lines += indented(text, "notice")
        for line in case.log:
            lines += indented(log_text(line.level, line.text, line.source), log_style(line.level))
        missed = {f"{measured['name']}: {measured['reason']}" for measured in case.measurements}
        for tried in case.tries:
            if tried.message not in missed:
                lines += indented(try_text(tried.number, tried.message), "dim")
        for failure in case.failures:
            if failure.message in missed:
                continue  # the measurement's own line says so
            lines += indented(failure.message, "failed" if failure.kind == "failed" else "error")
        return lines
