"""All stands of a factory as their live documents have them: what each does, and when it was last heard of. Pure.

Times in Unix seconds. A stand's documents are one for what runs there, or one per slot (``couchdb.live``), and one of
its panel (``couchdb.heartbeat``). Their times are the stand's; when a stand was heard is told by the reader's clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from sequencer.vocabulary.data import finite_number
from sequencer.vocabulary.dataclass import dataclass

LiveDocument = Mapping[str, object]
"""As a database has it: anybody may have written into it."""

SILENT_AFTER = 60.0
"""Seconds without a heartbeat, four of which were due then, after which a stand is silent."""
_IDLE = ("loading", "ready", "blocked", "over")
"""States of a panel in which nothing runs."""
_MOST_DIGITS = 20
"""Of the number of a stand; Python makes no number of some thousands."""
_ARRIVALS = 8
"""The newest arrivals of a stand from which the difference of its clock is taken."""


def stand_identity(said: Mapping[str, object]) -> str:
    """What the ids of a stand's documents begin with: its name with its number where it has one, or the machine's."""
    name = said.get("stand") or said.get("host") or "stand"
    number = "" if said.get("stand_number") is None else f" #{said['stand_number']}"
    return f"live:{name}{number}"


StandCondition = Literal["running", "idle", "blocked", "silent", "off", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotNow:
    """What is or was last tested in a slot, or on a stand without slots (``slot`` is ``None``)."""

    slot: str | None
    title: str | None = None
    status: str = "ready"
    run: str | None = None
    sequence: str | None = None
    serial_number: str | None = None
    part_number: str | None = None
    case: str | None = None
    done: int = 0
    total: int = 0
    start_time: float | None = None
    stop_time: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandNow:
    """A stand. ``condition``: ``running``, ``idle``, ``blocked`` (nothing can be tested), ``silent``, ``off`` (its
    panel has ended), ``unknown`` (it had no panel).

    ``heard``: when its last sign of life came. ``clock``: seconds that its clock is ahead, ``None`` while that is not
    known. ``hardseq``: its version. ``waiting`` counts the reports that its outbox holds, ``refused`` those that a
    server refused. ``shift`` is what pages of the stand show of its shift: ``{since, until, known, tested, passed,
    units, first_passed, ...}``.
    """

    id: str
    name: str
    number: str | None
    host: str | None
    condition: StandCondition
    heard: float
    clock: float | None
    hardseq: str | None
    sequence: str | None
    sequence_version: str | None
    waiting: int | None
    refused: int | None
    problem: str | None
    shift: Mapping[str, object] | None
    slots: tuple[SlotNow, ...]


class StandDocuments:
    """The live documents of all stands, as they arrive one after the other."""

    def __init__(self) -> None:
        self._documents: dict[str, LiveDocument] = {}
        self._heard: dict[str, float] = {}
        self._ahead: dict[str, deque[float]] = {}

    def stands(self, now: float) -> list[StandNow]:
        """All stands, by name."""
        groups: dict[str, list[LiveDocument]] = {}
        for document in self._documents.values():
            groups.setdefault(stand_identity(document), []).append(document)
        found = (self._stand(identity, documents, now) for identity, documents in groups.items())
        return sorted(found, key=lambda stand: (stand.name.casefold(), _in_numbers(stand.number), stand.id))

    def take_away(self, identity: str) -> None:
        """There is no document with this id any more."""
        self._documents.pop(identity, None)

    def take(self, document: LiveDocument, now: float, *, new: bool) -> None:
        """A document as it is now; ``new``: it has just come, and has not stood there for who knows how long."""
        if document.get("type") not in ("live", "stand"):
            return
        self._documents[str(document["_id"])] = document
        stand, updated = stand_identity(document), _number(document.get("updated"))
        if not new:
            self._heard[stand] = max(self._heard.get(stand, 0.0), min(now, updated or 0.0))
            return
        self._heard[stand] = now
        if updated is not None:
            self._ahead.setdefault(stand, deque(maxlen=_ARRIVALS)).append(updated - now)

    def _stand(self, identity: str, documents: Sequence[LiveDocument], now: float) -> StandNow:
        panel = next((one for one in documents if one["type"] == "stand"), None)
        runs = [one for one in documents if one["type"] == "live"]
        newest = max(documents, key=lambda one: _number(one.get("updated")) or 0.0)
        last = max(runs, key=lambda one: _number(one.get("start_time")) or 0.0, default={})
        heard, ahead = self._heard.get(identity, 0.0), self._ahead.get(identity)
        said = panel or last
        slots = tuple(_slots(panel or {}, runs))
        return StandNow(
            id=identity.partition(":")[2],
            name=str(newest.get("stand") or newest.get("host") or "stand"),
            number=_text(newest.get("stand_number")),
            host=_text(newest.get("host")),
            condition=_condition(panel, slots, now - heard),
            heard=heard,
            # Each came later than it was written: the quickest of them is the nearest to the truth.
            clock=max(ahead) if ahead else None,
            hardseq=_text(said.get("hardseq")),
            sequence=_text(said.get("sequence")),
            sequence_version=_text(said.get("sequence_version")),
            waiting=_count(said.get("waiting")),
            refused=_count(said.get("refused")),
            problem=_text(said.get("problem")),
            shift=shift if isinstance(shift := said.get("shift"), dict) else None,
            slots=slots,
        )


def _condition(panel: LiveDocument | None, slots: Iterable[SlotNow], quiet: float) -> StandCondition:
    running = any(slot.status == "run" for slot in slots)
    ended = panel is None or panel.get("closed")
    if ended and not running:
        return "unknown" if panel is None else "off"
    if quiet > SILENT_AFTER:
        return "silent"
    if running:
        return "running"
    return "blocked" if (panel or {}).get("state") == "blocked" else "idle"


def _slots(panel: LiveDocument, runs: Iterable[LiveDocument]) -> Iterator[SlotNow]:
    """Those that the panel names in their order, then others in which something ran."""
    by_name = {_text(one.get("slot")): one for one in runs}
    listed = slots if isinstance(slots := panel.get("slots"), list) else []
    named = {_text(slot.get("slot")): slot for slot in listed if isinstance(slot, dict)}
    if named:
        by_name.pop(None, None)  # from before the stand had slots
    for name in dict.fromkeys([*named, *sorted(by_name, key=str)]):
        slot, run = named.get(name, {}), by_name.get(name, {})
        state = slot.get("state", panel.get("state"))
        told_since = (_number(panel.get("updated")) or 0.0) > (_number(run.get("updated")) or 0.0)
        # A test process that was killed could not say so; the panel that came after it knows of no run.
        if run.get("status") == "run" and told_since and _text(state) in _IDLE:
            run = {}
        yield _slot(name, _text(slot.get("title")), run)


def _slot(name: str | None, title: str | None, run: LiveDocument) -> SlotNow:
    counts: LiveDocument = cases if isinstance(cases := run.get("cases"), dict) else {}
    return SlotNow(
        slot=name,
        title=title,
        status=str(run.get("status") or "ready"),
        **{key: _text(run.get(key)) for key in ("run", "sequence", "serial_number", "part_number", "case")},
        done=sum(_count(count) or 0 for status, count in counts.items() if status != "total"),
        total=_count(counts.get("total")) or 0,
        start_time=_number(run.get("start_time")),
        stop_time=_number(run.get("stop_time")),
    )


def _in_numbers(number: str | None) -> tuple[int, str]:
    """Number 10 after number 9."""
    numbered = number is not None and number.isdecimal() and len(number) < _MOST_DIGITS
    return (int(number), "") if number is not None and numbered else (0, number or "")


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> float | None:
    number = finite_number(value)
    return None if number is None else float(number)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
