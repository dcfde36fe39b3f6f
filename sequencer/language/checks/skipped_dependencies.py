"""Warnings of conditions: where ``critical`` or ``depends`` meets an ``if``, and of a matrix that never runs.

Looked at once the conditions are read: those of a matrix's rows are known only then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sequencer.language.plan import CasePlan, Dependency, ModulePlan, find, value
from sequencer.language.problems import Problems
from sequencer.vocabulary.model import Module
from sequencer.vocabulary.problem import Place

Wanted = Mapping[str, list[tuple[Dependency, list[CasePlan]]]]

NEVER = "false"
"""The condition of what is always left out."""


class SkippedDependencies:
    """The conditions of a plan: ``modules`` are what was built of it, ``wanted`` its dependencies as written."""

    def __init__(
        self, plan: Iterable[ModulePlan], modules: Iterable[Module], wanted: Wanted, problems: Problems
    ) -> None:
        self._plan = list(plan)
        self._wanted = wanted
        self._problems = problems
        built = list(modules)
        self._module_when = {module.id: module.when for module in built}
        cases = [case for module in built for case in module.cases]
        self._case_when = {case.full_name: case.when for case in cases}
        self._skips = {case.full_name for case in cases if any(step.leaves_out for step in case.steps)}
        self._never: set[str] = set()
        self._told: set[Place] = set()

    def warn(self) -> None:
        """Reports all of it."""
        if not (any(self._case_when.values()) or any(self._module_when.values()) or self._skips):
            return
        for module in self._plan:
            self._matrices(module)
            self._critical_module(module)
            for case in module.cases:
                self._critical_case(case)
                for dependency, targets in self._wanted.get(case.full_name, ()):
                    if not dependency.or_left_out:
                        self._dependency(case, dependency, targets)

    def _matrices(self, module: ModulePlan) -> None:
        """A matrix of which the condition leaves every row out; single rows are left out on purpose."""
        runs: dict[str, bool] = {}
        for case in module.cases:
            runs[case.base_id] = runs.get(case.base_id, False) or self._case_when.get(case.full_name) != NEVER
        for case in module.cases:
            node = find(case.nodes, "if")
            if node is not None and not runs[case.base_id]:
                self._problems.report("unreachable", "this case never runs", node.value_place("if"), severity="warning")

    def _critical_module(self, module: ModulePlan) -> None:
        node = find(module.nodes, "critical")
        if node is not None and node["critical"] is True and module.group != "teardown":
            self._critical(f"the critical module `{module.id}` has", module, None, node.value_place("critical"))

    def _critical_case(self, case: CasePlan) -> None:
        if "teardown" in (case.group, case.module.group):
            return
        node, condition = find(case.nodes, "critical"), find(case.nodes, "if")
        own = None if condition is None else self._case_when.get(case.full_name)
        if node is not None and node["critical"] is True and own is None and case.full_name in self._skips:
            what = f"the critical case `{case.full_name}` has a `skip`"
            self._warn(
                "critical-if", f"{what}: when that leaves it out, what follows still runs", node.value_place("critical")
            )
        elif node is not None and node["critical"] is True:
            whose = "has" if own is not None else "is in a module that has"
            what, place = f"the critical case `{case.full_name}` {whose}", node.value_place("critical")
            self._critical(what, case.module, own, place)
        elif condition is not None and value(case.module.nodes, "critical") is True and own is not None:
            what, place = f"`{case.full_name}` of a critical module has", condition.value_place("if")
            self._critical(what, None, own, place)

    def _critical(self, what: str, module: ModulePlan | None, own: str | None, place: Place) -> None:
        when = own or (module and self._module_when[module.id])
        if when is not None and when != NEVER:
            message = f"{what} an `if`: when that leaves it out, what follows still runs"
            self._warn("critical-if", message, place)

    def _dependency(self, case: CasePlan, dependency: Dependency, targets: list[CasePlan]) -> None:
        for target in targets:
            if target.full_name in self._never or NEVER in self._conditions(target):
                self._never.add(case.full_name)
                message = f"`{case.full_name}` never runs, because `{target.full_name}` never does"
                self._problems.report("unreachable", message, dependency.place, severity="warning")
                return
        # Who has the same condition is left out together with it.
        own = self._conditions(case)
        optional = next((target for target in targets if self._conditions(target) - own), None)
        if optional is None:
            return
        teardown = "teardown" in (case.group, case.module.group)
        who = f"{'the teardown case ' if teardown else ''}`{case.full_name}`"
        condition = f"`{optional.full_name}` may be left out by its `if`"
        if optional.full_name in self._skips and not self._conditions(optional) - own - {optional.full_name}:
            condition = f"`{optional.full_name}` may be left out by its `skip`"
        elif self._case_when.get(optional.full_name) is None:
            condition = f"`{optional.full_name}` may be left out by the `if` of its module"
        message = f"{condition}: then {who} is skipped too, and the run is INCOMPLETE"
        hint = f'write `{{case: "{dependency.text}", or_left_out: true}}` if it can run without'
        self._warn("depends-if", message, dependency.place, hint)

    def _conditions(self, case: CasePlan) -> set[str]:
        """What may leave the case out: expressions, and its own name where a ``skip`` does."""
        found = {self._case_when.get(case.full_name), self._module_when[case.module.id]}
        return {when for when in found if when is not None} | ({case.full_name} & self._skips)

    def _warn(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        """Once for each place: a matrix has many cases there."""
        if place not in self._told:
            self._told.add(place)
            self._problems.report(code, message, place, hint=hint, severity="warning")
