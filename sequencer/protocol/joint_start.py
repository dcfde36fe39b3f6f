"""Whether several slots can be started together: the one rule for command line and panel, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from sequencer.protocol.request import RunRefused, Slot, StartProblem
from sequencer.protocol.start_check import check_params
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, ReasonOrText
from sequencer.vocabulary.text_values import stripped

if TYPE_CHECKING:
    from sequencer.project.settings import SlotsSettings
    from sequencer.vocabulary.data import Scalar
    from sequencer.vocabulary.model import Param

MOST_TOLD = 20
"""Problems that the sentence of a refusal tells; ``by_slot`` has all of them."""


class JointStartRefused(RunRefused):
    """The slots cannot be started together as it was asked for; nothing was started. ``by_slot`` says what is wrong."""

    def __init__(self, by_slot: Mapping[str, Sequence[StartProblem]]) -> None:
        self.by_slot = dict(by_slot)
        told = [(slot, problem) for slot, problems in self.by_slot.items() for problem in problems]
        sentences: list[ReasonOrText] = [
            problem.reason if problem.code == "same-unit" else Reason("in_slot", slot=slot, reason=problem.reason)
            for slot, problem in told[:MOST_TOLD]
        ]
        code = told[0][1].code if len({problem.code for _, problem in told}) == 1 else "refused"
        super().__init__(reduce(_both, sentences), code, [problem for _, problem in told])


def _both(reason: ReasonOrText, other: ReasonOrText) -> Reason:
    return Reason("several", reason=reason, detail=other)


def configured_slots(settings: SlotsSettings) -> tuple[Slot, ...]:
    """The stand's slots in the order of the configuration; none where none are configured."""
    count = len(settings.places)
    return tuple(
        Slot(name=place.name, number=place.number or at, count=count) for at, place in enumerate(settings.places, 1)
    )


def check_slots(
    given: Mapping[str, Mapping[str, Scalar]],
    params: Iterable[Param],
    *,
    slots: Iterable[Slot] = (),
    serial_number: str | None = None,
    decimal_comma: bool = False,
) -> dict[str, dict[str, Scalar]]:
    """The values of all parameters by slot, from what was ``given`` by slot.

    ``serial_number`` is what the sequence records as that of the product (``Compiled.serial_number``), for which the
    ``slots`` are needed. Raises ``JointStartRefused`` with every problem; the same unit in two slots is one.
    """
    params = list(params)
    checked = {slot: check_params(values, params, decimal_comma=decimal_comma) for slot, values in given.items()}
    wrong = {slot: problems for slot, (_, problems) in checked.items() if problems}
    values = {slot: typed for slot, (typed, problems) in checked.items() if not problems}
    places = {slot.name: slot for slot in slots}
    units = {
        name: unit_of(typed, params, serial_number, places.get(name, Slot(name=name))) for name, typed in values.items()
    }
    for slot, problem in same_units(units).items():
        wrong.setdefault(slot, []).append(problem)
    if wrong:
        raise JointStartRefused(wrong)
    return values


def same_units(units: Mapping[str, str | None]) -> dict[str, StartProblem]:
    """What is wrong with the slots whose unit, as ``unit_of`` tells it, is in a slot before them."""
    seen: dict[str, str] = {}
    problems = {}
    for slot, unit in units.items():
        if unit is None or (first := seen.setdefault(unit, slot)) == slot:
            continue
        reason = Reason("same_unit", first=first, slot=slot, value=unit)
        problems[slot] = StartProblem("slot", slot, "same-unit", str(reason), coded_reason=reason.document())
    return problems


def scanned_codes(
    values: Mapping[str, Scalar], params: Iterable[Param], codes: Mapping[str, str]
) -> list[StartProblem]:
    """What is wrong with ``values`` that are scanned from each product: one is the code of a slot, by ``codes``."""
    problems = []
    for param in params:
        slot = codes.get(stripped(str(values.get(param.name)))) if param.each_run else None
        if slot is not None:
            reason = Reason("slot_code", slot=slot)
            problems.append(StartProblem("params", param.name, "slot-code", str(reason), None, reason.document()))
    return problems


def unit_of(
    values: Mapping[str, Scalar], params: Iterable[Param], serial_number: str | None = None, slot: Slot | None = None
) -> str | None:
    """What tells the product in a slot from that in another, without blanks around it; ``None`` when nothing does.

    The serial number that the sequence records of the product, where it is made of parameters; else what is scanned
    from each product (``each_run``), all of it together, since a second code may well be that of its type.
    """
    recorded = _recorded(values, serial_number, slot or Slot())
    if recorded is not None:
        return recorded
    scanned = [
        param.name
        for param in params
        if param.each_run and param.required and not param.one_of and param.type != "boolean"
    ]
    texts = [stripped(str(values[name])) for name in scanned if values.get(name) is not None]
    return ", ".join(texts) or None


def _recorded(values: Mapping[str, Scalar], template: str | None, slot: Slot) -> str | None:
    if template is None:
        return None
    # Imported here: a stand without slots compares nothing.
    from sequencer.expressions.expression import evaluate_template

    try:
        value = evaluate_template(template, {"params": values, "slot": slot.in_scope()})
    except StepError:  # made of what only the run knows
        return None
    return None if value is None else stripped(str(value)) or None
