"""What happens during a run, as small documents: the only way for a result to reach a person or a database.

An event is one dataclass here and one JSON line in the journal: ``{"event": "case_finished", "seq": 12, "time":
1700000000.25, ...fields}``. ``seq`` counts from 1 within the run; ``time`` is in Unix seconds. A field that a line
lacks has its default. ``case`` is always the full name ``module::case``; ``place`` is ``file:line:column`` in the YAML.
Fields that hold ``Data`` are JSON-safe: a number that JSON lacks is ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``, of
type ``numeric``. After Bluesky's events. ``wire_name`` is what journals call an event, and never changes.
``coded_reason`` is the code with its parameters for the sentence in ``reason`` or ``message``, where that is hardseq's
own (``vocabulary.reason``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from sequencer.expressions.value import MAX_TEXT, cut
from sequencer.vocabulary.data import Data, MeasurementType, Scalar, utf8
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.json_lines import Encoder
from sequencer.vocabulary.reason import CodedReason, ReasonOrText, coded, undamaged
from sequencer.vocabulary.status import FailureKind, LogLevel, SkipKind, Status, WaitKind

if TYPE_CHECKING:
    from sequencer.report.dialog_description import DialogDescription

RecordSection = Literal["process", "batch", "dut", "stand", "instruments", "user", "artifact"]
Scope = Literal["case", "module", "run"]

AFTER_RUN = "after_run"
"""Stands for a case's name in the events of the steps that follow the run, and for each of these in the plan."""


OPEN_DRIVER = "open driver"
CHECK_DRIVER = "check driver"
CLOSE_DRIVER = "close driver"
JOURNAL = "journal"
"""What stands in ``step`` of a failure of the run itself; ``call`` is then the driver's name."""

PlanEntry = Mapping[str, Any]
"""What the plan says of a module, or of one of its cases. A journal's may be an earlier version's, or damaged."""


@dataclass(slots=True)
class RunStarted:
    """The first event. ``modules`` is the plan in running order, every case in it, selected or not:
    ``[{id, name, group, description, cases: [{id, name, group, description, place, critical, tags, attempts,
    timeout}]}]``. ``sequence`` is ``{name, version, description, file, sha256}``; ``host`` is ``{name, id, os, python,
    timezone}``; ``record`` is what stands in the report before the first case (sections as in a ``record`` step).
    ``slot`` is ``{name, number}`` and ``start`` ``{id, slots}`` where the stand has slots; ``variant`` is that of the
    product, where the sequence has variants.
    """

    wire_name: ClassVar[str] = "run_started"

    run: str
    sequence: dict[str, object]
    modules: Sequence[PlanEntry]
    hardseq: str
    host: dict[str, object]
    record: dict[str, object] = field(default_factory=dict)
    params: dict[str, Scalar] = field(default_factory=dict)
    selection: list[str] | None = None
    simulated: bool = False
    debugged: bool = False
    tests_name: str | None = None
    slot: dict[str, object] | None = None
    start: dict[str, object] | None = None
    variant: str | None = None


@dataclass(slots=True)
class RunResumed:
    """A fresh test process took over after the first one died, to run what must always run (teardown)."""

    wire_name: ClassVar[str] = "run_resumed"

    reason: str
    coded_reason: CodedReason | None = None


@dataclass(slots=True)
class CaseStarted:
    """An attempt of a case begins; ``timeout`` in seconds."""

    wire_name: ClassVar[str] = "case_started"

    case: str
    attempt: int = 1
    timeout: float | None = None


@dataclass(slots=True)
class StepStarted:
    """A step begins; ``call`` is ``driver.method`` where it calls one, ``timeout`` its own in seconds."""

    wire_name: ClassVar[str] = "step_started"

    case: str
    place: str
    verb: str
    step: str
    call: str | None = None
    timeout: float | None = None


@dataclass(slots=True)
class WaitStarted:
    """The case has been waiting for others for a moment: for the shared drivers or the sync point ``names``.

    ``kind``: ``call`` (another slot's call goes on), ``hold`` or ``sync``. It is for those who look on.
    """

    wire_name: ClassVar[str] = "wait_started"

    case: str
    place: str
    kind: WaitKind
    names: list[str]


