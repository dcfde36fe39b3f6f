"""What an alarm of ``[[alarms]]`` watches: ``first_pass_yield < 0.95``, ``cpk < 1.33``, ``same_failure >= 3``,
``silent > 5 min``, ``western_electric``, ``nelson``; and over what: ``50 runs``, ``8 h``. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

from sequencer.vocabulary.dataclass import dataclass

YieldFigure = Literal["yield", "first_pass_yield", "final_yield"]
CapabilityFigure = Literal["cp", "cpk", "pp", "ppk"]
RuleSet = Literal["western_electric", "nelson"]
AlarmFigure = YieldFigure | CapabilityFigure | RuleSet | Literal["same_failure", "silent"]

YIELDS: tuple[YieldFigure, ...] = get_args(YieldFigure)
CAPABILITIES: tuple[CapabilityFigure, ...] = get_args(CapabilityFigure)
RULE_SETS: tuple[RuleSet, ...] = get_args(RuleSet)

SPLITS = ("stand", "slot", "part_number", "sequence", "version", "batch", "operator")
"""What an alarm can be told apart by."""
TARGETS = ("panel", "webhook", "mail")
MOST_RUNS = 100_000
MOST_UNITS = 100
_SECONDS: Mapping[str | None, float] = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_COMPARISON = r"(?a)([a-z_]+)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(%|s|min|h|d|w)?"
_WINDOW = r"(?a)(\d{1,9})\s*(runs?|min|h|d|w)"
_EXAMPLES = "`first_pass_yield < 0.95`, `cpk < 1.33`, `same_failure >= 3`, `silent > 5 min` or `western_electric`"


@dataclass(frozen=True, slots=True)
class AlarmCondition:
    """``bound``: a share from 0 to 1 of a yield, a number of units of ``same_failure``, seconds of ``silent``; ``None``
    for the rules of control charts. ``inclusive``: the bound itself is met, too.
    """

    figure: AlarmFigure
    bound: float | None = None
    inclusive: bool = False

    def holds(self, value: float) -> bool:
        """Whether ``value`` is one to raise the alarm for."""
        if self.bound is None:
            return False
        beyond = value > self.bound if self.figure in ("same_failure", "silent") else value < self.bound
        return beyond or (self.inclusive and value == self.bound)


@dataclass(frozen=True, slots=True)
class AlarmWindow:
    """The newest ``runs`` runs, or those of the last ``seconds`` seconds."""

    runs: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Form:
    """How a comparison of ``figure`` is written: with these units, each so many, and a bound from least to most."""

    figure: AlarmFigure
    operators: tuple[str, ...]
    units: Mapping[str | None, float]
    least: float
    most: float
    words: str
    whole: bool = False


_RULE_SETS: Mapping[str, RuleSet] = {rules: rules for rules in RULE_SETS}
_BELOW = ("<", "<=")
_FORMS: Mapping[str, _Form] = {
    **{
        figure: _Form(
            figure,
            _BELOW,
            {None: 1.0, "%": 0.01},
            0.001,
            1.0,
            "`{name} < 0.95` or `{name} < 95 %`: a share of 1 that the yield falls below",
        )
        for figure in YIELDS
    },
    **{
        figure: _Form(figure, _BELOW, {None: 1.0}, 0.0, 100.0, "`{name} < 1.33`: a number that the index falls below")
        for figure in CAPABILITIES
    },
    "same_failure": _Form(
        "same_failure",
        (">=",),
        {None: 1.0},
        2.0,
        MOST_UNITS,
        f"`same_failure >= 3`: a whole number of units, from 2 to {MOST_UNITS}",
        whole=True,
    ),
    "silent": _Form(
        "silent", (">", ">="), {**_SECONDS}, 1.0, _SECONDS["w"], "`silent > 5 min`: a time in s, min, h, d or w"
    ),
}


def read_condition(text: str) -> AlarmCondition:
    """The condition. Raises ``ValueError`` with the words that follow "must be"."""
    written = text.strip()
    if (rules := _RULE_SETS.get(written)) is not None:
        return AlarmCondition(rules)
    found = re.fullmatch(_COMPARISON, written)
    if found is None:
        raise ValueError(f"a condition such as {_EXAMPLES}")
    name, operator, number, unit = found.groups()
    form = _FORMS.get(name)
    if form is None:
        raise ValueError(f"a condition on one of {', '.join((*_FORMS, *RULE_SETS))}")
    bound = round(float(number) * form.units.get(unit, 0.0), 9)
    if operator not in form.operators or unit not in form.units or not form.least <= bound <= form.most:
        raise ValueError(f"as {form.words.format(name=name)}")
    if form.whole and not bound.is_integer():
        raise ValueError(f"as {form.words.format(name=name)}")
    return AlarmCondition(form.figure, bound, operator.endswith("="))


def read_window(text: str) -> AlarmWindow:
    """What ``over`` says. Raises ``ValueError`` with the words that follow "must be"."""
    found = re.fullmatch(_WINDOW, text.strip())
    if found is None or not (number := int(found[1])):
        raise ValueError("a number of runs or a time, such as `50 runs`, `8 h` or `2 d`")
    if found[2].startswith("run"):
        if number > MOST_RUNS:
            raise ValueError(f"at most {MOST_RUNS} runs")
        return AlarmWindow(runs=number)
    return AlarmWindow(seconds=number * _SECONDS[found[2]])
