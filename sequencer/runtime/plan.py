"""The plan of a run, read from the markers of the generated tests, and the order in which it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from sequencer.protocol.selection import Candidate
from sequencer.report.event import AFTER_RUN
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.extension import installed_version
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import GROUPS, Group, OnFail

if TYPE_CHECKING:
    import pytest


@dataclass(slots=True, eq=False)
class PlannedModule:
    """A module as its marker describes it; ``when`` is an expression, and ``when_place`` where it stands in the YAML.

    ``cases`` are in running order.
    """

    id: str
    name: str
    group: Group = "main"
    description: str | None = None
    critical: bool = False
    when: str | None = None
    when_place: str | None = None
    cases: list[PlannedCase] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class PlannedCase:
    """A case as its markers describe it; times in seconds.

    ``depends`` are the cases that it needs, ``or_left_out`` those of them that may also not apply. ``judges``: some
    step of it judges the product; ``limited``: by limits. Code of earlier versions says the second alone.
    ``timeout_counts_waiting``: time that it waits for other slots counts; ``sync_points`` are where it waits for all.
    """

    id: str
    module: PlannedModule
    name: str
    place: str = ""
    group: Group = "main"
    description: str | None = None
    critical: bool = False
    when: str | None = None
    when_place: str | None = None
    tags: tuple[str, ...] = ()
    attempts: int = 1
    attempt_delay: float = 0.0
    timeout: float | None = None
    timeout_counts_waiting: bool = False
    sync_points: tuple[str, ...] = ()
    on_fail: OnFail | None = None
    judges: bool = False
    limited: bool = False
    depends: tuple[str, ...] = ()
    or_left_out: tuple[str, ...] = ()
    full_name: str = ""

    def __post_init__(self) -> None:
        self.full_name = f"{self.module.id}::{self.id}"

    @property
    def is_main(self) -> bool:
        """Whether the case tests the product: it is a main case of a main module."""
        return self.group == "main" and self.module.group == "main"

    @property
    def is_teardown(self) -> bool:
        """Whether the case runs whatever happened before."""
        return self.group == "teardown" or self.module.group == "teardown"


@dataclass(slots=True)
class RunPlan:
    """All cases in running order, by their pytest item and by name."""

    sequence: Mapping[str, Any]
    modules: list[PlannedModule]
    by_item: dict[pytest.Item, PlannedCase]
    cases: dict[str, PlannedCase]
    _document: list[dict[str, Data]] | None = None

    def candidates(self) -> list[Candidate]:
        """What can be chosen of it."""
        return [Candidate(case.full_name, case.module.id, case.tags) for case in self.cases.values()]

    def about(self) -> dict[str, Data]:
        """The sequence as it stands in ``RunStarted.sequence``."""
        about = {key: self.sequence.get(key) for key in ("name", "version", "description", "file", "sha256")}
        packages = self.sequence.get("extensions")
        return {**about, "extensions": {each: installed_version(each) for each in packages}} if packages else about

    def document(self) -> list[dict[str, Data]]:
        """The plan as it stands in ``RunStarted.modules``; made once, in good time before the start."""
        if self._document is None:
            self._document = self._describe()
        return self._document

    def _describe(self) -> list[dict[str, Data]]:
        return [
            {
                "id": module.id,
                "name": module.name,
                "group": module.group,
                "description": module.description,
                "cases": [_case_document(case) for case in module.cases],
            }
            for module in self.modules
        ]


def _case_document(case: PlannedCase) -> dict[str, Data]:
    return {
        "id": case.id,
        "name": case.name,
        "group": case.group,
        "description": case.description,
        "place": case.place,
        "critical": case.critical,
        "tags": list(case.tags),
        "attempts": case.attempts,
        "timeout": case.timeout,
    }


def arrange(items: list[pytest.Item], sequence: Mapping[str, Any]) -> RunPlan:
    """Sorts ``items`` in place into running order and returns the plan.

    Modules: setup, main, teardown, each in the order of ``sequence["modules"]``; within a module its setup cases first,
    its teardown cases last. Items that are no cases come after them, the steps that follow the run last of all.
    """
    planned = _read(items)
    order = {name: index for index, name in enumerate(sequence.get("modules", ()))}

    def rank(item: pytest.Item) -> tuple[int, ...]:
        case = planned.get(item)
        if case is None:
            return (len(GROUPS) + (item.get_closest_marker(AFTER_RUN) is not None),)
        module = case.module
        return GROUPS.index(module.group), order.get(module.id, len(order)), GROUPS.index(case.group)

    items.sort(key=rank)
    by_item = {item: planned[item] for item in items if item in planned}
    _forget_idle_dependencies(by_item)
    modules: dict[str, PlannedModule] = {}
    for case in by_item.values():
        modules.setdefault(case.module.id, case.module).cases.append(case)
    return RunPlan(sequence, list(modules.values()), by_item, {case.full_name: case for case in by_item.values()})


def steps_after(items: Iterable[pytest.Item]) -> dict[pytest.Item, int]:
    """The items of the steps that follow the run, each with its number.

    A project that was generated by an earlier version has one item for all of them.
    """
    found = {}
    for item in items:
        marker = item.get_closest_marker(AFTER_RUN)
        if marker is not None:
            found[item] = int(marker.args[0]) if marker.args else 1
    return found


def ends_rest(item: pytest.Item) -> bool:
    """Whether the steps after a failed one of those that follow the run are left out."""
    marker = item.get_closest_marker(AFTER_RUN)
    return marker is not None and marker.kwargs.get("on_fail") == "stop"


def unplanned(plan: RunPlan, items: Iterable[pytest.Item], *, whole: bool) -> Reason | None:
    """How the collected ``items``, arranged as ``plan``, differ from what was generated; ``None`` when they do not.

    ``whole``: all tests were to be collected, so that none may be missing.
    """
    planned = plan.sequence.get("plan")
    if planned is None:  # generated by an earlier version
        return None
    found = [case.full_name for case in plan.by_item.values()]
    found += [AFTER_RUN for item in items if item not in plan.by_item and item.get_closest_marker(AFTER_RUN)]
    if found == planned:
        return None
    there = set(found)
    if whole and (missing := [name for name in planned if name not in there]):
        if len(missing) == 1:
            return Reason("case_missing", case=missing[0])
        return Reason("cases_missing", case=missing[0], count=len(missing) - 1)
    if more := [*(Counter(found) - Counter(planned))]:
        if len(more) == 1:
            return Reason("case_unplanned", case=more[0])
        return Reason("cases_unplanned", case=more[0], count=len(more) - 1)
    return None if found == [name for name in planned if name in there] else Reason("other_order")


def _forget_idle_dependencies(cases: Mapping[pytest.Item, PlannedCase]) -> None:
    """Takes the dependency markers off where nobody depends on anything: pytest-dependency's books cost time."""
    wanted = {name for case in cases.values() for name in case.depends}
    for item, case in cases.items():
        if not case.depends and case.full_name not in wanted:
            item.own_markers[:] = [marker for marker in item.own_markers if marker.name != "dependency"]


