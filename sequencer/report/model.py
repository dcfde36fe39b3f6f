"""The report of a run, said once: every field with its type and what it means.

A report is a tree of plain JSON objects: hardseq's own format (``schemas/report.schema.json``); StandCloud and existing
tools get it lowered by ``sequencer.report.version1``. It is also the live state while the run goes on: then statuses
may be ``ready`` or ``run`` and stop times null. Times are Unix seconds with a fraction, durations seconds.

A field is one line: its type, and in ``Annotated`` what it means (texts are joined), its bounds and its marks. From
that line come the JSON Schema and the tables of ``docs/reference/report.md`` (``schema``), what is read of stored
reports (``reader``), what a report begins with and what the fold copies of an event (``fields``), and what pages get
(``panel.patches``). A ``NotRequired`` field that can be null is one that reports of earlier versions lack;
any other such field is there only when it says something.
"""

# The annotations are evaluated here, once: as texts they would have to be compiled, and cost every start more.
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from sequencer.report.fact_sections import (
    BatchReport,
    DutReport,
    InstrumentReport,
    ProcessReport,
    StandReport,
    SubUnitReport,
)
from sequencer.report.field_types import ADDED, UNSHOWN, WHOLE, Coded, Count, Location, Ordinal, Time
from sequencer.vocabulary.data import Data, MeasurementType, Scalar
from sequencer.vocabulary.reason import CodedReason
from sequencer.vocabulary.status import FailureKind, Group, LogLevel, SkipKind, Status, Untested, WaitKind

Disposition = Literal["repair", "scrap", "retest", "waived"]
"""``waived``: a manager lets the unit pass as it is. The verdict stays what it was, here and in every figure."""

_LIVE = "`ready` and `run` while the run goes on."


class SequenceReport(TypedDict):
    """Which sequence ran."""

    name: Annotated[str, "The name that the operator sees."]
    version: Annotated[str | None, "The sequence's version."]
    description: Annotated[str | None, "What it is about."]
    file: Annotated[str, "The file, relative to the project."]
    sha256: Annotated[str, "The hash of all source bytes."]
    extensions: NotRequired[
        Annotated[
            dict[str, str | None],
            "The packages whose steps and drivers it uses, with the versions that ran; null: none was found.",
        ]
    ]


class LimitRowReport(TypedDict):
    """The row of a limit table."""

    name: Annotated[str, "The table's name in the sequence."]
    file: Annotated[str, "Its file, relative to the project."]
    row: Annotated[Ordinal, "The line of the file in which the row begins."]
    sha256: Annotated[str, "The hash of the file's bytes."]


class MeasurementReport(TypedDict):
    """A measured value, judged."""

    name: Annotated[str, "What was measured."]
    value: Annotated[Data, "The value; a number that JSON does not have is a string, such as `NaN`."]
    type: Annotated[MeasurementType, "The type of the value that the driver returned."]
    unit: Annotated[str | None, "The value's unit."]
    limits: Annotated[Data, "The limits as written, with expressions evaluated; null without limits."]
    result: Annotated[bool | None, "Whether the value meets the limits; null without limits."]
    reason: Annotated[str | None, "Why the value does not meet them."]
    place: Location
    time: Annotated[Time, "When."]
    superseded: NotRequired[
        Annotated[bool, "True when it belongs to a failed try (`retry`) that another try followed; otherwise absent."]
    ]
    coded_reason: NotRequired[Coded]
    warn_limits: NotRequired[
        Annotated[Data, "The warning limits as written, with expressions evaluated; absent without any."]
    ]
    warning: NotRequired[
        Annotated[str, "Why the value, which did not fail, does not meet the warning limits; absent when it does."]
    ]
    coded_warning: NotRequired[Coded]
    table: NotRequired[Annotated[LimitRowReport, "Where the limits come from; absent where the sequence says them."]]


class CheckReport(TypedDict):
    """A ``check`` expression and its result."""

    expression: Annotated[str, "The expression as written."]
    result: Annotated[bool, "Whether it was true."]
    place: Location
    time: Annotated[Time, "When."]
    superseded: NotRequired[
        Annotated[bool, "True when it belongs to a failed try (`retry`) that another try followed; otherwise absent."]
    ]


class TryReport(TypedDict):
    """A try of a step that failed and was followed by another one."""

    step: Annotated[str, "The step that failed first."]
    number: Annotated[Ordinal, "Counts from 1."]
    message: Annotated[str, "The first failure of the try."]
    place: Location
    time: Annotated[Time, "When."]
    coded_reason: NotRequired[Coded]


