"""The checked, frozen form of a sequence: what the compiler turns into pytest modules.

Durations are seconds. A *template* is plain data whose texts may hold ``${{ expressions }}``; an *expression* is the
bare text of one. Everything was checked by the language layer: no consumer of the model reports problems.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, NamedTuple

from sequencer.vocabulary.data import Data, Scalar
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.status import Group, OnFail

DriverScope = Literal["stand", "run", "module", "case"]
Reopen = Literal["after_error", "never"]
OpeningTime = Literal["first_use", "start"]
ParamType = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOpening:
    """How a driver is opened: ``when``, and ``times`` tries of at most ``timeout`` seconds with ``delay`` between."""

    when: OpeningTime = "first_use"
    timeout: float | None = None
    times: int = 1
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """An instrument or other Python object declared under ``drivers``.

    ``file`` is the driver's source, absolute, or ``None`` when it comes from an installed package, which ``module``
    then names. ``target`` is the class or function in it. ``arguments`` are templates of its arguments. ``require``
    holds what must be true of the instrument before the first case: ``idn``, a regular expression, and
    ``calibration_due``, an ISO date; both are templates. One that is ``shared`` is opened once for all slots and has
    the scope ``stand``. ``factory``: where ``target`` is a function, the driver is what it returns. ``makes``: each
    call of the driver makes an object of the class.
    """

    name: str
    place: Place
    file: str | None
    module: str
    target: str
    is_class: bool
    arguments: Mapping[str, Data] = field(default_factory=dict)
    scope: DriverScope = "run"
    reopen: Reopen = "after_error"
    simulate: Driver | None = None
    require: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False
    factory: bool = False
    makes: bool = False
    opening: DriverOpening | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverCall:
    """``driver.method`` with argument templates. ``attribute`` calls read a property instead of calling a method.

    ``method`` is ``None`` when the driver itself is a function, and has dots when it is that of an object which the
    driver holds. ``attribute`` is ``None`` where only running it tells which of both it is.
    """

    driver: str
    method: str | None
    arguments: Mapping[str, Data] = field(default_factory=dict)
    attribute: bool | None = False

    def __str__(self) -> str:
        return self.driver if self.method is None else f"{self.driver}.{self.method}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """An input asked for at start; ``each_run``: the panel's form asks for it anew before each run.

    ``variant_by`` is the template that gives the run's variant, one of ``variants``, on the first parameter in it.
    """

    name: str
    type: ParamType = "string"
    prompt: str | None = None
    pattern: str | None = None
    hint: str | None = None
    example: Scalar = None
    default: Scalar = None
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[Scalar, ...] = ()
    each_run: bool = False
    variant_by: str | None = None
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """What differs by product: templates by variant and name.

    ``by`` is the template that gives the variant of a run; ``param`` is the first of the parameters in it.
    """

    by: str
    param: str
    values: Mapping[str, Mapping[str, Data]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """A row of a limit table: the texts that identify it, its limits in ``unit``, and where it and its unit stand.

    ``warn_limits`` are those that only warn, ``None`` without any. ``converted`` has the limits, and
    ``warn_converted`` the others, in further units that steps measure in, as far as these are known before the run.
    """

    key: tuple[str, ...]
    limits: Data
    unit: str | None
    place: Place
    unit_place: Place
    warn_limits: Data = None
    converted: Mapping[str, Data] = field(default_factory=dict)
    warn_converted: Mapping[str, Data] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTable:
    """Limits from a file, which is shown as ``file``; ``sha256`` is that of its bytes, ``key`` names what identifies a
    row."""

    name: str
    file: str
    sha256: str
    key: tuple[str, ...]
    rows: tuple[LimitRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRetry:
    """How often a step is tried (``times`` counts the first try) and the pause between two tries in seconds."""

    times: int
    delay: float = 0.0


class LimitedMeasurement(NamedTuple):
    """A measurement that a step records and judges: templates of its name, its limits, its unit and its warning limits.

    One that only warns has no limits.
    """

    name: str
    limits: Data
    unit: str | None = None
    warn_limits: Data = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What every step has; each verb adds its own fields in a subclass beside its behaviour in ``sequencer.steps``."""

    verb: str
    place: Place
    name: str | None = None
    when: str | None = None
    timeout: float | None = None
    retry: StepRetry | None = None
    on_fail: OnFail | None = None
    error_code: int | None = None

    @property
    def judges(self) -> bool:
        """Whether the step, or one inside it, judges the product."""
        return False

    @property
    def limited(self) -> bool:
        """Whether it, or one inside it, does so by the limits of a measurement."""
        return False

    @property
    def limited_measurements(self) -> tuple[LimitedMeasurement, ...]:
        """The measurements with limits, or with warning limits, that it records itself."""
        return ()

    @property
    def leaves_out(self) -> bool:
        """Whether it, or one inside it, may leave the case out."""
        return False

    @property
    def sync_points(self) -> tuple[str, ...]:
        """Where it, or one inside it, waits for the other slots."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NestingStep(Step):
    """A step that runs others."""

    steps: tuple[Step, ...]

    @property
    def judges(self) -> bool:
        """Whether one of them does."""
        return any(step.judges for step in self.steps)

    @property
    def limited(self) -> bool:
        """Whether one of them does."""
        return any(step.limited for step in self.steps)

    @property
    def leaves_out(self) -> bool:
        """Whether one of them does."""
        return any(step.leaves_out for step in self.steps)

    @property
    def sync_points(self) -> tuple[str, ...]:
        """Those of all of them."""
        return tuple(point for step in self.steps for point in step.sync_points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case; ``depends`` holds whole names (``module::case``), modules already resolved to their cases, and
    ``or_left_out`` those that may also have been left out by their own ``if``. ``when_place`` is that of its ``if``.

    ``drivers`` are the names of the drivers that its steps call.
    ``judges``: some step of it judges the product; ``limited``: by limits. ``timeout_counts_waiting``: time that it
    waits for other slots counts for its timeout.
    """

    id: str
    module: str
    name: str
    place: Place
    steps: tuple[Step, ...]
    description: str | None = None
    group: Group = "main"
    depends: tuple[str, ...] = ()
    or_left_out: tuple[str, ...] = ()
    critical: bool = False
    when: str | None = None
    when_place: Place | None = None
    tags: tuple[str, ...] = ()
    attempts: int = 1
    attempt_delay: float = 0.0
    timeout: float | None = None
    timeout_counts_waiting: bool = False
    on_fail: OnFail | None = None
    drivers: tuple[str, ...] = ()
    judges: bool = False
    limited: bool = False

    @property
    def full_name(self) -> str:
        """``module::case``."""
        return f"{self.module}::{self.id}"

    @property
    def sync_points(self) -> tuple[str, ...]:
        """Where it waits for the other slots, each once."""
        return tuple(dict.fromkeys(point for step in self.steps for point in step.sync_points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A group of cases. Its ``depends``, ``timeout`` and ``tags`` are already merged into its cases."""

    id: str
    name: str
    place: Place
    cases: tuple[Case, ...]
    description: str | None = None
    group: Group = "main"
    critical: bool = False
    when: str | None = None
    when_place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceDefinition:
    """A whole checked sequence file. ``file`` is shown to people; ``sha256`` is that of all source bytes.

    ``record`` holds the templates of the top-level ``process``, ``batch``, ``dut``, ``stand``, ``instruments`` and
    ``user``. ``driver_folders`` are absolute. ``inputs`` maps every file the sequence was built from (absolute path) to
    its sha256, so that an unchanged sequence need not be read again. ``extensions`` are the packages whose steps and
    drivers it uses, with their versions.
    """

    name: str
    file: str
    sha256: str
    modules: tuple[Module, ...]
    version: str | None = None
    description: str | None = None
    drivers: tuple[Driver, ...] = ()
    driver_folders: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    variables: Mapping[str, Data] = field(default_factory=dict)
    variants: Variants | None = None
    tables: tuple[LimitTable, ...] = ()
    record: Mapping[str, Data] = field(default_factory=dict)
    on_fail: OnFail = "continue"
    after_run: tuple[Step, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def uses_stand(self) -> bool:
        """Whether slots that run it at the same time have something in common: shared drivers, points to meet at."""
        cases = (case for module in self.modules for case in module.cases)
        return any(driver.shared for driver in self.drivers) or any(case.sync_points for case in cases)
