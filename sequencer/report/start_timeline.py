"""The runs of one start side by side on one time axis: what each slot did when, and what it waited for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sequencer.report.model import RunReport, WaitReport
from sequencer.report.outcome import Outcome, outcome
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.status import Status, WaitKind


@dataclass(frozen=True, slots=True)
class CaseBar:
    """A case that ran, from ``begin`` to ``end`` in seconds since the start began; ``name`` is ``module::case``."""

    name: str
    title: str
    status: Status
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class SlotWait:
    """A wait of a case for others, in seconds since the start began; ``names`` are shared drivers or a sync point."""

    kind: WaitKind
    names: tuple[str, ...]
    case: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class SlotRow:
    """The run of one slot; ``begin`` and ``end`` in seconds since the start began."""

    slot: str
    number: int
    run: str
    serial_number: str | None
    outcome: Outcome
    begin: float
    end: float
    cases: tuple[CaseBar, ...]
    waits: tuple[SlotWait, ...]


@dataclass(frozen=True, slots=True)
class SharedWaiting:
    """How long slots waited for the same thing.

    ``seconds`` are those of all slots together, ``share`` is what they are of the time that all runs took. ``by_slot``
    is in the order of the rows. ``saved`` is by how much the start would have ended earlier with one more of it, as far
    as that can be told from the waits: the first in the queue would not have waited. That is the least it saves a slot,
    as who goes on earlier also lets the next one go on earlier; and what each slot does is taken to stay as it was.
    Nothing is saved by another sync point.
    """

    kind: WaitKind
    names: tuple[str, ...]
    times: int
    seconds: float
    share: float
    by_slot: tuple[float, ...]
    saved: float


@dataclass(frozen=True, slots=True)
class StartTimeline:
    """``begin`` is a Unix time, ``seconds`` the time from then until the last run was over.

    ``sequence`` is the name of what was tested. ``missing`` are the slots that were started, too, and whose reports are
    not among those that the timeline is of: their runs go on, or are kept elsewhere.
    """

    id: str
    sequence: str
    begin: float
    seconds: float
    missing: tuple[str, ...]
    rows: tuple[SlotRow, ...]
    waiting: tuple[SharedWaiting, ...]


def start_timeline(start: str, reports: Iterable[RunReport]) -> StartTimeline:
    """The timeline of the start with the id ``start`` from its runs' reports, in the order of their slots.

    A run that goes on, or was cut off, reaches to the last thing that is known of it. Raises ``ValueError`` without a
    report.
    """
    runs = sorted(reports, key=_number)
    if not runs:
        raise ValueError("a start has a run at least")
    begin = min(run["start_time"] for run in runs)
    rows = tuple(_row(run, begin) for run in runs)
    return StartTimeline(
        id=start,
        sequence=runs[0]["sequence"]["name"],
        begin=begin,
        seconds=max(row.end for row in rows),
        missing=_missing(runs),
        rows=rows,
        waiting=tuple(_waiting(rows)),
    )


def _missing(runs: Sequence[RunReport]) -> tuple[str, ...]:
    there = {run["slot"]["name"] for run in runs if "slot" in run}
    started = dict.fromkeys(slot for run in runs if "start" in run for slot in run["start"]["slots"])
    return tuple(slot for slot in started if slot not in there)


def _number(run: RunReport) -> tuple[int, str]:
    return run["slot"]["number"] if "slot" in run else 0, run["id"]


def _row(run: RunReport, begin: float) -> SlotRow:
    cases: list[CaseBar] = []
    waits: list[SlotWait] = []
    for module in run["modules"]:
        for case in module["cases"]:
            name = f"{module['id']}::{case['id']}"
            for attempt in case["attempts"]:
                mine = [_wait(wait, name, begin) for wait in attempt.get("waits", ())]
                known = [attempt["start_time"] - begin, *(wait.end for wait in mine)]
                known += [measured["time"] - begin for measured in attempt["measurements"]]
                end = max(known) if attempt["stop_time"] is None else attempt["stop_time"] - begin
                cases.append(CaseBar(name, case["name"], attempt["status"], attempt["start_time"] - begin, end))
                waits += mine
    ends = [run["start_time"] - begin, *(bar.end for bar in cases)]
    end = max(ends) if run["stop_time"] is None else run["stop_time"] - begin
    slot = run.get("slot") or {"name": "", "number": 1}
    return SlotRow(
        slot=slot["name"],
        number=slot["number"],
        run=run["id"],
        serial_number=run["dut"].get("serial_number"),
        outcome=outcome(run),
        begin=run["start_time"] - begin,
        end=end,
        cases=tuple(sorted(cases, key=lambda bar: bar.begin)),
        waits=tuple(sorted(waits, key=lambda wait: wait.begin)),
    )


def _wait(wait: WaitReport, case: str, begin: float) -> SlotWait:
    since = wait["time"] - begin
    return SlotWait(wait["kind"], tuple(sorted(wait["names"])), case, since, since + wait["seconds"])


def _waiting(rows: Sequence[SlotRow]) -> Iterator[SharedWaiting]:
    """What was waited for, the longest first."""
    found: dict[tuple[WaitKind, tuple[str, ...]], list[list[SlotWait]]] = {}
    for at, row in enumerate(rows):
        for wait in row.waits:
            found.setdefault((wait.kind, wait.names), [[] for _ in rows])[at].append(wait)
    together = sum(row.end - row.begin for row in rows)
    shared = []
    for (kind, names), waits in found.items():
        by_slot = tuple(sum((wait.end - wait.begin for wait in mine), 0.0) for mine in waits)
        seconds = sum(by_slot)
        saved = 0.0 if kind == "sync" else _saved(rows, waits)
        times = sum(map(len, waits))
        shared.append(
            SharedWaiting(kind, names, times, seconds, seconds / together if together else 0.0, by_slot, saved)
        )
    yield from sorted(shared, key=lambda each: (-each.seconds, each.names))


def _saved(rows: Sequence[SlotRow], waits: Sequence[Sequence[SlotWait]]) -> float:
    """By how much the last run would end earlier if whoever waits longest at a moment did not wait then."""
    first = first_in_queue([[(wait.begin, wait.end) for wait in mine] for mine in waits])
    last = max(row.end for row in rows)
    return last - max(row.end - early for row, early in zip(rows, first, strict=True))


def first_in_queue(waits: Sequence[Sequence[tuple[float, float]]]) -> list[float]:
    """Of each queue member's waits, ``(begin, end)``, the seconds in which nobody waited who had come before."""
    ordered = sorted((begin, end, member) for member, mine in enumerate(waits) for begin, end in mine)
    found = [0.0] * len(waits)
    served = float("-inf")
    for begin, end, member in ordered:
        # Those before cover the time without a gap up to `served`, as far as they are later than this one's beginning.
        if end > served:
            found[member] += end - max(begin, served)
            served = end
    return found
