"""What a store needs to know about a report besides keeping it: pure functions, the same for every store."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from sequencer.project.action_log import LogEntry
from sequencer.report.evidence import marks
from sequencer.report.model import CaseReport, ModuleReport, RunReport
from sequencer.report.note import Note, read_note
from sequencer.store.base import LogFilter, LogPage, RunSummary
from sequencer.vocabulary.data import Data, finite_number
from sequencer.vocabulary.status import BAD_STATUSES

_LONE_SURROGATE = "[\ud800-\udfff]"
LOOKED_THROUGH = 500
"""Actions that are read at a time where only some of them are meant."""
_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class NumericMeasurement(NamedTuple):
    """A number that a case's last attempt recorded; ``limits`` as written."""

    case: str
    name: str
    unit: str | None
    value: float | None
    result: bool | None
    limits: Data


def text(value: object) -> str | None:
    """``value`` as a database takes it: no lone surrogates (they have no UTF-8 form), ``None`` for nothing."""
    if value is None or value == "":
        return None
    written = str(value)
    return written if written.isascii() else re.sub(_LONE_SURROGATE, "\ufffd", written)


def summary(report: RunReport) -> RunSummary:
    """The report's line in the history."""
    sequence = report["sequence"]
    return RunSummary(
        id=report["id"],
        status=report["status"],
        start_time=report["start_time"],
        stop_time=report["stop_time"],
        sequence=text(sequence["name"]) or "",
        sequence_version=text(sequence["version"]),
        serial_number=text(report["dut"].get("serial_number")),
        part_number=text(report["dut"].get("part_number")),
        stand=text(report["stand"].get("name")),
        user=text(report["user"]),
        # Whoever could skip steps, or change values in the debugger, has not tested the product as the sequence says.
        partial=not {"partial", "debugged"}.isdisjoint(marks(report)),
        simulated=report["simulated"],
        aborted=report["aborted"],
        cases=sum(len(module["cases"]) for module in report["modules"]),
        caused_dut_failure_id=text(report["caused_dut_failure_id"]),
        error_code=report["error_code"],
        slot=text(report["slot"]["name"]) if "slot" in report else None,
        start=text(report["start"]["id"]) if "start" in report else None,
        untested=report.get("untested"),
    )


def was_changed(report: RunReport) -> bool:
    """Whether the store found, as it read the report, that it is not the one that was saved."""
    reasons = [failure.get("coded_reason") for failure in report["failures"]]
    return any(reason is not None and reason["code"] == "not_as_stored" for reason in reasons)


def full_name(module: ModuleReport, case: CaseReport) -> str:
    """``module::case``."""
    return text(f"{module['id']}::{case['id']}") or ""


def failed_cases(report: RunReport) -> list[str]:
    """The full names of the cases that ended ``failed``, ``error`` or ``stopped``, in running order."""
    return [
        full_name(module, case)
        for module in report["modules"]
        for case in module["cases"]
        if case["status"] in BAD_STATUSES
    ]


def measurements(report: RunReport) -> Iterator[NumericMeasurement]:
    """The numeric measurements of every case's last attempt, but for failed tries, in the order they were taken."""
    for module in report["modules"]:
        for case in module["cases"]:
            if not case["attempts"]:
                continue
            name = full_name(module, case)
            for taken in case["attempts"][-1]["measurements"]:
                if taken["type"] == "numeric" and not taken.get("superseded"):
                    title, unit, value = text(taken["name"]) or "", text(taken["unit"]), finite(taken["value"])
                    yield NumericMeasurement(name, title, unit, value, taken["result"], taken["limits"])


def attachments(report: RunReport) -> dict[str, str | None]:
    """The media type of every attached file of any attempt by its sha256."""
    return {
        attached["sha256"]: attached["media_type"]
        for module in report["modules"]
        for case in module["cases"]
        for attempt in case["attempts"]
        for attached in attempt["attachments"]
    }


def encode(report: Mapping[str, object]) -> bytes:
    """The report as compact JSON in pure ASCII: any text survives, a lone surrogate from a driver included."""
    return _json(report).encode("ascii")


def decode(encoded: bytes) -> object:
    """What :mod:`json` reads of it, in a third of the time. Raises as that does."""
    try:
        return decode_strictly(encoded)
    except ValueError:
        return json.loads(encoded)


def decode_strictly(encoded: bytes) -> object:
    """The same, but ``ValueError`` for what only :mod:`json` reads: NaN, infinities and lone surrogates."""
    # Imported here: a run needs none of it, and it takes 20 ms.
    import msgspec

    try:
        return msgspec.json.decode(encoded)
    except msgspec.MsgspecError as error:  # of its lowest version, none of which is a ValueError
        raise ValueError(str(error)) from None


def fingerprint(encoded: bytes) -> str:
    """The sha256 of an encoded report. Equal ones are the same report; different ones may differ in key order alone."""
    return hashlib.sha256(encoded).hexdigest()


def finite(value: object) -> float | None:
    """``value`` as a floating-point number, ``None`` where it is no finite one."""
    found = finite_number(value)
    return None if found is None else float(found)


def by_run(documents: Iterable[Mapping[str, object]]) -> dict[str, list[Note]]:
    """The notes that these documents say, by the id of their run."""
    found: dict[str, list[Note]] = {}
    for document in documents:
        if (note := read_note(document)) is not None:
            found.setdefault(note.run, []).append(note)
    return found


class HistoryPosition(NamedTuple):
    """A place in the history: runs are ordered by start time, then by id."""

    start_time: float
    run_id: str


def after(run: RunSummary) -> str:
    """The cursor that continues behind ``run``."""
    return cursor(run.start_time, run.id)


def cursor(time: float, identity: str) -> str:
    """The cursor that continues behind what is ordered by ``time`` and ``identity``."""
    return f"{time!r}_{identity}"


def log_page(
    read: Callable[[int, str | None], LogPage],
    actions: LogFilter,
    limit: int,
    cursor: str | None,
    cursor_of: Callable[[float, str], str],
) -> LogPage:
    """A page of the ``actions`` meant, of pages that ``read(limit, cursor)`` gives of all in their time."""
    if actions.user is None and actions.action is None:
        return read(limit, cursor)
    found: list[LogEntry] = []
    while True:
        page = read(LOOKED_THROUGH, cursor)
        for entry in filter(actions.matches, page.entries):
            if len(found) == limit:
                return LogPage(found, cursor_of(found[-1].time, found[-1].id))
            found.append(entry)
        cursor = page.next
        if cursor is None:
            return LogPage(found, None)


def position(cursor: str) -> HistoryPosition:
    """The place that a cursor means. Raises ``ValueError`` for any other text."""
    time, separator, run_id = cursor.partition("_")
    try:
        start_time = float(time)
    except ValueError:
        start_time = math.nan
    if not separator or not math.isfinite(start_time):
        raise ValueError("not a cursor of this history")
    return HistoryPosition(start_time, run_id)
