"""From limits as written in YAML to a ``Limit``, with every problem and its path."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sequencer.expressions.value import plain
from sequencer.limits.base import Limit
from sequencer.limits.exact import BooleanLimit, Contains, EachElement, Equal, EqualWhole, Matches, NoneOf, OneOf
from sequencer.limits.leaves import Leaves, LimitPath, LimitProblem
from sequencer.limits.numeric import Interval, Outside, Tolerance, around
from sequencer.vocabulary.regex import PatternError, compile_pattern
from sequencer.vocabulary.shown import show

_OTHER_NAMES = {
    **dict.fromkeys(("min", "low", "lower", "lo", "minimum", "at_least"), "ge"),
    **dict.fromkeys(("max", "high", "upper", "hi", "maximum", "at_most"), "le"),
    **dict.fromkeys(("equals", "equal", "value"), "eq"),
    **dict.fromkeys(("tol", "plus_minus"), "tolerance"),
    **dict.fromkeys(("regex", "pattern"), "matches"),
    **dict.fromkeys(("in", "any_of"), "one_of"),
    **dict.fromkeys(("not_in", "not in", "notin", "not_one_of", "not_any_of", "ne_of"), "none_of"),
    **dict.fromkeys(("exclude", "excludes", "except"), "none_of"),
    **dict.fromkeys(("not_inside", "not_between"), "outside"),
    **dict.fromkeys(("neq", "not_eq", "not_equal", "not_equals", "unequal", "differs", "not"), "ne"),
    **dict.fromkeys(("every", "all", "elements"), "each"),
}
"""What other tools, and people, call them."""
_SIGNS = {
    ">": "gt",
    ">=": "ge",
    "=>": "ge",
    "≥": "ge",
    "<": "lt",
    "<=": "le",
    "=<": "le",
    "≤": "le",
    "=": "eq",
    "==": "eq",
    "!=": "ne",
    "<>": "ne",
    "≠": "ne",
}
_WITHIN = ("inside", "within", "between", "range")
_NEGATION = re.compile(r"(?i)(is|are|does|do)?[_ ]?(not|n't|nt)|no_?match")
_COMPARISON = re.compile(r"\s*([<>=!≤≥≠]{1,2})\s*([\w.+-][\w.+\- %°/]{0,40})")


def other_name(key: object, known: Iterable[str]) -> str:
    """``; write `ge` `` for a key that is no limit; empty when nothing is like it."""
    if key in _OTHER_NAMES:
        return f"; write `{_OTHER_NAMES[str(key)]}`"
    from difflib import get_close_matches

    if key in _WITHIN:
        return "; write [lowest, highest]"
    if _NEGATION.match(str(key)):  # what is most like `not_contains` is its opposite
        return ""
    matches = get_close_matches(str(key), sorted(known), 1)
    return f"; did you mean `{matches[0]}`?" if matches else ""


def as_mapping(written: object) -> str:
    """``; write {gt: 4.8}`` for a value or a comparison where a mapping belongs; empty when none is like it."""
    if isinstance(written, bool):
        return f"; write {{is: {show(written)}}}"
    if isinstance(written, int):
        return f"; write {{eq: {show(written)}}}"
    if isinstance(written, float):
        return f"; write {{nominal: {show(written)}, tolerance: 1%}}" if math.isfinite(written) else ""
    if not isinstance(written, str) or not written.strip():
        return ""
    if found := _COMPARISON.fullmatch(written):
        key = _SIGNS.get(found[1])
        return f"; write {{{key}: {found[2].strip()}}}" if key else ""
    return "" if re.search("[<>=≤≥≠]", written) else f"; write {{eq: {show(written)}}}"


_SIDES = frozenset({"gt", "ge", "lt", "le"})


def without_open_sides(limits: object) -> Any:
    """``limits`` with null bounds left out: ``[null, 5.2]`` is ``{"le": 5.2}``, ``{"ge": null, "le": 5.2}`` as well.

    Where nothing would be left, they stay as they are, and are no limits then.
    """
    if isinstance(limits, list) and len(limits) == 2:
        lower, upper = limits
        if lower is None and upper is not None:
            return {"le": upper}
        return {"ge": lower} if upper is None and lower is not None else limits
    if isinstance(limits, Mapping):
        if "each" in limits:
            return {**limits, "each": without_open_sides(limits["each"])}
        if _SIDES.issuperset(limits):
            return {side: bound for side, bound in limits.items() if bound is not None} or limits
    return limits


FORMS = (
    ("gt", "ge", "lt", "le"),
    ("nominal", "tolerance"),
    ("outside",),
    ("eq", "ignore_case"),
    ("ne", "ignore_case"),
    ("one_of",),
    ("none_of",),
    ("is",),
    ("matches",),
    ("contains",),
    ("each",),
)
"""The keys that may stand together."""
_KEYS = frozenset(key for form in FORMS for key in form)
_FORMS = tuple((keys[0], frozenset(keys)) for keys in FORMS)


def read_limits(written: object, unit: str | None, *, nulls: bool = True) -> Limit:
    """The limit that plain data says; ``ValueError`` for the first thing wrong.

    ``nulls``: what it equals may be null or have null in it.
    """
    reading = LimitReader(unit, nulls=nulls)
    limit = reading.limit(written, ())
    for problem in reading.problems:
        if problem.severity == "error":
            raise ValueError(problem.message)
    if limit is None:
        raise ValueError("the limits contain an expression that was not evaluated")
    return limit


def problems_of(written: object, unit: str | None) -> list[LimitProblem]:
    """Everything wrong with limits, except in parts that hold ``${{ expressions }}``."""
    from sequencer.limits.exact import pattern_problems

    reading = LimitReader(unit, templates=True)
    limit = reading.limit(written, ())
    path: LimitPath = ()
    while isinstance(limit, EachElement):
        limit, path = limit.limit, (*path, "each")
    if isinstance(limit, Matches):
        reading.problems.extend(LimitProblem((*path, "matches"), *found) for found in pattern_problems(limit.pattern))
    return reading.problems


class LimitReader(Leaves):
    """One pass over written limits."""

    def limit(self, written: object, path: LimitPath) -> Limit | None:
        """Any form of limit."""
        if self.is_template(written):
            return None
        if isinstance(written, Mapping):
            return self._mapping(written, path)
        if isinstance(written, Sequence) and not isinstance(written, (str, bytes)):
            return self._pair(written, path)
        value = plain(written)
        words = f"limits must be [lowest, highest] or a mapping, not {show(value)}{as_mapping(value)}"
        self.problem(path, "limit-form", words)
        return None

    def _pair(self, written: Sequence[object], path: LimitPath) -> Limit | None:
        if len(written) != 2:
            self.problem(path, "limit-form", f"limits in brackets must be [lowest, highest], not {len(written)} values")
            return None
        lower, upper = self.number(written[0], (*path, 0)), self.number(written[1], (*path, 1))
        if lower is None or upper is None:
            return None
        return self._interval(Interval(lower, upper), path)

    def _mapping(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        if not written:
            self.problem(path, "limit-form", "the limits are empty")
            return None
        if not _KEYS.issuperset(written):
            for key in written:
                if key not in _KEYS:
                    self.problem((*path, key), "unknown-limit", f"unknown limit {key!r}{other_name(key, _KEYS)}")
            return None
        form = next((name for name, keys in _FORMS if keys.issuperset(written)), None)
        if form is None:
            keys = ", ".join(written)
            self.problem(path, "limit-form", f"these limits cannot be combined: {keys}; use two measurements")
            return None
        read = getattr(self, f"_read_{form}")
        limit: Limit | None = read(written, path)
        return limit

    def _read_gt(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        for one, other in (("gt", "ge"), ("lt", "le")):
            if one in written and other in written:
                self.problem((*path, other), "limit-form", f"there are both `{one}` and `{other}`")
                return None
        bounds = {key: self.number(value, (*path, key)) for key, value in written.items()}
        if None in bounds.values():
            return None
        lower, upper = bounds.get("gt", bounds.get("ge")), bounds.get("lt", bounds.get("le"))
        return self._interval(Interval(lower, upper, "gt" not in bounds, "lt" not in bounds), path)

    def _interval(self, interval: Interval, path: LimitPath) -> Interval | None:
        lower, upper = interval.lower_bound, interval.upper_bound
        if lower is None or upper is None or lower < upper:
            return interval
        if lower > upper:
            words = f"the lower limit {show(lower, self.unit)} is above the upper limit {show(upper, self.unit)}"
            self.problem(path, "limits-reversed", words)
            return None
        if not (interval.includes_lower and interval.includes_upper):
            self.problem(path, "limits-impossible", f"no value meets {interval.describe(self.unit)}")
            return None
        return interval

    def _read_nominal(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        for key in ("nominal", "tolerance"):
            if key not in written:
                self.problem(path, "limit-form", f"`{next(iter(written))}` also needs `{key}`")
                return None
        nominal = self.number(written["nominal"], (*path, "nominal"))
        if nominal is None:
            return None
        tolerance, at = written["tolerance"], (*path, "tolerance")
        if not isinstance(tolerance, Mapping):
            plus = minus = self.tolerance(tolerance, nominal, at)
        elif set(tolerance) != {"plus", "minus"}:
            self.problem(at, "limit-form", "a tolerance with two sides needs exactly `plus` and `minus`")
            return None
        else:
            plus = self.tolerance(tolerance["plus"], nominal, (*at, "plus"))
            minus = self.tolerance(tolerance["minus"], nominal, (*at, "minus"))
        if plus is None or minus is None:
            return None
        lower, upper = around(nominal, minus[0], plus[0])
        if isinstance(nominal, float) and max(abs(lower), abs(upper)) > sys.float_info.max:
            self.problem(at, "limit-value", "the tolerance is too large for any number")
            return None
        if lower == upper:
            words = f"the tolerance is 0: only exactly {show(nominal, self.unit)} passes"
            self.problem(at, "eq-float", words, "warning")
        return Tolerance(lower, upper, nominal=nominal, plus=plus[1], minus=minus[1])

    def _read_outside(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        bounds, path = written["outside"], (*path, "outside")
        if self.is_template(bounds):
            return None
        keys = set(bounds) if isinstance(bounds, Mapping) else set()
        if (
            not isinstance(bounds, Mapping)
            or len(keys) != 2
            or len(keys & {"lt", "le"}) != 1
            or len(keys & {"gt", "ge"}) != 1
        ):
            self.problem(path, "limit-form", "`outside` needs one of `lt`, `le` and one of `gt`, `ge`")
            return None
        numbers = {key: self.number(value, (*path, key)) for key, value in bounds.items()}
        below, above = numbers.get("lt", numbers.get("le")), numbers.get("gt", numbers.get("ge"))
        if below is None or above is None:
            return None
        limit = Outside(below, above, "le" in numbers, "ge" in numbers)
        if below > above or (below == above and (limit.includes_below or limit.includes_above)):
            self.problem(path, "limits-always", f"every number meets {limit.describe(self.unit)}")
            return None
        return limit

    def _read_eq(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        return self._equal(written, "eq", path)

    def _read_ne(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        return self._equal(written, "ne", path)

    def _equal(self, written: Mapping[str, object], key: str, path: LimitPath) -> Limit | None:
        if key not in written:
            self.problem(path, "limit-form", "`ignore_case` needs `eq` or `ne`")
            return None
        ignore_case = plain(written.get("ignore_case", False))
        whole = plain(written[key])
        if key == "eq" and ignore_case is False and (whole is None or isinstance(whole, (list, dict))):
            return EqualWhole(whole) if self.whole(whole, (*path, key)) else None
        expected = self.comparable(written[key], (*path, key), exact=key == "eq")
        if self.is_template(ignore_case):
            return None
        if not isinstance(ignore_case, bool):
            words = f"`ignore_case` must be true or false, not {show(ignore_case)}"
            self.problem((*path, "ignore_case"), "limit-value", words)
            return None
        if ignore_case and expected is not None and not isinstance(expected, str):
            self.problem((*path, "ignore_case"), "limit-value", "`ignore_case` is for strings")
            return None
        return None if expected is None else Equal(expected, key == "ne", ignore_case)

    def _read_one_of(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        choices = self._choices(written["one_of"], "one_of", path)
        return None if choices is None else OneOf(choices)

    def _read_none_of(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        choices = self._choices(written["none_of"], "none_of", path)
        return None if choices is None else NoneOf(choices)

    def _choices(self, written: object, key: str, path: LimitPath) -> tuple[bool | int | float | str, ...] | None:
        choices, path = plain(written), (*path, key)
        if self.is_template(choices):
            return None
        if not isinstance(choices, list) or not choices:
            self.problem(path, "limit-form", f"`{key}` must be a list of at least one value")
            return None
        exact = key == "one_of"
        known = [self.comparable(choice, (*path, index), exact=exact) for index, choice in enumerate(choices)]
        return tuple(choice for choice in known if choice is not None) if None not in known else None

    def _read_is(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        expected = plain(written["is"])
        if isinstance(expected, bool):
            return BooleanLimit(expected)
        if not self.is_template(expected):
            self.problem((*path, "is"), "limit-value", f"`is` takes true or false, not {show(expected)}; see `eq`")
        return None

    def _read_matches(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        pattern, path = plain(written["matches"]), (*path, "matches")
        if self.is_template(pattern):
            return None
        if not isinstance(pattern, str):
            self.problem(path, "limit-value", f"`matches` takes a regular expression as a string, not {show(pattern)}")
            return None
        try:
            return Matches(compile_pattern(pattern))
        except PatternError as error:
            self.problem(path, "bad-regex", f"this is not a valid regular expression: {error}")
            return None

    def _read_contains(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        part = self.comparable(written["contains"], (*path, "contains"), exact=True)
        if part == "":
            self.problem((*path, "contains"), "limits-always", "every string contains the empty string")
            return None
        return None if part is None else Contains(part)

    def _read_each(self, written: Mapping[str, object], path: LimitPath) -> Limit | None:
        limit = self.limit(written["each"], (*path, "each"))
        return None if limit is None else EachElement(limit)
