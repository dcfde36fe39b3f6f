"""What slots share, in a test process that is one of several: none of them has it for itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from sequencer.protocol.commands import Start
from sequencer.protocol.request import Slot, StartRequest
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.driver_modules import DriverModules
from sequencer.runtime.opening import open_idle
from sequencer.runtime.plan import RunPlan
from sequencer.runtime.run import RunContext
from sequencer.runtime.stand import StandDrivers
from sequencer.vocabulary.failure import StepError


class Meter:
    """Notes that it was opened."""

    opened: ClassVar[list[str]] = []

    def __init__(self, name: str) -> None:
        self.opened.append(name)


def test_a_shared_driver_is_not_opened_while_a_panel_waits() -> None:
    """Each slot has such a process, and there is one instrument; another driver of the stand is opened."""
    run = SimpleNamespace(
        start=SimpleNamespace(request=SimpleNamespace(drivers={}, simulate=False)),
        modules=SimpleNamespace(load=lambda source, for_stand: SimpleNamespace(Meter=Meter)),
        interrupts=Interrupts(),
        scope=dict,
        after=None,
        drivers={},
    )
    how = {"place": "s:1:1", "target": "Meter", "scope": "stand"}
    drivers = [
        SimpleNamespace(name="own", how={**how, "arguments": {"name": "own"}}),
        SimpleNamespace(name="meter", how={**how, "arguments": {"name": "meter"}, "shared": True}),
    ]
    StandDrivers().warm(run, drivers)  # type: ignore[arg-type]
    run.interrupts.close()
    assert Meter.opened == ["own"]


@pytest.fixture(params=[1, 2], ids=["alone", "one of two"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunContext]:
    """A run that knows of no process which holds what the slots of its stand share."""
    asked = StartRequest(slot=Slot(name="left", count=request.param))
    run = open_idle(Start("r", asked), RunPlan({}, [], {}, {}), DriverModules(tmp_path, []), lambda stamped: None)
    yield run
    run.interrupts.close()


def test_without_the_process_that_holds_it_only_a_slot_that_is_alone_has_it(run: RunContext) -> None:
    """Slots would believe that they take turns and that they wait for each other: a lie with a verdict."""
    alone = run.start.request.slot.count == 1
    refused: list[str] = []
    for share in (
        lambda: run.hold("main::a", "s:1:1", ["meter", "matrix"], None),
        lambda: run.sync("main::a", "s:1:1", "hot", None, once=True),
        lambda: run.driver("meter", place="s:1:1", target="Meter", shared=True),
    ):
        try:
            share()
        except StepError as error:
            refused.append(str(error))
    told = "but this run was started without the process that holds it"
    expected = [f"the slots share {names}, {told}" for names in ("meter, matrix", "hot", "meter")]
    assert refused == ([] if alone else expected)
    run.driver("board", place="s:1:1", target="Board")
