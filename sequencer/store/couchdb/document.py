"""The document that CouchDB keeps of a run: the report, and beside it in flat form what indexes and views need.

``{_id: run id, type: "run", fingerprint, sha256: [...], summary: {...}, failed_cases: [...], measurements: [[case,
name, unit, value, lower, upper, result]], version_1: whether the database ``report`` has it as well, report: {...}}``.
Where steps that follow the run were tried again, ``amendment: {after_run, fingerprint}`` replaces the report's
``after_run``; all else stays as it was written at first, so that CouchDB can hold to it (``couchdb_protection``). A
report beyond CouchDB's bound for a document (8 MB) lies compressed in the attachment ``report.json.gz`` of the same
document; everything else about the run stays searchable.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import Mapping
from typing import NamedTuple, cast

from sequencer.limits.bounds import bounds
from sequencer.report.model import RunReport
from sequencer.store import facts
from sequencer.store.base import PrunedRun, RunSummary, StoreError
from sequencer.store.couchdb.client import CouchDocument, encode
from sequencer.store.facts import HistoryPosition
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.status import FINAL_STATUSES, UNTESTED

_KIND = "2:"
_LARGEST_WHOLE = 2**53  # beyond it JavaScript rounds
REPORT_FILE = "report.json.gz"
LARGEST_DOCUMENT = 7_900_000
"""Bytes of JSON that CouchDB takes as one document, by default."""

LARGEST_INLINE = 4_000_000
"""Bytes of a report's JSON; with summary and measurements, and lowered, it stays below that bound."""


def document(report: RunReport, fingerprint: str, encoded: bytes) -> dict[str, object]:
    """The run's document without ``_rev``. ``encoded`` is the report's JSON."""
    run = facts.summary(report)
    made: dict[str, object] = {
        "_id": run.id,
        "type": "run",
        "fingerprint": fingerprint,
        "sha256": _sha256_of(report),
        "summary": {**_said(run), "key": sort_key(run.start_time, run.id), "counted": run.counted},
        "failed_cases": facts.failed_cases(report),
        "measurements": _measurements(report),
    }
    if len(encoded) <= LARGEST_INLINE:
        made["report"] = report
    else:
        made["_attachments"] = {REPORT_FILE: _inline(gzip.compress(encoded, 1, mtime=0), "application/gzip")}
    return made


def pruned(stored: Mapping[str, object], run: PrunedRun) -> dict[str, object]:
    """What takes the place of a run's ``stored`` document: no view and no index knows it, and no job copies it."""
    kept = {name: stored[name] for name in ("_id", "_rev") if name in stored}
    said = {"fingerprint": known_fingerprint(stored), "digest": run.digest, "condensed": run.condensed}
    return {**kept, "type": "pruned", **said}


def is_pruned(stored: Mapping[str, object]) -> bool:
    """Whether this is what is left of a run."""
    return stored.get("type") == "pruned" and isinstance(stored.get("condensed"), str)


def _said(run: RunSummary) -> dict[str, object]:
    """What summaries of earlier versions lack is said where there is something to say, as ever."""
    return {name: value for name, value in run._asdict().items() if value is not None or name not in _ADDED}


def amend(stored: Mapping[str, object], report: RunReport) -> dict[str, object]:
    """The ``stored`` document with what is new in the report's ``after_run``."""
    return {**stored, "amendment": {"after_run": report.get("after_run", []), "fingerprint": fingerprint(report)}}


def _inline(data: bytes, media_type: str) -> dict[str, str]:
    return {"content_type": media_type, "data": base64.b64encode(data).decode("ascii")}


def _measurements(report: RunReport) -> list[list[object]]:
    drawn: dict[str, tuple[float | None, float | None]] = {}
    rows: list[list[object]] = []
    for taken in facts.measurements(report):
        limits = f"{json.dumps(taken.limits)} {taken.unit}"
        if limits not in drawn:
            drawn[limits] = bounds(taken.limits, taken.unit)
        rows.append([taken.case, taken.name, taken.unit, taken.value, *drawn[limits], taken.result])
    return rows


def fits_version_1(report: RunReport, encoded: bytes) -> bool:
    """Whether the lowered document stays below CouchDB's bound; version 1 has no place for a report beyond it."""
    if len(encoded) <= LARGEST_INLINE:
        return True
    from sequencer.report.version1 import lower

    return len(encode(lower(report))) <= LARGEST_DOCUMENT


def fingerprint(report: Mapping[str, object]) -> str:
    """What tells a stored report from any other: a hash that depends neither on the order of keys nor on how a server
    writes numbers and texts (``1.0`` as ``1``, ``-0.0`` as ``0.0``, a lone surrogate as U+FFFD)."""
    return _fingerprint(encode(report))


def _fingerprint(encoded: bytes) -> str:
    plain = json.loads(encoded, parse_int=float, parse_float=_as_kept)
    return _KIND + hashlib.sha256(json.dumps(plain, sort_keys=True).encode("ascii")).hexdigest()


def _sha256_of(report: Mapping[str, object]) -> list[str]:
    """Those of the report's JSON with sorted keys: as it is, as CouchDB keeps it, and as a server in JavaScript has it,
    ``1`` for ``1.0``.

    The fingerprint knows a report whatever a server does to it, but to check it takes five times as long as these.
    """
    # Imported here: of use once a run is over, and it takes 10 ms.
    import msgspec

    sent = encode(report)
    kept = (float, _as_kept, _as_javascript)
    hashes = [_sorted_sha256(msgspec.json.Decoder(float_hook=read).decode(sent)) for read in kept]
    return list(dict.fromkeys(hashes))