class LogLineReport(TypedDict):
    """A line that was logged."""

    time: Annotated[Time, "When."]
    level: Annotated[LogLevel, "How much it matters."]
    text: Annotated[str, "What was logged."]
    source: Annotated[str | None, "Who wrote it; null for a `log` step of the sequence."]


class FailureReport(TypedDict):
    """Why an attempt or a run did not pass."""

    kind: Annotated[FailureKind, "The kind of failure."]
    message: Annotated[str, "What happened."]
    error_code: Annotated[Count | None, "The error code that the sequence gives it."]
    place: Annotated[str | None, "`file:line:column` of the step."]
    step: Annotated[str | None, "The step's name."]
    call: Annotated[str | None, "The driver call: `driver.method`."]
    traceback: Annotated[str | None, "The driver's own traceback."]
    generated: Annotated[str | None, "The generated statement: `FOLDER/test_main.py:21`."]
    time: Annotated[Time, "When."]
    coded_reason: NotRequired[Coded]


class _OfStepAfterRun(TypedDict):
    number: Annotated[Ordinal, "The number of the step in `after_run`."]


class AfterRunFailure(_OfStepAfterRun, FailureReport):
    """Why a step of ``after_run`` was not carried out; it says nothing about the product.

    What failed when the step was tried again follows an entry that is ``retried``.
    """

    done: NotRequired[Annotated[bool, "True when the step itself was carried out and something after it failed."]]
    retried: NotRequired[Annotated[float, "When the step was tried again (Unix seconds)."]]


class NoteReport(TypedDict):
    """What somebody added to the stored run later."""

    id: Annotated[str, "Unique."]
    time: Annotated[Time, "When."]
    user: Annotated[str | None, "Who."]
    source: Annotated[str, "From where: the panel with an address, or the command line with an account."]
    comment: Annotated[str, "What they wrote; may be empty."]
    disposition: Annotated[
        Disposition | None,
        "What is to become of the unit; the newest one counts. `waived`: a manager lets it pass as it is.",
    ]


class DialogReport(TypedDict):
    """A question to the operator, with the answer once there is one."""

    id: Annotated[str, "Unique within the run."]
    dialog: Annotated[dict[str, Any], "The dialog as it was shown."]
    result: Annotated[str | None, "How it was answered; null while it is open."]
    value: Annotated[Data, "The answer's value."]
    by: Annotated[str | None, "Who answered it."]
    asked: Annotated[Time, "When it was asked."]
    seconds: Annotated[float | None, "How long the answer took."]


class OperatorMessageReport(TypedDict):
    """What the operator was told."""

    id: Annotated[str, "Unique while it is shown."]
    case: Annotated[str | None, "`module::case`."]
    text: Annotated[str, "The text of the message."]
    title: Annotated[str | None, "The title of the message."]
    blocking: Annotated[bool, "Whether the run waited for the operator."]
    details: Annotated[dict[str, Any], "Image, HTML and everything else that a page shows."]
    time: Annotated[Time, "When."]
    cleared: Annotated[Time | None, "When it was removed."]


class ProgramReport(TypedDict):
    """An external program's run."""

    command: Annotated[list[str], "Program and arguments."]
    exit_code: Annotated[int | None, "The exit code; null when it was killed or never started."]
    output: Annotated[str, "The output of the program, up to a limit."]
    truncated: Annotated[bool, "Whether the output was cut."]
    seconds: Annotated[float, "How long it ran."]
    place: Location


class AttachmentReport(TypedDict):
    """A file kept with the report."""

    name: Annotated[str, "The file's name."]
    sha256: Annotated[str, "The hash of its bytes."]
    size: Annotated[Count, "The size in bytes."]
    media_type: Annotated[str | None, "The media type, such as `image/png`."]


class ProgressReport(TypedDict):
    """The progress of a long step."""

    value: Annotated[float, "The value so far."]
    maximum: Annotated[float, "The value at the end."]
    label: Annotated[str | None, "The text in the bar."]


class WaitingReport(TypedDict):
    """What the case waits for at the moment."""

    kind: Annotated[WaitKind, "For what: a call that another slot makes, a hold, or the other slots (sync)."]
    names: Annotated[list[str], "The shared drivers, or the sync point."]
    place: Location
    time: Annotated[Time, "Since when."]


class WaitReport(WaitingReport):
    """How long a case waited for other slots."""

    seconds: Annotated[float, "How long."]


class StepReport(TypedDict):
    """The step that is running or ran last."""

    verb: Annotated[str, "The step's verb."]
    step: Annotated[str, "The step's name."]
    call: Annotated[str | None, "The driver call: `driver.method`."]
    timeout: Annotated[float | None, "The timeout in seconds."]
    place: Location
    time: Annotated[Time, "When."]


