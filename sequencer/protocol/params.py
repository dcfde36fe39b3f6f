"""The inputs of a run (``params``): given as text or as values, typed and checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sequencer.vocabulary.data import MAX_WHOLE, Data, Scalar
from sequencer.vocabulary.regex import compile_pattern
from sequencer.vocabulary.text_values import (
    UnreadableText,
    read_boolean,
    read_integer,
    read_number,
    stripped,
    wrong_form,
)

if TYPE_CHECKING:
    from sequencer.vocabulary.model import Param


class WrongParam(ValueError):
    """Why a value is refused: a sentence without its subject, a stable ``code``, and the ``limit`` that it missed."""

    def __init__(self, code: str, sentence: str, limit: Data = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.limit = limit


def read_params(
    params: Iterable[Param], given: Mapping[str, Scalar], *, decimal_comma: bool = False
) -> tuple[dict[str, Scalar], dict[str, WrongParam]]:
    """The values of all parameters, and by name what is wrong with those that cannot be used.

    A text is read as the parameter's type, without the blanks and line breaks that a scanner or a pipe puts around it
    (``$`` in a pattern would overlook one); ``decimal_comma`` as in ``read_number``. What was not given takes its
    default; a required one that is missing, or given as an empty text, is among the errors, and so is a name that is
    no parameter.
    """
    values: dict[str, Scalar] = {}
    errors: dict[str, WrongParam] = {}
    known = {param.name: param for param in params}
    for name, param in known.items():
        written = given.get(name)
        written = stripped(written) if isinstance(written, str) else written
        if written is None or (written == "" and (param.required or param.type != "string")):
            if param.default is None and param.required:
                errors[name] = WrongParam("required", "is missing")
            else:
                values[name] = param.default
            continue
        try:
            values[name] = read_param(param, written, decimal_comma=decimal_comma)
        except WrongParam as error:
            errors[name] = error
    unknown = [name for name in given if name not in known]
    errors.update({name: WrongParam("unknown", "is not a parameter of this sequence") for name in unknown})
    return values, errors


def read_param(param: Param, written: Scalar, *, decimal_comma: bool = False) -> Scalar:
    """One value of the parameter's type. Raises ``WrongParam`` with what it must be instead."""
    try:
        value = _typed(param.type, written, decimal_comma)
    except UnreadableText as error:
        raise WrongParam(error.code, str(error)) from None
    if param.one_of and value not in param.one_of:
        raise WrongParam("choice", "must be one of " + ", ".join(str(choice) for choice in param.one_of))
    if param.pattern and not compile_pattern(param.pattern).search(str(value)):
        raise WrongParam("pattern", *wrong_form(param.pattern, param.hint))
    if isinstance(value, int | float):
        if param.minimum is not None and value < param.minimum:
            raise WrongParam("min", f"must be {param.minimum:g} or more", param.minimum)
        if param.maximum is not None and value > param.maximum:
            raise WrongParam("max", f"must be {param.maximum:g} or less", param.maximum)
    return value


def _typed(kind: str, written: Scalar, decimal_comma: bool) -> Scalar:
    if kind == "string":
        if not isinstance(written, str):
            raise WrongParam("text", "must be a string")
        return written
    if kind == "boolean":
        if isinstance(written, str):
            return read_boolean(written)
        if not isinstance(written, bool):
            raise WrongParam("switch", "must be true or false")
        return written
    if isinstance(written, str):
        written = read_integer(written) if kind == "integer" else read_number(written, decimal_comma=decimal_comma)
    return _number(kind, written)


def _number(kind: str, written: Scalar) -> int | float:
    refused = WrongParam(kind, "must be an integer" if kind == "integer" else "must be a number")
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise refused
    try:
        finite = math.isfinite(written)
    except OverflowError:  # an integer beyond what measurements can be
        raise refused from None
    if not finite or (kind == "integer" and not isinstance(written, int)):
        raise refused
    if isinstance(written, int) and abs(written) > MAX_WHOLE:
        raise WrongParam("max", f"must be {MAX_WHOLE} or less, in either direction", MAX_WHOLE)
    return written
