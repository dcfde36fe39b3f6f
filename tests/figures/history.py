"""Histories for the figures: reports by the real fold, and what a production line does to them, drawn or planted."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.store.base import StoreChanges, StoredRun

MONDAY = 1_767_571_200.0
"""2026-01-05T00:00 UTC, a Monday."""

Measured = tuple[str, float | str, str | None, Any]
"""A measurement's name, value, unit and limits."""


@dataclass(frozen=True)
class Case:
    """``status`` of the case, what it measured in its last attempt, and in failed ones before it."""

    name: str
    seconds: float = 1.0
    status: str = "passed"
    measured: tuple[Measured, ...] = ()
    earlier: tuple[tuple[Measured, ...], ...] = ()
    title: str | None = None


@dataclass(frozen=True)
class Run:
    """A run to be made a report of."""

    start: float = MONDAY
    status: str = "passed"
    serial_number: str | None = "SN1"
    part_number: str | None = "PN1"
    sequence: str = "Board test"
    version: str | None = "1.0"
    stand: str | None = "Stand 1"
    slot: str | None = None
    batch: str | None = None
    operator: str | None = None
    zone: str = "UTC"
    partial: bool = False
    simulated: bool = False
    debugged: bool = False
    aborted: bool = False
    error_code: int | None = None
    cases: tuple[Case, ...] = (Case("m::rail"),)
    sub_units: tuple[tuple[str, str | None], ...] = ()
    id: str = field(default="")

    def named(self, number: int) -> Run:
        """With an id that depends on nothing but its start and ``number``."""
        bits = (int(self.start * 1000) << 80) | (7 << 76) | (0b10 << 62) | number
        return replace(self, id=str(uuid.UUID(int=bits)))


def report_of(run: Run) -> RunReport:
    """The run's report."""
    stream = [Stamped(number, time, event) for number, (time, event) in enumerate(_events(run), 1)]
    report = fold(stream, aborted=run.aborted)
    report["status"] = run.status  # type: ignore[typeddict-item]
    report["user"] = run.operator
    return report


def _events(run: Run) -> Iterator[tuple[float, Event]]:
    facts: dict[str, dict[str, object]] = {
        "dut": {"serial_number": run.serial_number, "part_number": run.part_number},
        "stand": {"name": run.stand},
        "batch": {"serial_number": run.batch},
    }
    record: dict[str, Any] = {
        section: {name: value for name, value in fact.items() if value is not None} for section, fact in facts.items()
    }
    if run.sub_units:
        record["dut"]["sub_units"] = [
            {"serial_number": serial, **({} if part is None else {"part_number": part})}
            for serial, part in run.sub_units
        ]
    time = run.start
    yield (
        time,
        events.RunStarted(
            run=run.named(0).id if not run.id else run.id,
            sequence={
                "name": run.sequence,
                "version": run.version,
                "description": None,
                "file": "seq.yaml",
                "sha256": "0" * 64,
            },
            modules=_plan(run),
            hardseq="1.0",
            host={"name": "bench", "id": "1", "os": "Linux", "python": "3.11", "timezone": run.zone},
            record=record,
            selection=["m::rail"] if run.partial else None,
            simulated=run.simulated,
            debugged=run.debugged,
            slot=None if run.slot is None else {"name": run.slot, "number": 1},
            start=None if run.slot is None else {"id": "0199-start", "slots": [run.slot]},
        ),
    )
    for case in run.cases:
        for attempt, measured in enumerate((*case.earlier, case.measured), 1):
            yield time, events.CaseStarted(case.name, attempt)
            for name, value, unit, limits in measured:
                kind: Any = "string" if isinstance(value, str) else "numeric"
                yield (
                    time,
                    events.MeasurementRecorded(
                        case.name, "seq.yaml:9:9", name, value, kind, unit, limits, _meets(value, limits)
                    ),
                )
            if attempt > len(case.earlier):
                time += case.seconds
            if case.status in ("failed", "error"):
                yield time, events.FailureRecorded(case.name, case.status, "no", "s:1:1", error_code=run.error_code)  # type: ignore[arg-type]
            yield time, events.CaseFinished(case.name, case.status)  # type: ignore[arg-type]
    if not run.aborted:
        yield time, events.RunFinished(run.status)  # type: ignore[arg-type]


def _meets(value: float | str, limits: Any) -> bool | None:
    if limits is None:
        return None
    return value == limits if isinstance(value, str) else limits[0] <= value <= limits[1]


