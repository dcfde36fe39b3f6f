"""Which parameters belong to one product and are asked for anew before each run; whatever else was entered holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sequencer.language.name_uses import template_uses
from sequencer.steps.record import RecordStep
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.model import Module, NestingStep, Param, Step
from sequencer.vocabulary.problem import ProblemReporter
from sequencer.vocabulary.tree import MappingNode


def asked_each_run(
    section: MappingNode | None,
    params: tuple[Param, ...],
    record: Mapping[str, Data],
    modules: Iterable[Module],
    report: ProblemReporter,
) -> tuple[Param, ...]:
    """The ``params`` with ``each_run`` decided.

    Those whose ``section`` says so; when none does, those that people type in and that are recorded as the product's
    serial number; else the first required string without a default. Warns of other strings that nobody said it of:
    each could be a second code that is scanned from every product.
    """
    if section is None:
        return params
    said = {param.name: section[param.name].get("each_run") for param in params}
    if any(said.values()):
        return tuple(replace(param, each_run=bool(said[param.name])) for param in params)
    undecided = [param for param in params if said[param.name] is None]
    scanned = [param.name for param in undecided if _is_scanned(param)]
    serial = _read_for_serial_numbers(record, modules)
    asked = {param.name for param in undecided if _is_typed(param) and param.name in serial} or set(scanned[:1])
    for name in scanned:
        if name not in asked:
            message = f"the panel's form keeps `{name}` from one run to the next"
            hint = "`each_run: true` if it is scanned from each product, `each_run: false` if it holds for a batch"
            report("kept-for-batch", message, section.key_place(name), hint=hint, severity="warning")
    return tuple(replace(param, each_run=param.name in asked) for param in params)


def _is_typed(param: Param) -> bool:
    return not param.one_of and param.type != "boolean"


def _is_scanned(param: Param) -> bool:
    """Whether it could be a code that is scanned from a product."""
    return _is_typed(param) and param.type == "string" and param.required and param.default is None


def _read_for_serial_numbers(record: Mapping[str, Data], modules: Iterable[Module]) -> set[str]:
    """Names of the parameters that ``dut.serial_number`` is made from."""
    cases = (case for module in modules for case in module.cases)
    facts = [record, *(step.facts for case in cases for step in _all(case.steps) if isinstance(step, RecordStep))]
    numbers = (dut.get("serial_number") for each in facts if isinstance(dut := each.get("dut"), Mapping))
    uses = (use for number in numbers if isinstance(number, str) for use in template_uses(number))
    return {use.attribute for use in uses if use.name == "params" and use.attribute is not None}


def _all(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        if isinstance(step, NestingStep):
            yield from _all(step.steps)
