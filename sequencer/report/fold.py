"""The one fold that turns events into the report: of a run that goes on, that ended, or that died.

Each event costs the same however long the run is, and what is kept is the report itself. Damage is expected: a lost
line, a line that comes twice or too late, an unknown case. Nothing of this raises, and nothing of this can turn a run
into a passed one: ``passed`` needs the test process to have said so and every case to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import partial
from typing import Any

from sequencer.report import event as events
from sequencer.report import record
from sequencer.report.after_run import AfterRun
from sequencer.report.cases import CaseState, PlanState, new_failure, optional_text, text
from sequencer.report.event import Stamped
from sequencer.report.field_types import LATEST
from sequencer.report.fields import blank, copier
from sequencer.report.journal_lines import JournalLines, read_journal
from sequencer.report.model import (
    AttachmentReport,
    AttemptReport,
    CheckReport,
    DialogReport,
    LogLineReport,
    MeasurementReport,
    OperatorMessageReport,
    ProgramReport,
    ProgressReport,
    RunReport,
    StepReport,
    TryReport,
    WaitingReport,
    WaitReport,
)
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, read_reason
from sequencer.vocabulary.status import BAD_STATUSES, Status, Untested

__all__ = ["DIED", "Fold", "fold", "read_journal"]

DIED = Reason("died")
"""Why a case that was running when its process ended without a word is an error."""

MOST_LOGGED = 1000
"""Lines of one attempt's log that the report has; the journal has all."""


def fold(stream: Iterable[Stamped], *, aborted: bool = False, run_id: str = "") -> RunReport:
    """The report of a whole stream of events.

    ``aborted``: nobody is going to add to the stream, so what it left open is closed. ``run_id`` is for a stream that
    lost its first event. An empty stream gives the report of a run in which nothing ran.
    """
    state = Fold(run_id)
    for stamped in stream:
        state.apply(stamped)
    if isinstance(stream, JournalLines):
        state.damaged(stream.damaged)
    if aborted:
        state.finish()
    return state.begun()


_FACTS = (*record.SECTIONS, "instruments", "user")
_OF_THE_START = frozenset({*events.RunStarted.__slots__, *_FACTS, "format", "id", "start_time", "modules"})
"""What the report has from the first event; everything else of it is collected from the others."""


