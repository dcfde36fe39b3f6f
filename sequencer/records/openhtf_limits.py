"""Limits out of the texts that OpenHTF writes of its validators, such as ``4.8 <= x <= 5.2``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from sequencer.limits import judge, parse_limits
from sequencer.records.record import NOT_FINITE
from sequencer.vocabulary.data import Data

_N = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(
    rf"(?:(?P<low>{_N}) <= )?(?:Marginal:(?P<from>{_N}) <= )?x(?: <= Marginal:(?P<to>{_N}))?(?: <= (?P<high>{_N}))?"
)
_SAME = re.compile(rf"x == (?P<number>{_N})")
_WITHIN = re.compile(
    rf"'x' is within (?P<percent>{_N})% of (?P<nominal>{_N})\.(?: Marginal: (?P<marginal>{_N})% of .*)?"
)
_TEXT = re.compile(r"'x' matches /\^(?P<escaped>(?:[^\\.^$*+?{}\[\]|()]|\\[^A-Za-z0-9])*)\$/", re.DOTALL)
_EQUAL = re.compile(r"'x' is equal to '(?P<text>.*)'", re.DOTALL)


class ReadLimits(NamedTuple):
    """``limits`` and, where a validator has marginal ones, ``warn_limits``; both in our form."""

    limits: Data
    warn_limits: Data = None


def limits_of(validators: Sequence[object], value: Data, passed: bool | None) -> ReadLimits:
    """What the only validator says; nothing of several, of one's own, and of one that judges the value otherwise.

    ``passed``: how OpenHTF judged ``value``. So our limits never say anything else than the record.
    """
    if len(validators) != 1 or not isinstance(validators[0], str):
        return ReadLimits(None)
    found = _read(validators[0])
    if found.limits is None or value is None or value in NOT_FINITE:
        return found
    try:
        agrees = judge(value, parse_limits(found.limits)).result is passed
    except ValueError:
        agrees = False
    return found if agrees else ReadLimits(None)


def _read(text: str) -> ReadLimits:
    if found := _RANGE.fullmatch(text):
        return ReadLimits(_interval(ge=found["low"], le=found["high"]), _interval(gt=found["from"], lt=found["to"]))
    if found := _SAME.fullmatch(text):
        return ReadLimits({"eq": json.loads(found["number"])})
    if found := _WITHIN.fullmatch(text):
        return _within(found["nominal"], found["percent"], found["marginal"])
    if found := _TEXT.fullmatch(text):
        return ReadLimits({"eq": re.sub(r"\\(.)", r"\1", found["escaped"], flags=re.DOTALL)})
    if found := _EQUAL.fullmatch(text):
        return ReadLimits({"eq": found["text"]})
    return ReadLimits(None)


def _interval(**said: str | None) -> Data:
    """Bounds by their keys in our form. A value at a marginal bound is marginal already."""
    return {key: _number(number) for key, number in said.items() if number is not None} or None


def _within(nominal: str, percent: str, marginal: str | None) -> ReadLimits:
    """The bounds as OpenHTF computes them from the nominal value, with its rounding."""

    def around(share: str, below: str, above: str) -> Data:
        off = abs(float(nominal) * float(share) / 100.0)
        lower, upper = float(nominal) - off, float(nominal) + off
        return {below: lower, above: upper} if math.isfinite(lower) and math.isfinite(upper) else None

    return ReadLimits(around(percent, "ge", "le"), None if marginal is None else around(marginal, "gt", "lt"))


def _number(text: str) -> int | float:
    return float(text) if re.search("[.eE]", text) else int(text)
