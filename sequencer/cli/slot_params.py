"""The inputs of several slots' runs from the command line: ``--arg name=value`` for all, ``--arg SLOT.name=value``."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sequencer.app.exit_codes import Refusal
from sequencer.cli.run_params import ask_param, params_hint, problem_for_author
from sequencer.project.settings_values import did_you_mean
from sequencer.protocol.joint_start import JointStartRefused, check_slots, configured_slots
from sequencer.protocol.start_check import check_params
from sequencer.terminal.output import is_terminal
from sequencer.vocabulary.data import Scalar

if TYPE_CHECKING:
    from sequencer.project.settings import SlotsSettings
    from sequencer.protocol.request import Slot, StartProblem
    from sequencer.vocabulary.model import Param


def chosen_slots(settings: SlotsSettings, names: Collection[str]) -> list[Slot]:
    """The slots of these names in the order of the configuration; all of them without ``names``. Raises ``Refusal``."""
    slots = {slot.name: slot for slot in configured_slots(settings)}
    if not slots and names:
        raise Refusal("--slot: this stand has no slots", hint="[slots.NAME] in hardseq.toml makes one")
    for name in names:
        if name not in slots:
            raise Refusal(f"--slot {name}: there is no such slot", hint=_meant(name, slots, "the stand's slots"))
    return [slot for name, slot in slots.items() if name in names or not names]


def split_by_slot(given: Mapping[str, Scalar], slots: Iterable[Slot]) -> dict[str, dict[str, Scalar]]:
    """What is given for each slot: as ``SLOT.NAME`` over what is given as ``NAME``. Raises ``Refusal``."""
    own = _own(given, slots)
    common = {name: value for name, value in given.items() if "." not in name}
    return {slot: {**common, **values} for slot, values in own.items()}


def _own(given: Mapping[str, Scalar], slots: Iterable[Slot]) -> dict[str, dict[str, Scalar]]:
    own: dict[str, dict[str, Scalar]] = {slot.name: {} for slot in slots}
    for name, value in given.items():
        slot, dot, param = name.partition(".")
        if dot and slot not in own:
            raise Refusal(f"--arg {name}: no slot named {slot} runs", hint=_meant(slot, own, "those that run"))
        if dot:
            own[slot][param] = value
    return own


def _meant(name: str, slots: Collection[str], what: str) -> str:
    return did_you_mean(name, slots) or f"{what}: {', '.join(slots)}"


def params_by_slot(
    given: Mapping[str, Scalar],
    params: Sequence[Param],
    slots: Sequence[Slot],
    *,
    serial_number: str | None = None,
    decimal_comma: bool = False,
) -> dict[str, dict[str, Scalar]]:
    """The typed values of all parameters by slot.

    Asks a person at a terminal for what is missing: for each slot, or once where it holds for a batch. Raises
    ``Refusal`` with all that is wrong, the same unit in two slots among it; ``serial_number`` as in ``check_slots``.
    """
    by_slot = split_by_slot(given, slots)
    _ask_missing(by_slot, params, decimal_comma)
    try:
        return check_slots(by_slot, params, slots=slots, serial_number=serial_number, decimal_comma=decimal_comma)
    except JointStartRefused as refused:
        raise _refusal(refused, given, params, slots) from None


def _ask_missing(by_slot: Mapping[str, dict[str, Scalar]], params: Sequence[Param], decimal_comma: bool) -> None:
    """Asks for what is required and not given, when a person is there and what is given can be used."""
    found = {slot: check_params(values, params, decimal_comma=decimal_comma)[1] for slot, values in by_slot.items()}
    wrong = any(problem.code != "required" for problems in found.values() for problem in problems)
    if wrong or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return
    by_name = {param.name: param for param in params}
    common: dict[str, Scalar] = {}
    for slot, problems in found.items():
        for param in (by_name[problem.name] for problem in problems):
            if param.each_run:
                by_slot[slot][param.name] = ask_param(param, decimal_comma, slot)
                continue
            if param.name not in common:
                common[param.name] = ask_param(param, decimal_comma)
            by_slot[slot][param.name] = common[param.name]


def _refusal(
    refused: JointStartRefused, given: Mapping[str, Scalar], params: Sequence[Param], slots: Sequence[Slot]
) -> Refusal:
    """What is missing by its names when nothing else is wrong, else each problem at the argument that has it."""
    told = [(slot, problem) for slot, problems in refused.by_slot.items() for problem in problems]
    if all(problem.code == "required" for _, problem in told):
        each_run = {param.name for param in params if param.each_run}
        names = [f"{slot}.{found.name}" if found.name in each_run else found.name for slot, found in told]
        missing = list(dict.fromkeys(names))
        hint = " ".join(f"--arg {name}=..." for name in missing)
        filled = [slot.name for slot in slots if slot.name not in refused.by_slot]
        if filled:
            hint += f"; without the others: {' '.join(f'--slot {slot}' for slot in filled)}"
        return Refusal(f"missing: {', '.join(missing)}", hint=hint)
    sentences = dict.fromkeys(_sentence(slot, found, given) for slot, found in told)
    return Refusal(
        "; ".join(sentences), hint=params_hint([each.name for _, each in told if each.part == "params"], params)
    )


def _sentence(slot: str, found: StartProblem, given: Mapping[str, Scalar]) -> str:
    if found.part == "slot":
        return str(found.reason)
    own = f"{slot}.{found.name}"
    name = found.name if own not in given and found.name in given else own
    return f"--arg {name}: {problem_for_author(found)}"
