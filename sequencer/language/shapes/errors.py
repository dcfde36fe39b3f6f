"""From ``jsonschema``'s errors to problems of our own wording, each at the very key or value that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sequencer.expressions.expression import OPENING
from sequencer.language.expression_places import RefusedExpression
from sequencer.language.shapes.wording import did_you_mean, known_here, phrase, show, type_hint
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.data import MAX_WHOLE
from sequencer.vocabulary.problem import Place, ProblemReporter, Severity
from sequencer.vocabulary.tree import MappingNode, SequenceNode, place_at

if TYPE_CHECKING:
    from jsonschema import ValidationError

NodePath = tuple[str | int, ...]


def refuse_expressions(
    wrong: Iterable[RefusedExpression], sources: SourceTexts, report: ProblemReporter
) -> ProblemReporter:
    """Reports expressions that nobody would evaluate; what it returns reports all but what is wrong because of them."""
    told = set()
    for each in wrong:
        told.add(each.whole)
        if each.in_key:
            expression_in_key(each.whole, report)
        else:
            what = _label((each.key,)) if isinstance(each.key, str) else "this"
            message = f"{what} is fixed: an expression in it would not be evaluated"
            report("expression-in-fixed-text", message, each.place(sources))

    def others(code: str, message: str, place: Place, *, hint: str | None = None, severity: Severity = "error") -> None:
        if place not in told:
            report(code, message, place, hint=hint, severity=severity)

    return others


def expression_in_key(place: Place, report: ProblemReporter) -> None:
    """An expression in a key that must be known before the run."""
    report("expression-in-key", "keys are fixed here: an expression in a key would not be evaluated", place)


def unknown_key(node: MappingNode, key: str, known: Iterable[str], report: ProblemReporter) -> None:
    """A key that means nothing here."""
    if OPENING in key:
        expression_in_key(node.key_place(key), report)
        return
    names = [name for name in known if name not in node]
    hint = did_you_mean(key, names) or known_here(known)
    report("unknown-key", f"unknown key `{key}`", node.key_place(key), hint=hint)


def name_problem(node: MappingNode, name: str, what: str, report: ProblemReporter) -> None:
    """A name that people chose and that cannot be one."""
    if OPENING in name:
        expression_in_key(node.key_place(name), report)
        return
    suggestion = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    suggestion = suggestion if suggestion[:1].isalpha() else f"x{suggestion}" if suggestion else ""
    message = f"`{name}` cannot be {what}: use lowercase letters, digits and `_`, beginning with a letter"
    report("bad-name", message, node.key_place(name), hint=f"for example `{suggestion}`" if suggestion else None)


def explain(
    error: ValidationError, root: MappingNode | SequenceNode, prefix: NodePath, report: ProblemReporter
) -> None:
    """Reports one error; ``prefix`` leads from ``root`` to the value that was validated."""
    path = (*prefix, *error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        name_problem(_at(root, path), str(error.instance), "a name here", report)
        return
    explainer = _EXPLAINERS.get(str(error.validator))
    if explainer is not None and explainer(error, root, path, prefix, report):
        return
    _wrong_value(error, root, path, report)


def _wrong_value(
    error: ValidationError, root: MappingNode | SequenceNode, path: NodePath, report: ProblemReporter
) -> None:
    schema: Mapping[str, object] = error.schema if isinstance(error.schema, Mapping) else {}
    code = "wrong-type" if error.validator in ("type", "anyOf", "oneOf") else "wrong-value"
    message = f"{_label(path)} must be {phrase(schema)}, not {show(error.instance)}"
    if isinstance(error.instance, int) and abs(error.instance) > MAX_WHOLE:
        message = f"{_label(path)} is too large: integers go up to {MAX_WHOLE}, which every store can hold"
    if error.instance is None:
        message = f"{_label(path)} is empty: it must be {phrase(schema)}"
    report(code, message, place_at(root, path), hint=type_hint(schema, error.instance))


def _label(path: NodePath) -> str:
    """``item 2 of `tags` `` for the path of a value."""
    last = path[-1]
    if isinstance(last, str):
        return f"`{last}`"
    owner = next((part for part in reversed(path[:-1]) if isinstance(part, str)), None)
    return f"item {last + 1} of `{owner}`" if owner is not None else f"item {last + 1}"


def _additional(
    error: Any, root: MappingNode | SequenceNode, path: NodePath, prefix: NodePath, report: ProblemReporter
) -> bool:
    if error.schema.get("additionalProperties") is not False:
        return False
    node = _at(root, path)
    known = error.schema.get("properties", {})
    for key in node:
        if key not in known:
            unknown_key(node, key, known, report)
    return True


def _required(
    error: Any, root: MappingNode | SequenceNode, path: NodePath, prefix: NodePath, report: ProblemReporter
) -> bool:
    node = _at(root, path)
    missing = next((key for key in error.validator_value if f"'{key}' is a required" in error.message), None)
    if missing is None:
        return False
    first = next(iter(node), None)
    place = place_at(root, path) if first is None else node.key_place(first)
    report("missing-key", f"{_label(path)} needs `{missing}`", place)
    return True


def _size(
    error: Any, root: MappingNode | SequenceNode, path: NodePath, prefix: NodePath, report: ProblemReporter
) -> bool:
    length, wanted = len(error.instance), error.validator_value
    things = {"Length": "characters", "Items": "items", "Properties": "entries"}[str(error.validator)[3:]]
    if str(error.validator).startswith("min") and length == 0:
        message = f"{_label(path)} must not be empty"
    else:
        least = "at least" if str(error.validator).startswith("min") else "at most"
        if error.schema.get("minItems") == error.schema.get("maxItems") and things == "items":
            least = "exactly"
        message = f"{_label(path)} must have {least} {wanted} {things if wanted != 1 else things[:-1]}, not {length}"
    report("wrong-size", message.replace("entrie,", "entry,"), place_at(root, path))
    return True


def _alternatives(
    error: Any, root: MappingNode | SequenceNode, path: NodePath, prefix: NodePath, report: ProblemReporter
) -> bool:
    """Of several forms, explains the one that was meant: the one whose type the value has."""
    meant: dict[int, list[ValidationError]] = {}
    for each in error.context or ():
        meant.setdefault(int(each.schema_path[0]), []).append(each)
    instance_path = list(error.absolute_path)
    candidates = [
        errors
        for errors in meant.values()
        if not any(each.validator == "type" and list(each.absolute_path) == instance_path for each in errors)
    ]
    if not isinstance(error.instance, Mapping | list) and len(candidates) != 1:
        return False
    if not candidates:
        return False
    # Several forms of the same type: the one whose required keys are there, or else that with the fewest and deepest
    # errors is the likeliest.
    forms = {id(errors): error.schema[error.validator][number] for number, errors in meant.items()}

    def likely(errors: list[ValidationError]) -> tuple[bool, int, int]:
        required = forms[id(errors)].get("required", ())
        chosen = (
            bool(required) and isinstance(error.instance, Mapping) and all(key in error.instance for key in required)
        )
        return not chosen, len(errors), -max(len(each.absolute_path) for each in errors)

    best = min(candidates, key=likely)
    if not isinstance(error.instance, Mapping | list) and any(each.validator == "pattern" for each in best):
        return False
    for each in best:
        explain(each, root, prefix, report)
    return True


def _at(root: Any, path: NodePath) -> Any:
    for part in path:
        root = root[part]
    return root


_EXPLAINERS = {
    "additionalProperties": _additional,
    "required": _required,
    "minLength": _size,
    "maxLength": _size,
    "minItems": _size,
    "maxItems": _size,
    "minProperties": _size,
    "maxProperties": _size,
    "anyOf": _alternatives,
    "oneOf": _alternatives,
}
