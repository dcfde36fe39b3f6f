"""What figures need of a report, as rows of tables: pure.

What counts is said where it is for every store (:mod:`sequencer.store.facts`, :mod:`sequencer.store.base`): a *counted*
run is whole and real, a *judged* one also ended passed, failed or error.
"""

from __future__ import annotations

import marshal
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import NamedTuple, cast

from sequencer.limits.bounds import bounds, target
from sequencer.report.model import CaseReport, ModuleReport, RunReport
from sequencer.store import facts
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.status import BAD_STATUSES, Status

LARGEST = 1e150
"""Beyond it the square of a number is none; a measured value there is as good as none."""

_LARGEST_CODE = 2**63 - 1
_MOST_KNOWN = 10_000
_MARSHAL = 2
"""The version of its format that writes equal values alike, whoever else holds them."""
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


class RunRow(NamedTuple):
    """A run. ``began`` is its start in the time zone of its stand: microseconds from 1970-01-01T00:00 of that clock.

    ``changed``: the report was, in the store. ``imported``: the program whose record the report was made of.
    """

    id: str
    status: Status
    start_time: float
    stop_time: float | None
    began: int | None
    sequence: str
    version: str | None
    serial_number: str | None
    part_number: str | None
    batch: str | None
    stand: str | None
    slot: str | None
    operator: str | None
    partial: bool
    simulated: bool
    counted: bool
    judged: bool
    aborted: bool
    caused_dut_failure_id: str | None
    error_code: int | None
    untested: str | None = None
    start: str | None = None
    changed: bool = False
    imported: str | None = None


class CaseRow(NamedTuple):
    """A case (``module::case``) of a run, with the name that people see; ``seconds`` from its start to its end.

    Of these: ``retried`` before its last attempt, ``asked`` while an operator was to answer, ``waited`` for other slots
    (shared drivers, sync points). ``None``: none of it happened.
    """

    name: str
    title: str
    status: Status
    seconds: float | None
    attempts: int
    retried: float | None = None
    asked: float | None = None
    waited: float | None = None


class MeasurementRow(NamedTuple):
    """A number that a case's last attempt recorded, with what bounds what passes, and what it should be if said."""

    case: str
    name: str
    unit: str | None
    value: float | None
    lower: float | None
    upper: float | None
    target: float | None = None
    result: bool | None = None


class FailureRow(NamedTuple):
    """A case that ended failed, with an error or stopped; or one of its measurements that missed its limits."""

    case: str
    measurement: str | None


class SubUnitRow(NamedTuple):
    """A part of the product that has a serial number of its own."""

    serial_number: str
    part_number: str | None
    name: str | None


class RunRows(NamedTuple):
    """Everything of one run."""

    run: RunRow
    cases: list[CaseRow]
    measurements: list[MeasurementRow]
    failures: list[FailureRow]
    sub_units: list[SubUnitRow]


def rows_of(report: RunReport) -> RunRows:
    """The rows of a report."""
    cases: list[CaseRow] = []
    measurements: list[MeasurementRow] = []
    failures: list[FailureRow] = []
    read = _messages(report)
    for module in report["modules"]:
        for case in module["cases"]:
            row = _case(module, case, read)
            cases.append(row)
            if row.status in BAD_STATUSES:
                failures.append(FailureRow(row.name, None))
            for taken in case["attempts"][-1]["measurements"] if case["attempts"] else ():
                if taken.get("superseded"):  # a failed try
                    continue
                name = facts.text(taken["name"]) or ""
                if taken["result"] is False:
                    failures.append(FailureRow(row.name, name))
                if taken["type"] == "numeric":
                    unit, value = taken["unit"], taken["value"]
                    bound = _bounds(taken["limits"], unit)
                    measurements.append(
                        MeasurementRow(row.name, name, facts.text(unit), _value(value), *bound, taken["result"])
                    )
    return RunRows(_run(report), cases, measurements, failures, list(_sub_units(report)))


