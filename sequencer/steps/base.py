"""What a step type is: one file here gives its keyword, its schema, how it is parsed, how it is emitted, how it runs.

Each file in this folder that stands for a verb defines

- a frozen model class (a ``Step``) that the language builds and the compiler reads,
- a ``StepRun``, the class that generated code uses: ``with Measure(case, "file:line:col", "Rail") as step: ...``,
- ``STEP``, its ``StepType``.

The protocols here are what those files need of their surroundings: ``StepReader`` (implemented by the language layer),
``Emitter`` (the compiler) and ``CaseContext`` (the runtime).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn, Protocol, Self, TypedDict

from sequencer.report.event import Event, OperatorMessageShown, RecordSection, Scope
from sequencer.steps.keys import ALL_SHARED, Schema
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import DriverCall, Step
from sequencer.vocabulary.problem import Place, Severity
from sequencer.vocabulary.status import OnFail
from sequencer.vocabulary.tree import MappingNode

if TYPE_CHECKING:
    from sequencer.report.dialog_description import DialogDescription


class Block(NamedTuple):
    """The steps of an included file with the templates of their parameters."""

    name: str
    parameters: Mapping[str, Data]
    steps: tuple[Step, ...]


class StepReader(Protocol):
    """Reads a step's keys, reports problems at their places and keeps track of the names in scope.

    Methods given an absent ``key`` return ``None`` (an empty tuple, an empty mapping). The schema was validated before.
    ``after_run``: the steps are those after the run.
    """

    after_run: bool

    @property
    def project(self) -> Path:
        """The project folder."""

    def problem(
        self, code: str, message: str, place: Place, *, hint: str | None = None, severity: Severity = "error"
    ) -> None:
        """Adds a problem; reading goes on."""

    def shared(self, node: MappingNode, verb: str) -> dict[str, Any]:
        """The keyword arguments for ``Step`` itself: verb, place, name, when, timeout, retry, on_fail, error_code."""

    def template(self, node: MappingNode, key: str) -> Any:
        """Plain data under ``key``, with every expression in it checked."""

    def value(self, node: MappingNode, key: str) -> Any:
        """As ``template``, for what is hardly ever a text: one that looks like an expression is warned about."""

    def text(self, node: MappingNode, key: str) -> str | None:
        """A text template: like ``template`` for a value that becomes text (a number is taken as its text)."""

    def expression(self, node: MappingNode, key: str) -> str | None:
        """A bare expression, checked; a boolean becomes ``"true"`` or ``"false"``."""

    def limits(self, node: MappingNode, key: str, unit: str | None) -> Any:
        """Limits as plain data, checked for sense as far as they hold no expressions."""

    def seconds(self, node: MappingNode, key: str) -> float | None:
        """A duration in seconds."""

    def call(self, node: MappingNode, key: str = "call") -> DriverCall | None:
        """The driver call under ``key`` with the arguments under ``with``, checked against the driver's source."""

    def assigned(self, node: MappingNode, key: str) -> DriverCall | None:
        """The property of a driver under ``key``, checked against the driver's source to be one that can be set."""

    def define(self, name: str, place: Place, scope: Scope = "case") -> None:
        """From here on expressions may use ``name``."""

    def bind(self, name: str, place: Place) -> None:
        """As ``define``, for the variable of a loop: it must not hide another one."""

    def steps(self, node: MappingNode, key: str = "steps") -> tuple[Step, ...]:
        """The nested steps under ``key``."""

    def block(self, node: MappingNode) -> Block | None:
        """The included step list named under ``use``, with the parameters under ``with``; ``None`` was reported."""

    def holding(self, node: MappingNode, key: str) -> AbstractContextManager[tuple[str, ...]]:
        """While the steps of a ``hold`` are read: gives the shared drivers named under ``key``."""

    def meeting(self, node: MappingNode, key: str) -> AbstractContextManager[str]:
        """While the steps are read that one slot carries out at the sync point named under ``key``: gives a name of it
        that no other case has."""