class AttemptReport(TypedDict):
    """One attempt of a case with everything it recorded."""

    number: Annotated[Ordinal, "Counts from 1."]
    status: Annotated[Status, "How it ended.", _LIVE]
    start_time: Annotated[Time, "When it began."]
    stop_time: Annotated[Time | None, "When it ended."]
    timeout: Annotated[float | None, "The timeout in seconds."]
    measurements: Annotated[list[MeasurementReport], "In the order they were recorded."]
    checks: Annotated[list[CheckReport], "In the order they were evaluated."]
    messages: Annotated[dict[str, str], "Messages by key; the last one of each key."]
    failures: Annotated[list[FailureReport], "Why it did not pass."]
    dialogs: Annotated[list[DialogReport], "Questions to the operator.", WHOLE]
    charts: Annotated[list[dict[str, Any]], "Charts in the form of schema version 1."]
    programs: Annotated[list[ProgramReport], "External programs that ran."]
    attachments: Annotated[list[AttachmentReport], "Attached files."]
    progress: Annotated[ProgressReport | None, "The progress of a long step."]
    artifact: Annotated[dict[str, Any], "What the sequence recorded for the case.", UNSHOWN]
    step: Annotated[StepReport | None, "The last step that began."]
    waiting: NotRequired[Annotated[WaitingReport | None, "What it waits for; null or absent when for nothing."]]
    waits: NotRequired[
        Annotated[list[WaitReport], "Every wait for other slots; absent without any. `time` is when it began.", UNSHOWN]
    ]
    printing: NotRequired[
        Annotated[
            str | None, "The end of what a running program has printed; null or absent when none runs that has printed."
        ]
    ]
    tries: NotRequired[
        Annotated[list[TryReport], "Failed tries of steps that were tried again; absent without any.", WHOLE]
    ]
    log: NotRequired[Annotated[list[LogLineReport], "What was logged, up to 1,000 lines; absent without any."]]
    log_left_out: NotRequired[
        Annotated[Count, "How many more were logged, which the journal has; absent without any.", UNSHOWN]
    ]


class PlannedModuleReport(TypedDict):
    """What the plan says of a module."""

    id: Annotated[str, "The id in the sequence."]
    name: Annotated[str, "The name that people see."]
    group: Annotated[Group, "The group, which says when it runs."]
    description: Annotated[str | None, "What it is about."]


class PlannedCaseReport(PlannedModuleReport):
    """What the plan says of a case."""

    place: Location
    critical: Annotated[bool, "Whether nothing but teardown runs after its failure."]
    tags: Annotated[list[str], "Its tags."]


class CaseReport(PlannedCaseReport):
    """A case."""

    status: Annotated[Status, "The status of the last attempt.", _LIVE]
    start_time: Annotated[Time | None, "When it began; null when it did not."]
    stop_time: Annotated[Time | None, "When it ended."]
    reason: Annotated[str | None, "Why it was skipped."]
    skip_kind: NotRequired[
        Annotated[SkipKind | None, "Why it was skipped, as a code. Absent in reports of earlier versions."]
    ]
    coded_reason: NotRequired[Annotated[Coded | None, "Absent in reports of earlier versions."]]
    attempts: Annotated[list[AttemptReport], "Every attempt with its own data."]


class ModuleReport(PlannedModuleReport):
    """A module with its cases."""

    status: Annotated[Status, "The verdict of its cases.", _LIVE]
    start_time: Annotated[Time | None, "When it began; null when it did not."]
    stop_time: Annotated[Time | None, "When it ended."]
    artifact: Annotated[dict[str, Any], "What the sequence recorded for the module.", UNSHOWN]
    cases: Annotated[list[CaseReport], "Cases in the order they run."]


class SlotReport(TypedDict):
    """The place of the product in the stand."""

    name: Annotated[str, "The slot's name."]
    number: Annotated[Ordinal, "The slot's number."]


class JointStartReport(TypedDict):
    """The runs that one press of Start began."""

    id: Annotated[str, "The start's id, a UUID version 7."]
    slots: Annotated[list[str], "The names of the slots that were started."]


class ImportedReport(TypedDict):
    """Where the record of an imported run came from."""

    program: Annotated[str, "The program whose record it was: `HardPy`, `OpenHTF`, `hardseq`."]
    file: Annotated[str, "The record's file, or its database and document."]


