"""What is read of one record, why one cannot be used, and what all kinds of records are made into reports with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from sequencer.report.cases import new_attempt
from sequencer.report.field_types import LATEST
from sequencer.report.fields import blank
from sequencer.report.identity import identity_facts
from sequencer.report.model import AttemptReport, CaseReport, FailureReport, ModuleReport, RunReport
from sequencer.report.note import Note
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.status import BAD_STATUSES, FailureKind, Group, Status

JsonPath = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a JSON document."""
Fields = Mapping[str, Any]


class UnusableRecord(Exception):
    """A record that cannot be imported: the sentence, where in the document, and what to do about it.

    ``code`` is as that of any problem with a file; ``line`` and ``column`` are for what has lines, and no ``path``.
    ``run`` is the id of the run that it is of, where a store may have that already.
    """

    def __init__(
        self,
        code: str,
        message: str,
        path: JsonPath = (),
        *,
        hint: str | None = None,
        line: int | None = None,
        run: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path
        self.hint = hint
        self.line = line
        self.column = 1
        self.run = run


@dataclass(slots=True)
class AttachedFile:
    """A file that the record holds."""

    data: bytes
    media_type: str | None


@dataclass(slots=True)
class ForeignRecord:
    """A run out of a record: its report, the files that it names by SHA-256, and what was added to it later."""

    report: RunReport
    files: dict[str, AttachedFile] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where records come from, and what is to be said of runs whose records do not say it themselves.

    ``name``: the file, or the database and document, for people. ``stand``: the name of the stand. ``timezone``: an
    IANA name, the stand's.
    """

    name: str
    stand: str | None = None
    timezone: str | None = None

    def marked(self, report: RunReport, program: str) -> RunReport:
        """The report with what is missing, and with its origin; one that was imported before keeps the first one."""
        if self.stand is not None and not report["stand"].get("name"):
            report["stand"]["name"] = self.stand
        if self.timezone is not None and not (report["stand"].get("timezone") or report["host"].get("timezone")):
            report["host"]["timezone"] = self.timezone
        report.setdefault("imported", {"program": program, "file": self.name})
        return report


def run_id(start_time: float, *identity: object) -> str:
    """The id of a run whose record has none that is unique: the same for the same ``identity``, by start time (s).

    It is a UUID version 8 (RFC 9562, section 5.8): 48 bits of milliseconds as in version 7, then of a SHA-256.
    """
    digest = hashlib.sha256("\x1f".join(map(str, (start_time, *identity))).encode("utf-8", "backslashreplace"))
    chance = int.from_bytes(digest.digest()[:10])
    milliseconds = int(start_time * 1000) & (1 << 48) - 1
    bits = milliseconds << 80 | 0x8 << 76 | (chance >> 62 & 0xFFF) << 64 | 0b10 << 62 | chance & (1 << 62) - 1
    digits = f"{bits:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def facts(section: str, found: Fields | list[object], path: JsonPath = ()) -> Any:
    """The facts of a section of the report, without what is null or blank. Raises ``UnusableRecord``.

    A serial number with a blank behind it is none of another unit, one with characters that nobody can see is refused.
    """
    try:
        return identity_facts(section, _said(found))
    except StepError as error:
        raise UnusableRecord(
            "record-value", str(error), path, hint="mend the record, or leave it out: units are known by these texts"
        ) from None


def _said(found: object) -> object:
    if isinstance(found, Mapping):
        kept = {key: _said(value) for key, value in found.items()}
        return {key: value for key, value in kept.items() if value not in (None, "", [], {}) and not _is_blank(value)}
    return [_said(entry) for entry in found] if isinstance(found, list) else found


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def text_fact(value: object, path: JsonPath) -> str | None:
    """The name of a user, cleaned in the same way; ``None`` for nothing."""
    found = facts("batch", {"serial_number": value}, path)
    name: str | None = found.get("serial_number")
    return name


def seconds(value: float, path: JsonPath) -> float:
    """A time in Unix seconds that a calendar has. Raises ``UnusableRecord``."""
    if not 0 <= value <= LATEST:
        raise UnusableRecord("record-value", f"{value} is no time in Unix seconds of a calendar", path)
    return float(value)


def new_run(identity: str, name: str, start: float, stop: float | None) -> RunReport:
    """The report of a run that is over, as yet without cases and verdict. Times in Unix seconds."""
    report = blank(RunReport)
    report["id"], report["start_time"] = identity, start
    report["stop_time"] = start if stop is None else max(start, stop)
    report["sequence"]["name"] = name
    return report


def new_module(identity: str, name: str, group: Group = "main") -> ModuleReport:
    """A module without cases."""
    module = blank(ModuleReport)
    module["id"], module["name"], module["group"] = identity, name, group
    return module


def new_case(identity: str, name: str, group: Group = "main") -> CaseReport:
    """A case that has not run."""
    case = blank(CaseReport)
    case["id"], case["name"], case["group"], case["status"] = identity, name, group, "skipped"
    return case


def add_attempt(case: CaseReport, number: int, status: Status, start: float, stop: float) -> AttemptReport:
    """Another attempt of the case, which has its status then. Times in Unix seconds."""
    attempt = new_attempt(number, start, None)
    attempt["status"], attempt["stop_time"] = status, max(start, stop)
    case["attempts"].append(attempt)
    case["status"] = status
    case["start_time"] = start if case["start_time"] is None else min(start, case["start_time"])
    case["stop_time"] = attempt["stop_time"]
    return attempt


def failure(kind: FailureKind, message: str, time: float, error_code: int | None = None) -> FailureReport:
    """Why an attempt or a run did not pass. ``time`` in Unix seconds."""
    found = blank(FailureReport)
    found["kind"], found["message"], found["time"], found["error_code"] = kind, message, time, error_code
    return found


NOT_FINITE = ("NaN", "Infinity", "-Infinity")
"""Numbers that JSON lacks, as they are read and as reports have them. None of them passes anything."""

KINDS: Mapping[Status, FailureKind] = {"failed": "failed", "stopped": "stopped"}
"""The kind of failure of a status; all others are errors."""


def settle(report: RunReport, said: Status, program: str) -> None:
    """Gives the run its verdict: what the record said, unless its own cases contradict a pass.

    No run passes that its program did not let pass, nor one of which no case passed or any went wrong.
    """
    cases = [(f"{module['id']}::{case['id']}", case) for module in report["modules"] for case in module["cases"]]
    bad = [(name, case["status"]) for name, case in cases if case["status"] in BAD_STATUSES]
    report["status"], report["untested"] = said, None
    if said == "passed" and bad:
        name, status = bad[0]
        report["status"] = "error"
        message = f"{program} recorded that the run passed, and that {name} did not ({status})"
        report["failures"].append(failure("error", message, report["start_time"]))
    elif said in ("passed", "skipped"):
        some = any(case["status"] == "passed" for _, case in cases)
        if not some:
            report["status"], report["untested"] = "skipped", "nothing_tested"
        elif said == "skipped":
            report["untested"] = "incomplete"
    if report["caused_dut_failure_id"] is None:
        first = [name for name, status in bad if status == "failed"] or [name for name, status in bad]
        report["caused_dut_failure_id"] = next(iter(first), None)


def unsaid(found: Fields, known: Iterable[str], program: str) -> dict[str, dict[str, object]]:
    """What a part of the record has beside the fields that are ``known``, for the artifact of its level."""
    rest = {key: value for key, value in found.items() if key not in frozenset(known) and value not in (None, {}, [])}
    return {program: rest} if rest else {}


def identifier(name: str) -> str:
    """The name as ids are in a sequence, so that a sequence can go on with the case: ``Board test`` is ``board_test``.

    What stands in brackets behind the name is that of a row, and stays.
    """
    base, bracket, row = name.partition("[")
    found = re.sub("[^a-z0-9_]+", "_", base.lower()).strip("_")
    found = found if found[:1].isalpha() else f"x_{found}".rstrip("_")
    return f"{found}{bracket}{row}"


class UniqueNames:
    """Ids from names, each once."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def new(self, name: str) -> str:
        """The id for a thing with this name; a second one gets a number."""
        wanted = found = identifier(name)
        number = 1
        while found in self._given:
            number += 1
            found = f"{wanted}_{number}"
        self._given.add(found)
        return found
