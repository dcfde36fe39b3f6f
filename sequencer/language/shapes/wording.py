"""What a schema asks for and what is there instead, in an engineer's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from sequencer.language.shapes.schema_parts import DEPENDS_PATTERN, USE_PATTERN
from sequencer.steps.keys import CALL, DURATION, EXPRESSION_TEXT, PROPERTY, Schema
from sequencer.vocabulary.data import MAX_WHOLE
from sequencer.vocabulary.regex import ID_PATTERN

_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_PATTERNS = {
    DURATION["pattern"]: "a duration such as `500 ms`",
    EXPRESSION_TEXT["pattern"]: "an ${{ expression }}",
    CALL["pattern"]: "`driver.method`",
    PROPERTY["pattern"]: "`driver.property`",
    ID_PATTERN: "a name of lowercase letters, digits and `_`",
    DEPENDS_PATTERN: "`module::case`, `::case` or `module`",
    USE_PATTERN: "`file.Class`",
}
_YAML_1_1 = frozenset("y Y yes Yes YES n N no No NO on On ON off Off OFF".split())  # noqa: SIM905 - reads better

_WORD = re.compile(r"""\$\{\{.*?\}\}|"[^"]*"|'[^']*'|[^\s,]+""")
_BARE_WORD = re.compile(r"[A-Za-z./][\w./=+-]*")

MAX_COMPARED = 1000
"""Among more names than that the search for a similar one would take longer than it helps."""


def phrase(schema: Schema) -> str:
    """What a schema asks for: ``a positive integer or a mapping``."""
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return listed(dict.fromkeys(phrase(branch) for branch in schema[union]))
    if "enum" in schema:
        return listed(f"`{show_plain(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{show_plain(schema['const'])}`"
    kinds = schema.get("type", [])
    return listed(_typed(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)) or "something else"


def _typed(kind: str, schema: Schema) -> str:
    if kind == "string" and "pattern" in schema:
        examples = schema.get("examples")
        such = f"a string such as `{examples[0]}`" if examples and isinstance(examples[0], str) else "another string"
        return _PATTERNS.get(schema["pattern"], such)
    if kind in ("integer", "number"):
        # The bound of all whole numbers is told where one is beyond it.
        lowest, highest = (
            None if abs(schema.get(key, MAX_WHOLE)) == MAX_WHOLE else schema[key] for key in ("minimum", "maximum")
        )
        if lowest is not None and highest is not None:
            return f"{_TYPES[kind]} from {lowest:g} to {highest:g}"
        if lowest is not None:
            positive = {0: "a non-negative", 1: "a positive"} if kind == "integer" else {0: "a non-negative"}
            return f"{positive[lowest]} {kind}" if lowest in positive else f"{_TYPES[kind]} of at least {lowest:g}"
        if highest is not None:
            return f"{_TYPES[kind]} of at most {highest:g}"
    return _TYPES[kind]


def listed(words: Iterable[str], last: str = "or") -> str:
    """``a, b or c``."""
    all_words = list(words)
    if len(all_words) < 2:
        return "".join(all_words)
    return f"{', '.join(all_words[:-1])} {last} {all_words[-1]}"


def show(value: object) -> str:
    """A value as it is quoted in a message: `` `text` ``, ``the number 5``, ``a list``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{show_plain(value)}`"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"`{value if len(value) <= 60 else value[:57] + '...'}`" if value else "an empty string"
    return "a list" if isinstance(value, Sequence) else "a mapping"


def kind_of(value: object) -> str:
    """``a string``, ``a number``, ``a list``: what kind of value an expression gave."""
    for kind, words in ((bool, "true or false"), (str, "a string"), ((int, float), "a number"), (dict, "a mapping")):
        if isinstance(value, kind):
            return words
    return "nothing" if value is None else "a list" if isinstance(value, list | tuple) else "something else"


def show_plain(value: object) -> str:
    """A scalar as YAML writes it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def did_you_mean(word: object, known: Iterable[str], template: str = "{}") -> str | None:
    """``did you mean `limits`?`` when ``known`` has something similar."""
    names = sorted({str(name) for name in known})
    if len(names) > MAX_COMPARED:
        return None
    close = get_close_matches(str(word), names, n=1, cutoff=0.6)
    if not close:
        lowered = {name.lower(): name for name in names}
        close = [lowered[str(word).lower()]] if str(word).lower() in lowered else []
    return f"did you mean `{template.format(close[0])}`?" if close else None


def known_here(known: Iterable[str], most: int = 12) -> str | None:
    """``known here: a, b and c`` for a hint, when that is short enough to be of use."""
    names = sorted(known)
    return f"known here: {listed((f'`{name}`' for name in names), 'and')}" if 0 < len(names) <= most else None


def type_hint(schema: Schema, value: object) -> str | None:
    """What helps against a value of the wrong type."""
    wanted = _types_of(schema)
    if "boolean" in wanted and isinstance(value, str) and value in _YAML_1_1:
        return "only `true` and `false` are booleans"
    if "string" in wanted and isinstance(value, bool):
        return f'quote it if a string is meant: "{show_plain(value)}"'
    if DURATION["pattern"] in _patterns_of(schema) and isinstance(value, str | int | float):
        number = str(value).strip()
        if number.replace(".", "", 1).isdigit():
            return f"add a unit: `{number} s`"
        return "the units are ms, s, min and h"
    if wanted == {"array"} and isinstance(value, str) and "string" in _types_of(schema.get("items", {})):
        return _as_list(value)
    if "enum" in schema:
        return did_you_mean(value, [show_plain(each) for each in schema["enum"]])
    return None


def _as_list(text: str) -> str | None:
    """``write a list: `[python3, flash.py]` `` for the words of a text."""
    words = [quoted.strip("\"'") or quoted for quoted in _WORD.findall(text)]
    items = ", ".join(word if _BARE_WORD.fullmatch(word) else json.dumps(word, ensure_ascii=False) for word in words)
    return f"write a list: `[{items}]`" if words and len(items) <= 100 else "write a list"


def _patterns_of(schema: Schema) -> set[str]:
    return {branch["pattern"] for branch in (schema, *schema.get("anyOf", ())) if "pattern" in branch}


def _types_of(schema: Schema) -> set[str]:
    kinds = schema.get("type", [])
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    for branch in schema.get("anyOf", ()):
        found |= _types_of(branch)
    return found