@dataclass(slots=True)
class WaitFinished:
    """The case has waited for others, ``seconds`` in all until now; the rest as in ``WaitStarted``."""

    wire_name: ClassVar[str] = "wait_finished"

    case: str
    place: str
    kind: WaitKind
    names: list[str]
    seconds: float


@dataclass(slots=True)
class MeasurementRecorded:
    """A recorded value. ``limits`` as written in the YAML (expressions evaluated), ``result`` null without limits.

    ``table`` is ``{name, file, row, sha256}`` where the limits come from a table. ``warning`` says why a value that
    passed does not meet ``warn_limits``, as ``reason`` does for ``limits``.
    """

    wire_name: ClassVar[str] = "measurement"

    case: str
    place: str
    measurement: str
    value: Data
    type: MeasurementType
    unit: str | None = None
    limits: Data = None
    result: bool | None = None
    reason: str | None = None
    coded_reason: CodedReason | None = None
    table: Mapping[str, Data] | None = None
    warn_limits: Data = None
    warning: str | None = None
    coded_warning: CodedReason | None = None


@dataclass(slots=True)
class CheckEvaluated:
    """An evaluated ``check`` expression."""

    wire_name: ClassVar[str] = "check"

    case: str
    place: str
    expression: str
    result: bool


@dataclass(slots=True)
class TryFailed:
    """A try of a step with ``retry`` went wrong, and another one follows.

    The last ``measurements`` measurements and ``checks`` checks of the case were this try's: they count no more.
    """

    wire_name: ClassVar[str] = "try_failed"

    case: str
    place: str
    step: str
    number: int
    message: str
    measurements: int = 0
    checks: int = 0
    coded_reason: CodedReason | None = None


@dataclass(slots=True)
class MessageShown:
    """Text beside a case; a later one with the same key replaces it, one with an empty key stands on its own."""

    wire_name: ClassVar[str] = "message"

    case: str
    key: str
    text: str


@dataclass(slots=True)
class LineLogged:
    """A line of the case's log; ``source`` names who else than the sequence wrote it."""

    wire_name: ClassVar[str] = "log"

    case: str
    level: LogLevel
    text: str
    source: str | None = None


@dataclass(slots=True)
class FactRecorded:
    """Facts for the report: ``data`` are the new facts alone, to be merged into ``section``.

    For ``artifact``, ``data`` is ``{"run": {...}, "module": {...}, "case": {...}}``, each optional.
    """

    wire_name: ClassVar[str] = "recorded"

    case: str
    section: RecordSection
    data: object


@dataclass(slots=True)
class VariableSet:
    """A variable of module or run scope changed (those of a case need no event: nobody outlives it)."""

    wire_name: ClassVar[str] = "variable_set"

    case: str
    variable: str
    value: Data
    scope: Scope


@dataclass(slots=True)
class FailureRecorded:
    """Something that keeps a case (or, with ``case`` null, the run) from passing, or went wrong after the run.

    ``kind``: ``failed`` judges the product, ``error`` the test itself, ``timeout`` and ``stopped`` say so.
    ``traceback`` is a driver's own. ``generated`` is the generated statement, ``FOLDER/test_main.py:21``; the folder is
    one of those that compiled sequences have in the state folder. ``after`` is the number, from 1, of the step of
    ``after_run`` that failed: such a failure, of the case ``after_run``, changes no verdict.
    """

    wire_name: ClassVar[str] = "failure"

    case: str | None
    kind: FailureKind
    message: str
    place: str | None = None
    step: str | None = None
    call: str | None = None
    error_code: int | None = None
    traceback: str | None = None
    generated: str | None = None
    after: int | None = None
    coded_reason: CodedReason | None = None

    @classmethod
    def because(cls, case: str | None, kind: FailureKind, reason: ReasonOrText, **more: Any) -> FailureRecorded:
        """The failure that ``reason`` is told for; ``more`` are other fields."""
        return cls(case, kind, str(reason), coded_reason=coded(reason), **more)


@dataclass(slots=True)
class AfterRunStarted:
    """The verdict is known, and step ``number`` of the ``last`` steps of ``after_run`` begins."""

    wire_name: ClassVar[str] = "after_run_started"

    number: int
    last: int


@dataclass(slots=True)
class AfterRunFinished:
    """Step ``number`` of ``after_run`` ended; ``done`` when nothing failed in it. Its drivers may still be open."""

    wire_name: ClassVar[str] = "after_run_finished"

    number: int
    done: bool


