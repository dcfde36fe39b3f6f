"""Histories for the figures: reports by the real fold, and what a production line does to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.store.base import CheckedRuns, StoreChanges, StoredRun

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
            selection=[run.cases[0].name] if run.partial else None,
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
    module = run.cases[0].name.partition("::")[0] if run.cases else "m"
    return [{"id": module, "name": "Main", "group": "main", "description": None, "cases": cases}]


class Feed:
    """What the figures ask of a store, in the order in which reports are given: the real ones are slower."""

    def __init__(self, reports: Sequence[RunReport], place: str = "feed") -> None:
        self.place = place
        self._reports = reports

    def changes(self, since: str | None = None, *, limit: int = 500) -> StoreChanges:
        """All at once."""
        runs = [StoredRun(report["id"], str(at), partial(dict, report)) for at, report in enumerate(self._reports)]
        return StoreChanges(runs[int(since or 0) :], str(len(runs)), 0)

    def checked(self, after: str | None = None, *, limit: int = 50) -> CheckedRuns:
        """It tells of every change."""
        return CheckedRuns({}, None)
