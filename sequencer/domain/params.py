"""The inputs of a run (``params``): given as text or as values, typed and checked before anything runs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.model import Param

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def read_params(params: Iterable[Param], given: Mapping[str, Scalar]) -> tuple[dict[str, Scalar], dict[str, str]]:
    """The values of all parameters, and by name what is wrong with those that cannot be used.

    A text is read as the parameter's type, without the blanks and line breaks that a scanner or a pipe puts around it
    (``$`` in a pattern would overlook one). What was not given takes its default; a required one that is missing, or
    given as an empty text, is among the errors, and so is a name that is no parameter.
    """
    values: dict[str, Scalar] = {}
    errors: dict[str, str] = {}
    known = {param.name: param for param in params}
    for name, param in known.items():
        written = given.get(name)
        written = written.strip() if isinstance(written, str) else written
        if written is None or (written == "" and (param.required or param.type != "string")):
            if param.default is None and param.required:
                errors[name] = "is missing"
            else:
                values[name] = param.default
            continue
        try:
            values[name] = read_param(param, written)
        except ValueError as error:
            errors[name] = str(error)
    errors.update({name: "is no parameter of this sequence" for name in given if name not in known})
    return values, errors


def read_param(param: Param, written: Scalar) -> Scalar:
    """One value of the parameter's type. Raises ``ValueError`` with what it must be instead."""
    value = _typed(param.type, written)
    if param.one_of and value not in param.one_of:
        raise ValueError("must be one of " + ", ".join(str(choice) for choice in param.one_of))
    if param.pattern and not re.search(param.pattern, str(value)):
        raise ValueError(f"must match {param.pattern}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if param.minimum is not None and value < param.minimum:
            raise ValueError(f"must be {param.minimum:g} or more")
        if param.maximum is not None and value > param.maximum:
            raise ValueError(f"must be {param.maximum:g} or less")
    return value


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
        finite = math.isfinite(number)
    except (ValueError, TypeError, OverflowError):  # a list, an integer beyond what measurements can be
        raise ValueError(f"must be {words}") from None
    if not finite or (kind == "integer" and not isinstance(number, int)):
        raise ValueError(f"must be {words}")
    return number