def _as_kept(written: str) -> float:
    """CouchDB keeps neither the sign of a zero nor the least number above it."""
    number = float(written)
    return number if abs(number) >= sys.float_info.min else 0.0


def _as_javascript(written: str) -> float:
    number = float(written)
    return int(number) if number.is_integer() and abs(number) < _LARGEST_WHOLE else number


def _sorted_sha256(report: object) -> str:
    import msgspec

    return hashlib.sha256(msgspec.json.encode(report, order="sorted")).hexdigest()


class _StoredReport(NamedTuple):
    """A report as it stands, and where it came as such its JSON, whose lone surrogates are not replaced.

    ``strict``: that has neither these nor a number that is none, of both of which the fingerprint alone is known: the
    hash of NaN or an infinity would be that of ``null``.
    """

    report: CouchDocument
    came: bytes | None = None
    strict: bool = False


def known_fingerprint(stored: Mapping[str, object]) -> object:
    """That of the report as it stands in the document."""
    amendment = stored.get("amendment")
    return (amendment if isinstance(amendment, dict) else stored).get("fingerprint")


def _is_as_stored(stored: Mapping[str, object], found: _StoredReport) -> bool:
    known, hashes = str(stored.get("fingerprint")), stored.get("sha256")
    if found.strict and isinstance(hashes, list) and _sorted_sha256(found.report) in hashes:
        return True
    report, came = found.report, found.came
    if known.startswith(_KIND):
        return (came is not None and _fingerprint(came) == known) or fingerprint(report) == known
    # Of earlier versions: taken before lone surrogates were replaced.
    encoded = facts.encode(report)
    return facts.fingerprint(encoded) == known or b"\\ufffd" in encoded


def report_of(stored: CouchDocument, packed: bytes | None, *, check: bool = False, raw: bool = False) -> RunReport:
    """The report of a stored document, where it may be JSON; ``packed`` is its attachment where it has one.

    ``check``: one that is not the report that was stored says so, and is no passed one. ``raw`` gives one that was
    checked as it stands, with numbers as the server writes them and without fields that came later. Raises
    :class:`StoreError`.
    """
    from sequencer.report.reader import doubt, read_report

    try:
        found = _report_in(stored, packed)
        as_stored = not check or _is_as_stored(stored, found)
        if isinstance(amendment := stored.get("amendment"), dict):
            found = _StoredReport({**found.report, "after_run": amendment.get("after_run")})
            as_stored = as_stored and (not check or _is_as_stored(amendment, found))
        if raw and check and as_stored:
            return cast(RunReport, found.report)
        report = read_report(found.report)
        if not as_stored:
            doubt(report, Reason("not_as_stored"))
        return report
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise StoreError(Reason("report_damaged", detail=str(error))) from None


def _report_in(stored: CouchDocument, packed: bytes | None) -> _StoredReport:
    came = stored["report"] if packed is None else gzip.decompress(packed)
    if not isinstance(came, bytes):
        return _StoredReport(came)
    try:
        return _StoredReport(cast(CouchDocument, facts.decode_strictly(came)), came, strict=True)
    except ValueError:
        return _StoredReport(json.loads(came), came)


def summary_of(values: Mapping[str, object] | list[object]) -> RunSummary:
    """The summary, from the document's mapping or from a view's list in the order of ``RunSummary``'s fields.

    Anybody may write into a database: a field of another type is as good as none, and the run counts for nothing then.
    """
    found = dict(values) if isinstance(values, dict) else dict(zip(RunSummary._fields, values, strict=False))
    found = {**dict.fromkeys(_ADDED), **found}
    read = {
        name: found[name] for name, kinds in _SUMMARY_KINDS.items() if isinstance(found.get(name, _NO_VALUE), kinds)
    }
    if read.get("status") not in FINAL_STATUSES:
        read.pop("status", None)
    if read.get("untested") not in (None, *UNTESTED):
        read.pop("untested")
    damaged = {"partial": True} if len(read) < len(RunSummary._fields) else {}
    return RunSummary(**{**_NOTHING._asdict(), **read, **damaged})


def summary_in(stored: CouchDocument) -> RunSummary:
    """The summary of a run's document. Those of earlier versions say what a skipped run lacks in their report alone."""
    summary, report = stored["summary"], stored.get("report")
    if not (isinstance(summary, dict) and isinstance(report, dict)):
        return summary_of(summary)
    return summary_of({"untested": report.get("untested"), **summary})


_ADDED = ("slot", "start", "untested")
_NO_VALUE = object()
_TEXT: tuple[type, ...] = (str, type(None))
_SUMMARY_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(RunSummary._fields, _TEXT),
    "start_time": (int, float),
    "stop_time": (int, float, type(None)),
    "partial": (bool,),
    "simulated": (bool,),
    "aborted": (bool,),
    "cases": (int,),
    "error_code": (int, type(None)),
    **dict.fromkeys(("id", "status", "sequence"), (str,)),
}
_NOTHING = RunSummary("", "error", 0.0, None, "", None, None, None, None, None, True, False, True, 0, None, None)


def sort_key(start_time: float, run_id: str = "") -> str:
    """A text that sorts as the pair does; with a time alone it is the smallest of that time."""
    return f"{start_time:020.7f}_{run_id}" if run_id else f"{start_time:020.7f}"


def position_key(position: HistoryPosition) -> str:
    """The sort key of the run that a cursor names."""
    return sort_key(position.start_time, position.run_id)