def _read(items: Iterable[pytest.Item]) -> dict[pytest.Item, PlannedCase]:
    modules: dict[object, PlannedModule | None] = {}
    by_id: dict[str, PlannedModule] = {}
    planned = {}
    for item in items:
        parent = item.parent
        if parent not in modules:
            module = _module(getattr(parent, "own_markers", ()))
            # A large module lies in several files.
            modules[parent] = module and by_id.setdefault(module.id, module)
        module = modules[parent]
        if module is not None:
            case = _case(item.own_markers, module)
            if case is not None:
                planned[item] = case
    return planned


def _module(markers: Iterable[pytest.Mark]) -> PlannedModule | None:
    marks = {mark.name: mark for mark in markers}
    if "module" not in marks:
        return None
    mark = marks["module"]
    name = marks["module_name"].args[0] if "module_name" in marks else mark.args[0]
    return PlannedModule(mark.args[0], name, **mark.kwargs)


def _case(markers: Iterable[pytest.Mark], module: PlannedModule) -> PlannedCase | None:
    # A plain loop over the item's own markers: looking up each by name costs more than everything else here.
    name = mark = None
    depends: tuple[str, ...] = ()
    for marker in markers:
        if marker.name == "case":
            mark = marker
        elif marker.name == "case_name":
            name = marker.args[0]
        elif marker.name == "dependency":
            depends = tuple(marker.kwargs.get("depends", ()))
    if mark is None:
        return None
    depends = (*depends, *mark.kwargs.get("or_left_out", ()))
    return PlannedCase(mark.args[0], module, name or mark.args[0], depends=depends, **mark.kwargs)
