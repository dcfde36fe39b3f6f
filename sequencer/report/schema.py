"""The JSON Schema (draft 2020-12) of hardseq's own report; ``schemas/report.schema.json`` is written from it."""

from __future__ import annotations

from sequencer.report.model import FORMAT
from sequencer.report.schema_details import details
from sequencer.report.schema_words import (
    DRAFT,
    Schema,
    closed,
    list_of,
    maybe,
    one_of,
    ref,
    ref_or_null,
    texts,
    texts_by_key,
    time,
    time_or_null,
    typed,
    whole,
)
from sequencer.vocabulary.status import GROUPS, SKIP_KINDS


def report_schema() -> Schema:
    """The schema of a report, and of the live state of a run."""
    parts = {**_records(), **details(), **_happenings(), **_proceedings(), **_plan(), **_attempt()}
    return {
        "$schema": DRAFT,
        "$id": "urn:hardseq:report",
        "title": "hardseq report",
        "description": "Everything known of one run. Times are Unix seconds with a fraction, durations seconds.",
        **_run(),
        "$defs": parts,
    }


def _run() -> Schema:
    return closed(
        {
            "format": {"const": FORMAT, "description": "The format of this document."},
            "id": typed("string", "The run's id, a UUID version 7."),
            "status": _status("The verdict of the run."),
            "untested": one_of(
                ["nothing_tested", "incomplete", None],
                "What a run with the status `skipped` lacks: a passed main case, or one that another one kept from "
                "running. Not there in reports of earlier versions.",
            ),
            **_times(started=True),
            "sequence": ref("sequence"),
            "hardseq": typed("string", "The version of hardseq that ran it."),
            "host": typed("object", "The computer: name, id, os, python, timezone."),
            "stand": ref("stand"),
            "dut": ref("dut"),
            "process": ref("process"),
            "batch": ref("batch"),
            "instruments": list_of("instrument", "Instruments, in the order they were recorded."),
            "user": maybe("string", "Who ran the test."),
            "params": {
                "type": "object",
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
                "description": "The inputs given at start.",
            },
            "selection": {**texts("The cases chosen by hand; null for the whole sequence."), "type": ["array", "null"]},
            "simulated": typed("boolean", "Whether drivers were simulated."),
            "debugged": typed("boolean", "Whether somebody could pause, skip and repeat steps, or use the debugger."),
            "aborted": typed("boolean", "Whether the run died, and this was made of what its journal held."),
            "stop_reason": maybe("string", "Why the run was stopped."),
            "caused_dut_failure_id": maybe("string", "`module::case` that failed first, else had an error."),
            "error_code": whole("The error code of that case, else the first of the run."),
            "failures": list_of("failure", "Failures of the run itself."),
            "operator_messages": list_of("operator_message", "What the operator was told."),
            "artifact": typed("object", "What the sequence recorded for the run."),
            "modules": list_of("module", "Modules in running order."),
            "damaged_lines": {"type": "integer", "minimum": 0, "description": "Journal lines that could not be read."},
            "tests_name": typed("string", "`tests_name` of the configuration: version 1's name of the run."),
            "after_run": list_of("after_run_failure", "What failed after the verdict; not there when nothing did."),
        },
        optional=("untested", "tests_name", "after_run"),
    )


def _records() -> dict[str, Schema]:
    identity = ("name", "type", "serial_number", "part_number", "revision")
    info = typed("object", "Further facts.")
    return {
        "sequence": closed(
            {
                "name": typed("string", "What the operator reads."),
                "version": maybe("string", "The sequence's version."),
                "description": maybe("string", "What it is about."),
                "file": typed("string", "The file, relative to the project."),
                "sha256": typed("string", "The hash of all source bytes."),
            }
        ),
        "stand": _recorded(
            {
                **_fields("hw_id", "name", "revision", "timezone", "location"),
                "number": whole("The stand's number."),
                "info": info,
            }
        ),
        "dut": _recorded({**_fields(*identity), "sub_units": list_of("sub_unit", "Its parts."), "info": info}),
        "sub_unit": _recorded({**_fields(*identity), "info": info}),
        "process": _recorded({**_fields("name"), "number": whole("The process step's number."), "info": info}),
        "batch": _recorded(_fields("serial_number")),
        "instrument": _recorded(
            {
                **_fields("name", "revision", "serial_number", "part_number", "comment"),
                "number": whole("The instrument's number."),
                "info": info,
            }
        ),
    }


