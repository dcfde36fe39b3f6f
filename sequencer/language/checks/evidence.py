"""What happens for a passed product after the run, and asks for the verdict alone: a warning of ``check``."""

from __future__ import annotations

from collections.abc import Iterable

from sequencer.expressions.expression import Expression, compile_expression
from sequencer.steps import step_types
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.model import Step
from sequencer.vocabulary.problem import ProblemReporter
from sequencer.vocabulary.status import Status

_ACTS = frozenset({"assign", "call", "exec", "upload"})
_EVIDENCE = ("run", "evidence")


def warn_of_missing_evidence(steps: Iterable[Step], report: ProblemReporter, conditions: tuple[str, ...] = ()) -> None:
    """Labels were printed, and a factory's system was told, for simulated and partial runs: these pass, too.

    ``conditions`` are those of the steps around.
    """
    own = step_types().own
    for step in steps:
        asked = conditions if step.when is None else (*conditions, step.when)
        # What a step of another package does nobody knows here: printing a label is the likeliest.
        acts = step.verb in _ACTS or step.verb not in own
        if acts and any(map(_asks_for_a_pass, asked)) and not any(map(_asks_for_evidence, asked)):
            message = f"this `{step.verb}` also runs when a simulated, partial or debugged run passed"
            hint = "write `verdict == 'passed' and run.evidence` if it is meant for tested products only"
            report("no-evidence", message, step.place, hint=hint, severity="warning")
        inner = getattr(step, "steps", ())
        warn_of_missing_evidence(inner, report, asked)


def _asks_for_a_pass(condition: str) -> bool:
    """Whether the condition can hold for a passed run, and does not for a failed one."""
    try:
        expression = compile_expression(condition)
    except ValueError:
        return False  # that is told elsewhere
    if not expression.names & {"verdict", "report"}:
        return False
    failed = _holds(expression, "failed")
    return "passed" in condition if failed is None else not failed and _holds(expression, "passed") is not False


def _holds(expression: Expression, status: Status) -> bool | None:
    """What the condition is for a run that ended so; ``None`` when it needs to know more."""
    try:
        return bool(expression.evaluate({"verdict": status, "report": {"status": status}}))
    except (StepError, ValueError):
        return None


def _asks_for_evidence(condition: str) -> bool:
    try:
        return _EVIDENCE in compile_expression(condition).attributes
    except ValueError:
        return False
