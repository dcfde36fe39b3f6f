"""``call``: a driver does something."""

from __future__ import annotations

from typing import Unpack

from sequencer.expressions.value import plain, refuse_unfinished
from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.keys import ALL_SHARED, ARGUMENTS, CALL, SAVE
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import DriverCall, Step
from sequencer.vocabulary.tree import MappingNode


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep(Step):
    """Calls ``target``; ``save`` names the variable for what it returns."""

    target: DriverCall
    save: str | None = None


class Call(StepRun):
    """Runs a ``call``: the body sets ``result``."""

    verb = "call"

    def __init__(
        self, case: CaseContext, place: str, *, save: str | None = None, **shared: Unpack[SharedArguments]
    ) -> None:
        super().__init__(case, place, **shared)
        self.save = save
        self.result: object = None

    def finish(self) -> None:
        """Keeps the result as plain data. Raises ``StepError`` when the method was never carried out."""
        if self.save is None:
            refuse_unfinished(self.result)
        else:
            self.case.save(self.save, plain(self.result))


def parse(node: MappingNode, reader: StepReader) -> CallStep | None:
    """Reads the step; a call that cannot be resolved was reported by the reader."""
    shared = reader.shared(node, "call")
    target = reader.call(node)
    save = node.get("save")
    if save is not None:
        reader.define(save, node.value_place("save"))
    if target is None:
        return None
    return CallStep(**shared, target=target, save=save)


def emit(step: CallStep, out: Emitter) -> None:
    """``with Call(...) as step: step.result = driver.method(...)``"""
    header = out.construct(Call, step, call=str(step.target), save=step.save)
    with out.block(f"with {header} as step:"):
        out.line(f"step.result = {out.call(step.target)}")


STEP = StepType(
    verb="call",
    summary="Calls a driver.",
    schema=CALL,
    model=CallStep,
    parse=parse,
    emit=emit,
    keys={"with": ARGUMENTS, "save": SAVE},
    shared=ALL_SHARED,
    example="- call: supply.set_voltage\n  with: {channel: 1, volts: 5.0}\n",
)
