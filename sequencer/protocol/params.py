"""The inputs of a run (``params``): given as text or as values, typed and checked before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sequencer.vocabulary.data import MAX_WHOLE, Scalar
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.refused_value import RefusedValue, UnreadableText, wrong_form
from sequencer.vocabulary.regex import compile_pattern
from sequencer.vocabulary.text_values import read_boolean, read_integer, read_number, stripped

if TYPE_CHECKING:
    from sequencer.vocabulary.model import Param


class WrongParam(RefusedValue):
    """Why the value of a parameter is refused."""


def read_params(
    params: Iterable[Param], given: Mapping[str, Scalar], *, decimal_comma: bool = False
) -> tuple[dict[str, Scalar], dict[str, WrongParam]]:
    """The values of all parameters, and by name what is wrong with those that cannot be used.

    A text is read as the parameter's type, without the blanks and line breaks that a scanner or a pipe puts around it
    (``$`` in a pattern would overlook one); ``decimal_comma`` as in ``read_number``. What was not given takes its
    default; a required one that is missing, or given as an empty text, is among the errors, and so is a name that is
    no parameter. So is the parameter that gives the run's variant, where there is no such variant.
    """
    values: dict[str, Scalar] = {}
    errors: dict[str, WrongParam] = {}
    known = {param.name: param for param in params}
    for name, param in known.items():
        written = given.get(name)
        written = stripped(written) if isinstance(written, str) else written
        if written is None or (written == "" and (param.required or param.type != "string")):
            if param.default is None and param.required:
                errors[name] = WrongParam(Reason("required"))
            else:
                values[name] = param.default
            continue
        try:
            values[name] = read_param(param, written, decimal_comma=decimal_comma)
        except WrongParam as error:
            errors[name] = error
    unknown = [name for name in given if name not in known]
    errors.update({name: WrongParam(Reason("unknown_param")) for name in unknown})
    for name, param in known.items():
        if param.variant_by is not None and not errors:
            try:
                chosen_variant(param.variant_by, param.variants, values)
            except WrongParam as error:
                errors[name] = error
    return values, errors


def chosen_variant(by: str, known: Iterable[str], params: Mapping[str, Scalar]) -> str:
    """The one of the ``known`` variants that the template ``by`` gives. Raises ``WrongParam``."""
    # Imported here: most sequences have no variants.
    from sequencer.expressions.expression import as_text, evaluate_template

    try:
        value = evaluate_template(by, {"params": params})
    except StepError as error:
        raise WrongParam(Reason("no_variant", detail=error.reason)) from None
    variant = "" if value is None else stripped(as_text(value))
    choices = list(known)
    if variant not in choices:
        raise WrongParam(Reason("unknown_variant", variant=variant, choices=choices))
    return variant


def read_param(param: Param, written: Scalar, *, decimal_comma: bool = False) -> Scalar:
    """One value of the parameter's type. Raises ``WrongParam`` with what it must be instead."""
    try:
        value = _typed(param.type, written, decimal_comma)
    except UnreadableText as error:
        raise WrongParam(error.reason) from None
    if param.one_of and value not in param.one_of:
        raise WrongParam(Reason("one_of", choices=[str(choice) for choice in param.one_of]))
    if param.pattern and not compile_pattern(param.pattern).search(str(value)):
        example = None if param.example is None else str(param.example)
        raise WrongParam(wrong_form(param.hint, example), param.pattern)
    if isinstance(value, int | float):
        if param.minimum is not None and value < param.minimum:
            raise WrongParam(Reason("min", limit=param.minimum))
        if param.maximum is not None and value > param.maximum:
            raise WrongParam(Reason("max", limit=param.maximum))
    return value


def _typed(kind: str, written: Scalar, decimal_comma: bool) -> Scalar:
    if kind == "string":
        if not isinstance(written, str):
            raise WrongParam(Reason("text"))
        return written
    if kind == "boolean":
        if isinstance(written, str):
            return read_boolean(written)
        if not isinstance(written, bool):
            raise WrongParam(Reason("true_or_false"))
        return written
    if isinstance(written, str):
        written = read_integer(written) if kind == "integer" else read_number(written, decimal_comma=decimal_comma)
    return _number(kind, written)


def _number(kind: str, written: Scalar) -> int | float:
    refused = WrongParam(Reason("integer") if kind == "integer" else Reason("number"))
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise refused
    try:
        finite = math.isfinite(written)
    except OverflowError:  # an integer beyond what measurements can be
        raise refused from None
    if not finite or (kind == "integer" and not isinstance(written, int)):
        raise refused
    if isinstance(written, int) and abs(written) > MAX_WHOLE:
        raise WrongParam(Reason("too_large", limit=MAX_WHOLE))
    return written