class Fold:
    """The state of a run, event by event; ``report`` is ``None`` before the first one.

    The report is changed in place: who wants to keep a state makes a copy.
    """

    def __init__(self, run_id: str = "") -> None:
        self.report: RunReport | None = None
        self._run_id = run_id
        self._announced = False
        self._plan = PlanState()
        self._time = 0.0
        self._next = 1
        self._gaps: list[tuple[int, int]] = []
        self._operator_messages: dict[str, OperatorMessageReport] = {}
        self._finished: events.RunFinished | None = None
        self._after = AfterRun()
        self._retrying = False
        self._broken = False
        self._recording: str | None = None
        self._retractions: record.Undo = []

    def apply(self, stamped: Stamped) -> str | None:
        """Takes one event in; the full name of the case that changed, ``None`` when it was the run. Never raises."""
        seq, time, event = stamped
        if seq == self._next:
            self._next += 1
        elif not self._is_new(seq):
            return None
        try:
            if not 0.0 <= time <= LATEST:
                time = self._time
            self._time = max(self._time, time)
            if type(event) is not events.RunStarted:
                self.begun()
            if self._retrying and type(event) is not events.RetryStarted:
                self._after_run(stamped)
                return None
            changed = _HANDLERS.get(type(event), Fold._detail)(self, event, time)
            if self._finished is not None:
                self._settle()
            return changed
        except Exception:  # contents that no test process sends: a damaged line that still could be read as an event
            self.damaged(1)
            return None

    def finish(self) -> RunReport:
        """Nothing more will come: without a ``run_finished`` the run is an aborted one, and what is open is closed."""
        report = self.begun()
        if self._retrying or self._finished is None:
            self._after.cut_off(self._time, DIED)
            self._tell_after()
        if self._finished is None and not self._retrying:
            report["aborted"] = True
            if self._plan.close(self._time, DIED) == 0:
                self._run_failure(events.FailureRecorded.because(None, "error", DIED), self._time)
            report["stop_time"] = max(self._time, report["start_time"])
            self._settle()
        return report

    def verdict_so_far(self) -> tuple[Status, Untested | None]:
        """That of the cases and failures until now; see ``run_verdict``."""
        return self._plan.verdict(stopped=False, broken=self._broken or bool(self.begun()["failures"]))

    def damaged(self, lines: int) -> None:
        """Counts journal lines that could not be read; those of a stored run are counted already."""
        if not self._retrying:
            self.begun()["damaged_lines"] += lines

    def begun(self) -> RunReport:
        """The report, begun without the first event if need be."""
        if self.report is None:
            self.report = new_run(events.RunStarted(self._run_id, {}, [], "", {}), self._time)
            self._plan.modules = self.report["modules"]
        return self.report

    def _is_new(self, seq: int) -> bool:
        """Whether an event out of turn is one that was missing so far."""
        if seq > self._next:
            self._gaps.append((self._next, seq))
            self._next = seq + 1
            return True
        for index, (start, end) in enumerate(self._gaps):
            if start <= seq < end:
                self._gaps[index : index + 1] = [gap for gap in ((start, seq), (seq + 1, end)) if gap[0] < gap[1]]
                return True
        return False

    def _settle(self) -> None:
        """The run's status once it is over: what the test process said, unless the cases tell of something worse."""
        report = self.begun()
        said: Status = "error" if self._finished is None else self._finished.status
        broken = self._broken or bool(report["failures"])
        seen, untested = self._plan.verdict(stopped=said == "stopped", broken=broken)
        if self._finished is not None and said not in ("passed", "skipped"):
            seen, untested = said if said in BAD_STATUSES else "error", None
        elif said == "skipped" and seen == "passed":
            seen, untested = "skipped", "incomplete"
        report["status"], report["untested"] = seen, untested
        self._set_cause()

    def _set_cause(self) -> None:
        report = self.begun()
        report["caused_dut_failure_id"], report["error_code"] = self._plan.cause()
        if report["caused_dut_failure_id"] is None:
            codes = (failure["error_code"] for failure in report["failures"])
            report["error_code"] = next((code for code in codes if code is not None), None)

    def _run_failure(self, event: events.FailureRecorded, time: float) -> None:
        report = self.begun()
        report["failures"].append(new_failure(event, time))
        self._set_cause()

    # One method per kind of event; each gives back the name of the case that changed.

    def _run_started(self, event: events.RunStarted, time: float) -> None:
        if self._announced:
            return
        early = self.report
        report = new_run(event, time)
        modules = self._plan.announce(event.modules)
        report["modules"] = modules
        self.report, self._announced = report, True
        for section, data in event.record.items():
            self._absorb(section, data, None, time)
        if early is not None:  # the first line came late: what was collected so far stays
            for name, value in early.items():
                if name in _FACTS:
                    self._absorb(name, value, None, time)
            collected: Any = {name: value for name, value in early.items() if name not in _OF_THE_START}
            report.update(collected)
            report["start_time"] = min(time, early["start_time"])
            self._set_cause()
        self._retractions.clear()

    def _run_resumed(self, event: events.RunResumed, time: float) -> None:
        report = self.begun()
        self._broken = True
        reason = read_reason(event.coded_reason, event.reason)
        closed = self._plan.close(time, reason, running_only=True)
        if closed == 0 and not report["failures"] and report["caused_dut_failure_id"] is None:
            self._run_failure(events.FailureRecorded.because(None, "error", reason), time)
        self._set_cause()

    def _run_finished(self, event: events.RunFinished, time: float) -> None:
        report = self.begun()
        self._finished = event
        self._plan.close(time, Reason("lost"))
        report["stop_time"] = max(time, report["start_time"])
        report["stop_reason"], report["coded_stop_reason"] = optional_text(event.reason), event.coded_reason

    def _case_started(self, event: events.CaseStarted, time: float) -> str | None:
        case = self._plan.find(event.case)
        if case is None:
            return None
        if event.attempt > 1 and event.case == self._recording:
            # What the failed attempt said about the product was not its last word.
            for retract in reversed(self._retractions):
                retract()
        self._retractions.clear()
        case.start(event.attempt, time, event.timeout)
        return event.case

    def _case_finished(self, event: events.CaseFinished, time: float) -> str | None:
        case = self._plan.find(event.case)
        if case is None:
            return None
        case.end(event, time)
        self._set_cause()
        return event.case

    def _recorded(self, event: events.FactRecorded, time: float) -> str | None:
        case = self._plan.find(event.case)
        self._recording = event.case
        self._absorb(event.section, event.data, case, time)
        return event.case if case is not None and event.section == "artifact" else None

    def _absorb(self, section: str, data: object, case: CaseState | None, time: float) -> None:
        """Merges facts; what contradicts earlier ones was already an error of its case, and the earlier ones stay."""
        report = self.begun()
        try:
            if section != "artifact":
                current = report[section]  # type: ignore[literal-required]  # a section
                report[section] = record.absorb(current, section, data, self._retractions)  # type: ignore[literal-required]  # a section
                if section == "user":
                    self._retractions.append(partial(report.__setitem__, section, current))
                return
            for level, content in record.artifact_levels(data).items():
                if level == "run" or case is None:
                    record.absorb_info(report["artifact"], content, "artifact.run", self._retractions)
                elif level == "module":
                    record.absorb_info(case.module.report["artifact"], content, "artifact.module", self._retractions)
                else:
                    record.absorb_info(case.running(time)["artifact"], content, "artifact.case")
        except StepError:
            return

    def _detail(self, event: Any, time: float) -> str | None:
        """An event that only adds to a case; a failure outside of all cases is one of the run."""
        case = None if event.case is None else self._plan.find(event.case)
        if case is not None:
            add = _DETAILS.get(type(event))
            if add is None:
                return None
            add(case.running(time), event, time)
            return case.full_name
        if isinstance(event, events.FailureRecorded):
            if event.after is None:
                self._run_failure(event, time)
            else:  # the verdict was known by then, and stays
                self._after_run(Stamped(0, time, event))
        return None

    def _after_run(self, stamped: Stamped) -> None:
        self._after.apply(stamped)
        self._tell_after()

    def _tell_after(self) -> None:
        if self._after.entries:
            self.begun()["after_run"] = self._after.entries

    def _after_run_step(self, event: events.AfterRunStarted | events.AfterRunFinished, time: float) -> None:
        self._after_run(Stamped(0, time, event))

    def _retry_started(self, event: events.RetryStarted, time: float) -> None:
        """From here on the report is the stored one, and only what is known of the steps after the run grows."""
        # Imported here: runs do without, and a report may come out of a damaged line.
        from sequencer.report.reader import read_report

        self.report = read_report(deepcopy(event.report))
        self._after = AfterRun(self.report.get("after_run", ()))
        self._retrying = True
        self._finished = None

    def _variable_set(self, event: events.VariableSet, time: float) -> None:
        """Variables matter to a resumed run alone."""

    def _operator_message(self, event: events.OperatorMessageShown, time: float) -> None:
        shown = self._operator_messages.pop(event.id, None)
        if shown is not None:
            shown["cleared"] = time
        if event.text is None:
            return
        message = _told(event, time)
        self._operator_messages[event.id] = message
        self.begun()["operator_messages"].append(message)


