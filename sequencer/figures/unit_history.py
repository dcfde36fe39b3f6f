"""All runs of a unit, and what changed from one to the next: where and with what it was tested, what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sequencer.figures.cells import number, real, text
from sequencer.figures.runs import COLUMNS, FoundRun, found_run
from sequencer.figures.scope import Ask, Scope

MOVED = 0.25
"""A value moved by more than this part of the distance of its limits, or of itself where it has not both."""
MOST_MOVED = 10
"""Measurements of a run that are told: those first that came to be within their limits or out of them."""
WHERE = ("version", "stand", "slot", "operator", "batch", "part_number")
"""What is compared besides measurements."""


class Change(NamedTuple):
    """What is another one than in the unit's run before, of the same sequence.

    ``what``: a name of ``WHERE`` with both values as text; ``measurement`` (of ``case``, in ``unit``) with both values;
    ``limits`` with both pairs (``4.8 … 5.2``). ``crossed``: it missed its limits and meets them now, or the other way.
    """

    what: str
    before: str | None
    after: str | None
    case: str | None = None
    measurement: str | None = None
    unit: str | None = None
    crossed: bool = False


class UnitRun(NamedTuple):
    """A run of the unit, whatever became of it. ``changes`` are those since the run before of the same sequence."""

    run: FoundRun
    changes: tuple[Change, ...] = ()

    def document(self) -> dict[str, object]:
        """As JSON; whose runs these are was asked."""
        said = self.run.document()
        del said["serial_number"]
        return {**said, "changes": [change._asdict() for change in self.changes]}


class _Value(NamedTuple):
    value: float | None
    lower: float | None
    upper: float | None
    result: bool | None

    @property
    def limits(self) -> str | None:
        if self.lower is None and self.upper is None:
            return None
        return f"{_said(self.lower)} … {_said(self.upper)}"

    def moved_from(self, before: _Value) -> float:
        """By which part of the distance of the limits, or of the value before."""
        if self.value is None or before.value is None:
            return 0.0 if self.value == before.value else 1.0
        whole = abs(before.value)
        if self.lower is not None and self.upper is not None:
            whole = self.upper - self.lower
        step = abs(self.value - before.value)
        return step / whole if whole else float(step > 0)


_Values = Mapping[tuple[str, str, str | None], _Value]
"""What a run measured, by case, name and unit."""


def unit_history(ask: Ask, scope: Scope, serial_number: str) -> list[UnitRun]:
    """The runs of all units with this serial number, the oldest first, each with what changed since the one before."""
    where, values = scope.where("runs")
    rows = ask(
        f"SELECT run, {COLUMNS} FROM runs WHERE serial_number = ? AND {where} ORDER BY runs.start_time, runs.id",
        [serial_number, *values],
    )
    measured = _measured(ask, [number(row[0]) for row in rows])
    before: dict[str, tuple[FoundRun, _Values]] = {}
    found: list[UnitRun] = []
    for run, *row in rows:
        this, taken = found_run(row), measured.get(number(run), {})
        known = before.get(this.sequence)
        changes = () if known is None else (*_elsewhere(known[0], this), *_moved(known[1], taken))
        before[this.sequence] = this, taken
        found.append(UnitRun(this, changes))
    return found


def _measured(ask: Ask, runs: Sequence[int]) -> dict[int, dict[tuple[str, str, str | None], _Value]]:
    rows = ask(
        "SELECT run, series.name, series.measurement, series.unit, value, lower, upper, result "
        "FROM measurements JOIN series USING (series) "
        "WHERE run IN (SELECT unnest(?::UINTEGER[])) ORDER BY run, position",
        [list(runs)],
    )
    found: dict[int, dict[tuple[str, str, str | None], _Value]] = {}
    for run, case, name, unit, value, lower, upper, result in rows:
        taken = found.setdefault(number(run), {})
        taken[str(case), str(name), text(unit)] = _Value(
            real(value), real(lower), real(upper), None if result is None else bool(result)
        )
    return found


def _elsewhere(before: FoundRun, after: FoundRun) -> Iterator[Change]:
    for name in WHERE:
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            yield Change(name, one, other)


def _moved(before: _Values, after: _Values) -> list[Change]:
    """Limits that are others, then what moved; the most first."""
    limits: list[Change] = []
    moved: list[tuple[bool, float, Change]] = []
    for key, value in after.items():
        if (known := before.get(key)) is None:
            continue
        case, name, unit = key
        if known.limits != value.limits:
            limits.append(Change("limits", known.limits, value.limits, case, name, unit))
        crossed, share = (known.result is False) != (value.result is False), value.moved_from(known)
        if crossed or share > MOVED:
            said = Change("measurement", _said(known.value), _said(value.value), case, name, unit, crossed)
            moved.append((crossed, share, said))
    moved.sort(key=lambda one: one[:2], reverse=True)
    return [*limits[:MOST_MOVED], *(said for _, _, said in moved[:MOST_MOVED])]


def _said(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"
