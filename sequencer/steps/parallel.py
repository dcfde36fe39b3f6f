"""``parallel``: branches of steps that are carried out at once, in one case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Unpack

from sequencer.steps.base import CaseContext, Emitter, SharedArguments, StepReader, StepRun, StepType
from sequencer.steps.group import STEPS_SCHEMA
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import DriverCall, NestingStep, Step
from sequencer.vocabulary.regex import ID_PATTERN
from sequencer.vocabulary.tree import MappingNode

_ALONE = {
    "hold": "other slots would wait for it",
    "sync": "the other slots wait for the case, not for a branch",
    "skip": "it would leave out what the other branches do",
    "parallel": "put its branches beside these",
}
"""What cannot stand in a branch, and why."""
_ASKS = frozenset({"dialog", "operator_message"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelStep(NestingStep):
    """Carries out the branches ``names`` at once: the first has the first ``counts[0]`` of ``steps``, and so on."""

    names: tuple[str, ...]
    counts: tuple[int, ...]


class Parallel(StepRun):
    """Runs a ``parallel``: the body adds a function for each branch, and leaving it carries them out."""

    verb = "parallel"

    def __init__(self, case: CaseContext, place: str, **shared: Unpack[SharedArguments]) -> None:
        super().__init__(case, place, **shared)
        self._branches: dict[str, Callable[[CaseContext], object]] = {}

    def add(self, name: str, branch: Callable[[CaseContext], object]) -> None:
        """One more branch; it is called with the case as the branch has it."""
        self._branches[name] = branch

    def finish(self) -> None:
        """Waits until all have ended. Raises what ended one before its last step."""
        self.case.parallel(self._branches)


def parse(node: MappingNode, reader: StepReader) -> ParallelStep:
    """Reads the branches; what they cannot do at once is a problem."""
    shared = reader.shared(node, "parallel")
    written: MappingNode = node["parallel"]
    branches = {name: reader.steps(written, name) for name in written}
    users: dict[str, str] = {}
    for name, steps in branches.items():
        mine: dict[str, str] = {}
        for step in _all(steps):
            _check_step(step, reader)
            for used, what in _used(step):
                other = users.get(used)
                if other is not None and used not in mine:
                    message = f"{what} in the branches `{other}` and `{name}`: one at a time can have it"
                    reader.problem("used-in-two-branches", message, step.place)
                mine[used] = name
        users |= mine
    flat = tuple(step for steps in branches.values() for step in steps)
    return ParallelStep(**shared, names=tuple(branches), counts=tuple(map(len, branches.values())), steps=flat)


def _check_step(step: Step, reader: StepReader) -> None:
    if step.verb in _ALONE:
        message = f"a branch cannot have a `{step.verb}`: {_ALONE[step.verb]}"
        reader.problem("not-in-a-branch", message, step.place)
    if step.retry is not None:
        message = "a step in a branch cannot have `retry`: nobody could tell what was measured in which try"
        reader.problem(
            "not-in-a-branch", message, step.place, hint="give it to the `parallel`, or `attempts` to the case"
        )


def _all(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps and those inside them."""
    for step in steps:
        yield step
        for part in _parts(step):
            if isinstance(part, Step):
                yield from _all([part])


def _parts(step: Step) -> Iterator[object]:
    for field in fields(step):
        value = getattr(step, field.name)
        yield from value if isinstance(value, tuple) else (value,)


def _used(step: Step) -> Iterator[tuple[str, str]]:
    """What only one branch can have at a time: a name of it, and words."""
    for part in _parts(step):
        if isinstance(part, DriverCall):
            yield part.driver, f"the driver `{part.driver}` is used"
    if step.verb in _ASKS:
        yield "the operator's attention", "the operator is asked"


def emit(step: ParallelStep, out: Emitter) -> None:
    """``with Parallel(...) as branches:``, and for each a function of its own"""
    begin = 0
    with out.block(f"with {out.construct(Parallel, step)} as branches:"):
        for name, count in zip(step.names, step.counts, strict=True):
            with out.block(f"def branch_{name}(case):"):
                out.steps(step.steps[begin : begin + count])
            out.line(f"branches.add({out.value(name)}, branch_{name})")
            begin += count


STEP = StepType(
    verb="parallel",
    summary="Carries out branches of steps at once, and waits until all have ended.",
    schema={
        "type": "object",
        "minProperties": 2,
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": STEPS_SCHEMA,
        "description": "The branches by name, each a list of steps.",
        "examples": [{"heat": [{"call": "chamber.heat"}], "charge": [{"call": "charger.charge"}]}],
    },
    model=ParallelStep,
    parse=parse,
    emit=emit,
    keys={},
    shared=frozenset({"name", "if", "timeout", "retry", "on_fail", "error_code"}),
    example=(
        "- parallel:\n"
        "    heat:\n"
        "      - {call: chamber.heat, with: {celsius: 85}}\n"
        "    charge:\n"
        "      - {call: charger.charge}\n"
    ),
)
