"""The report of a run: a tree of plain JSON objects, typed.

This is hardseq's own format (``schemas/report.schema.json``); StandCloud and existing tools get it lowered by
``sequencer.report.version1``. It is also the live state while the run goes on: then statuses may be ``ready`` or
``run`` and stop times null. Times are Unix seconds with a fraction, durations seconds.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from sequencer.report.event import FailureKind
from sequencer.vocabulary.data import Data, MeasurementType, Scalar
from sequencer.vocabulary.status import Group, SkipKind, Status, Untested

FORMAT = "hardseq/report/1"

LATEST = 253_402_214_400.0
"""The last time that is believed, 9999-12-31 00:00 UTC: a later one is damage, and no calendar has it."""


class MeasurementReport(TypedDict):
    """A measured value, judged. ``limits`` as written; ``result`` null when there were none.

    ``superseded``, present when true: it was of a try (``retry``) that failed and was followed by another one.
    """

    name: str
    value: Data
    type: MeasurementType
    unit: str | None
    limits: Data
    result: bool | None
    reason: str | None
    place: str
    time: float
    superseded: NotRequired[bool]


class CheckReport(TypedDict):
    """A ``check`` expression and what came of it; ``superseded`` as in a measurement."""

    expression: str
    result: bool
    place: str
    time: float
    superseded: NotRequired[bool]


class TryReport(TypedDict):
    """A try of a step that failed and was followed by another one; ``message`` is its first failure."""

    step: str
    number: int
    message: str
    place: str
    time: float


class FailureReport(TypedDict):
    """Why an attempt or a run did not pass."""

    kind: FailureKind
    message: str
    error_code: int | None
    place: str | None
    step: str | None
    call: str | None
    traceback: str | None
    generated: str | None
    time: float


class AfterRunFailure(FailureReport):
    """Why step ``number``, from 1, of ``after_run`` was not carried out; it says nothing about the product.

    ``done``, present when true: the step itself was carried out, and what failed came after it, such as the closing of
    a driver. ``retried``, present when the step was tried again, is the time of that: what failed then stands after it.
    """

    number: int
    done: NotRequired[bool]
    retried: NotRequired[float]


class DialogReport(TypedDict):
    """A question to the operator, with the answer once there is one."""

    id: str
    dialog: dict[str, Any]
    result: str | None
    value: Data
    by: str | None
    asked: float
    seconds: float | None


class OperatorMessageReport(TypedDict):
    """What the operator was told; ``cleared`` is when it was taken away."""

    id: str
    case: str | None
    text: str
    title: str | None
    blocking: bool
    details: dict[str, Any]
    time: float
    cleared: float | None


class ProgramReport(TypedDict):
    """An external program's run."""

    command: list[str]
    exit_code: int | None
    output: str
    truncated: bool
    seconds: float
    place: str


class AttachmentReport(TypedDict):
    """A file kept with the report."""

    name: str
    sha256: str
    size: int
    media_type: str | None


class StepReport(TypedDict):
    """The step that is running or ran last."""

    place: str
    verb: str
    step: str
    call: str | None
    time: float
    timeout: float | None


class ProgressReport(TypedDict):
    """How far a long step is: ``value`` of ``maximum``."""

    value: float
    maximum: float
    label: str | None


class AttemptReport(TypedDict):
    """One attempt of a case with everything it recorded. ``step`` is the last step begun."""

    number: int
    status: Status
    start_time: float
    stop_time: float | None
    timeout: float | None
    measurements: list[MeasurementReport]
    checks: list[CheckReport]
    messages: dict[str, str]
    failures: list[FailureReport]
    dialogs: list[DialogReport]
    charts: list[dict[str, Any]]
    programs: list[ProgramReport]
    attachments: list[AttachmentReport]
    progress: ProgressReport | None
    artifact: dict[str, Any]
    step: StepReport | None
    tries: NotRequired[list[TryReport]]


class CaseReport(TypedDict):
    """A case; its status is that of its last attempt.

    ``reason`` says why it was skipped, ``skip_kind`` the same as a code (not there in reports of earlier versions).
    """

    id: str
    name: str
    group: Group
    description: str | None
    place: str
    critical: bool
    tags: list[str]
    status: Status
    start_time: float | None
    stop_time: float | None
    reason: str | None
    skip_kind: NotRequired[SkipKind | None]
    attempts: list[AttemptReport]


class ModuleReport(TypedDict):
    """A module with its cases in running order."""

    id: str
    name: str
    group: Group
    description: str | None
    status: Status
    start_time: float | None
    stop_time: float | None
    artifact: dict[str, Any]
    cases: list[CaseReport]


class SequenceReport(TypedDict):
    """Which sequence ran: ``sha256`` of its source."""

    name: str
    version: str | None
    description: str | None
    file: str
    sha256: str


class RunReport(TypedDict):
    """A whole run.

    ``stand``, ``dut`` (with ``sub_units``), ``process``, ``batch`` and ``instruments`` have the fields of
    ``report-v1``'s objects, as far as recorded. ``aborted`` is true when the test process or the runner died, and the
    report was made from what the journal held. ``selection`` names the cases chosen by hand, null for the whole
    sequence: a partial run is no evidence for a product. ``damaged_lines`` counts journal lines that could not be read.
    ``untested`` says what a run with the status ``skipped`` lacks (not there in reports of earlier versions).
    ``tests_name``, present when the configuration says one, is the name of the run for version 1.
    ``after_run``, present when something did, holds what went wrong once the verdict was known.
    """

    format: str
    id: str
    status: Status
    untested: NotRequired[Untested | None]
    start_time: float
    stop_time: float | None
    sequence: SequenceReport
    hardseq: str
    host: dict[str, Any]
    stand: dict[str, Any]
    dut: dict[str, Any]
    process: dict[str, Any]
    batch: dict[str, Any]
    instruments: list[dict[str, Any]]
    user: str | None
    params: dict[str, Scalar]
    selection: list[str] | None
    simulated: bool
    debugged: bool
    aborted: bool
    stop_reason: str | None
    caused_dut_failure_id: str | None
    error_code: int | None
    failures: list[FailureReport]
    operator_messages: list[OperatorMessageReport]
    artifact: dict[str, Any]
    modules: list[ModuleReport]
    damaged_lines: int
    tests_name: NotRequired[str]
    after_run: NotRequired[list[AfterRunFailure]]