def _plan() -> dict[str, Schema]:
    common: Schema = {
        "id": typed("string", "The id in the sequence."),
        "name": typed("string", "What people read."),
        "group": one_of([*GROUPS], "When it runs."),
        "description": maybe("string", "What it is about."),
    }
    return {
        "module": closed(
            {
                **common,
                "status": _status("The verdict of its cases."),
                **_times(),
                "artifact": typed("object", "What the sequence recorded for the module."),
                "cases": list_of("case", "Cases in running order."),
            }
        ),
        "case": closed(
            {
                **common,
                "place": typed("string", "`file:line:column` in the sequence."),
                "critical": typed("boolean", "Whether nothing runs after its failure."),
                "tags": texts("Its tags."),
                "status": _status("That of the last attempt."),
                **_times(),
                "reason": maybe("string", "Why it was skipped."),
                "skip_kind": one_of(
                    [*SKIP_KINDS, None], "Why it was skipped, as a code. Not there in reports of earlier versions."
                ),
                "attempts": list_of("attempt", "Every attempt with its own data."),
            },
            optional=("skip_kind",),
        ),
    }


def _attempt() -> dict[str, Schema]:
    return {
        "attempt": closed(
            {
                "number": {"type": "integer", "minimum": 1, "description": "Counts from 1."},
                "status": _status("How it ended."),
                **_times(started=True),
                "timeout": maybe("number", "Seconds it may take."),
                "measurements": list_of("measurement", "In the order they were recorded."),
                "checks": list_of("check", "In the order they were evaluated."),
                "messages": texts_by_key("Texts by key; the last of each key."),
                "failures": list_of("failure", "Why it did not pass."),
                "dialogs": list_of("dialog", "Questions to the operator."),
                "charts": {"type": "array", "items": {"type": "object"}, "description": "As version 1's chart object."},
                "programs": list_of("program", "External programs."),
                "attachments": list_of("attachment", "Files."),
                "progress": ref_or_null("progress", "How far a long step is."),
                "artifact": typed("object", "What the sequence recorded for the case."),
                "step": ref_or_null("step", "The last step that began."),
                "tries": list_of("try", "Failed tries of steps that were tried again; not there without any."),
            },
            optional=("tries",),
        ),
    }


def _happenings() -> dict[str, Schema]:
    return {
        "dialog": closed(
            {
                "id": typed("string", "Unique within the run."),
                "dialog": typed("object", "What was asked."),
                "result": maybe("string", "How it was answered; null as long as it is open."),
                "value": {"description": "The answer's value."},
                "by": maybe("string", "Who answered."),
                "asked": time("When it was asked."),
                "seconds": maybe("number", "How long the answer took."),
            }
        ),
        "operator_message": closed(
            {
                "id": typed("string", "Unique as long as it is shown."),
                "case": maybe("string", "`module::case`."),
                "text": typed("string", "What it says."),
                "title": maybe("string", "Its title."),
                "blocking": typed("boolean", "Whether the run waited for the operator."),
                "details": typed("object", "Image, HTML and what else a page shows."),
                "time": time("When."),
                "cleared": time_or_null("When it was taken away."),
            }
        ),
    }


def _proceedings() -> dict[str, Schema]:
    return {
        "program": closed(
            {
                "command": texts("Program and arguments."),
                "exit_code": maybe("integer", "Null when it was killed or never started."),
                "output": typed("string", "What it printed, bounded."),
                "truncated": typed("boolean", "Whether output was cut."),
                "seconds": typed("number", "How long it ran."),
                "place": typed("string", "`file:line:column` in the sequence."),
            }
        ),
        "attachment": closed(
            {
                "name": typed("string", "The file's name."),
                "sha256": typed("string", "The hash of its bytes."),
                "size": {"type": "integer", "minimum": 0, "description": "In bytes."},
                "media_type": maybe("string", "Such as `image/png`."),
            }
        ),
        "progress": closed(
            {
                "value": typed("number", "So far."),
                "maximum": typed("number", "Of how much."),
                "label": maybe("string", "Its name."),
            }
        ),
        "step": closed(
            {
                "verb": typed("string", "The step's verb."),
                "step": typed("string", "Its name."),
                "call": maybe("string", "`driver.method`."),
                "timeout": maybe("number", "Seconds it may take."),
                "place": typed("string", "`file:line:column` in the sequence."),
                "time": time("When."),
            }
        ),
    }


def _recorded(properties: Schema) -> Schema:
    return closed(properties, ())


def _fields(*names: str) -> Schema:
    return {name: {"type": "string"} for name in names}


def _times(*, started: bool = False) -> Schema:
    start = time("When it began.") if started else time_or_null("When it began; null when it did not.")
    return {"start_time": start, "stop_time": time_or_null("When it ended.")}


def _status(description: str) -> Schema:
    statuses: list[str | None] = ["ready", "run", "passed", "failed", "error", "stopped", "skipped"]
    return one_of(statuses, f"{description} `ready` and `run` while the run goes on.")
