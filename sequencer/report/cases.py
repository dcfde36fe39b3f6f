"""The cases of a run while it is folded: their plan, their attempts, their statuses, counted as they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sequencer.report.event import CaseFinished, FailureRecorded, PlanEntry
from sequencer.report.fields import blank, copier, fields
from sequencer.report.model import (
    AttemptReport,
    CaseReport,
    FailureReport,
    ModuleReport,
    PlannedCaseReport,
    PlannedModuleReport,
)
from sequencer.vocabulary.reason import ReasonOrText, coded
from sequencer.vocabulary.status import (
    FINAL_STATUSES,
    GROUPS,
    SKIP_KINDS,
    CaseOutcome,
    SkipKind,
    Status,
    Untested,
    run_verdict,
    verdict,
)

Counts = dict[Status, int]


class ModuleState:
    """A module with how many of its cases have which status."""

    __slots__ = ("counts", "report")

    def __init__(self, report: ModuleReport) -> None:
        self.report = report
        self.counts: Counts = {}

    def update(self, time: float) -> None:
        """Sets status and times after a case changed."""
        counts, report = self.counts, self.report
        if counts.get("ready") or counts.get("run"):
            if report["start_time"] is not None:
                report["status"], report["stop_time"] = "run", None
            return
        report["status"] = verdict(status for status, count in counts.items() if count)
        if report["start_time"] is not None:
            report["stop_time"] = max(time, report["start_time"])

    def settle(self) -> None:
        """As ``update``, after cases were added."""
        if cases := self.report["cases"]:
            self.update(cases[-1]["stop_time"] or 0.0)


class CaseState:
    """A case with its last attempt."""

    __slots__ = ("_main", "attempt", "full_name", "module", "plan", "report")

    def __init__(self, full_name: str, report: CaseReport, module: ModuleState, plan: PlanState) -> None:
        self.report = report
        self.module = module
        self.plan = plan
        self.full_name = full_name
        self.attempt: AttemptReport | None = report["attempts"][-1] if report["attempts"] else None
        self._main = report["group"] == "main" and module.report["group"] == "main"
        self._count(1)

    def start(self, number: int, time: float, timeout: float | None) -> None:
        """An attempt begins. One that was begun without its event (it came late) only gets its true start."""
        last, number = self.attempt, max(int(number), 1)
        if last is not None:
            if last["number"] == number and last["stop_time"] is None:
                last["start_time"], last["timeout"] = min(time, last["start_time"]), timeout
                self._start_no_later_than(time)
                return
            if last["stop_time"] is None:
                last["status"], last["stop_time"] = "error", max(time, last["start_time"])
            # A resumed run counts its attempts from 1 again.
            number = max(number, last["number"] + 1)
        self.attempt = new_attempt(number, time, timeout)
        self.report["attempts"].append(self.attempt)
        self.report["reason"] = self.report["coded_reason"] = self.report["stop_time"] = None
        self._start_no_later_than(time)
        self._become("run", time)

    def running(self, time: float) -> AttemptReport:
        """The attempt that an event belongs to; begun now when the event that said so is lost."""
        if self.attempt is None:
            status = self.report["status"]
            self.start(1, time, None)
            assert self.attempt is not None
            if status in FINAL_STATUSES:
                self.attempt["status"], self.attempt["stop_time"] = status, time
                self.report["stop_time"] = time
                self._become(status, time)
        return self.attempt

    def end(self, event: CaseFinished, time: float) -> None:
        """An attempt ends. What has ended as anything but passed stays so, whatever a second end says."""
        status: Status = event.status if event.status in FINAL_STATUSES else "error"
        kind = event.skip_kind if status == "skipped" and event.skip_kind in SKIP_KINDS else None
        if status == "skipped" and self.attempt is None:
            if self.report["status"] not in FINAL_STATUSES:
                self._tell(event)
                self._become("skipped", time, kind)
            return
        attempt = self.running(time)
        if attempt["stop_time"] is not None and attempt["number"] < event.attempt:
            self.start(event.attempt, time, None)
            attempt = self.running(time)
        if attempt["stop_time"] is not None and attempt["status"] != "passed":
            return
        attempt["status"], attempt["stop_time"] = status, max(time, attempt["start_time"])
        if event.final:
            self.report["stop_time"] = attempt["stop_time"]
            self._tell(event)
            self._become(status, time, kind)

    def abort(self, time: float, reason: ReasonOrText) -> None:
        """A running case becomes an error, one that never began is skipped."""
        if self.report["status"] == "ready":
            self.report["reason"], self.report["coded_reason"] = str(reason), coded(reason)
            self._become("skipped", time, "run_error")
            return
        attempt = self.running(time)
        step = attempt["step"]
        failure = FailureRecorded.because(self.full_name, "error", reason)
        if step is not None:
            failure.place, failure.step, failure.call = step["place"], step["step"], step["call"]
        attempt["failures"].append(new_failure(failure, time))
        attempt["status"] = "error"
        self.report["stop_time"] = attempt["stop_time"] = max(time, attempt["start_time"])
        self._become("error", time)

    @property
    def error_code(self) -> int | None:
        """That of the last attempt's first failure with one."""
        codes = (failure["error_code"] for failure in (self.attempt["failures"] if self.attempt else ()))
        return next((code for code in codes if code is not None), None)

    def _tell(self, event: CaseFinished) -> None:
        self.report["reason"], self.report["coded_reason"] = event.reason, event.coded_reason

    def _start_no_later_than(self, time: float) -> None:
        for report in (self.report, self.module.report):
            start = report["start_time"]
            report["start_time"] = time if start is None else min(time, start)

    def _become(self, status: Status, time: float, skip_kind: SkipKind | None = None) -> None:
        before = self.report["status"]
        if before != status:
            self._count(-1)
            self.report["status"], self.report["skip_kind"] = status, skip_kind
            self._count(1)
            self.plan.changed(self, before)
        self.module.update(time)

    def _count(self, change: int) -> None:
        """Counts the case as it is now, or, with -1, no more."""
        status = self.report["status"]
        self.module.counts[status] = self.module.counts.get(status, 0) + change
        counts, ended = self.plan.counts, (status, self._main, self.report.get("skip_kind"))
        counts[ended] = counts.get(ended, 0) + change