class RunReport(TypedDict):
    """A whole run.

    A run with a ``selection`` is a partial one and no evidence for a product. ``after_run`` holds what went wrong once
    the verdict was known.
    """

    format: Annotated[Literal["hardseq/report/1"], "The format of this document.", UNSHOWN]
    id: Annotated[str, "The run's id, a UUID version 7."]
    status: Annotated[Status, "The verdict of the run.", _LIVE]
    untested: NotRequired[
        Annotated[
            Untested | None,
            "What a run with the status `skipped` lacks: a passed main case, or one that another one kept from "
            "running. Absent in reports of earlier versions.",
        ]
    ]
    start_time: Annotated[Time, "When it began."]
    stop_time: Annotated[Time | None, "When it ended."]
    sequence: SequenceReport
    hardseq: Annotated[str, "The version of hardseq that ran it.", UNSHOWN]
    host: Annotated[dict[str, Any], "The computer: name, id, os, python, timezone.", UNSHOWN]
    stand: StandReport
    dut: DutReport
    process: ProcessReport
    batch: BatchReport
    instruments: Annotated[list[InstrumentReport], "Instruments, in the order they were recorded."]
    user: Annotated[str | None, "Who ran the test."]
    params: Annotated[dict[str, Scalar], "The inputs given at start."]
    selection: Annotated[list[str] | None, "The cases chosen by hand; null for the whole sequence."]
    simulated: Annotated[bool, "Whether drivers were simulated."]
    debugged: Annotated[bool, "Whether somebody could pause, skip and repeat steps, or use the debugger.", ADDED]
    aborted: Annotated[bool, "Whether the test process died and this report was made from the journal."]
    stop_reason: Annotated[str | None, "Why the run was stopped."]
    coded_stop_reason: NotRequired[Annotated[Coded | None, "Absent in reports of earlier versions."]]
    caused_dut_failure_id: Annotated[str | None, "The first case that failed, or else had an error: `module::case`."]
    error_code: Annotated[Count | None, "The error code of that case, or else the first of the run."]
    failures: Annotated[list[FailureReport], "Failures of the run itself."]
    operator_messages: Annotated[list[OperatorMessageReport], "What the operator was told.", UNSHOWN]
    artifact: Annotated[dict[str, Any], "What the sequence recorded for the run.", UNSHOWN]
    modules: Annotated[list[ModuleReport], "Modules in the order they run.", UNSHOWN]
    damaged_lines: Annotated[Count, "Journal lines that could not be read.", UNSHOWN]
    slot: NotRequired[Annotated[SlotReport, "Where the product was; absent where the stand has no slots.", UNSHOWN]]
    start: NotRequired[
        Annotated[JointStartReport, "The start it belongs to; absent where the stand has no slots.", UNSHOWN]
    ]
    variant: NotRequired[Annotated[str, "The variant of the product; absent where the sequence has none."]]
    tests_name: NotRequired[
        Annotated[str, "`tests_name` of the configuration: the name of the run in schema version 1.", UNSHOWN]
    ]
    after_run: NotRequired[Annotated[list[AfterRunFailure], "What failed after the verdict; absent when nothing did."]]
    imported: NotRequired[
        Annotated[
            ImportedReport, "Where its record came from (`hardseq runs import`); absent when it ran here.", UNSHOWN
        ]
    ]
    notes: NotRequired[
        Annotated[
            list[NoteReport],
            "What was added to the stored run later, oldest first; absent when nothing was. It is in what is shown and "
            "exported: the stored report itself never has it.",
            UNSHOWN,
        ]
    ]


PARTS: Mapping[str, type[Any]] = {
    "sequence": SequenceReport,
    "stand": StandReport,
    "dut": DutReport,
    "sub_unit": SubUnitReport,
    "process": ProcessReport,
    "batch": BatchReport,
    "instrument": InstrumentReport,
    "limit_row": LimitRowReport,
    "measurement": MeasurementReport,
    "check": CheckReport,
    "try": TryReport,
    "log_line": LogLineReport,
    "failure": FailureReport,
    "after_run_failure": AfterRunFailure,
    "note": NoteReport,
    "dialog": DialogReport,
    "operator_message": OperatorMessageReport,
    "program": ProgramReport,
    "attachment": AttachmentReport,
    "progress": ProgressReport,
    "step": StepReport,
    "waiting": WaitingReport,
    "wait": WaitReport,
    "slot": SlotReport,
    "joint_start": JointStartReport,
    "imported": ImportedReport,
    "module": ModuleReport,
    "case": CaseReport,
    "attempt": AttemptReport,
    "coded_reason": CodedReason,
}
"""The parts of a report by their names in the schema."""