def _plan(run: Run) -> list[dict[str, object]]:
    cases = [
        {
            "id": case.name.partition("::")[2],
            "name": case.title or case.name,
            "group": "main",
            "description": None,
            "place": "seq.yaml:5:5",
            "critical": False,
            "tags": [],
            "attempts": 1 + len(case.earlier),
            "timeout": None,
        }
        for case in run.cases
    ]
    return [{"id": "m", "name": "Main", "group": "main", "description": None, "cases": cases}]


class Feed:
    """What the figures ask of a store, in the order in which reports are given: the real ones are slower."""

    def __init__(self, reports: Sequence[RunReport], place: str = "feed") -> None:
        self.place = place
        self._reports = reports

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        """All at once."""
        runs = [StoredRun(report["id"], str(at), partial(dict, report)) for at, report in enumerate(self._reports)]
        return StoreChanges(runs[int(since or 0) :], str(len(runs)), 0)


STANDS = ("Stand 1", "Stand 2", "Stand 3", "Stand 4")
NESTS = ("A", "B", "C", "D")
WORN, DRIFTING, BAD_BATCH, SLOW_VERSION = (("Stand 2", "C"), "Stand 3", "B7", "2.1")
"""What :func:`planted` hides: a worn nest, a drifting stand, a bad batch, a version whose flashing got slower."""


def planted(count: int, seed: int = 0, measurements: int = 20) -> Iterator[Run]:
    """A line of four stands with four nests each: ``count`` runs, one every 20 s, oldest first.

    In the worn nest the contact fails; the drifting stand's voltage rises over all runs; units of the bad batch draw
    too much current; flashing takes twice as long in the slow version. ``Voltage`` and ``Current`` are correlated.
    Failed units are tested again after about five minutes.
    """
    dice = random.Random(seed)
    again: list[tuple[int, int]] = []
    unit = 0
    for number in range(count):
        if again and again[0][0] <= number:
            _, this = again.pop(0)
        else:
            unit = this = unit + 1
        run = _on_the_line(dice, number, count, this, measurements)
        if run.status == "failed":
            again.append((number + 15, this))
        yield run


def _on_the_line(dice: random.Random, number: int, count: int, unit: int, measurements: int) -> Run:
    stand, slot = STANDS[dice.randrange(4)], NESTS[dice.randrange(4)]
    batch = f"B{unit * 10 // max(count, 1) + 1}"
    version = SLOW_VERSION if number * 3 > count * 2 else "2.0"
    current = 0.2 + dice.gauss(0, 0.004) + (0.02 if batch == BAD_BATCH else 0.0)
    voltage = 5.0 + dice.gauss(0, 0.01) + (current - 0.2) * 2 + (0.08 * number / count if stand == DRIFTING else 0.0)
    worn = (stand, slot) == WORN and dice.random() < 0.2
    contact = 0.05 + abs(dice.gauss(0, 0.01)) + (0.5 if worn else 0.0)
    taken = [
        ("Contact", contact, "ohm", [0, 0.2]),
        ("Voltage", voltage, "V", [4.9, 5.1]),
        ("Current", current, "A", [0.18, 0.22]),
        *((f"Level {place}", dice.gauss(1, 0.05), "V", [0.7, 1.3]) for place in range(measurements - 3)),
    ]
    named = ("contact", "supply", "current", *(f"level{place}" for place in range(measurements - 3)))
    cases = [Case("m::flash", (24.0 if version == SLOW_VERSION else 12.0) + dice.random(), title="Flash")]
    for name, one in zip(named, taken, strict=True):
        limits = one[3]
        passed = limits[0] <= one[1] <= limits[1]
        title = name.capitalize()
        cases.append(
            Case(f"m::{name}", 0.5 + dice.random() / 10, "passed" if passed else "failed", (one,), title=title)
        )
    status = "passed" if all(case.status == "passed" for case in cases) else "failed"
    return Run(
        start=MONDAY + number * 20.0,
        status=status,
        serial_number=f"SN{unit:07d}",
        part_number="PN1" if unit % 3 else "PN2",
        version=version,
        stand=stand,
        slot=slot,
        batch=batch,
        operator=("Ada", "Grace", "Linus")[number // 1440 % 3],
        cases=tuple(cases),
        error_code=None if status == "passed" else 7,
    ).named(number)
