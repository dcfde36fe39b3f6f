"""Reads what a request says, strictly: JSON objects of known keys, query parameters of known types."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from flask import request

from sequencer.panel.refusals import ApiError
from sequencer.panel.routes import Parameter
from sequencer.store.base import RunFilter
from sequencer.vocabulary.status import FINAL_STATUSES, Status

Value = TypeVar("Value")

_FORMS = {"integer": re.compile("-?[0-9]+"), "number": re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")}
"""Numbers in a query, by their type in JSON Schema."""


def body(*keys: str) -> dict[str, Any]:
    """The request's JSON object, which has no other keys. Raises ``ApiError`` (400, 415)."""
    document = json_object()
    unknown = [key for key in document if key not in keys]
    if unknown:
        raise ApiError(400, "unknown-key", f"unknown key {unknown[0][:80]!r}; there are {', '.join(keys) or 'none'}")
    return document


def json_object() -> dict[str, Any]:
    """The request's JSON object, whatever it holds; an empty body is an empty one. Raises ``ApiError`` (400, 415)."""
    written = request.get_data()
    if not written:
        return {}
    if not request.is_json:
        raise ApiError(415, "not-json", "the body must be application/json")
    try:
        document = json.loads(written.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise ApiError(400, "not-json", "the body must be a JSON object") from None
    if not isinstance(document, dict):
        raise ApiError(400, "not-json", "the body must be a JSON object")
    return document


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_number(written: str) -> object:
    raise ValueError(f"{written} is not JSON")


def expect(value: object, kind: type[Value] | tuple[type[Value], ...], words: str) -> Value:
    """``value`` when it is of that kind, else a 400 that says what it must be."""
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ApiError(400, "wrong-type", words)
    return value


def number(value: object, words: str) -> float:
    """``value`` when it is a number that a double holds, else a 400 that says what it must be."""
    try:
        return finite(expect(value, (int, float), words))
    except (ValueError, OverflowError):
        raise ApiError(400, "wrong-type", words) from None


def optional_text(document: Mapping[str, object], key: str, longest: int = 200) -> str | None:
    """A text or nothing, not too long."""
    value = document.get(key)
    if value is None or value == "":
        return None
    text = expect(value, str, f"{key} must be a string")
    if len(text) > longest:
        raise ApiError(400, "too-long", f"{key} has more than {longest} characters")
    return text


def check_query(parameters: Iterable[Parameter]) -> None:
    """Holds the query against what the call takes. Raises ``ApiError`` (400) for whatever is not as described there."""
    known = {parameter.name: parameter for parameter in parameters}
    for name, (written, *again) in request.args.lists():
        # A filter that is misspelt would be no filter, and so would the second of two.
        if name not in known:
            raise ApiError(400, "unknown-key", f"unknown parameter {name[:80]!r}")
        schema = known[name].described()
        schema = schema.get("items", schema)
        if again and schema is known[name].described():
            raise ApiError(400, "bad-parameter", f"the parameter {name} is given twice")
        if any(one not in schema.get("enum", (one,)) for one in (written, *again)):
            raise ApiError(400, "bad-parameter", f"{name} must be one of {', '.join(schema['enum'])}")
        if (form := _FORMS.get(schema.get("type", ""))) is not None:
            least, most = schema.get("minimum", -sys.float_info.max), schema.get("maximum", sys.float_info.max)
            if not form.fullmatch(written) or not least <= float(written) <= most:
                raise ApiError(400, "bad-parameter", f"the parameter {name} cannot be {written[:80]!r}")
    for name in known:
        if known[name].required and name not in request.args:
            raise ApiError(400, "bad-parameter", f"the parameter {name} is missing")


def query(name: str, read: Callable[[str], Value], default: Value) -> Value:
    """A query parameter that ``check_query`` let pass, read; ``default`` when it is not there."""
    written = request.args.get(name)
    return default if written is None else read(written)


def finite(written: str | float) -> float:
    """A finite number. Raises ``ValueError``, ``OverflowError`` for an integer that no double holds."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(written)
    return number


def status_of(written: str) -> Status | None:
    """The final status of this name."""
    return next((status for status in FINAL_STATUSES if status == written), None)


def run_filter() -> RunFilter:
    """Which runs the query parameters mean."""

    def text(name: str) -> str | None:
        return request.args.get(name) or None

    return RunFilter(
        serial_number=text("serial_number"),
        part_number=text("part_number"),
        sequence=text("sequence"),
        verdict=query("status", status_of, None),
        stand=text("stand"),
        since=query("since", float, None),
        until=query("until", float, None),
        slot=text("slot"),
        start=text("start"),
    )
