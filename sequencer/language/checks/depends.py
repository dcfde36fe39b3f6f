"""Resolves ``depends``: every name to the cases it stands for, each of which must run earlier."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from sequencer.language.mentions import Mentions
from sequencer.language.plan import CasePlan, Dependency, ModulePlan
from sequencer.language.problems import Problems
from sequencer.language.shapes.schema_parts import DEPENDS_PATTERN
from sequencer.language.shapes.wording import did_you_mean
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.regex import compile_pattern


class Dependencies:
    """The dependencies among the cases of a plan in running order."""

    def __init__(
        self, modules: Iterable[ModulePlan], problems: Problems, sources: SourceTexts, mentions: Mentions
    ) -> None:
        self._problems = problems
        self._sources = sources
        self._mentions = mentions
        self._modules = {module.id: module for module in modules}
        self._cases = [case for module in self._modules.values() for case in module.cases]
        self._position = {case.full_name: index for index, case in enumerate(self._cases)}
        self._by_name: dict[str, list[CasePlan]] = {}
        for case in self._cases:
            self._by_name.setdefault(case.full_name, []).append(case)
            if case.base_id != case.id:
                self._by_name.setdefault(f"{case.module.id}::{case.base_id}", []).append(case)
        self._reported: set[Place] = set()
        self._none: list[CasePlan] = []
        self._last_positions: dict[int, int] = {}
        self._full_names: dict[int, tuple[str, ...]] = {}
        self._modules_of: dict[str, list[str]] = {}
        self.wanted: dict[str, list[tuple[Dependency, list[CasePlan]]]] = {}
        for case in self._cases:
            self._modules_of.setdefault(case.id, []).append(case.full_name)

    def resolve(self) -> None:
        """Fills in what each case depends on; unknown names, cycles and cases that run later are reported.

        ``wanted`` then holds, by the full name of a case, what it depends on as written, with the cases meant.
        """
        if self._mentions.wanted:
            self._mention_declared()
        wanted = {case.full_name: self._targets(case) for case in self._cases}
        for case in self._cases:
            for dependency, targets in wanted[case.full_name]:
                # Many cases may wait for the same module: its last case is the one that could run too late.
                if targets and self._last(targets) >= self._position[case.full_name]:
                    self._check_order(case, dependency, targets, wanted)
            case.depends = self._all_names(wanted[case.full_name], or_left_out=False)
            optional = self._all_names(wanted[case.full_name], or_left_out=True)
            case.or_left_out = tuple(name for name in optional if name not in case.depends) if optional else ()
        self.wanted = wanted

    def _all_names(self, wanted: list[tuple[Dependency, list[CasePlan]]], *, or_left_out: bool) -> tuple[str, ...]:
        names = [self._names(targets) for each, targets in wanted if each.or_left_out is or_left_out]
        return names[0] if len(names) == 1 else tuple(dict.fromkeys(chain.from_iterable(names)))

    def _last(self, targets: list[CasePlan]) -> int:
        if id(targets) not in self._last_positions:
            self._last_positions[id(targets)] = max(self._position[target.full_name] for target in targets)
        return self._last_positions[id(targets)]

    def _names(self, targets: list[CasePlan]) -> tuple[str, ...]:
        """The full names, one tuple for all who wait for the same cases."""
        if id(targets) not in self._full_names:
            self._full_names[id(targets)] = tuple(target.full_name for target in targets)
        return self._full_names[id(targets)]

    def _targets(self, case: CasePlan) -> list[tuple[Dependency, list[CasePlan]]]:
        return [(dependency, self._find(dependency, case.module)) for dependency in case.dependencies()]

    def _find(self, dependency: Dependency, module: ModulePlan) -> list[CasePlan]:
        module_id, separator, case_id = dependency.text.partition("::")
        module_id = module_id or module.id
        self._mention(dependency, module_id, case_id)
        if module_id in self._modules and not separator:
            return self._modules[module_id].cases
        found = self._by_name.get(f"{module_id}::{case_id}", self._none) if separator else self._none
        if not found:
            self._unknown(dependency, module, module_id, case_id)
        return found

    def _mention_declared(self) -> None:
        for module in self._modules.values():
            self._mentions.add("module", module.id, module.place, module.place)
            for case in module.cases:
                self._mentions.add("case", case.base_id, case.place, case.place, module.id)

    def _mention(self, dependency: Dependency, module_id: str, case_id: str) -> None:
        """Notes the module and the case that a dependency names."""
        text = dependency.text
        if not self._mentions.wanted:
            return
        if module_id in self._modules and text.startswith(module_id):
            place = self._sources.inside(dependency.place, text, 0, len(module_id))
            self._mentions.add("module", module_id, place, self._modules[module_id].place)
        for case in self._by_name.get(f"{module_id}::{case_id}", self._none)[:1]:
            place = self._sources.inside(dependency.place, text, text.index("::") + 2, len(case.base_id))
            self._mentions.add("case", case.base_id, place, case.place)

    def _unknown(self, dependency: Dependency, module: ModulePlan, module_id: str, case_id: str) -> None:
        text = dependency.text
        if not compile_pattern(DEPENDS_PATTERN).search(text):
            return  # its form is wrong, which was reported
        if module_id not in self._modules:
            message = f"there is no module `{module_id}`"
            hint = did_you_mean(module_id, self._modules, "{}" + text[len(module_id) :])
            if not case_id and f"{module.id}::{text}" in self._by_name:
                hint = f"a case of the same module is written `::{text}`"
        else:
            message = f"the module `{module_id}` has no case `{case_id}`"
            cases = [case.id for case in self._modules[module_id].cases]
            prefix = text[: text.index("::") + 2]
            hint = did_you_mean(case_id, cases, prefix + "{}")
            if hint is None and case_id in self._modules_of:
                hint = f"did you mean `{self._modules_of[case_id][0]}`?"
        self._problems.report("unknown-dependency", message, dependency.place, hint=hint)

    def _check_order(
        self,
        case: CasePlan,
        dependency: Dependency,
        targets: list[CasePlan],
        wanted: dict[str, list[tuple[Dependency, list[CasePlan]]]],
    ) -> None:
        if dependency.place in self._reported:
            return
        own = self._position[case.full_name]
        for target in targets:
            if self._position[target.full_name] < own:
                continue
            self._reported.add(dependency.place)
            path = self._way_back(target, case, wanted)
            if path is not None:
                circle = " → ".join([case.full_name, *path])
                message = f"dependency cycle: {circle}"
                if dependency.text in (case.module.id, f"{case.module.id}::{case.id}", f"::{case.id}"):
                    message = f"`{dependency.text}` depends on itself"
                self._problems.report("dependency-cycle", message, dependency.place)
            else:
                message = f"`{target.full_name}` runs later than `{case.full_name}`"
                self._problems.report("depends-on-later", message, dependency.place, hint=_order_hint(case, target))
            return

    def _way_back(
        self, start: CasePlan, goal: CasePlan, wanted: dict[str, list[tuple[Dependency, list[CasePlan]]]]
    ) -> list[str] | None:
        """The names from ``start`` to ``goal`` along dependencies, when there is such a way."""
        before: dict[str, str | None] = {start.full_name: None}
        waiting = [start]
        while waiting:
            case = waiting.pop(0)
            if case is goal:
                names: list[str] = []
                name: str | None = case.full_name
                while name is not None:
                    names.append(name)
                    name = before[name]
                return names[::-1]
            for _, targets in wanted[case.full_name]:
                for target in targets:
                    if target.full_name not in before:
                        before[target.full_name] = case.full_name
                        waiting.append(target)
        return None


def _order_hint(case: CasePlan, target: CasePlan) -> str:
    if target.module is not case.module and target.module.group != case.module.group:
        return f"its module is in the group {target.module.group}, this one in {case.module.group}"
    if target.module is case.module and target.group != case.group:
        return f"it is in the group {target.group} of the module, this one in {case.group}"
    return "move it up, or this one down"
