"""A production line of realistic shape whose truths are known: for tests of pages, and for benchmarks.

Four stands with four nests each work two shifts on five days a week. Boards are tested on three of them (``BOARD``);
a third of them is built into devices, which are tested on the fourth (``FINAL``, the board is a sub unit). Failed units
are tested again within the hour, at most twice. Some runs are aborted, stopped, partial, simulated or ended with an
error, and some aborted ones are replaced by their complete report. The same arguments give the same runs.

What is planted, each to be seen on the page meant for it, is said by ``truths()``.
"""

from __future__ import annotations

import shutil
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from sequencer.figures.index import FiguresIndex, NewRun
from sequencer.figures.rows import CaseRow, FailureRow, MeasurementRow, RunRow, RunRows, SubUnitRow
from sequencer.report.model import RunReport
from sequencer.store.sqlite.store import SqliteStore
from sequencer.vocabulary.status import Status
from tests.figures.history import Case, Run, report_of

DAY = 86_400.0
END = 1_782_466_200.0
"""2026-06-26T09:30 UTC, a Friday, in the middle of the early shift: when the newest run began, or a moment later."""

SHIFTS = ("06:00", "14:00", "22:00")
ZONE = "UTC"
BOARD, FINAL = "Board test", "Final test"
STANDS = ("Stand 1", "Stand 2", "Stand 3", "Stand 4")
NESTS = ("A", "B", "C", "D")
OPERATORS = ("Ada", "Grace", "Linus")
_OPENS, _WORKS = 6 * 3600.0, 16 * 3600.0


@dataclass(frozen=True)
class Truth:
    """What is planted: whom it concerns, in which case and measurement it is seen, and since when (Unix seconds)."""

    case: str
    measurement: str | None = None
    stand: str | None = None
    slot: str | None = None
    batch: str | None = None
    version: str | None = None
    other: str | None = None
    since: float = 0.0


class Truths(NamedTuple):
    """All of them. ``correlated`` are ``measurement`` and ``other`` (of ``main::level2``), where there are six or more.

    The case of ``new_failure`` never failed before ``since``.
    """

    worn_nest: Truth
    drifting_stand: Truth
    bad_batch: Truth
    slow_version: Truth
    correlated: Truth
    new_failure: Truth


class _Taken(NamedTuple):
    case: str
    name: str
    unit: str
    mean: float
    sigma: float
    lower: float
    upper: float
    error_code: int | None


_OF_BOARD = (
    _Taken("main::contact", "Contact", "ohm", 0.05, 0.01, 0.0, 0.2, 11),
    _Taken("main::current", "Current", "A", 0.2, 0.003, 0.18, 0.22, 12),
    _Taken("main::voltage", "Voltage", "V", 5.0, 0.012, 4.9, 5.1, 13),
)
_OF_DEVICE = (
    _Taken("main::power", "Power", "W", 5.0, 0.05, 4.7, 5.3, 31),
    _Taken("main::range", "Range", "m", 40.0, 1.5, 30.0, 50.0, 32),
    _Taken("main::seal", "Seal", "Pa", 300.0, 20.0, 200.0, 400.0, 33),
)


def truths(count: int = 20_000, days: int = 60, end: float = END) -> Truths:
    """What is planted in the line of these arguments."""
    calendar = _Calendar(days, end)
    return Truths(
        worn_nest=Truth("main::contact", "Contact", stand="Stand 2", slot="C", since=calendar.at(0.7)),
        drifting_stand=Truth("main::voltage", "Voltage", stand="Stand 3", since=calendar.at(0.4)),
        bad_batch=Truth("main::current", "Current", batch="B7"),
        slow_version=Truth("main::flash", version="2.1", since=calendar.at(2 / 3)),
        correlated=Truth("main::level3", "Level 3", other="Level 2"),
        new_failure=Truth("main::seal", "Seal", since=calendar.at(0.96)),
    )