@dataclass(slots=True)
class RetryStarted:
    """The steps ``numbers`` of ``after_run`` are tried again for a stored run, whose ``report`` is the stored one.

    It stands in the run's own journal, behind what is there, and goes on with its numbers.
    """

    wire_name: ClassVar[str] = "retry_started"

    run: str
    report: Mapping[str, object]
    numbers: list[int]


@dataclass(slots=True)
class RetryFinished:
    """Nothing of ``after_run`` will be tried any more; ``reason`` says why that was stopped."""

    wire_name: ClassVar[str] = "retry_finished"

    reason: str | None = None
    coded_reason: CodedReason | None = None


@dataclass(slots=True)
class DialogAsked:
    """The operator is asked; ``dialog`` is the whole description a page or terminal needs to show it."""

    wire_name: ClassVar[str] = "dialog_asked"

    case: str
    id: str
    dialog: DialogDescription


@dataclass(slots=True)
class DialogAnswered:
    """The operator answered; ``seconds`` since it was asked; ``by`` names who or which browser."""

    wire_name: ClassVar[str] = "dialog_answered"

    case: str
    id: str
    result: str
    value: Data = None
    by: str | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class OperatorMessageShown:
    """Tells the operator something; ``text`` null takes the message with this ``id`` away."""

    wire_name: ClassVar[str] = "operator_message"

    case: str | None
    id: str
    text: str | None
    title: str | None = None
    blocking: bool = False
    details: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class UploadAsked:
    """The steps after the run want the report sent to ``target`` now; ``verdict`` is the run's so far.

    Whoever owns the test process answers to ``id`` as to a dialog, with the value ``{delivered, status, text}``.
    """

    wire_name: ClassVar[str] = "upload_asked"

    case: str
    id: str
    target: str
    verdict: Status


@dataclass(slots=True)
class ProgressChanged:
    """A bar beside the case: ``value`` of ``maximum``."""

    wire_name: ClassVar[str] = "progress"

    case: str
    value: float
    maximum: float = 100.0
    label: str | None = None


@dataclass(slots=True)
class ChartAdded:
    """Data series of a case; the keys of ``chart`` are those of the report format's chart object."""

    wire_name: ClassVar[str] = "chart"

    case: str
    chart: dict[str, object]


@dataclass(slots=True)
class SamplesTaken:
    """Further rounds of the ``sample`` at ``place``, behind the ``first`` that were told: the seconds since its begin,
    and for each of ``names`` its values, null being a gap. ``first`` 0 begins a chart."""

    wire_name: ClassVar[str] = "samples"

    case: str
    place: str
    title: str
    names: list[str]
    unit: str | None
    first: int
    times: list[float]
    values: list[list[float | None]]


@dataclass(slots=True)
class ProgramFinished:
    """An external program ran; ``output`` is bounded. ``exit_code`` is null when it was killed or never started."""

    wire_name: ClassVar[str] = "program_run"

    case: str
    place: str
    command: list[str]
    exit_code: int | None
    output: str
    seconds: float
    truncated: bool = False


@dataclass(slots=True)
class ProgramPrinting:
    """The program of the step prints: ``tail`` is the end of what it has printed so far."""

    wire_name: ClassVar[str] = "program_prints"

    case: str
    place: str
    tail: str


@dataclass(slots=True)
class FileAttached:
    """A file that belongs to the report; its bytes lie in the state folder under ``attachments/SHA256``."""

    wire_name: ClassVar[str] = "attachment"

    case: str
    name: str
    sha256: str
    size: int
    media_type: str | None = None


@dataclass(slots=True)
class CaseFinished:
    """An attempt of a case ended; not ``final`` when another one follows.

    Of a skipped case, ``reason`` says why in words and ``skip_kind`` as a code: what follows from it goes by the code.
    """

    wire_name: ClassVar[str] = "case_finished"

    case: str
    status: Status
    attempt: int = 1
    final: bool = True
    reason: str | None = None
    skip_kind: SkipKind | None = None
    coded_reason: CodedReason | None = None


