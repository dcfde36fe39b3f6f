"""The questions that the figures answer: one table, from which commands, HTTP calls and their descriptions follow.

To add one, write its SQL in a file of its own (as :mod:`sequencer.figures.yields` does: a function from ``Ask`` and
``Scope`` to rows that can say themselves as JSON) and give it an entry in :data:`QUESTIONS`. That makes
``hardseq figures NAME`` and ``GET /api/figures/NAME``; the keys of its rows belong in ``docs/reference/figures.md``,
the command in ``docs/reference/commands.md``, the call in ``docs/reference/http-api.md``, which tests hold it to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from sequencer.figures.capability import capabilities
from sequencer.figures.cases import case_times
from sequencer.figures.choices import choices
from sequencer.figures.control_chart import SPANS_OF_SUBGROUPS, Subgroup, control_charts
from sequencer.figures.failures import CAUSES, failures, new_failures
from sequencer.figures.histogram import boxes, histogram
from sequencer.figures.measurements import measurements
from sequencer.figures.one_measurement import Measured
from sequencer.figures.over_time import limits_in_force, points
from sequencer.figures.overview import overview
from sequencer.figures.scatter import correlations, scatter
from sequencer.figures.scope import COLUMNS, Ask, Scope
from sequencer.figures.times import times
from sequencer.figures.unit_history import unit_history
from sequencer.figures.units import units
from sequencer.figures.yields import yields
from sequencer.vocabulary.dataclass import dataclass

Kind = Literal["text", "count", "number", "share", "moment", "flag", "list", "texts", "numbers"]
"""Of a value in a row: a string, a non-negative integer, a number, one from 0 to 1, Unix seconds, true or false, a list
of objects, of strings or of numbers. All but counts, flags and lists may be null."""


class QuestionRefused(Exception):
    """What was asked cannot be answered; the text says why, ``hint`` what can be done."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Figure(Protocol):
    """A row of an answer."""

    def document(self) -> dict[str, object]:
        """As JSON."""
        ...


class RowKey(NamedTuple):
    """A key of a row. ``heading`` is that of its column on a terminal, default: its name; ``None``: it has no column.

    ``of`` are the keys of the objects in a list.
    """

    name: str
    kind: Kind = "text"
    heading: str | None = ""
    of: tuple[RowKey, ...] = ()

    @property
    def has_lines(self) -> bool:
        """Whether each object of the list is a line of a table. At most one key of a row has lines."""
        return self.kind == "list" and self.heading is not None