class _Calendar:
    """The hours at which the line works, from Monday to Friday, ``days`` before ``end``."""

    def __init__(self, days: int, end: float) -> None:
        midnight = end - end % DAY
        back = (midnight - day * DAY for day in range(days - 1, -1, -1))
        self._mornings = [day + _OPENS for day in back if (day // DAY + 3) % 7 < 5]  # 1970-01-01 was a Thursday
        last = min(_WORKS, max(0.0, end - self._mornings[-1]))
        self._seconds = (len(self._mornings) - 1) * _WORKS + last

    def at(self, part: float) -> float:
        """When the line has worked this part of its time."""
        day, second = divmod(self._seconds * part, _WORKS)
        return self._mornings[min(int(day), len(self._mornings) - 1)] + second


class _Unit:
    """A board or a device. ``fault``: the place of the measurement that shows one; ``current``: its own, in sigmas."""

    __slots__ = ("batch", "board", "current", "fault", "number", "part", "runs")

    def __init__(
        self, number: int, part: str, batch: str, fault: int | None, current: float, board: _Unit | None = None
    ) -> None:
        self.number, self.part, self.batch, self.board = number, part, batch, board
        self.fault, self.current = fault, current
        self.runs = 0

    @property
    def serial_number(self) -> str:
        return f"{'B' if self.board is None else 'D'}{self.number:07d}"


def line(
    count: int = 20_000, *, measurements: int = 8, seed: int = 0, days: int = 60, end: float = END
) -> Iterator[RunRows]:
    """``count`` runs of the last ``days`` before ``end``, oldest first, with ``measurements`` (at least 3) each."""
    planted, calendar = truths(count, days, end), _Calendar(days, end)
    dice = np.random.default_rng(seed)
    boards, devices = (_plan(measurements, *taken) for taken in (_OF_BOARD, _OF_DEVICE))
    tested: deque[_Unit] = deque()  # boards that passed
    again: dict[str, deque[tuple[float, _Unit]]] = {BOARD: deque(), FINAL: deque()}
    units = devices_made = 0
    fault = min(3, measurements - 1)
    counting = iter(range(count))
    while numbers := list(islice(counting, 2_000)):
        normal = dice.standard_normal((len(numbers), measurements)).tolist()
        chance = dice.random((len(numbers), 8)).tolist()
        for number, z, c in zip(numbers, normal, chance, strict=True):
            part = number / count
            start = round(calendar.at(part), 3)
            stand, slot = STANDS[number % 4], NESTS[number // 4 % 4]
            sequence = FINAL if stand == STANDS[3] and (tested or again[FINAL]) else BOARD
            waiting = again[sequence]
            if waiting and waiting[0][0] <= start:
                unit = waiting.popleft()[1]
            elif sequence == FINAL and tested:
                board = tested.popleft()
                devices_made += 1
                unit = _Unit(devices_made, "DEV-1", board.batch, fault if c[0] < 0.004 else None, 0.0, board)
            else:
                sequence = BOARD
                units += 1
                batch = f"B{int(part * 10) + 1}"
                unit = _Unit(units, "PCB-2" if units % 3 else "PCB-1", batch, fault if c[0] < 0.01 else None, z[1])
            unit.runs += 1
            run = _run(planted, boards if sequence == BOARD else devices, _Moment(part, start, stand, slot), unit, z, c)
            yield run._replace(run=run.run._replace(id=_identity(start, number)))
            if run.run.counted and run.run.status == "failed" and unit.runs < 3:
                again[sequence].append((start + 300.0 + 1500.0 * c[1], unit))
            elif run.run.counted and run.run.status == "passed" and sequence == BOARD and unit.number % 3 == 0:
                tested.append(unit)


class _Plan(NamedTuple):
    """A sequence with its cases; the columns of what they measure."""

    sequence: str
    cases: tuple[str, ...]
    titles: tuple[str, ...]
    taken: tuple[_Taken, ...]
    columns: tuple[tuple[object, ...], ...]


def _plan(measurements: int, *taken: _Taken) -> _Plan:
    levels = (
        _Taken(f"main::level{place}", f"Level {place}", "V", 1.0, 0.05, 0.75, 1.25, None)
        for place in range(1, measurements - 2)
    )
    all_taken = (*taken[:measurements], *levels)
    names = tuple(one.case for one in all_taken)
    board = taken[0] is _OF_BOARD[0]
    first = ("main::flash", "Flash") if board else ("main::assembly", "Assembly")
    columns = names, tuple(one.name for one in all_taken), tuple(one.unit for one in all_taken)
    bounds = tuple(one.lower for one in all_taken), tuple(one.upper for one in all_taken)
    titles = first[1], *(one.name for one in all_taken)
    return _Plan(BOARD if board else FINAL, (first[0], *names), titles, all_taken, (*columns, *bounds))


class _Moment(NamedTuple):
    part: float
    start: float
    stand: str
    slot: str


def _run(planted: Truths, plan: _Plan, now: _Moment, unit: _Unit, z: Sequence[float], c: Sequence[float]) -> RunRows:
    values = [taken.mean + taken.sigma * one for taken, one in zip(plan.taken, z, strict=True)]
    board = plan.sequence == BOARD
    if board:
        values[0] = 0.05 + abs(z[0]) * 0.01
        if (now.stand, now.slot) == ("Stand 2", "C") and now.start >= planted.worn_nest.since:
            values[0] += 0.03 + (0.3 * c[3] if c[2] < 0.4 else 0.0)
        values[1] = 0.2 + 0.003 * unit.current + 0.0005 * z[1]
        values[1] += 0.0175 if unit.batch == planted.bad_batch.batch else 0.0
        if now.stand == planted.drifting_stand.stand and now.start >= planted.drifting_stand.since:
            values[2] += 0.075 * (now.part - 0.4) / 0.6
    elif now.start >= planted.new_failure.since and c[2] < 0.06:
        values[2] += 160.0
    if len(values) > 5:
        values[5] = 1.0 + 0.05 * (0.9 * z[4] + 0.44 * z[5])
    if unit.fault is not None and c[4] < 0.8:
        values[unit.fault] = plan.taken[unit.fault].upper * 1.1
    new = now.part >= 2 / 3
    first = (24.0 if new else 12.0) + c[5] if board else 3.0 + c[5]
    return _rows(plan, now, unit, values, first, "2.1" if new and board else "2.0", c)


def _rows(
    plan: _Plan, now: _Moment, unit: _Unit, values: list[float], first: float, version: str, c: Sequence[float]
) -> RunRows:
    missed = [not one.lower <= value <= one.upper for one, value in zip(plan.taken, values, strict=True)]
    odd, broken = c[6], c[7] < 0.004
    aborted, stopped = odd < 0.004, 0.004 <= odd < 0.006
    partial, simulated = 0.006 <= odd < 0.01, 0.01 <= odd < 0.014
    done = 3 if aborted or stopped else len(plan.cases)
    statuses: list[Status] = ["failed" if miss else "passed" for miss in (False, *missed)][:done]
    if stopped:
        statuses[-1] = "stopped"
    if broken:
        statuses[0] = "error"
    seconds = [first, *(0.5 + c[5] / 10 for _ in values)][:done]
    failures = [
        FailureRow(case, None)
        for case, status in zip(plan.cases, statuses, strict=False)
        if status not in ("passed", "skipped")
    ]
    for one, miss in zip(plan.taken, missed[: done - 1], strict=False):
        if miss:
            failures.append(FailureRow(one.case, one.name))
    failing = next((at for at, status in enumerate(statuses) if status in ("failed", "error")), None)
    status: Status = (
        "stopped" if aborted or stopped else "error" if broken else "failed" if "failed" in statuses else "passed"
    )
    code = plan.taken[failing - 1].error_code if failing else None
    counted = not (partial or simulated)
    said = [None] * len(values), [not miss for miss in missed]  # targets and results
    return RunRows(
        RunRow(
            id="",
            status=status,
            start_time=now.start,
            stop_time=now.start + sum(seconds),
            began=round(now.start * 1e6),
            sequence=plan.sequence,
            version=version,
            serial_number=unit.serial_number,
            part_number=unit.part,
            batch=unit.batch,
            stand=now.stand,
            slot=now.slot,
            start="0199-start",  # as ``report_of`` has it
            operator=OPERATORS[int(now.start // DAY * 2 + (now.start % DAY >= 14 * 3600)) % 3],
            partial=partial,
            simulated=simulated,
            counted=counted,
            judged=counted and status in ("passed", "failed", "error"),
            aborted=aborted,
            caused_dut_failure_id=None if failing is None else plan.cases[failing],
            error_code=42 if broken else code,
        ),
        list(map(CaseRow, plan.cases[:done], plan.titles, statuses, seconds, (1,) * done)),
        list(
            map(MeasurementRow, *(column[: done - 1] for column in plan.columns[:3]), values, *plan.columns[3:], *said)
        ),
        failures,
        [] if unit.board is None else [SubUnitRow(unit.board.serial_number, unit.board.part, None)],
    )


def _identity(start: float, number: int) -> str:
    """As hardseq gives them: UUIDv7, by time."""
    bits = (int(start * 1000) << 80) | (7 << 76) | (0b10 << 62) | number
    return str(uuid.UUID(int=bits))


def whole_report(rows: RunRows) -> RunReport:
    """The whole report of a run, which has these rows."""
    run = rows.run
    taken = {one.case: (one.name, one.value, one.unit, [one.lower, one.upper]) for one in rows.measurements}
    return report_of(
        Run(
            start=run.start_time,
            status=run.status,
            serial_number=run.serial_number,
            part_number=run.part_number,
            sequence=run.sequence,
            version=run.version,
            stand=run.stand,
            slot=run.slot,
            batch=run.batch,
            operator=run.operator,
            zone=ZONE,
            partial=run.partial,
            simulated=run.simulated,
            aborted=run.aborted,
            error_code=run.error_code,
            cases=tuple(
                Case(
                    case.name,
                    case.seconds,
                    case.status,
                    (taken[case.name],) if case.name in taken else (),
                    title=case.title,
                )
                for case in rows.cases
            ),
            sub_units=tuple((unit.serial_number, unit.part_number) for unit in rows.sub_units),
            id=run.id,
        )
    )


def filled(
    index: FiguresIndex,
    runs: Iterable[RunRows],
    *,
    digests: Mapping[str, str] = MappingProxyType({}),
    store: str = "line",
    checkpoint: str = "",
) -> None:
    """Adds the runs as those up to ``checkpoint`` of ``store``, with the digests that it has, by id.

    One in five hundred came aborted first, and its complete report took that one's place.
    """
    waiting = iter(runs)
    while some := list(islice(waiting, 2_000)):
        index.add(store, "", [NewRun("early", _cut_short(rows)) for rows in some[::500]])
        index.add(store, checkpoint, [NewRun(digests.get(rows.run.id, rows.run.id), rows) for rows in some])


def _cut_short(rows: RunRows) -> RunRows:
    run = rows.run._replace(status="stopped", judged=False, aborted=True)
    return rows._replace(run=run, cases=rows.cases[:1], measurements=[], failures=[])


def made(folder: Path, runs: Sequence[RunRows], whole: int = 100) -> None:
    """A store ``hardseq.sqlite3`` with the reports of the newest ``whole`` runs, and an index of all, in a folder.

    It is what is left of a store whose older reports were pruned: the index has them still, and goes on from there.
    """
    store = SqliteStore(folder / "hardseq.sqlite3")
    for rows in runs[-whole:]:
        store.save(whole_report(rows))
    changes = store.changes(limit=whole)
    store.close()
    digests = {run.id: run.digest for run in changes.runs}
    with FiguresIndex(folder / "figures.duckdb") as index:
        filled(index, runs, digests=digests, store=store.place, checkpoint=changes.next)


def copied(kept: Path, state: Path) -> None:
    """Puts the store and the index into a project's state folder, where a panel takes them for its own."""
    state.mkdir(parents=True, exist_ok=True)
    for file in kept.iterdir():
        shutil.copyfile(file, state / file.name)
    with FiguresIndex(state / "figures.duckdb") as index:
        _, checkpoint = index.checkpoint
        index.add(str(state / "hardseq.sqlite3"), checkpoint or "", [])
