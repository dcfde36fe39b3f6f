"""What pages show of a run before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sequencer.domain.report_parts import new_case, new_module, new_run
from sequencer.vocabulary.event import RunStarted
from sequencer.vocabulary.report import RunReport


def plan_of(report: RunReport) -> list[Any]:
    """What pages show of a run before it begins, apart from the run itself."""
    parts = ("id", "name", "group", "description")
    return [
        ([module[part] for part in parts], [[case[part] for part in (*parts, "place")] for case in module["cases"]])  # type: ignore[literal-required]
        for module in report["modules"]
    ]


def planned(sequence: Mapping[str, Any], modules: Iterable[Mapping[str, Any]]) -> RunReport:
    """A report in which nothing has begun, from the parts of ``RunStarted``."""
    report = new_run(RunStarted("", dict(sequence), [], "", {}), 0.0)
    report["status"] = "ready"
    for plan in modules:
        module = new_module(dict(plan))
        module["cases"] = [new_case(dict(case)) for case in plan.get("cases") or ()]
        report["modules"].append(module)
    return report
