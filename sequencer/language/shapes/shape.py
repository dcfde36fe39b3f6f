"""Compiled checks of one mapping against its schema: fast where nothing is wrong, exact where something is.

What the keys are is checked here in plain Python; what a value is, by a ``jsonschema`` validator of that value's
schema, and only for schemas that say more than a type. Scalars that were found good are remembered, since a file has
the same units, durations and method names over and over. ``limits`` and nested ``steps`` are not looked into: those
who read them check them, and in better words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from sequencer.language.expression_places import EVERYWHERE, expression_places, refused
from sequencer.language.shapes.errors import explain, name_problem, refuse_expressions, unknown_key
from sequencer.language.texts import text_plan
from sequencer.language.yaml.sources import SourceTexts
from sequencer.steps.keys import MARK, Schema
from sequencer.vocabulary.data import MAX_WHOLE
from sequencer.vocabulary.problem import ProblemReporter
from sequencer.vocabulary.regex import compile_pattern
from sequencer.vocabulary.tree import MappingNode

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_SAYS_NOTHING = frozenset({"description", "examples", "default", "title", MARK})
_CHECKED_ELSEWHERE = frozenset({"#/$defs/limits", "#/$defs/step", "#/$defs/case", "#/$defs/module"})


def inline(schema: Any) -> Any:
    """The schema with what is checked elsewhere taken out, so that no reference needs to be resolved."""
    if isinstance(schema, list | tuple):
        return [inline(value) for value in schema]
    if not isinstance(schema, Mapping):
        return schema
    if schema.get("$ref") in _CHECKED_ELSEWHERE:
        return {}
    inlined: dict[str, object] = {}
    for key, value in schema.items():
        if key == "properties":  # its keys are names of ours, `description` among them, not keywords
            inlined[key] = {name: inline(each) for name, each in value.items()}
        elif key in ("enum", "const", "examples"):
            inlined[key] = value
        elif key not in _SAYS_NOTHING:
            inlined[key] = inline(value)
    kinds = schema.get("type")
    if "integer" in (kinds if isinstance(kinds, list) else [kinds]):
        inlined = {"minimum": -MAX_WHOLE, "maximum": MAX_WHOLE, **inlined}
    return inlined


@cache
def _validator_class() -> Any:
    """JSON Schema 2020-12, save that 5.0 is not an integer (YAML tells integers and floats apart) and that ``$`` in
    a pattern is the very end, as JSON Schema means it; in Python a line break may follow."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def is_integer(checker: object, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def pattern(validator: object, written: str, value: object, schema: object) -> Iterator[ValidationError]:
        if isinstance(value, str) and not compile_pattern(written).search(value):
            yield ValidationError("does not match")

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    return extend(  # type: ignore[no-untyped-call]  # jsonschema leaves it untyped
        Draft202012Validator, {"pattern": pattern}, type_checker=checker
    )


class ValueCheck:
    """The check of one key's value."""

    def __init__(self, schema: Schema) -> None:
        self.schema = inline(schema)
        constraints = set(self.schema) - _SAYS_NOTHING
        self._texts = text_plan(self.schema)
        self._places = expression_places(schema)
        self._types = self._plain_types() if constraints <= {"type"} else None
        self._open = not constraints
        self._good: set[tuple[type, object]] = set()

    def _plain_types(self) -> frozenset[type]:
        kinds = self.schema.get("type", [])
        found = {kind for name in ([kinds] if isinstance(kinds, str) else kinds) for kind in _TYPES[name]}
        return frozenset(found)

    @cached_property
    def _validator(self) -> Any:
        return _validator_class()(self.schema)

    def is_good(self, value: object) -> bool:
        """Whether ``value`` meets the schema."""
        if self._open:
            return True
        kind = _kind(value)
        if self._types is not None:
            return kind in self._types
        if kind in (dict, list):
            return bool(self._validator.is_valid(value))
        if (kind, value) in self._good:
            return True
        if self._validator.is_valid(value):
            if len(self._good) < 10_000:
                self._good.add((kind, value))
            return True
        return False

    def check(self, node: MappingNode, key: str, sources: SourceTexts, report: ProblemReporter) -> bool:
        """Whether ``node[key]`` is right; what is wrong is reported.

        Numbers where texts belong become the text that stands in the file.
        """
        if self._texts is not None and type(node[key]) is not str:
            self._texts.apply(node, key, sources.written)
        wrong = () if self._places is EVERYWHERE else tuple(refused(self._places, node, key))
        if wrong:
            report = refuse_expressions(wrong, sources, report)
        if self.is_good(node[key]):
            return not wrong
        for error in self._validator.iter_errors(node[key]):
            explain(error, node, (key,), report)
        return False


def _kind(value: object) -> type:
    if isinstance(value, dict):
        return dict
    return list if isinstance(value, list) else type(value)


class Shape:
    """A mapping with fixed keys, ``title`` in messages; keys that begin with ``ignored`` may always stand there."""

    def __init__(
        self, title: str, properties: Mapping[str, Schema], required: tuple[str, ...] = (), ignored: str | None = None
    ) -> None:
        self.title = title
        self.required = required
        self.ignored = ignored
        self.checks = {key: ValueCheck(schema) for key, schema in properties.items()}
        self.keys = frozenset(properties)

    def check(self, node: MappingNode, sources: SourceTexts, report: ProblemReporter) -> frozenset[str]:
        """The keys that are wrong or missing, each reported: empty when everything is right.

        Numbers where texts belong become the text that stands in the file.
        """
        bad: list[str] = []
        for key in node:
            check = self.checks.get(key)
            if check is not None:
                if not check.check(node, key, sources, report):
                    bad.append(key)
            elif self.ignored is None or not key.startswith(self.ignored):
                unknown_key(node, key, self.keys, report)
                bad.append(key)
        for key in self.required:
            if key not in node:
                first = next(iter(node), None)
                place = node.place if first is None else node.key_place(first)
                report("missing-key", f"{self.title} needs `{key}`", place)
                bad.append(key)
        return frozenset(bad)


class NamedShape:
    """A mapping whose keys are names that people choose."""

    def __init__(self, what: str, pattern: str) -> None:
        self.what = what
        self._pattern = compile_pattern(pattern)

    def check(self, node: MappingNode, report: ProblemReporter) -> list[str]:
        """The names that can be used; the others are reported."""
        good = []
        for name in node:
            if self._pattern.search(name):
                good.append(name)
            else:
                name_problem(node, name, self.what, report)
        return good
