"""Whether a sequence can be run as it is asked for: the one rule for command line, panel and test process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Literal

from sequencer.protocol.params import read_params
from sequencer.protocol.request import RunRefused, StartProblem, StartRequest
from sequencer.protocol.selection import Candidate, UnknownSelection, named, select
from sequencer.report.identity import identity_text
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason, ReasonOrText, coded
from sequencer.vocabulary.text_values import stripped

if TYPE_CHECKING:
    from sequencer.vocabulary.data import Scalar
    from sequencer.vocabulary.model import Param

MOST_TOLD = 20
"""Problems that the sentence of a refusal tells, each within the one before it; ``problems`` has all of them."""


def check_start(
    request: StartRequest, params: Iterable[Param], cases: Sequence[Candidate], *, decimal_comma: bool = False
) -> StartRequest:
    """The request with a value for each parameter, and the user's name as it is recorded.

    Raises ``RunRefused`` with every problem: of parameters, of what is selected or paused in, and of the name.
    """
    values, problems = check_params(request.params, params, decimal_comma=decimal_comma)
    try:
        select(cases, request.only, request.tags)
    except UnknownSelection as error:
        problems.append(_unknown(error.field, error))
    try:
        named(cases, request.breaks)
    except UnknownSelection as error:
        problems.append(_unknown("breaks", error))
    user = None
    try:
        user = identity_text(request.user, "user") if request.user and stripped(request.user) else None
    except StepError as error:
        problems.append(StartProblem("user", "user", "text", str(error), coded_reason=coded(error.reason)))
    if problems:
        told = reduce(_both, [problem.reason for problem in problems[:MOST_TOLD]])
        raise RunRefused(told, problems=problems)
    return replace(request, params=values, user=user)


def _both(reason: ReasonOrText, other: ReasonOrText) -> Reason:
    return Reason("several", reason=reason, detail=other)


def _unknown(part: Literal["only", "tags", "breaks"], error: UnknownSelection) -> StartProblem:
    return StartProblem(part, part, error.code, str(error), coded_reason=coded(error.reason))


def check_params(
    given: Mapping[str, Scalar], params: Iterable[Param], *, decimal_comma: bool = False
) -> tuple[dict[str, Scalar], list[StartProblem]]:
    """The values of all parameters as ``read_params`` reads them, and what is wrong with those that have none."""
    values, errors = read_params(params, given, decimal_comma=decimal_comma)
    problems = [
        StartProblem("params", name, wrong.code, str(wrong), wrong.limit, wrong.reason.document())
        for name, wrong in errors.items()
    ]
    return values, problems
