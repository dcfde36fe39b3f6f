"""What steps that record a measurement do alike: evaluate its name, unit and limits, judge the value, tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sequencer.expressions.expression import has_expression
from sequencer.expressions.value import measurement_type, to_data
from sequencer.limits import judge, parse_limits
from sequencer.limits.parse import without_open_sides
from sequencer.report.event import MeasurementRecorded
from sequencer.report.identity import identity_text
from sequencer.steps.base import CaseContext, FoundLimits, StepReader, StepRun
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import StepError, StepFailed, why
from sequencer.vocabulary.reason import Reason, ReasonOrText, coded, sentence
from sequencer.vocabulary.text_values import stripped
from sequencer.vocabulary.tree import MappingNode

MEASUREMENT_NAME = Reason("measurement_name")
MEASUREMENT = "measurement"
"""What a row of a limit table calls the name of a measurement."""


def read_name(node: MappingNode, key: str, reader: StepReader) -> str | None:
    """The template of a measurement's name, checked as far as it is known before the run."""
    name = reader.text(node, key)
    if name is not None and not has_expression(name):
        try:
            identity_text(name, MEASUREMENT_NAME)
        except StepError as error:
            reader.problem("wrong-value", str(error), node.value_place(key))
    return name


def read_warn_limits(node: MappingNode, reader: StepReader, unit: str | None, key: str = "warn_limits") -> Data:
    """The warning limits under ``key``; those of a table come with its limits."""
    written = node.get(key)
    while isinstance(written, MappingNode) and "each" in written:
        written = written["each"]
    if isinstance(written, MappingNode) and "table" in written:
        message = "`limits: {table: ...}` gives the warning limits of the row as well"
        hint = "they stand in the columns `warn_lower`, `warn_upper`, ... of the table"
        reader.problem("limit-form", message, written.key_place("table"), hint=hint)
        reader.template(node, key)
        return None
    found: Data = reader.limits(node, key, unit)
    return found


class _Limits(NamedTuple):
    """The limits of a measurement, evaluated; ``source`` is the row of the table that they come from."""

    limits: object
    warn_limits: object
    unit: str | None
    source: Mapping[str, Data] | None = None


def record_measurement(
    step: StepRun,
    name: str,
    value: object,
    *,
    unit: str | None,
    limits: object,
    warn_limits: object = None,
    nulls: bool = True,
) -> None:
    """Records ``value``; ``name``, ``unit``, ``limits`` and ``warn_limits`` are templates.

    ``nulls``: a null to compare with in limits as written is meant. What misses ``warn_limits`` alone fails nothing. A
    missed limit is a ``StepFailed``; a unit or limits that make no sense, also together, are a ``StepError``.
    """
    case = step.case
    measured = identity_text(case.text(name), MEASUREMENT_NAME)
    given = case.value(limits)
    evaluated = without_open_sides(given)
    measured_in = _unit(case.value(unit), measured)
    if limits is not None and evaluated is None:
        raise StepError(Reason("no_limits", measurement=measured))
    own_warnings = None if warn_limits is None else without_open_sides(case.value(warn_limits))
    evaluated, warn_evaluated, measured_in, source = _found(
        case, _Limits(evaluated, own_warnings, measured_in), measured, own=warn_limits is not None
    )
    try:
        # What an expression gave is another object: a null in it may be a value that is missing.
        limit = None if evaluated is None else parse_limits(evaluated, measured_in, nulls=nulls and given is limits)
    except ValueError as error:
        raise StepError(Reason("bad_limits", measurement=measured, detail=why(error))) from None
    judgement = judge(value, limit, measured_in)
    warning = _warning(value, warn_evaluated, measured_in, measured) if judgement.result is not False else None
    kind = measurement_type(value)
    case.emit(
        MeasurementRecorded(
            case.full_name,
            step.place,
            measured,
            to_data(value),
            kind,
            measured_in,
            to_data(evaluated),
            judgement.result,
            sentence(judgement.reason),
            coded(judgement.reason),
            source,
            warn_limits=to_data(warn_evaluated),
            warning=sentence(warning),
            coded_warning=coded(warning),
        )
    )
    if limit is not None:
        case.judged(limits=True)
    if judgement.result is False:
        raise StepFailed(Reason("missed", measurement=measured, reason=judgement.reason))


def _warning(value: object, limits: object, unit: str | None, measured: str) -> ReasonOrText | None:
    """Why ``value`` does not meet the warning limits; nothing without any, as for an empty cell of a table."""
    if limits is None:
        return None
    try:
        return judge(value, parse_limits(limits, unit), unit).reason
    except ValueError as error:
        raise StepError(Reason("bad_limits", measurement=measured, detail=why(error))) from None


def _found(case: CaseContext, written: _Limits, measured: str, *, own: bool) -> _Limits:
    """``written`` with what a table has in place of ``{table: NAME}``, also inside of ``each``.

    The row's warning limits as well, but for a step with its ``own``.
    """
    limits = written.limits
    if type(limits) is not dict:
        return written
    if "each" in limits:
        found = _found(case, written._replace(limits=limits["each"]), measured, own=own)
        if found.source is None:
            return written
        warn_limits = found.warn_limits if own or found.warn_limits is None else {"each": found.warn_limits}
        return found._replace(limits={"each": found.limits}, warn_limits=warn_limits)
    if "table" not in limits:
        return written
    row = case.table_row(limits, measured)
    unit = written.unit or row.unit
    warn_limits = written.warn_limits if own else _in_unit(row.warn_limits, row.warn_converted, row, unit, measured)
    return _Limits(_in_unit(row.limits, row.converted, row, unit, measured), warn_limits, unit, row.source)


def _in_unit(limits: Data, converted: Mapping[str, Data], row: FoundLimits, unit: str | None, measured: str) -> Data:
    """``limits`` of ``row`` in ``unit``, which is its own where the step has none."""
    if limits is None or unit is None or row.unit is None or unit == row.unit:
        return limits
    if unit in converted:
        return converted[unit]
    # Imported here: hardly any step has a unit that is known in its run alone.
    from sequencer.limits.units import UnitProblem, change_unit

    try:
        return change_unit(limits, row.unit, unit)
    except UnitProblem as error:
        raise StepError(Reason("bad_limits", measurement=measured, detail=str(error))) from None


def _unit(evaluated: object, measured: str) -> str | None:
    """An empty cell of a table is no unit."""
    if evaluated is None:
        return None
    subject = Reason("measurement_unit", measurement=measured)
    if not isinstance(evaluated, str):
        raise StepError(Reason("not_string", subject=subject, found=f"{to_data(evaluated)!r:.100}"))
    return identity_text(evaluated, subject) if stripped(evaluated) else None
