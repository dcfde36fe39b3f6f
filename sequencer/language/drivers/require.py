"""What a driver's ``require`` asks for, checked as far as it can be without the instrument."""

from __future__ import annotations

from sequencer.expressions.expression import has_expression
from sequencer.language.drivers.source import Target
from sequencer.language.expressions import ExpressionChecker
from sequencer.language.problems import Problems
from sequencer.language.shapes.wording import listed
from sequencer.vocabulary.instrument import parse_due
from sequencer.vocabulary.regex import PatternError, compile_pattern
from sequencer.vocabulary.tree import MappingNode


def read_require(
    node: MappingNode, target: Target, expressions: ExpressionChecker, problems: Problems
) -> dict[str, str]:
    """The requirements as templates; ``node`` has the right shape."""
    for key in node:
        expressions.text(node[key], node.value_place(key))
    if "idn" in node:
        _check_identity(node, target, problems)
        if not has_expression(node["idn"]):
            try:
                compile_pattern(node["idn"])
            except PatternError as error:
                message = f"this is no regular expression: {error}"
                problems.report("bad-pattern", message, node.value_place("idn"))
    if "calibration_due" in node and not has_expression(node["calibration_due"]):
        try:
            parse_due(node["calibration_due"])
        except ValueError as error:
            problems.report("bad-date", f"`calibration_due` {error}", node.value_place("calibration_due"))
    return dict(node)


def _check_identity(node: MappingNode, target: Target, problems: Problems) -> None:
    """The driver must be able to say who it is."""
    member = target.members.get("identify") or target.members.get("idn")
    if member is None:
        if not target.dynamic:
            what = "class" if target.is_class else "function"
            message = f"the {what} `{target.name}` cannot say who it is: it has no method `identify` and no `idn`"
            hint = "give it a method `identify` that returns the answer to `*IDN?`"
            problems.report("no-identity", message, node.key_place("idn"), hint=hint)
        return
    needed = [*member.signature.positional, *member.signature.required] if member.kind == "method" else []
    if needed or member.is_async:
        why = f"it needs {listed((f'`{each}`' for each in needed), 'and')}" if needed else "it is `async`"
        message = f"`{target.name}` cannot be asked who it is: {why}"
        problems.report("no-identity", message, node.key_place("idn"))