_HANDLERS: Mapping[type[Any], Callable[[Fold, Any, float], str | None]] = {
    events.RunStarted: Fold._run_started,
    events.RunResumed: Fold._run_resumed,
    events.RunFinished: Fold._run_finished,
    events.CaseStarted: Fold._case_started,
    events.CaseFinished: Fold._case_finished,
    events.FactRecorded: Fold._recorded,
    events.OperatorMessageShown: Fold._operator_message,
    events.VariableSet: Fold._variable_set,
    events.AfterRunStarted: Fold._after_run_step,
    events.AfterRunFinished: Fold._after_run_step,
    events.RetryStarted: Fold._retry_started,
}


def new_run(event: events.RunStarted, time: float) -> RunReport:
    """A run that has just begun, without its modules and without what ``event.record`` says."""
    report = blank(RunReport)
    report["id"], report["status"], report["start_time"] = event.run, "run", time
    report["sequence"] = {
        "name": text(event.sequence.get("name")),
        "version": optional_text(event.sequence.get("version")),
        "description": optional_text(event.sequence.get("description")),
        "file": text(event.sequence.get("file")),
        "sha256": text(event.sequence.get("sha256")),
    }
    extensions = event.sequence.get("extensions")
    if isinstance(extensions, Mapping) and extensions:
        report["sequence"]["extensions"] = {text(package): optional_text(each) for package, each in extensions.items()}
    report["hardseq"], report["host"] = event.hardseq, dict(event.host)
    report["params"] = dict(event.params)
    report["selection"] = None if event.selection is None else list(event.selection)
    report["simulated"], report["debugged"] = event.simulated, event.debugged
    if event.tests_name:
        report["tests_name"] = event.tests_name
    if event.variant:
        report["variant"] = event.variant
    if event.slot and event.start:
        number = event.slot.get("number")
        report["slot"] = {"name": text(event.slot.get("name")), "number": number if isinstance(number, int) else 1}
        slots = event.start.get("slots")
        together = [text(each) for each in slots] if isinstance(slots, list) else []
        report["start"] = {"id": text(event.start.get("id")), "slots": together}
    return report