def _run(report: RunReport) -> RunRow:
    run = facts.summary(report)
    code = run.error_code
    return RunRow(
        id=run.id,
        status=run.status,
        start_time=facts.finite(run.start_time) or 0.0,
        stop_time=facts.finite(run.stop_time),
        began=_local_time(report),
        sequence=run.sequence,
        version=run.sequence_version,
        serial_number=run.serial_number,
        part_number=run.part_number,
        batch=facts.text(report["batch"].get("serial_number")),
        stand=run.stand,
        slot=run.slot,
        operator=run.user,
        partial=run.partial,
        simulated=run.simulated,
        counted=run.counted,
        judged=run.judged,
        aborted=run.aborted,
        caused_dut_failure_id=run.caused_dut_failure_id,
        error_code=code if code is None or abs(code) <= _LARGEST_CODE else None,
        start=run.start,
        untested=run.untested,
        changed=facts.was_changed(report),
        imported=facts.text(report["imported"]["program"]) if "imported" in report else None,
    )


def _case(module: ModuleReport, case: CaseReport, read: Mapping[str, float]) -> CaseRow:
    name = facts.full_name(module, case)
    start, stop, attempts = case["start_time"], case["stop_time"], case["attempts"]
    seconds = None if start is None or stop is None else _value(stop - start)
    retried = None if start is None or len(attempts) < 2 else _value(attempts[-1]["start_time"] - start)
    asked, waited = read.get(name), None
    for attempt in attempts:
        if dialogs := attempt["dialogs"]:
            asked = (asked or 0.0) + math.fsum(dialog["seconds"] or 0.0 for dialog in dialogs)
        if waits := attempt.get("waits"):
            waited = (waited or 0.0) + math.fsum(wait["seconds"] for wait in waits)
    if asked is not None:
        asked = _value(asked) or None
    if waited is not None:
        waited = _value(waited) or None
    title = facts.text(case["name"]) or name
    return CaseRow(name, title, case["status"], seconds, len(attempts), retried, asked, waited)


def _messages(report: RunReport) -> dict[str, float]:
    """How long each case waited until what it told the operator was read."""
    found: dict[str, float] = {}
    for message in report["operator_messages"]:
        case, cleared = message["case"], message["cleared"]
        if message["blocking"] and case is not None and cleared is not None:
            found[case] = found.get(case, 0.0) + cleared - message["time"]
    return found


def _sub_units(report: RunReport) -> Iterator[SubUnitRow]:
    for unit in report["dut"].get("sub_units", ()):
        serial_number = facts.text(unit.get("serial_number"))
        if serial_number is not None:
            yield SubUnitRow(serial_number, facts.text(unit.get("part_number")), facts.text(unit.get("name")))


def _value(value: Data) -> float | None:
    if type(value) is float:
        return value if -LARGEST <= value <= LARGEST else None
    found = facts.finite(value)
    return None if found is None or abs(found) > LARGEST else found


_known_bounds: dict[bytes, tuple[float | None, float | None, float | None]] = {}


def _bounds(limits: Data, unit: str | None) -> tuple[float | None, float | None, float | None]:
    """Both, and the target, as :mod:`sequencer.limits.bounds` has them; each run has the same few limits."""
    if limits is None:
        return None, None, None
    # It tells 1 from 1.0 and True, in a quarter of the time of repr.
    key = marshal.dumps((cast(str, limits), unit), _MARSHAL)
    if (found := _known_bounds.get(key)) is None:
        if len(_known_bounds) >= _MOST_KNOWN:
            _known_bounds.clear()
        lower, upper = bounds(limits, unit)
        found = _known_bounds[key] = _value(lower), _value(upper), _value(target(limits, unit))
    return found


def _local_time(report: RunReport) -> int | None:
    """What the clock at the stand showed: of the zone that the stand says, or else its computer's, or else UTC."""
    named = report["stand"].get("timezone") or report["host"].get("timezone")
    try:
        local = datetime.fromtimestamp(report["start_time"], _zone(str(named)))
    except (OverflowError, ValueError, OSError):
        return None  # no time of a calendar
    return (local.replace(tzinfo=None) - _EPOCH) // _MICROSECOND


@cache
def _zone(name: str) -> tzinfo:
    """The zone of an IANA name, or of an offset such as ``UTC+03:30``; UTC for what is neither."""
    # Imported here: of use to whoever asks for figures, and to nobody else who reads rows' types.
    from zoneinfo import ZoneInfo

    try:
        if name.startswith(("UTC+", "UTC-")):
            offset = datetime.fromisoformat(f"2000-01-01T00:00{name[3:]}").utcoffset()
            return timezone(offset) if offset is not None else UTC
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return UTC
