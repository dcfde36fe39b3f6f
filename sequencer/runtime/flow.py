"""Which cases run: selection, setup that failed, critical cases, stops. Teardown runs whatever happened.

Nothing here knows pytest; conditions (``if``) and dependencies are decided where they can be evaluated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sequencer.runtime.plan import Plan, PlannedCase, PlannedModule
from sequencer.vocabulary.status import OnFail, Status

NOT_SELECTED = "not selected"
_BAD: frozenset[Status] = frozenset({"failed", "error", "stopped"})


class UnknownSelection(ValueError):
    """A name or tag in the selection that no case has."""


def select(plan: Plan, only: Iterable[str] | None, tags: Iterable[str] | None) -> list[str] | None:
    """The full names of the chosen cases in running order, ``None`` for the whole sequence.

    ``only`` names cases (``module::case``; a case of several rows without its ``[row]`` means all of them) or modules;
    ``tags`` keeps the cases that have one of them. Raises ``UnknownSelection``.
    """
    if only is None and tags is None:
        return None
    chosen = set(plan.cases) if only is None else named(plan, only)
    if tags is not None:
        wanted = set(tags)
        known = {tag for case in plan.cases.values() for tag in case.tags}
        if wanted - known:
            raise UnknownSelection(f"no case has the tag {min(wanted - known)!r}")
        chosen &= {case.full_name for case in plan.cases.values() if wanted & set(case.tags)}
    if not chosen:
        raise UnknownSelection("the selection leaves no case to run")
    return [name for name in plan.cases if name in chosen]


def named(plan: Plan, only: Iterable[str]) -> set[str]:
    """The full names of the cases that ``only`` means, as in ``select``. Raises ``UnknownSelection``."""
    chosen = set()
    for name in only:
        found = {
            case.full_name
            for case in plan.cases.values()
            if name in (case.full_name, case.module.id) or case.full_name.startswith(f"{name}[")
        }
        if not found:
            raise UnknownSelection(f"there is no case or module named {name!r}{_similar(plan, name)}")
        chosen |= found
    return chosen


def _similar(plan: Plan, name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [*plan.cases, *(module.id for module in plan.modules)], n=1)
    return f": did you mean {close[0]!r}?" if close else ""


def needed(plan: Plan, selection: Collection[str]) -> set[str]:
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

    ``halted`` says why nothing but teardown runs any more, ``stop_reason`` why somebody wanted that. ``interrupted``
    turns true when a stop cut something off.
    """

    def __init__(self, plan: Plan, needed: Collection[str] | None = None, on_fail: OnFail = "continue") -> None:
        self.statuses: dict[str, Status] = {}
        self.halted: str | None = None
        self.interrupted = False
        self._plan = plan
        self._needed = needed
        self._on_fail = on_fail
        self.stop_reason: str | None = None
        self._failed_setup_module: PlannedModule | None = None
        self._failed_setup_case: dict[PlannedModule, PlannedCase] = {}
        self._unselected: set[str] = set()

    def halt(self, reason: str) -> None:
        """From now on only teardown runs; the first reason stays."""
        self.halted = self.halted or reason

    def stop(self, reason: str) -> None:
        """Halts because somebody asked for it."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self.halt(reason)

    def is_selected(self, case: PlannedCase) -> bool:
        """Whether the selection runs the case, if nothing else speaks against it."""
        return self._needed is None or case.full_name in self._needed

    def reason_to_skip(self, case: PlannedCase) -> str | None:
        """Why the case does not run, ``None`` when it does (its conditions and dependencies aside)."""
        if not self.is_selected(case):
            self._unselected.add(case.full_name)
            return NOT_SELECTED
        if case.is_teardown:
            return None
        if self.halted is not None:
            self.interrupted = self.interrupted or self.stop_reason is not None
            return self.halted
        if case.module.group == "main" and self._failed_setup_module is not None:
            return f"setup module {self._failed_setup_module.name!r} failed"
        failed = self._failed_setup_case.get(case.module)
        if case.group == "main" and failed is not None:
            return f"setup case {failed.name!r} failed"
        return None

    def finished(self, case: PlannedCase, status: Status) -> None:
        """Takes in how a case ended and draws the consequences."""
        self.statuses[case.full_name] = status
        if status == "stopped":
            self.interrupted = True
        if status in _BAD:
            if case.module.group == "setup":
                self._failed_setup_module = case.module
            if case.group == "setup":
                self._failed_setup_case.setdefault(case.module, case)
        if not case.is_teardown and case.full_name not in self._unselected:
            self._maybe_halt(case, status)
        if case is case.module.cases[-1] and case.module.critical:
            self._judge_critical(case.module)

    def failed_dependency(self, case: PlannedCase) -> str | None:
        """Why ``depends`` skips the case."""
        for name in case.depends:
            status = self.statuses.get(name)
            if status != "passed":
                return f"depends on {name}, which {_past(status)}"
        return None

    def _maybe_halt(self, case: PlannedCase, status: Status) -> None:
        if case.critical and status != "passed":
            self.halt(f"critical case {case.name!r} {_past(status)}")
        elif status in _BAD and (case.on_fail or self._on_fail) == "stop":
            self.halt(f"{case.name!r} {_past(status)} (on_fail: stop)")

    def _judge_critical(self, module: PlannedModule) -> None:
        statuses = {self.statuses.get(case.full_name) for case in module.cases}
        if {case.full_name for case in module.cases} <= self._unselected or module.group == "teardown":
            return
        if statuses & _BAD:
            self.halt(f"critical module {module.name!r} failed")
        elif "passed" not in statuses:
            self.halt(f"critical module {module.name!r} was skipped")


def _past(status: Status | None) -> str:
    words = {"failed": "failed", "error": "had an error", "stopped": "was stopped", "skipped": "was skipped"}
    return words.get(status or "", "did not run")
