"""Shared drivers in a test process that waits for Start: it may be one of several, of which none is to open them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import ClassVar

from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.stand import StandDrivers


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
