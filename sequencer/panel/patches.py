"""What changed in a report since it was last looked at, as small JSON-ready patches. Pure: nothing is sent here.

The fold changes the report in place and adds to an attempt's lists, so a patch names what to set and what to
append; a case with 10,000 measurements costs no more per measurement than one with ten. A page applies a patch with

    case.set      -> fields of the case
    case.attempts -> {"0": {"set": {...}, "add": {"measurements": [...]}, "merge": {"messages": {...}}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, TypedDict

from sequencer.report.field_types import UNSHOWN, WHOLE
from sequencer.report.fields import blank, empty, fields
from sequencer.report.model import (
    AttemptReport,
    CaseReport,
    ModuleReport,
    OperatorMessageReport,
    PlannedCaseReport,
    PlannedModuleReport,
    RunReport,
)
from sequencer.vocabulary.json_text import compact


def _shown(part: type[object], planned: type[object] | None = None) -> dict[str, object]:
    """The fields that pages get of a part, beside those they know from the plan, and what each is at first."""
    known = fields(planned) if planned else ()
    return {
        name: empty(field)()
        for name, field in fields(part).items()
        if name not in known and not field.marks & {UNSHOWN, WHOLE}
    }


def _told(shown: Mapping[str, object]) -> tuple[str, ...]:
    """The fields that are set as a whole; lists and mappings are added to."""
    return tuple(name for name, value in shown.items() if not isinstance(value, list | dict))


_RUN = _shown(RunReport)
_MODULE = _shown(ModuleReport, PlannedModuleReport)
_CASE = _shown(CaseReport, PlannedCaseReport)
_ATTEMPT = _shown(AttemptReport)
RUN_FIELDS = tuple(_RUN)
MODULE_FIELDS, CASE_FIELDS, ATTEMPT_FIELDS = _told(_MODULE), _told(_CASE), _told(_ATTEMPT)
SHOWN_OF_MODULE = (*fields(PlannedModuleReport), *MODULE_FIELDS)
GROWING = tuple(name for name, value in _ATTEMPT.items() if isinstance(value, list))
MOST_SHOWN = 1000
"""Entries of one list of one attempt that pages get, and how many more there are (``omitted``); the report has all. Of
messages, whose last ones are looked at, those come as ``newest`` then."""
_NEWEST = 3
"""Messages that the row of a case shows."""
_LONGEST_OUTPUT = 4000
# What a page takes for granted of a new attempt and a case: most are over by the time that they are told.
_ATTEMPT_DEFAULTS = {"omitted": None, "newest": None} | {
    name: None for name in ATTEMPT_FIELDS if _ATTEMPT[name] is None and name != "stop_time"
}
_CASE_DEFAULTS = {name: _CASE[name] for name in CASE_FIELDS}

_Parts = Mapping[str, Any]
"""An attempt, whose fields and entries are looked up by the names that the report's form gives."""


class AttemptPatch(TypedDict, total=False):
    """What is new in an attempt: fields to set, entries to append, messages to merge, charts that grow by index."""

    set: dict[str, object]
    add: dict[str, Sequence[object]]
    merge: dict[str, dict[str, str]]
    grow: dict[str, ChartGrowth]


class ChartGrowth(TypedDict):
    """Further points of a chart, behind the ``first`` that are known: those of all its series, whose x are the same."""

    first: int
    x: Sequence[float]
    y: Sequence[Sequence[float | None]]


class CasePatch(TypedDict, total=False):
    """What is new in a case, and in its attempts by their index."""

    set: dict[str, object]
    attempts: dict[str, AttemptPatch]


class RunPatch(TypedDict, total=False):
    """What is new in a run, and in its modules by id and its cases by full name."""

    run: dict[str, object]
    cases: dict[str, CasePatch]
    modules: dict[str, dict[str, object]]
    messages: list[OperatorMessageReport]


