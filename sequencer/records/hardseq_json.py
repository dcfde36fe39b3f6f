"""Reports of hardseq's own: what ``hardseq runs export --format json``, ``runs show`` and ``run --report`` write."""

from __future__ import annotations

import marshal
from functools import cache

from sequencer.records.form import Form
from sequencer.records.record import Fields, ForeignRecord, Origin, UnusableRecord
from sequencer.report.evidence import OURS
from sequencer.report.model import RunReport
from sequencer.report.note import read_note
from sequencer.report.reader import is_whole, read_report
from sequencer.report.schema import report_schema
from sequencer.vocabulary.status import BAD_STATUSES, FINAL_STATUSES

PROGRAM = OURS
_FORMAT = "hardseq/report/"
_KNOWN_FORMAT = "hardseq/report/1"


def is_hardseq(document: object) -> bool:
    """Whether the document says that it is a report of hardseq."""
    return isinstance(document, dict) and str(document.get("format", "")).startswith(_FORMAT)


@cache
def _form() -> Form:
    return Form("a report of hardseq, as `hardseq schema report` describes it", report_schema())


def read_hardseq(document: Fields, origin: Origin) -> ForeignRecord:
    """The run of a report, with the comments in it. Raises ``UnusableRecord``, for a damaged one as well."""
    if document["format"] != _KNOWN_FORMAT:
        raise UnusableRecord(
            "record-form",
            f"this version of hardseq does not know the format {document['format']!r:.60}",
            ("format",),
            hint="install the version of hardseq that wrote it, or a newer one",
        )
    written = dict(document)
    added = written.pop("notes", None) or []
    if not is_whole(marshal.loads(marshal.dumps(written))):  # a copy, as it is mended; nothing copies plain data faster
        _form().check(written)
        raise UnusableRecord("record-form", "the report is damaged", hint="export it again")
    report = read_report(written)
    _refuse_unfinished(report)
    notes = [note for each in added if isinstance(each, dict) and (note := read_note({**each, "run": report["id"]}))]
    return ForeignRecord(origin.marked(report, PROGRAM), notes=notes)


def _refuse_unfinished(report: RunReport) -> None:
    if report["status"] not in FINAL_STATUSES:
        raise UnusableRecord("record-unfinished", "the run was not over when this was written", ("status",))
    if not report["id"]:
        raise UnusableRecord("record-value", "the run has no id", ("id",))
    if report["status"] != "passed":
        return
    for number, module in enumerate(report["modules"]):
        for index, case in enumerate(module["cases"]):
            if case["status"] in (*BAD_STATUSES, "run", "ready"):
                raise UnusableRecord(
                    "record-value",
                    f"the run passed, but its case {module['id']}::{case['id']} did not",
                    ("modules", number, "cases", index, "status"),
                    hint="the report was changed after it was written; export it again",
                )