# What an attempt of a case collects: how an event becomes a part of the report, and how it is added.

_told = copier(OperatorMessageReport, events.OperatorMessageShown)
_step = copier(StepReport, events.StepStarted)
_waiting = copier(WaitingReport, events.WaitStarted)
_waited = copier(WaitReport, events.WaitFinished)
measurement_of = copier(MeasurementReport, events.MeasurementRecorded, name="measurement")
_checked = copier(CheckReport, events.CheckEvaluated)
_tried = copier(TryReport, events.TryFailed)
_logged = copier(LogLineReport, events.LineLogged)
_asked = copier(DialogReport, events.DialogAsked)
_progress = copier(ProgressReport, events.ProgressChanged)
_ran = copier(ProgramReport, events.ProgramFinished)
_attached = copier(AttachmentReport, events.FileAttached)


def _add_step(attempt: AttemptReport, event: events.StepStarted, time: float) -> None:
    attempt["step"] = _step(event, time)


def _begin_wait(attempt: AttemptReport, event: events.WaitStarted, time: float) -> None:
    attempt["waiting"] = _waiting(event, time)


def _add_wait(attempt: AttemptReport, event: events.WaitFinished, time: float) -> None:
    if "waiting" in attempt:
        attempt["waiting"] = None
    wait = _waited(event, time)
    wait["time"] = max(0.0, time - event.seconds)
    attempt.setdefault("waits", []).append(wait)


def _add_measurement(attempt: AttemptReport, event: events.MeasurementRecorded, time: float) -> None:
    attempt["measurements"].append(measurement_of(event, time))


def _add_check(attempt: AttemptReport, event: events.CheckEvaluated, time: float) -> None:
    attempt["checks"].append(_checked(event, time))


def supersede(entries: list[MeasurementReport] | list[CheckReport], last: int) -> None:
    """The ``last`` entries were of a try that failed and that another one follows: they count no more."""
    for entry in entries[max(0, len(entries) - last) :]:
        entry["superseded"] = True


