"""What a limit is, and how values and bounds are read and shown."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from sequencer.expressions.value import measured
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, ReasonOrText, quantity
from sequencer.vocabulary.sentences import KINDS
from sequencer.vocabulary.shown import show

Number = int | float


class Judgement(NamedTuple):
    """``result`` is null when there is nothing to judge by; ``reason`` says why it is false."""

    result: bool | None
    reason: ReasonOrText | None = None


PASSED = Judgement(True)


class Limit(ABC):
    """What a measured value must meet. Subclasses are frozen dataclasses made by ``parse_limits``.

    ``judges_missing``: it also judges what others fail at once, such as null.
    """

    __slots__ = ()
    judges_missing: ClassVar[bool] = False

    @abstractmethod
    def judge(self, value: object, unit: str | None = None) -> Judgement:
        """Judges ``value`` (in ``unit``), already ``measured``. May raise; the function ``judge`` never does."""

    @abstractmethod
    def describe(self, unit: str | None = None) -> str:
        """The limit in plain words, such as ``4.8 V ≤ value ≤ 5.2 V``."""

    def lower(self) -> dict[str, object]:
        """The fields of a version 1 measurement that say the same; empty when version 1 cannot say it."""
        return {}


def judge(value: object, limit: Limit | None, unit: str | None = None) -> Judgement:
    """Judges a measured value, failing closed; never raises.

    A missing value, NaN and infinities are false even without limits, inside lists and mappings too. A value of
    another type than the limit's (``True`` for a number, ``"5"`` for 5) is false. ``unit`` is for the words of the
    reason alone.
    """
    try:
        value = measured(value)
        if limit is None or not limit.judges_missing:
            reason = unfit(value)
            if reason is not None:
                return Judgement(False, reason)
        return Judgement(None) if limit is None else limit.judge(value, unit)
    except StepError as error:
        return Judgement(False, error.reason)
    except Exception as error:  # whatever a foreign object does when it is shown: it was not compared, so it failed
        return Judgement(False, Reason("not_comparable", type=type(error).__name__))


def missed(code: str, *, unit: str | None = None, **quantities: object) -> Judgement:
    """False, for a reason that shows ``quantities`` in ``unit``."""
    shown = {name: quantity(each, unit) for name, each in quantities.items()}
    return Judgement(False, Reason(code, unit=unit, **shown))


def unfit(value: object) -> Reason | None:
    """Why a ``measured`` value can pass nothing: it is missing, NaN or infinite, or holds such a value at any level.

    A null entry of a mapping is not missing: a record may well leave something out.
    """
    if value is None:
        return Reason("no_value")
    if isinstance(value, float):
        return None if math.isfinite(value) else Reason("not_finite", number=show(value))
    if isinstance(value, complex):
        return unfit(value.real) or unfit(value.imag)
    if isinstance(value, list):
        if _PLAIN_NUMBERS.issuperset(map(type, value)) and all(map(math.isfinite, value)):
            return None
        return next(
            (
                Reason("element", index=index, reason=reason)
                for index, item in enumerate(value)
                if (reason := unfit(item)) is not None
            ),
            None,
        )
    if isinstance(value, dict):
        keys = [(f"key {key}", key) for key in value if isinstance(key, float)]
        return _first_unfit(keys) or _first_unfit((f"{key}", item) for key, item in value.items() if item is not None)
    return None


_PLAIN_NUMBERS = frozenset([float, bool])
"""The types that can be looked through at once; an integer may be too large for ``isfinite``."""


def _first_unfit(entries: Iterable[tuple[str, object]]) -> Reason | None:
    found = ((key, unfit(item)) for key, item in entries)
    return next((Reason("entry", key=key, reason=reason) for key, reason in found if reason is not None), None)


def is_number(value: object) -> bool:
    """An integer or a float, and no boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(left: object, right: object) -> bool:
    """Equality that tells ``True`` from 1 and ``"5"`` from 5, while 5 equals 5.0."""
    return kind_name(left) == kind_name(right) and bool(left == right)


def kind_name(value: object) -> str:
    """What a value is: a word of ``vocabulary.reason.KINDS``, else the name of its type."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (list, tuple)):
        return "array"
    return "mapping" if isinstance(value, dict) else f"of type {type(value).__name__}"


def kind_of(value: object) -> str:
    """What a value is, for a sentence: ``a number``."""
    name = kind_name(value)
    return KINDS.get(name, name)


def wrong_kind(value: object, wanted: str) -> Judgement:
    """False, because ``value`` is not what the limit is about: ``wanted``, a word of ``vocabulary.reason.KINDS``."""
    return Judgement(False, Reason("wrong_kind", value=quantity(value), kind=kind_name(value), wanted=wanted))
