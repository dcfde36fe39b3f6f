"""How far a run has come, from its events: what is needed when its process dies in the middle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from sequencer.protocol.commands import ResumeState
from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.report.model import RunReport
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason, ReasonOrText, written
from sequencer.vocabulary.status import SkipKind, Status


@dataclass(slots=True)
class RunProgress:
    """``running`` is the case under way with its attempt, ``step`` the last step that it began.

    ``broken``: something other than a case went wrong. ``unsaved``: the journal could not be written.
    ``after`` is the step of ``after_run`` that is going on, or went on last, once the verdict is known; ``retry`` has
    the numbers of those that are tried again for a run that is over.
    ``cases`` says of each case, in running order, whether it belongs to the teardown.
    """

    seq: int = 0
    cases: dict[str, bool] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    skip_kinds: dict[str, SkipKind] = field(default_factory=dict)
    running: events.CaseStarted | None = None
    step: events.StepStarted | None = None
    after: events.AfterRunStarted | None = None
    retry: list[int] | None = None
    finished: bool = False
    unsaved: bool = False
    broken: bool = False
    variables: dict[str, Data] = field(default_factory=dict)
    module_variables: dict[str, dict[str, Data]] = field(default_factory=dict)

    def apply(self, stamped: Stamped) -> None:
        """Takes one event in."""
        self.seq, event = stamped.seq, stamped.event
        match event:
            case events.StepStarted():
                self.step = event
            case events.CaseStarted():
                self.running, self.step = event, None
            case events.CaseFinished():
                self.running = self.step = None
                self._note_end(event)
            case events.VariableSet():
                self._variables(event)[event.variable] = event.value
            case _:
                self._apply_to_run(event)

    def _note_end(self, event: events.CaseFinished) -> None:
        if event.final:
            self.statuses[event.case] = event.status
            if event.skip_kind is not None:
                self.skip_kinds[event.case] = event.skip_kind

    def _apply_to_run(self, event: events.Event) -> None:
        match event:
            case events.RunStarted():
                self.cases = _cases(event.modules)
            case events.AfterRunStarted():
                self.after, self.step = event, None
            case events.RunResumed():
                self.broken = True
            case events.FailureRecorded(case=None):
                self.broken = True
                self.unsaved = self.unsaved or event.step == events.JOURNAL
            case events.RetryStarted():
                self.retry, self.after, self.finished = event.numbers, None, False
            case events.RunFinished() | events.RetryFinished():
                self.finished = True

    @property
    def begun(self) -> bool:
        """Whether there is something that has to be brought to an end."""
        return bool(self.cases) or self.retry is not None

    @property
    def in_teardown(self) -> bool:
        """Whether what must always run has begun."""
        return self.running is not None and self.cases.get(self.running.case, False)

    @property
    def tears_down(self) -> bool:
        """Whether what goes on has to come to its end: teardown, and the closing of drivers behind a case."""
        return self.in_teardown if self.running is not None else bool(self.statuses)

    @property
    def waits(self) -> bool:
        """Whether what goes on is a ``wait``, which ends by itself."""
        return self.step is not None and self.step.verb == "wait"

    @property
    def unfinished(self) -> list[str]:
        """The cases whose end is not known."""
        return [name for name in self.cases if name not in self.statuses]

    @property
    def teardown_is_left(self) -> bool:
        """Whether something that must always run has not run yet."""
        return any(self.cases[name] for name in self.unfinished)

    def resume(self, report: RunReport, reason: Reason, stop_reason: ReasonOrText | None) -> ResumeState:
        """What the process that takes over must know."""
        facts: Mapping[str, object] = {
            "process": report["process"],
            "batch": report["batch"],
            "dut": report["dut"],
            "stand": report["stand"],
            "instruments": report["instruments"],
            "user": report["user"],
        }
        return ResumeState(
            seq=self.seq,
            statuses=self.statuses,
            skip_kinds=self.skip_kinds,
            reason=written(reason),
            record={name: fact for name, fact in facts.items() if fact},
            variables=self.variables,
            module_variables=self.module_variables,
            stop_reason=None if stop_reason is None else written(stop_reason),
        )

    def _variables(self, event: events.VariableSet) -> dict[str, Data]:
        if event.scope == "run":
            return self.variables
        return self.module_variables.setdefault(event.case.partition("::")[0], {})


def _cases(modules: Iterable[events.PlanEntry]) -> dict[str, bool]:
    return {
        f"{module['id']}::{case['id']}": "teardown" in (module["group"], case["group"])
        for module in modules
        for case in module["cases"]
    }