def _add_try(attempt: AttemptReport, event: events.TryFailed, time: float) -> None:
    supersede(attempt["measurements"], event.measurements)
    supersede(attempt["checks"], event.checks)
    attempt.setdefault("tries", []).append(_tried(event, time))


def _add_message(attempt: AttemptReport, event: events.MessageShown, time: float) -> None:
    messages = attempt["messages"]
    key, number = event.key, len(messages)
    while not key:  # a message without a key stands on its own
        number += 1
        key = f"#{number}" if f"#{number}" not in messages else ""
    messages[key] = event.text


def _add_log_line(attempt: AttemptReport, event: events.LineLogged, time: float) -> None:
    log = attempt.setdefault("log", [])
    if len(log) < MOST_LOGGED:
        log.append(_logged(event, time))
    else:
        attempt["log_left_out"] = attempt.get("log_left_out", 0) + 1


def _add_failure(attempt: AttemptReport, event: events.FailureRecorded, time: float) -> None:
    attempt["failures"].append(new_failure(event, time))


def _add_question(attempt: AttemptReport, event: events.DialogAsked, time: float) -> None:
    dialog = _asked(event, time)
    dialog["asked"] = time
    attempt["dialogs"].append(dialog)


def _add_answer(attempt: AttemptReport, event: events.DialogAnswered, time: float) -> None:
    for asked in reversed(attempt["dialogs"]):
        if asked["id"] == event.id:
            asked.update(result=event.result, value=event.value, by=event.by, seconds=event.seconds)
            return


def _add_progress(attempt: AttemptReport, event: events.ProgressChanged, time: float) -> None:
    attempt["progress"] = _progress(event, time)


def _add_chart(attempt: AttemptReport, event: events.ChartAdded, time: float) -> None:
    attempt["charts"].append(event.chart)


def _add_samples(attempt: AttemptReport, event: events.SamplesTaken, time: float) -> None:
    """A chart that grows: the last one of the step, or a new one."""
    begun = [chart for chart in attempt["charts"] if chart.get("sampled") == event.place]
    if event.first == 0 or not begun:
        chart: dict[str, object] = {"type": "line", "title": event.title, "x_label": "s", "y_label": event.unit}
        chart |= {name: [[] for _ in event.names] for name in ("x_data", "y_data")}
        attempt["charts"].append({**chart, "marker_name": list(event.names), "sampled": event.place})
        begun = attempt["charts"][-1:]
    for xs, ys, values in zip(begun[-1]["x_data"], begun[-1]["y_data"], event.values, strict=True):
        xs += event.times
        ys += values


def _print(attempt: AttemptReport, event: events.ProgramPrinting, time: float) -> None:
    attempt["printing"] = event.tail


def _add_program(attempt: AttemptReport, event: events.ProgramFinished, time: float) -> None:
    if "printing" in attempt:
        attempt["printing"] = None
    attempt["programs"].append(_ran(event, time))


def _add_attachment(attempt: AttemptReport, event: events.FileAttached, time: float) -> None:
    attempt["attachments"].append(_attached(event, time))


_DETAILS: Mapping[type[Any], Callable[[AttemptReport, Any, float], None]] = {
    events.StepStarted: _add_step,
    events.WaitStarted: _begin_wait,
    events.WaitFinished: _add_wait,
    events.MeasurementRecorded: _add_measurement,
    events.CheckEvaluated: _add_check,
    events.TryFailed: _add_try,
    events.MessageShown: _add_message,
    events.LineLogged: _add_log_line,
    events.FailureRecorded: _add_failure,
    events.DialogAsked: _add_question,
    events.DialogAnswered: _add_answer,
    events.ProgressChanged: _add_progress,
    events.ChartAdded: _add_chart,
    events.SamplesTaken: _add_samples,
    events.ProgramPrinting: _print,
    events.ProgramFinished: _add_program,
    events.FileAttached: _add_attachment,
}