class Emitter(Protocol):
    """Writes the Python of one generated function."""

    def line(self, text: str) -> None:
        """Adds a line at the present depth."""

    def block(self, header: str) -> AbstractContextManager[None]:
        """Adds ``header`` (which ends in a colon) and indents what follows inside it."""

    def value(self, template: Data) -> str:
        """Python source for a template's value: a literal, or ``case.value(literal)`` when it holds expressions."""

    def call(self, call: DriverCall) -> str:
        """Python source that calls the driver: ``supply.set_voltage(channel=1)``."""

    def construct(self, run: type[StepRun], step: Step, *arguments: object, **keywords: object) -> str:
        """Python source for ``Run(case, "place", *arguments, **keywords, <the step's shared settings>)``.

        Arguments are plain data and become literals; templates among them are evaluated by the ``StepRun`` while it
        runs, so that a failing expression has the step's place. A keyword that is ``None`` is left out.
        """

    def steps(self, steps: Iterable[Step]) -> None:
        """Emits nested steps (``pass`` when there are none)."""


class DialogAnswer(NamedTuple):
    """What the operator answered: the button (``confirm``, ``pass`` or ``fail``), the value that the dialog asks for
    (``None`` when it asks for none), who it was, and the seconds it took."""

    result: str
    value: Data
    by: str | None
    seconds: float


class FoundLimits(NamedTuple):
    """The row of a limit table: its ``limits`` and ``warn_limits`` in ``unit``, and the ``source`` as reports have it.

    ``converted`` and ``warn_converted`` have them in other units, as far as they were known before the run.
    """

    limits: Data
    unit: str | None
    source: Mapping[str, Data]
    converted: Mapping[str, Data]
    warn_limits: Data
    warn_converted: Mapping[str, Data]


class CaseContext(Protocol):
    """The running case, as step classes and generated code see it."""

    full_name: str
    simulated: bool

    def environment(self) -> dict[str, str]:
        """That of programs which the case starts: the user's, with nothing of pytest's and hardseq's own."""

    def begin(self, step: StepRun) -> None:
        """Announces a step and starts its timeout."""

    def end(self, step: StepRun, error: BaseException | None) -> bool:
        """Ends the step; records ``error`` once. True when the case goes on in spite of it."""

    def value(self, template: object) -> Any:
        """Evaluates a template; one whole ``${{ }}`` keeps its type. Raises ``StepError``."""

    def read(self, member: object) -> object:
        """What a driver's member gives of which only running it tells whether it is a method: the result of calling
        it, or the member itself."""

    def text(self, template: str) -> str:
        """Evaluates a text template. Raises ``StepError``."""

    def test(self, expression: str) -> bool:
        """Evaluates a bare expression to true or false; anything but a boolean raises ``StepError``."""

    def table_row(self, reference: Mapping[str, object], measurement: str) -> FoundLimits:
        """The row for ``measurement`` of the table that the limits ``{table: NAME, key: {...}}`` name.

        Raises ``StepError`` where there is none.
        """

    def judged(self, *, limits: bool = False) -> None:
        """The running step judged the product, right or wrong; ``limits``: a measurement by its limits."""

    def judges_nothing(self, place: str) -> None:
        """The loop at ``place`` holds steps that judge, and makes no round."""

    def leave_out(self, reason: str) -> NoReturn:
        """Ends the case as one that does not apply. Raises ``StepFailed`` where something failed in it before."""

    def emit(self, event: Event) -> None:
        """Sends an event to the journal and whoever listens."""

    def save(self, name: str, value: object, scope: Scope = "case") -> None:
        """Sets a variable."""

    def record(self, section: RecordSection, data: object) -> None:
        """Merges facts into the report. Raises ``StepError`` when they contradict what was recorded before."""

    def sleep(self, seconds: float) -> None:
        """Waits; a stop or a timeout cuts it short."""

    def hold(self, place: str, names: list[str], timeout: float | None = None) -> AbstractContextManager[None]:
        """Waits ``timeout`` seconds at most for the shared drivers ``names``, which are its own inside the block.

        Entering raises ``StepError`` when the time is over.
        """

    def sync(
        self, place: str, point: str, timeout: float | None = None, *, once: bool = False
    ) -> AbstractContextManager[bool]:
        """Waits ``timeout`` seconds at most until all slots that still run have come to ``point``.

        With ``once`` it then gives true in one of them. The others wait until that one has left the block; if anything
        failed in it, whether or not that case goes on, they fail as well, and what it judged there is judged for them
        too. Entering raises ``StepError`` when the time is over.
        """

    def attach(self, name: str, data: bytes, media_type: str | None) -> None:
        """Keeps a file with the report."""

    def tries(self, times: int, delay: float = 0.0) -> Iterator[int]:
        """For a step with ``retry``: yields 1, 2, ... while the one step in the loop's body fails, ``times`` at most.

        A failure counts only when it is the last try's; what the others measured stays in the report, superseded.
        """

    def parallel(self, branches: Mapping[str, Callable[[CaseContext], object]]) -> None:
        """Carries out all ``branches`` at once, each with the case as it has it, and waits until all have ended.

        Raises what ended one of them before its last step, once it was recorded; what any of them failed at is kept.
        """

    def ask(self, dialog: DialogDescription) -> DialogAnswer:
        """Asks the operator and waits; ``dialog`` is what ``domain.dialog`` describes, its templates evaluated.

        Raises ``Stopped`` when the dialog is closed without an answer, ``StepError`` when nobody can be asked.
        """

    def upload(self, target: str) -> Mapping[str, object]:
        """Has the report sent to ``target``: ``{delivered, status, text}``. Raises ``StepError`` inside a case."""

    def tell(self, message: OperatorMessageShown) -> None:
        """Shows a message to the operator, or takes it away; a blocking one waits until somebody confirmed it."""


