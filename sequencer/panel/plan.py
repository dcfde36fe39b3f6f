"""What pages show of a run before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import eq, itemgetter
from typing import Any

from sequencer.report.event import RunStarted
from sequencer.report.model import RunReport
from sequencer.report.parts import new_case, new_module, new_run

_module_parts = itemgetter("id", "name", "group", "description")
_case_parts = itemgetter("id", "name", "group", "description", "place")


def same_plan(one: RunReport, other: RunReport) -> bool:
    """Whether pages show the same of both before they begin, apart from the runs themselves."""
    return len(one["modules"]) == len(other["modules"]) and all(
        _module_parts(mine) == _module_parts(yours)
        and len(mine["cases"]) == len(yours["cases"])
        and all(map(eq, map(_case_parts, mine["cases"]), map(_case_parts, yours["cases"])))
        for mine, yours in zip(one["modules"], other["modules"], strict=True)
    )


def planned(sequence: Mapping[str, Any], modules: Iterable[Mapping[str, Any]]) -> RunReport:
    """A report in which nothing has begun, from the parts of ``RunStarted``."""
    report = new_run(RunStarted("", dict(sequence), [], "", {}), 0.0)
    report["status"] = "ready"
    for plan in modules:
        module = new_module(dict(plan))
        module["cases"] = [new_case(dict(case)) for case in plan.get("cases") or ()]
        report["modules"].append(module)
    return report
