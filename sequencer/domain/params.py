"""The inputs of a run (``params``): given as text or as values, typed and checked before anything runs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from sequencer.vocabulary.data import Scalar

Description = Mapping[str, Any]
"""One parameter as the generated project has it: the fields of ``model.Param`` but its name."""

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def read_params(
    descriptions: Mapping[str, Description], given: Mapping[str, Scalar]
) -> tuple[dict[str, Scalar], dict[str, str]]:
    """The values of all parameters, and by name what is wrong with those that cannot be used.

    A text is read as the parameter's type. What was not given takes its default; a required one that is missing, or given
    as an empty text, is among the errors, and so is a name that is no parameter.
    """
    values: dict[str, Scalar] = {}
    errors: dict[str, str] = {}
    for name, description in descriptions.items():
        written = given.get(name)
        if written is None or (written == "" and _is_missing_when_empty(description)):
            if description.get("default") is None and description.get("required", True):
                errors[name] = "is missing"
            else:
                values[name] = description.get("default")
            continue
        try:
            values[name] = read_param(description, written)
        except ValueError as error:
            errors[name] = str(error)
    for name in given:
        if name not in descriptions:
            errors[name] = "is no parameter of this sequence"
    return values, errors


def read_param(description: Description, written: Scalar) -> Scalar:
    """One value of the parameter's type. Raises ``ValueError`` with what it must be instead."""
    value = _typed(str(description.get("type", "string")), written)
    choices = description.get("one_of") or ()
    if choices and value not in choices:
        raise ValueError("must be one of " + ", ".join(str(choice) for choice in choices))
    pattern = description.get("pattern")
    if pattern and not re.search(pattern, str(value)):
        raise ValueError(f"must match {pattern}")
    low, high = description.get("minimum"), description.get("maximum")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if low is not None and value < low:
            raise ValueError(f"must be {low:g} or more")
        if high is not None and value > high:
            raise ValueError(f"must be {high:g} or less")
    return value


def _is_missing_when_empty(description: Description) -> bool:
    return description.get("type", "string") != "string" or bool(description.get("required", True))


def _typed(kind: str, written: Scalar) -> Scalar:
    if kind == "string":
        if not isinstance(written, str):
            raise ValueError("must be a text")
        return written
    if kind == "boolean":
        if isinstance(written, str) and written.strip().lower() in _TRUE | _FALSE:
            return written.strip().lower() in _TRUE
        if not isinstance(written, bool):
            raise ValueError("must be true or false")
        return written
    return _number(kind, written)


def _number(kind: str, written: Scalar) -> int | float:
    words = "a whole number" if kind == "integer" else "a number"
    if isinstance(written, bool) or written is None:
        raise ValueError(f"must be {words}")
    try:
        if kind == "integer" and isinstance(written, str):
            return int(written.strip().replace("_", "x"))  # "1_000" is Python's way of writing, not a person's
        number = float(written.strip().replace("_", "x")) if isinstance(written, str) else written
    except ValueError:
        raise ValueError(f"must be {words}") from None
    if not math.isfinite(number) or (kind == "integer" and not isinstance(number, int)):
        raise ValueError(f"must be {words}")
    return number