class AttemptView:
    """What is known of one attempt on the pages."""

    __slots__ = ("_dialogs", "_fields", "_grown", "_lengths", "_messages", "_tries")

    def __init__(self) -> None:
        self._fields: dict[str, object] = dict(_ATTEMPT_DEFAULTS)
        self._lengths: dict[str, int] = {}
        self._messages: dict[str, str] = {}
        self._grown: dict[int, int] = {}
        self._dialogs = "[]"
        self._tries = 0

    def patch(self, attempt: AttemptReport) -> AttemptPatch:
        """What is new, and remembers it as known."""
        report: _Parts = attempt
        patch: AttemptPatch = {}
        if changed := self._changed(report):
            patch["set"] = changed
        added: dict[str, Sequence[object]] = {}
        for name in GROWING:
            entries = report.get(name)
            if entries and len(entries) != self._lengths.get(name, 0) and (new := self._new(name, entries)):
                added[name] = new
        if added:
            patch["add"] = added
        if attempt["charts"] and (grown := self._growth(attempt["charts"])):
            patch["grow"] = grown
        if attempt["messages"]:
            # No more than a page gets are looked at: a case may show one every millisecond.
            shown = islice(attempt["messages"].items(), MOST_SHOWN)
            said = {key: text for key, text in shown if self._messages.get(key) != text}
            if said:
                self._messages.update(said)
                patch["merge"] = {"messages": said}
        return patch

    def _growth(self, charts: Sequence[_Parts]) -> dict[str, ChartGrowth]:
        """What was sampled since the chart was told, or told of last."""
        grown: dict[str, ChartGrowth] = {}
        for index, chart in enumerate(charts[:MOST_SHOWN]):
            if "sampled" not in chart:
                continue
            x, y = chart["x_data"][0], chart["y_data"]
            first = self._grown.setdefault(index, len(x))
            if len(x) > first:
                grown[str(index)] = {"first": first, "x": x[first:], "y": [each[first:] for each in y]}
                self._grown[index] = len(x)
        return grown

    def _changed(self, report: _Parts) -> dict[str, object]:
        known = self._fields
        changed: dict[str, object] = {}
        for name in ATTEMPT_FIELDS:
            value = report[name]
            # The step that ran last says nothing once the attempt is over.
            if name == "step" and report["stop_time"] is not None:
                value = None
            if known.get(name, ...) != value:
                known[name] = dict(value) if isinstance(value, dict) else value
                changed[name] = value
        lengths = {name: len(report.get(name, ())) for name in (*GROWING, "messages")}
        omitted = {name: length - MOST_SHOWN for name, length in lengths.items() if length > MOST_SHOWN} or None
        if known["omitted"] != omitted:
            known["omitted"] = changed["omitted"] = omitted
        if lengths["messages"] > MOST_SHOWN and (newest := _newest(report["messages"])) != known["newest"]:
            known["newest"] = changed["newest"] = newest
        # A failed try marks what it measured, up to the last entry: the one thing that changes what is known.
        tries = report.get("tries", ())
        if len(tries) != self._tries:
            self._tries = len(tries)
            changed["tries"] = tries
            for name in ("measurements", "checks"):
                self._lengths[name] = len(report[name])
                changed[name] = report[name][:MOST_SHOWN]
        # Questions are few and change when they are answered: told whole.
        if report["dialogs"] and (dialogs := compact(report["dialogs"])) != self._dialogs:
            self._dialogs = dialogs
            changed["dialogs"] = report["dialogs"]
        return changed

    def _new(self, name: str, entries: Sequence[_Parts]) -> Sequence[object]:
        first = self._lengths.get(name, 0)
        self._lengths[name] = len(entries)
        if name not in ("charts", "programs"):
            return entries[first:MOST_SHOWN]
        return [_in_short(name, index, entries[index]) for index in range(first, min(len(entries), MOST_SHOWN))]


def _newest(messages: dict[str, str]) -> list[str]:
    return list(islice(reversed(messages.values()), _NEWEST))[::-1]


def _in_short(name: str, index: int, entry: _Parts) -> object:
    if name == "charts":
        # The data are fetched when somebody looks at the chart.
        points = sum(len(series) for series in entry.get("y_data") or ())
        return {"index": index, "title": entry.get("title"), "type": entry.get("type"), "points": points}
    if name == "programs" and len(entry["output"]) > _LONGEST_OUTPUT:
        return {**entry, "output": "…" + entry["output"][-_LONGEST_OUTPUT:]}
    return entry


class CaseView:
    """What is known of one case on the pages."""

    __slots__ = ("_attempts", "_fields")

    def __init__(self) -> None:
        self._fields: dict[str, object] = dict(_CASE_DEFAULTS)
        self._attempts: list[AttemptView] = []

    def patch(self, case: CaseReport) -> CasePatch:
        """What is new, and remembers it as known."""
        report: Mapping[str, object] = case
        patch: CasePatch = {}
        changed = {name: report[name] for name in CASE_FIELDS if self._fields.get(name, ...) != report[name]}
        if changed:
            self._fields.update(changed)
            patch["set"] = changed
        # Of those known before only the last one can have changed.
        first = max(0, len(self._attempts) - 1)
        while len(self._attempts) < len(case["attempts"]):
            self._attempts.append(AttemptView())
        changes = {
            str(index): change
            for index in range(first, len(self._attempts))
            if (change := self._attempts[index].patch(case["attempts"][index]))
        }
        if changes:
            patch["attempts"] = changes
        return patch