class QuestionParameter(NamedTuple):
    """What a question is asked with besides its scope: an argument of the command where it is required, else an option.

    ``choices``: there are no others.
    """

    name: str
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``rows(ask, scope, given)`` answers, ``given`` being the values of ``parameters`` that there are.

    ``rests_on``: which of the runs in the scope it is about. ``by``: what rows can be told apart by besides
    ``COLUMNS``; nothing at all where it is not ``splits``. ``more`` is a further paragraph of the command's help.
    """

    name: str
    summary: str
    rests_on: Literal["judged", "counted", "all"]
    fields: tuple[RowKey, ...]
    rows: Callable[[Ask, Scope, Mapping[str, str]], Sequence[Figure]]
    by: tuple[str, ...] = ()
    splits: bool = True
    parameters: tuple[QuestionParameter, ...] = ()
    more: str = ""

    @property
    def splits_by(self) -> tuple[str, ...]:
        """All that rows can be told apart by."""
        return (*self.by, *COLUMNS)


class Answer(NamedTuple):
    """``rows`` in JSON rest on so many ``runs``; ``left_out`` others match, or cannot be read at all."""

    rows: list[dict[str, object]]
    runs: int
    left_out: int


def answer(ask: Ask, question: Question, scope: Scope, given: Mapping[str, str]) -> Answer:
    """Asks. Raises :class:`QuestionRefused`, and what ``ask`` raises."""
    if not question.splits:
        scope = scope._replace(by=(), span=None)
    rows = [row.document() for row in question.rows(ask, scope, given)]
    of_runs = scope._replace(by=tuple(name for name in scope.by if name in COLUMNS))
    where, values = of_runs.where("runs")
    if "serial_number" in given:  # a question about one unit
        where, values = f"{where} AND serial_number = ?", [*values, given["serial_number"]]
    rests = "TRUE" if question.rests_on == "all" else question.rests_on
    ((runs, others),) = ask(
        f"SELECT count(*) FILTER ({rests}), count(*) FILTER (NOT {rests}) + (SELECT count(*) FROM unreadable) "
        f"FROM runs WHERE {where}",
        values,
    )
    assert isinstance(runs, int) and isinstance(others, int)
    return Answer(rows, runs, others)


def _failures(ask: Ask, scope: Scope, given: Mapping[str, str]) -> Sequence[Figure]:
    cause, *others = [name for name in scope.by if name in CAUSES] or ["case"]
    if others:
        raise QuestionRefused("failures are told apart by one of them", f"--by {' or --by '.join(CAUSES)}")
    return failures(ask, scope._replace(by=tuple(dict.fromkeys((*scope.by, cause)))), cause)


def _subgroup(given: Mapping[str, str]) -> Subgroup:
    chosen = given.get("subgroup", "1")
    return next((span for span in SPANS_OF_SUBGROUPS if span == chosen), None) or int(chosen)


def _of(given: Mapping[str, str]) -> Measured:
    return Measured(given["case"], given["measurement"], given.get("unit"))


def _one(given: Mapping[str, str]) -> Measured | None:
    return _of(given) if "case" in given and "measurement" in given else None


def _other(given: Mapping[str, str]) -> Measured | None:
    if "other_case" not in given or "other_measurement" not in given:
        return None
    return Measured(given["other_case"], given["other_measurement"], given.get("other_unit"))


_MEASUREMENT = (
    QuestionParameter("case", "the case that measures it, module::case", required=True),
    QuestionParameter("measurement", "its name", required=True),
    QuestionParameter("unit", "its unit, empty: none; default: that of the newest value"),
)
_YIELD = (
    RowKey("runs", "count"),
    RowKey("passed", "count"),
    RowKey("failed", "count"),
    RowKey("error", "count"),
    RowKey("yield", "share"),
    RowKey("units", "count"),
    RowKey("first_passed", "count", None),
    RowKey("first_pass_yield", "share", "first pass"),
    RowKey("final_passed", "count", None),
    RowKey("final_yield", "share", "final"),
)
_CAPABILITY = (
    RowKey("sequence"),
    RowKey("case"),
    RowKey("measurement"),
    RowKey("unit"),
    RowKey("n", "count"),
    RowKey("mean", "number"),
    RowKey("sigma", "number"),
    RowKey("sigma_within", "number", None),
    RowKey("lower", "number"),
    RowKey("upper", "number"),
    RowKey("cp", "number"),
    RowKey("cpk", "number"),
    RowKey("pp", "number"),
    RowKey("ppk", "number"),
    RowKey("below", "count"),
    RowKey("above", "count"),
)
_OF_RUN = (
    RowKey("id"),
    RowKey("serial_number", heading="serial number"),
    RowKey("start_time", "moment", "started"),
)
_PART = (RowKey("serial_number"), RowKey("part_number"))

QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        Question(
            name="yield",
            summary="Show yield, first-pass yield and final yield.",
            rests_on="judged",
            rows=lambda ask, scope, given: yields(ask, scope),
            fields=_YIELD,
        ),
        Question(
            name="overview",
            summary="Show how the line is doing: yield in its four kinds, and how long runs and units take.",
            rests_on="judged",
            rows=lambda ask, scope, given: overview(ask, scope),
            fields=(
                *_YIELD,
                RowKey("second_passed", "count", None),
                RowKey("second_pass_yield", "share", "second pass"),
                RowKey("mean_seconds", "number", "seconds"),
                RowKey("seconds_per_unit", "number", "of a unit"),
            ),
        ),
        Question(
            name="failures",
            summary="Show what failed, the most frequent first: cases, or measurements or error codes.",
            rests_on="counted",
            rows=_failures,
            by=CAUSES,
            fields=(
                RowKey("name"),
                RowKey("title"),
                RowKey("runs", "count"),
                RowKey("units", "count"),
                RowKey("share", "share"),
                RowKey("cumulative", "share"),
            ),
        ),
        Question(
            name="new-failures",
            summary="Show what failed since a time and never before, the newest first.",
            more="It needs --since.",
            rests_on="counted",
            splits=False,
            rows=lambda ask, scope, given: new_failures(ask, scope, given.get("cause", "case")),
            parameters=(QuestionParameter("cause", "what failures are told apart by", choices=CAUSES),),
            fields=(
                RowKey("name"),
                RowKey("title"),
                RowKey("runs", "count"),
                RowKey("start_time", "moment", "first failed"),
                RowKey("run"),
            ),
        ),
        Question(
            name="choices",
            summary="Show what runs can be chosen by: the stands, batches, versions and so on that there are.",
            rests_on="all",
            splits=False,
            rows=lambda ask, scope, given: choices(ask, scope),
            fields=(RowKey("name"), RowKey("value"), RowKey("runs", "count")),
        ),
        Question(
            name="capability",
            summary="Show how measured values fit their limits, the worst first: Cp, Cpk, Pp, Ppk.",
            rests_on="counted",
            rows=lambda ask, scope, given: capabilities(ask, scope, _one(given)),
            parameters=tuple(one._replace(required=False) for one in _MEASUREMENT),
            fields=_CAPABILITY,
        ),
        Question(
            name="measurements",
            summary="Show what measured values cost and where they are going: capability, yield lost, trend.",
            rests_on="counted",
            rows=lambda ask, scope, given: measurements(ask, scope),
            fields=(*_CAPABILITY, RowKey("lost", "share"), RowKey("trend", "numbers", None)),
        ),
        Question(
            name="histogram",
            summary="Show how the values of a measurement are distributed.",
            rests_on="counted",
            rows=lambda ask, scope, given: histogram(ask, scope, _of(given)),
            parameters=_MEASUREMENT,
            fields=(
                RowKey("n", "count", None),
                RowKey("mean", "number", None),
                RowKey("sigma", "number", None),
                RowKey("lower", "number", None),
                RowKey("upper", "number", None),
                RowKey("target", "number", None),
                RowKey("under", "count", None),
                RowKey("over", "count", None),
                RowKey("bins", "list", of=(RowKey("from", "number"), RowKey("to", "number"), RowKey("count", "count"))),
            ),
        ),
        Question(
            name="values",
            summary="Show the values of a measurement in the order of time, or those that a chart needs of them.",
            rests_on="counted",
            rows=lambda ask, scope, given: points(ask, scope, _of(given)),
            parameters=_MEASUREMENT,
            fields=(
                *_OF_RUN,
                RowKey("value", "number"),
                RowKey("lower", "number"),
                RowKey("upper", "number"),
            ),
        ),
        Question(
            name="limits",
            summary="Show the limits that the values of a measurement were judged by, the newest first.",
            rests_on="counted",
            rows=lambda ask, scope, given: limits_in_force(ask, scope, _of(given)),
            parameters=_MEASUREMENT,
            fields=(
                RowKey("lower", "number"),
                RowKey("upper", "number"),
                RowKey("target", "number"),
                RowKey("n", "count"),
                RowKey("since", "moment"),
                RowKey("until", "moment"),
            ),
        ),
        Question(
            name="box",
            summary="Show the quartiles of a measurement's values, whiskers and outliers.",
            rests_on="counted",
            rows=lambda ask, scope, given: boxes(ask, scope, _of(given)),
            parameters=_MEASUREMENT,
            fields=(
                RowKey("n", "count"),
                RowKey("mean", "number"),
                RowKey("minimum", "number"),
                RowKey("lower_whisker", "number", "whisker"),
                RowKey("first_quartile", "number", "q1"),
                RowKey("median", "number"),
                RowKey("third_quartile", "number", "q3"),
                RowKey("upper_whisker", "number", "whisker"),
                RowKey("maximum", "number"),
                RowKey("outliers", "count"),
            ),
        ),
        Question(
            name="control",
            summary="Show the control chart of a measurement: its newest points, and the rules that mark them.",
            more="Individual values with moving ranges, or means with standard deviations of subgroups. --span changes "
            "nothing.",
            rests_on="counted",
            rows=lambda ask, scope, given: control_charts(ask, scope, _of(given), _subgroup(given)),
            parameters=(
                *_MEASUREMENT,
                QuestionParameter(
                    "subgroup",
                    "so many values that follow each other, or those of a time; default: 1, individual values",
                    choices=("1", "2", "3", "4", "5", "6", "8", "10", "15", "20", "25", *SPANS_OF_SUBGROUPS),
                ),
            ),
            fields=(
                RowKey("n", "count", None),
                RowKey("incomplete", "count", None),
                RowKey("centre", "number", None),
                RowKey("sigma", "number", None),
                RowKey("spread_centre", "number", None),
                RowKey(
                    "points",
                    "list",
                    of=(
                        RowKey("id"),
                        RowKey("serial_number", heading="serial number"),
                        RowKey("since", "moment"),
                        RowKey("until", "moment", None),
                        RowKey("size", "count"),
                        RowKey("value", "number"),
                        RowKey("lower", "number"),
                        RowKey("upper", "number"),
                        RowKey("spread", "number"),
                        RowKey("spread_lower", "number", None),
                        RowKey("spread_upper", "number", "at most"),
                        RowKey("rules", "texts"),
                    ),
                ),
            ),
        ),
        Question(
            name="scatter",
            summary="Show the values of a measurement against those of another one in the same runs.",
            rests_on="counted",
            rows=lambda ask, scope, given: scatter(ask, scope, _of(given), _other(given)),
            parameters=(
                *_MEASUREMENT,
                QuestionParameter("other_case", "the case of the other one; default: what goes with it most"),
                QuestionParameter("other_measurement", "the name of the other one"),
                QuestionParameter("other_unit", "the unit of the other one, as --unit"),
            ),
            fields=(
                RowKey("other_case", heading=None),
                RowKey("other_measurement", heading="other"),
                RowKey("other_unit", heading=None),
                RowKey("n", "count", None),
                RowKey("r", "number", None),
                RowKey("slope", "number", None),
                RowKey("intercept", "number", None),
                RowKey("points", "list", of=(*_OF_RUN, RowKey("x", "number"), RowKey("y", "number"))),
            ),
        ),
        Question(
            name="correlations",
            summary="Show which other measurements of the same runs go with one, the strongest correlation first.",
            rests_on="counted",
            rows=lambda ask, scope, given: correlations(ask, scope, _of(given)),
            parameters=_MEASUREMENT,
            fields=(
                RowKey("case"),
                RowKey("measurement"),
                RowKey("unit"),
                RowKey("n", "count"),
                RowKey("r", "number"),
            ),
        ),
        Question(
            name="cases",
            summary="Show where the time of each case goes: retries, operators, other slots; and version by version.",
            rests_on="counted",
            rows=lambda ask, scope, given: case_times(ask, scope),
            fields=(
                RowKey("sequence"),
                RowKey("case"),
                RowKey("title", heading=None),
                RowKey("n", "count"),
                RowKey("seconds", "number"),
                RowKey("mean", "number"),
                RowKey("median", "number"),
                RowKey("p95", "number"),
                RowKey("share", "share"),
                RowKey("retries", "count"),
                RowKey("retried", "number"),
                RowKey("asked", "number"),
                RowKey("waited", "number"),
                RowKey("measures", "flag", None),
                RowKey(
                    "versions",
                    "list",
                    None,
                    of=(RowKey("version"), RowKey("n", "count"), RowKey("median", "number")),
                ),
            ),
        ),
        Question(
            name="time",
            summary="Show where the time goes: the seconds of each case.",
            rests_on="counted",
            rows=lambda ask, scope, given: times(ask, scope),
            fields=(
                RowKey("case"),
                RowKey("n", "count"),
                RowKey("mean", "number"),
                RowKey("median", "number"),
                RowKey("p95", "number"),
                RowKey("share", "share"),
            ),
        ),
        Question(
            name="unit-history",
            summary="Show all runs of the unit with this serial number, and what changed from one to the next.",
            more="Each run says its stand, slot and sequence: --by and --span change nothing.",
            rests_on="all",
            splits=False,
            rows=lambda ask, scope, given: unit_history(ask, scope, given["serial_number"]),
            parameters=(QuestionParameter("serial_number", "the serial number", required=True),),
            fields=(
                RowKey("start_time", "moment", "started"),
                RowKey("status", heading="verdict"),
                RowKey("seconds", "number"),
                RowKey("sequence"),
                RowKey("version"),
                RowKey("part_number", heading="part number"),
                RowKey("stand"),
                RowKey("slot"),
                RowKey("operator"),
                RowKey("batch"),
                RowKey("caused_dut_failure_id", heading="first failure"),
                RowKey("error_code", "number", "error code"),
                RowKey("partial", "flag", None),
                RowKey("simulated", "flag", None),
                RowKey("aborted", "flag", None),
                RowKey("untested", heading=None),
                RowKey("changed", "flag", None),
                RowKey("imported", heading=None),
                RowKey("id"),
                RowKey(
                    "changes",
                    "list",
                    None,
                    of=(
                        RowKey("what"),
                        RowKey("before"),
                        RowKey("after"),
                        RowKey("case"),
                        RowKey("measurement"),
                        RowKey("unit"),
                        RowKey("crossed", "flag"),
                    ),
                ),
            ),
        ),
        Question(
            name="unit",
            summary="Show all runs of the unit with this serial number, its sub-units, and the units that it is built "
            "into.",
            more="Each run says its stand, slot and sequence: --by and --span change nothing.",
            rests_on="all",
            splits=False,
            rows=lambda ask, scope, given: units(ask, scope, given["serial_number"]),
            parameters=(QuestionParameter("serial_number", "the serial number", required=True),),
            fields=(
                RowKey("serial_number", heading=None),
                RowKey("part_number", heading="part number"),
                RowKey(
                    "runs",
                    "list",
                    of=(
                        RowKey("start_time", "moment", "started"),
                        RowKey("status", heading="verdict"),
                        RowKey("sequence"),
                        RowKey("stand"),
                        RowKey("slot"),
                        RowKey("caused_dut_failure_id", heading="first failure"),
                        RowKey("id"),
                    ),
                ),
                RowKey("sub_units", "list", None, of=_PART),
                RowKey("built_into", "list", None, of=_PART),
            ),
        ),
    )
}
"""By the name of the command and of the call."""