@dataclass(slots=True)
class RunFinished:
    """The last event of the test process. ``status`` is its verdict; ``reason`` says why it was stopped."""

    wire_name: ClassVar[str] = "run_finished"

    status: Status
    reason: str | None = None
    coded_reason: CodedReason | None = None


Event = (
    RunStarted
    | RunResumed
    | CaseStarted
    | StepStarted
    | WaitStarted
    | WaitFinished
    | MeasurementRecorded
    | CheckEvaluated
    | TryFailed
    | MessageShown
    | LineLogged
    | FactRecorded
    | VariableSet
    | FailureRecorded
    | AfterRunStarted
    | AfterRunFinished
    | RetryStarted
    | RetryFinished
    | DialogAsked
    | DialogAnswered
    | OperatorMessageShown
    | UploadAsked
    | ProgressChanged
    | ChartAdded
    | SamplesTaken
    | ProgramPrinting
    | ProgramFinished
    | FileAttached
    | CaseFinished
    | RunFinished
)


class Stamped(NamedTuple):
    """An event with its number and its time in Unix seconds."""

    seq: int
    time: float
    event: Event


_OWN_LENGTH = frozenset({"output", "html"})
"""The output of a program has a limit of its own; markup that was cut would be none."""
_HOLDERS = frozenset([str, dict, list])
"""The types of what can hold a text that is too long."""


def bounded(event: Event) -> Event:
    """The event itself, or a copy whose texts are cut. A stored report stays what it is."""
    if type(event) is RetryStarted:
        return event
    changed: dict[str, Any] = {}
    for name in event.__slots__:
        value = getattr(event, name)
        if type(value) in _HOLDERS and name not in _OWN_LENGTH and (short := _bounded(value)) is not value:
            changed[name] = short
    return replace(event, **changed) if changed else event


def _bounded(value: Any) -> Any:
    """``value`` itself when nothing in it is too long."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= MAX_TEXT else cut(value)
    if kind is dict:
        changed = {}
        for key, each in value.items():
            if type(each) in _HOLDERS and key not in _OWN_LENGTH and (short := _bounded(each)) is not each:
                changed[key] = short
        return value | changed if changed else value
    if kind is list and value and type(value[0]) not in (int, float):  # the data of charts are long lists of numbers
        items = [_bounded(each) for each in value]
        return value if all(one is other for one, other in zip(items, value, strict=True)) else items
    return value


_NAMES: dict[type[Event], str] = {kind: kind.wire_name for kind in Event.__args__}
_TYPES: dict[str, type[Event]] = {name: kind for kind, name in _NAMES.items()}
_FIELDS: dict[type[Event], tuple[tuple[str, object], ...]] = {
    kind: tuple((each.name, each.default) for each in fields(kind)) for kind in _NAMES
}
"""Each field with its default, which no line says again."""
_FIELD_SETS: dict[type[Event], frozenset[str]] = {kind: frozenset(dict(each)) for kind, each in _FIELDS.items()}
_dumps = Encoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode


def is_event_name(name: str) -> bool:
    """Whether this version knows events of that name."""
    return name in _TYPES


def encode(stamped: Stamped) -> bytes:
    """One journal line, newline included. Raises ``ValueError`` or ``TypeError`` for data that JSON cannot hold."""
    event = stamped.event
    kind = type(event)
    line: dict[str, object] = {"event": _NAMES[kind], "seq": stamped.seq, "time": stamped.time}
    for name, default in _FIELDS[kind]:
        if (value := getattr(event, name)) is not default:
            line[name] = value
    return utf8(_dumps(line) + "\n")


def decode(line: bytes | str) -> Stamped | None:
    """The event of one journal line, or ``None`` for a line that is damaged or of an unknown kind."""
    try:
        document = json.loads(line if isinstance(line, str) else str(line, "utf-8"))
        kind = _TYPES[document.pop("event")]
        seq, time = int(document.pop("seq")), float(document.pop("time"))
        known = _FIELD_SETS[kind]
        if not document.keys() <= known:  # a later version's line says more
            document = {name: value for name, value in document.items() if name in known}
        if "coded_reason" in document:
            document["coded_reason"] = undamaged(document["coded_reason"])
        event = kind(**document)
        if isinstance(event, MeasurementRecorded) and event.coded_warning is not None:
            event.coded_warning = undamaged(event.coded_warning)
        return Stamped(seq, time, event)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
