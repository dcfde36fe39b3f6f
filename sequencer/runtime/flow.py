"""Which cases run: selection, setup that failed, critical cases, stops. Teardown runs whatever happened.

Nothing here knows pytest; conditions (``if``) and dependencies are decided where they can be evaluated.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sequencer.runtime.plan import PlannedCase, PlannedModule, RunPlan
from sequencer.vocabulary.reason import Reason, ReasonOrText
from sequencer.vocabulary.status import (
    ALLOWED_SKIPS,
    BAD_STATUSES,
    LEFT_OUT,
    CaseOutcome,
    OnFail,
    SkipKind,
    Status,
    Untested,
    run_verdict,
)


class SkipReason(NamedTuple):
    """Why a case does not run: for people, and as the kind that everything else goes by."""

    kind: SkipKind
    reason: ReasonOrText


NOT_SELECTED = SkipReason("selection", Reason("not_selected"))


def needed(plan: RunPlan, selection: Collection[str]) -> set[str]:
    """The cases that a selection runs: the chosen ones, what they depend on, and setup and teardown around them."""
    result: set[str] = set()
    waiting = list(selection)
    waiting += [name for name, case in plan.cases.items() if case.module.group != "main"]
    while True:
        while waiting:
            name = waiting.pop()
            if name not in result and name in plan.cases:
                result.add(name)
                waiting += plan.cases[name].depends
        modules = {plan.cases[name].module for name in result}
        waiting = [
            case.full_name
            for module in modules
            for case in module.cases
            if case.group != "main" and case.full_name not in result
        ]
        if not waiting:
            return result


class Flow:
    """The course of a run: what ended how, and what therefore is skipped.

    ``skip_kinds`` says of skipped cases why. ``halted`` is why nothing but teardown runs any more, ``stop_reason`` why
    somebody wanted that. ``interrupted`` turns true when a stop cut something off.
    """

    def __init__(self, plan: RunPlan, needed: Collection[str] | None = None, on_fail: OnFail = "continue") -> None:
        self.statuses: dict[str, Status] = {}
        self.skip_kinds: dict[str, SkipKind] = {}
        self.halted: SkipReason | None = None
        self.interrupted = False
        self._plan = plan
        self._needed = needed
        self._on_fail = on_fail
        self.stop_reason: ReasonOrText | None = None
        self._failed_setup_module: PlannedModule | None = None
        self._failed_setup_case: dict[PlannedModule, PlannedCase] = {}

    def halt(self, reason: ReasonOrText, kind: SkipKind = "run_error") -> None:
        """From now on only teardown runs; the first reason stays."""
        self.halted = self.halted or SkipReason(kind, reason)

    def stop(self, reason: ReasonOrText) -> None:
        """Halts because somebody asked for it."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self.halt(reason, "stopped")

    def is_selected(self, case: PlannedCase) -> bool:
        """Whether the selection runs the case, if nothing else speaks against it."""
        return self._needed is None or case.full_name in self._needed

    def reason_to_skip(self, case: PlannedCase) -> SkipReason | None:
        """Why the case does not run, ``None`` when it does (its conditions and dependencies aside)."""
        if not self.is_selected(case):
            return NOT_SELECTED
        if case.is_teardown:
            return None
        if self.halted is not None:
            self.interrupted = self.interrupted or self.stop_reason is not None
            return self.halted
        if case.module.group == "main" and self._failed_setup_module is not None:
            return SkipReason("setup", Reason("setup_module", name=self._failed_setup_module.name))
        failed = self._failed_setup_case.get(case.module)
        if case.group == "main" and failed is not None:
            return SkipReason("setup", Reason("setup_case", name=failed.name))
        return None

    def finished(self, case: PlannedCase, status: Status, skip_kind: SkipKind | None = None) -> None:
        """Takes in how a case ended and draws the consequences; ``skip_kind`` says why it was skipped."""
        self.statuses[case.full_name] = status
        if skip_kind is not None:
            self.skip_kinds[case.full_name] = skip_kind
        if status == "stopped":
            self.interrupted = True
        if status in BAD_STATUSES:
            if case.module.group == "setup":
                self._failed_setup_module = case.module
            if case.group == "setup":
                self._failed_setup_case.setdefault(case.module, case)
        if case.module.group != "teardown":
            self._maybe_halt(case, status, skip_kind)

    def failed_dependency(self, case: PlannedCase) -> SkipReason | None:
        """Why ``depends`` skips the case."""
        for name in case.depends:
            status = self.statuses.get(name)
            left_out = status == "skipped" and self.skip_kinds.get(name) in LEFT_OUT
            if status != "passed" and not (left_out and name in case.or_left_out):
                return SkipReason("dependency", Reason("depends", case=name, outcome=_outcome(status)))
        return None

    def verdict(self, *, broken: bool) -> tuple[Status, Untested | None]:
        """That of the run so far; a case that never came to its turn counts as an error. See ``run_verdict``."""
        ended = (
            CaseOutcome(self.statuses.get(name, "ready"), case.is_main, self.skip_kinds.get(name))
            for name, case in self._plan.cases.items()
        )
        return run_verdict(ended, stopped=self.interrupted, broken=broken)

    def _maybe_halt(self, case: PlannedCase, status: Status, skip_kind: SkipKind | None) -> None:
        bad = status in BAD_STATUSES
        # What another case kept from running is as bad here; what does not apply, or nobody chose, is not.
        ends = bad or (status == "skipped" and skip_kind not in ALLOWED_SKIPS)
        if ends and case.critical and not case.is_teardown:
            self.halt(Reason("critical_case", name=case.name, outcome=_outcome(status)), "critical")
        elif ends and case.module.critical:
            self.halt(Reason("critical_module", name=case.module.name, outcome=_outcome(status)), "critical")
        elif bad and not case.is_teardown and (case.on_fail or self._on_fail) == "stop":
            self.halt(Reason("on_fail", name=case.name, outcome=_outcome(status)), "on_fail")


def _outcome(status: Status | None) -> str:
    """How a case ended, as a word of ``vocabulary.reason.OUTCOMES``."""
    return status or "none"