class RunView:
    """What is known of a whole run on the pages."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}
        self._modules: dict[str, tuple[object, ...]] = {}
        self._cases: dict[str, CaseView] = {}
        self._messages = ""

    def patch(self, report: RunReport, dirty: Mapping[str, tuple[ModuleReport, CaseReport]]) -> RunPatch:
        """What is new in the run itself and in the cases of ``dirty`` (by full name), and remembers it as known."""
        patch: RunPatch = {}
        if run := self._run(report):
            patch["run"] = run
        cases: dict[str, CasePatch] = {}
        modules = {}
        for name, (module, case) in dirty.items():
            view = self._cases.setdefault(name, CaseView())
            if change := view.patch(case):
                cases[name] = change
            modules[module["id"]] = module
        if cases:
            patch["cases"] = cases
        if changed := {name: new for name, module in modules.items() if (new := self._module(module))}:
            patch["modules"] = changed
        shown = open_messages(report)
        if (messages := compact(shown)) != self._messages:
            self._messages = messages
            patch["messages"] = shown
        return patch

    def _run(self, report: RunReport) -> dict[str, object]:
        whole: Mapping[str, object] = report
        changed = {}
        for name, missing in _RUN.items():
            # Facts are merged in place: only their text tells whether they changed.
            text = compact(value := whole.get(name, missing))
            if self._fields.get(name) != text:
                self._fields[name] = text
                changed[name] = value
        return changed

    def _module(self, module: ModuleReport) -> dict[str, object]:
        whole: Mapping[str, object] = module
        now = tuple(whole[name] for name in MODULE_FIELDS)
        if self._modules.get(module["id"]) == now:
            return {}
        self._modules[module["id"]] = now
        return dict(zip(MODULE_FIELDS, now, strict=True))


def open_messages(report: RunReport) -> list[OperatorMessageReport]:
    """The operator messages that were not taken away yet."""
    return [message for message in report["operator_messages"] if message["cleared"] is None]


def whole_run(report: RunReport) -> dict[str, object]:
    """Everything that pages show of a run, in the shape that the patches lead to."""
    whole: Mapping[str, object] = report
    return {
        **{name: whole.get(name, missing) for name, missing in _RUN.items()},
        "messages": open_messages(report),
        "modules": [_whole_module(module) for module in report["modules"]],
    }


def _whole_module(module: ModuleReport) -> dict[str, object]:
    whole: Mapping[str, object] = module
    return {**{name: whole[name] for name in SHOWN_OF_MODULE}, "cases": [_whole_case(case) for case in module["cases"]]}


def _whole_case(case: CaseReport) -> dict[str, object]:
    whole: Mapping[str, object] = case
    attempts = []
    for attempt in case["attempts"]:
        patch = AttemptView().patch(attempt)
        lists = {name: patch.get("add", {}).get(name, []) for name in GROWING}
        attempts.append(
            {**_ATTEMPT_DEFAULTS, "dialogs": [], **lists, **patch["set"], "messages": _first(attempt["messages"])}
        )
    return {**{name: value for name, value in whole.items() if name != "attempts"}, "attempts": attempts}


def _first(messages: dict[str, str]) -> dict[str, str]:
    return messages if len(messages) <= MOST_SHOWN else dict(islice(messages.items(), MOST_SHOWN))


def page_script() -> str:
    """``static/js/blank.js``: what a page makes of a module, a case and an attempt of which nothing is told yet."""
    collected = {
        name: value
        for name, value in blank(AttemptReport).items()
        if isinstance(value, list | dict) and UNSHOWN not in fields(AttemptReport)[name].marks
    }
    module = {name: _MODULE[name] for name in MODULE_FIELDS}
    growing: dict[str, object] = {name: [] for name in GROWING}
    parts = {"MODULE": module, "CASE": _CASE, "ATTEMPT": collected | growing | _ATTEMPT_DEFAULTS}
    head = "// What begins with nothing told of it. Written from sequencer/report/model.py: do not edit."
    return "\n".join([head, "", *(f"export const {name} = {json.dumps(part)};" for name, part in parts.items()), ""])