class PlanState:
    """All cases by full name, in running order. ``modules`` is the list in the report."""

    def __init__(self) -> None:
        self.modules: list[ModuleReport] = []
        self.counts: dict[tuple[Status, bool, SkipKind | None], int] = {}
        self._modules: dict[str, ModuleState] = {}
        self._cases: dict[str, CaseState] = {}
        self._first: dict[Status, CaseState] = {}

    def announce(self, plan: Sequence[PlanEntry]) -> list[ModuleReport]:
        """Begins with the modules of ``plan``; what was folded of its cases already is kept."""
        early, early_modules = self._cases, self._modules
        self.modules, self.counts, self._modules, self._cases = [], {}, {}, {}
        for module in plan:
            report = new_module(module)
            known = early_modules.get(report["id"])
            if known is not None:
                _keep(known.report, report, _OF_MODULE)
            state = self._add_module(report)
            for case in module.get("cases") or ():
                name = f"{report['id']}::{case['id']}"
                if name not in self._cases:
                    self._add_case(name, new_case(case), state, early.get(name))
            state.settle()
        for name, left in early.items():
            if name not in self._cases:
                module_id = left.module.report["id"]
                if module_id not in self._modules:
                    _keep(left.module.report, self._add_module(new_module({"id": module_id})).report, _OF_MODULE)
                state = self._modules[module_id]
                self._add_case(name, left.report, state)
                state.settle()
        self._find_first()
        return self.modules

    def find(self, name: str) -> CaseState | None:
        """The case; one that no plan has is added. ``None`` when ``name`` is no full name of a case."""
        case = self._cases.get(name)
        if case is not None:
            return case
        module, separator, case_id = name.partition("::")
        if not (module and separator and case_id):
            return None
        state = self._modules.get(module) or self._add_module(new_module({"id": module}))
        added = self._add_case(name, new_case({"id": case_id}), state)
        state.settle()
        return added

    def close(self, time: float, reason: ReasonOrText, *, running_only: bool = False) -> int:
        """Closes the cases that are running (and those that wait); how many were running."""
        running = 0
        for case in list(self._cases.values()):
            status = case.report["status"]
            if status == "run" or (status == "ready" and not running_only):
                running += status == "run"
                case.abort(time, reason)
        return running

    def verdict(self, *, stopped: bool, broken: bool) -> tuple[Status, Untested | None]:
        """That of all cases together; see ``run_verdict``."""
        ended = (CaseOutcome(*ended) for ended, count in self.counts.items() if count)
        return run_verdict(ended, stopped=stopped, broken=broken)

    def changed(self, case: CaseState, before: Status) -> None:
        """Keeps track of the first case that failed."""
        status = case.report["status"]
        if before in ("failed", "error"):  # it runs again: which failed first has to be found again
            self._find_first()
        elif status in ("failed", "error"):
            self._note(case)

    def cause(self) -> tuple[str | None, int | None]:
        """``module::case`` of the first failed case, else of the first with an error; and the error code of that case.

        Another case's code would name a failure that did not cause this one.
        """
        first = self._first.get("failed") or self._first.get("error")
        return (None, None) if first is None else (first.full_name, first.error_code)

    def _find_first(self) -> None:
        self._first.clear()
        ended = [case for case in self._cases.values() if case.report["status"] in ("failed", "error")]
        for case in sorted(ended, key=lambda case: case.report["stop_time"] or 0.0):
            self._note(case)

    def _note(self, case: CaseState) -> None:
        self._first.setdefault(case.report["status"], case)

    def _add_module(self, report: ModuleReport) -> ModuleState:
        state = self._modules[report["id"]] = ModuleState(report)
        self.modules.append(report)
        return state

    def _add_case(
        self, name: str, report: CaseReport, module: ModuleState, known: CaseState | None = None
    ) -> CaseState:
        if known is not None:
            _keep(known.report, report, _OF_CASE)
        case = self._cases[name] = CaseState(name, report, module, self)
        module.report["cases"].append(report)
        return case