class SharedArguments(TypedDict, total=False):
    """What every step can be given by name: ``call`` is ``driver.method``, ``timeout`` in seconds."""

    name: str | None
    call: str | None
    timeout: float | None
    on_fail: OnFail | None
    error_code: int | None


class StepRun:
    """A step at work: generated code enters it, does the driver call, and leaves it; ``finish`` judges.

    Subclasses add their own arguments, set ``verb``, and override ``finish``. ``StepFailed`` and any other exception,
    from the body or from ``finish``, is recorded once with the step's place.
    """

    verb: ClassVar[str]
    survives_failure: ClassVar[bool] = False
    """Whether the case goes on after a ``StepFailed`` of this step when ``on_fail`` is not given."""

    def __init__(
        self,
        case: CaseContext,
        place: str,
        *,
        name: str | None = None,
        call: str | None = None,
        timeout: float | None = None,
        on_fail: OnFail | None = None,
        error_code: int | None = None,
    ) -> None:
        self.case = case
        self.place = place
        self.name = name or self.verb
        self.call = call
        self.timeout = timeout
        self.on_fail = on_fail
        self.error_code = error_code

    def finish(self) -> None:
        """What the step does once its body went well. Raises ``StepFailed`` or ``StepError``."""

    def run(self) -> None:
        """A step without a body."""
        with self:
            pass

    def __enter__(self) -> Self:
        self.case.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if error is None:
            try:
                self.finish()
            except BaseException as raised:
                if self.case.end(self, raised):
                    return False
                raise
        return self.case.end(self, error)


@dataclass(frozen=True, kw_only=True)
class StepType:
    """A verb of the language.

    ``schema`` describes the value beside the verb, ``keys`` the verb's further keys, ``required`` those that must be
    there; ``shared`` are the ones of ``SHARED_KEYS`` that the verb takes. ``summary`` and the schemas' descriptions are
    what the editor and the reference documentation show. ``interface`` is the version of ``sequencer.extension`` that
    the verb of another package is written for.
    """

    verb: str
    summary: str
    schema: Schema
    model: type[Step]
    parse: Callable[[MappingNode, StepReader], Step | None]
    """Reads a step; ``None`` when it cannot be used and the reader was told why."""
    emit: Callable[[Any, Emitter], None]
    """Writes the Python of a step, a ``model``."""
    keys: Mapping[str, Schema]
    required: frozenset[str] = frozenset()
    shared: frozenset[str] = ALL_SHARED
    example: str = ""
    interface: int = 1
