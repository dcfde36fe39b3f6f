"""What steps that record a measurement do alike: evaluate its name, unit and limits, judge the value, tell it."""

from __future__ import annotations

from collections.abc import Mapping

from sequencer.expressions.expression import has_expression
from sequencer.expressions.value import measurement_type, to_data
from sequencer.limits import judge, parse_limits
from sequencer.limits.parse import without_open_sides
from sequencer.report.event import MeasurementRecorded
from sequencer.report.identity import identity_text
from sequencer.steps.base import FoundLimits, StepReader, StepRun
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


def read_warn_limits(node: MappingNode, reader: StepReader, unit: str | None) -> Data:
    """The limits under ``warn_limits``, which no table has."""
    written = node.get("warn_limits")
    if isinstance(written, MappingNode) and "table" in written:
        message = "tables have limits, not warning limits"
        reader.problem("limit-form", message, written.key_place("table"), hint="write them out")
        reader.template(node, "warn_limits")
        return None
    found: Data = reader.limits(node, "warn_limits", unit)
    return found


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
    source = None
    if type(evaluated) is dict and "table" in evaluated:
        evaluated, measured_in, source = _of_table(case.table_row(evaluated, measured), measured_in, measured)
    try:
        # What an expression gave is another object: a null in it may be a value that is missing.
        limit = None if evaluated is None else parse_limits(evaluated, measured_in, nulls=nulls and given is limits)
    except ValueError as error:
        raise StepError(Reason("bad_limits", measurement=measured, detail=why(error))) from None
    judgement = judge(value, limit, measured_in)
    warn_evaluated = None if warn_limits is None else without_open_sides(case.value(warn_limits))
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


def _of_table(row: FoundLimits, unit: str | None, measured: str) -> tuple[object, str | None, Mapping[str, Data]]:
    """The limits of a table's row in ``unit`` (its own where the step has none), the unit, and where they come from."""
    if unit is None or row.unit is None or unit == row.unit:
        return row.limits, unit or row.unit, row.source
    if unit in row.converted:
        return row.converted[unit], unit, row.source
    # Imported here: hardly any step has a unit that is known in its run alone.
    from sequencer.limits.units import UnitProblem, change_unit

    try:
        return change_unit(row.limits, row.unit, unit), unit, row.source
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
