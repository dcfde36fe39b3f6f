"""The ``hold`` and ``sync`` around the steps that are being read: what may stand in them, and what they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sequencer.language.drivers.calls import CallChecker
from sequencer.language.problems import Problems
from sequencer.language.scope import VariableNames
from sequencer.language.shapes.wording import did_you_mean, known_here
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.tree import MappingNode, SequenceNode


class SyncPoint(NamedTuple):
    """Where the name of a ``sync`` was read first."""

    place: Place
    case: str | None


class SlotBlocks:
    """Those of one case; ``sync_points`` are all that were read before in the sequence."""

    def __init__(
        self, calls: CallChecker, names: VariableNames, problems: Problems, sync_points: dict[str, SyncPoint]
    ) -> None:
        self._calls = calls
        self._names = names
        self._problems = problems
        self._sync_points = sync_points
        self._held: tuple[str, ...] = ()
        self._hold: Place | None = None
        self._once: Place | None = None

    @contextmanager
    def holding(self, node: MappingNode, key: str) -> Iterator[tuple[str, ...]]:
        """While the steps of a ``hold`` are read: gives the drivers that it names."""
        drivers = tuple(self._drivers(node, key))
        outer = self._held, self._hold
        if self._hold is None:
            self._held, self._hold = drivers, node.key_place(key)
        yield drivers
        self._held, self._hold = outer

    @contextmanager
    def meeting(self, node: MappingNode, key: str, *, after_run: bool) -> Iterator[str]:
        """While the steps under ``once`` of a ``sync`` are read: their variables are not there for the others.

        Gives the name of the point, with that of the case where an earlier one, a row or one that uses the same block,
        has it too: slots in one of them do not meet those in the other.
        """
        place = node.key_place(key)
        name = node[key]
        first = self._sync_points.setdefault(name, SyncPoint(node.value_place(key), self._names.case))
        if first.place != node.value_place(key):
            message = f"there is another `sync: {name}`: slots that wait at one would meet those at the other"
            hint = f"that one is {_on(first.place, place)}: give each a name of its own"
            self._problems.report("duplicate-sync", message, node.value_place(key), hint=hint)
        if after_run:
            message = "the slots' runs end one by one: none waits for another after its run"
            hint = "put it in a case, or in one of the group `teardown`"
            self._problems.report("sync-after-run", message, place, hint=hint)
        if self._hold is not None:
            message = "who holds something cannot wait for the others: they may be waiting for what is held"
            hint = f"end the `hold` {_on(self._hold, place)} before"
            self._problems.report("sync-in-hold", message, place, hint=hint)
        if self._once is not None:
            message = "in the `once` of a `sync` nobody can be waited for: the others wait at that one"
            self._problems.report("sync-in-once", message, place, hint=f"that one is {_on(self._once, place)}")
        outer, self._once = self._once, place
        with self._names.once(place):
            yield name if first.case == self._names.case else f"{name} ({self._names.case})"
        self._once = outer

    def _drivers(self, node: MappingNode, key: str) -> Iterator[str]:
        written = node[key]
        several = isinstance(written, SequenceNode)
        seen: set[str] = set()
        for index, name in enumerate(written if several else [written]):
            place = written.item_place(index) if several else node.value_place(key)
            if name in seen:
                self._problems.report("duplicate-driver", f"`{name}` is given twice", place)
            elif self._can_be_held(name, place):
                seen.add(name)
                yield name

    def _can_be_held(self, name: str, place: Place) -> bool:
        declared = self._calls.declared.get(name)
        shared = [each.name for each in self._calls.declared.values() if each.driver is None or each.driver.shared]
        if declared is None:
            hint = did_you_mean(name, shared) or known_here(shared) or "declare it under `drivers:`"
            self._problems.report("unknown-driver", f"there is no driver `{name}`", place, hint=hint)
            return False
        declared.used = True
        self._calls.mention(declared, name, place)
        if name not in shared:
            message = f"`{name}` is not shared: each slot has one of its own, which nobody else uses"
            hint = f"leave it out, or write `shared: true` at the driver, {_on(declared.place, place)}"
            self._problems.report("not-shared", message, place, hint=hint)
            return False
        if self._hold is not None and name not in self._held:
            message = f"`{name}` is not held by the `hold` around this one: two slots could wait for each other"
            hint = f"name it there, {_on(self._hold, place)}: `hold: [{', '.join([*self._held, name])}]`"
            self._problems.report("hold-in-hold", message, place, hint=hint)
        return True


def _on(place: Place, seen_from: Place) -> str:
    return f"on line {place.line}" + ("" if place.file == seen_from.file else f" of {place.file}")