_OF_MODULE = tuple(
    name for name in fields(ModuleReport) if name not in (*fields(PlannedModuleReport), "status", "cases")
)
_OF_CASE = tuple(name for name in fields(CaseReport) if name not in fields(PlannedCaseReport))
"""What a module and a case have beside what the plan says of them and what follows from their cases."""


def _keep(known: Any, report: Any, keys: tuple[str, ...]) -> None:
    for key in keys:
        report[key] = known[key]


def new_module(plan: Mapping[str, object]) -> ModuleReport:
    """A module of the plan that has not begun, without its cases. Missing facts get defaults."""
    report = blank(ModuleReport)
    _take(report, plan)
    return report


def new_case(plan: PlanEntry) -> CaseReport:
    """A case of the plan that has not begun. Missing facts get defaults."""
    report = blank(CaseReport)
    _take(report, plan)
    report["place"], report["critical"] = text(plan.get("place")), plan.get("critical") is True
    report["tags"] = [text(tag) for tag in plan.get("tags") or ()]
    return report


def _take(report: PlannedModuleReport, plan: Mapping[str, object]) -> None:
    """What the plan says of modules and cases alike."""
    group = plan.get("group")
    report["group"] = group if group in GROUPS else "main"
    report["id"], report["name"] = text(plan.get("id")), text(plan.get("name")) or text(plan.get("id"))
    report["description"] = optional_text(plan.get("description"))


def new_attempt(number: int, time: float, timeout: float | None = None) -> AttemptReport:
    """An attempt that begins at ``time``."""
    report = blank(AttemptReport)
    report["number"], report["status"] = number, "run"
    report["start_time"], report["timeout"] = time, timeout
    return report


_copied_failure = copier(FailureReport, FailureRecorded)


def new_failure(event: FailureRecorded, time: float) -> FailureReport:
    """The report of a failure; an error code that could not be one is none."""
    report = _copied_failure(event, time)
    code = report["error_code"]
    if type(code) is not int or code < 0:
        report["error_code"] = None
    return report


def text(value: object) -> str:
    """A text, empty when there is none."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def optional_text(value: object) -> str | None:
    """A text or nothing."""
    return None if value is None else text(value)
