"""What people are told of an alarm: a sentence, and the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from sequencer.alarms.values import AlarmValue
from sequencer.project.settings import AlarmSettings
from sequencer.vocabulary.reason import Reason

_YIELDS = {
    "yield": "alarm_yield",
    "first_pass_yield": "alarm_first_pass_yield",
    "final_yield": "alarm_final_yield",
}
_NAMES = {"cp": "Cp", "cpk": "Cpk", "pp": "Pp", "ppk": "Ppk"}
_OF_MEASUREMENT = ("sequence", "case", "measurement", "unit")


def sentence_of(alarm: AlarmSettings, found: AlarmValue) -> Reason:
    """What is so, in numbers."""
    figure, bound, where = alarm.condition.figure, alarm.condition.bound, _where(found.subject)
    measured = f"{found.subject.get('case')}: {found.subject.get('measurement')}"
    match figure:
        case "yield" | "first_pass_yield" | "final_yield":
            return Reason(
                _YIELDS[figure],
                value=_percent(found.value),
                limit=_percent(bound or 0.0),
                unit="%",
                count=found.n,
                where=where,
            )
        case "cp" | "cpk" | "pp" | "ppk":
            return Reason(
                "alarm_capability",
                index=_NAMES[figure],
                measurement=measured,
                value=round(found.value, 3),
                limit=bound,
                count=found.n,
                where=where,
            )
        case "western_electric" | "nelson":
            rule = found.title.replace("_", " ").title()
            return Reason("alarm_pattern", measurement=measured, rule=rule, where=where)
        case "same_failure":
            return Reason("alarm_same_failure", count=found.n, case=found.title, where=where)
        case "silent":
            return Reason("alarm_silent", stand=found.subject["stand"], minutes=round(found.value / 60, 1))


def page_of(alarm: AlarmSettings, found: AlarmValue) -> str:
    """The address of the page that shows it, on the panel."""
    match alarm.condition.figure:
        case "silent":
            return "/stands"
        case "same_failure":
            return _address("/failures", found.subject)
        case "yield" | "first_pass_yield" | "final_yield":
            return _address("/overview", found.subject)
        case _:
            return _address("/measurements/one", found.subject)


def _address(page: str, subject: Mapping[str, str]) -> str:
    asked = {name: value for name, value in subject.items() if value}
    return f"{page}?{urlencode(asked)}" if asked else page


def _where(subject: Mapping[str, str]) -> Reason | str:
    by = [value or "—" for name, value in subject.items() if name not in _OF_MEASUREMENT]
    return ", ".join(by) or Reason("all_runs")


def _percent(share: float) -> float:
    return round(share * 100, 2)
