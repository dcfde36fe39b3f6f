"""Questions to the operator: the form in which they travel to pages and terminals, and what counts as an answer.

A *dialog* is plain data: ``{type, title, text, font_size, image, html, buttons, pass_fail, timeout, fields, steps}``.
``type`` is one of ``TYPES``; ``fields`` has one entry named ``value`` for the types that ask for one thing, several for
a ``form``, none else; ``steps`` are the pages of ``type: steps``. ``describe`` makes it from what a sequence says.
A *field* is ``{name, type, label, required, default, unit, placeholder, min, max, step, min_length, max_length,
pattern, choices}`` with ``choices`` as ``[{value, label, image}]``.

The page checks answers with the same rules in JavaScript; the rules here decide.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sequencer.domain.text_values import UnreadableText, read_boolean, read_number, stripped
from sequencer.vocabulary.data import Data

TYPES = ("confirm", "text", "number", "radio", "checkbox", "steps", "form")
FIELD_TYPES = ("text", "number", "switch", "slider", "radio", "list", "checkbox")
LONGEST_TEXT = 10_000

_ASKS_FOR_ONE = ("text", "number", "radio", "checkbox")
_LOOKS = ("title", "text", "font_size", "image", "html")
_CONSTRAINTS = ("default", "unit", "placeholder", "min", "max", "step", "min_length", "max_length", "pattern")
NOT_GIVEN = object()
"""In place of an answer's value when there is none: the fields' defaults count then."""


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """Why a field's value is refused: a stable ``code``, the limit it missed, an English sentence."""

    field: str
    code: str
    message: str
    limit: Data = None


class InvalidAnswer(Exception):
    """An answer that the dialog does not take; the dialog stays open."""

    def __init__(self, problems: list[AnswerProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


def describe(written: str | Mapping[str, Any], timeout: float | None = None) -> dict[str, Any]:
    """The dialog that a sequence's ``dialog:`` (expressions evaluated) asks for; a bare text asks to confirm it.

    Raises ``ValueError`` with a plain sentence when an expression gave something unusable.
    """
    said: Mapping[str, Any] = {"text": written} if isinstance(written, str) else written
    kind = said.get("type") or "confirm"
    if kind not in TYPES:
        raise ValueError(f"a dialog's type is one of {', '.join(TYPES)}, not {kind!r}")
    fields: list[dict[str, Any]] = []
    if kind in _ASKS_FOR_ONE:
        fields = [_field({**said, "name": "value", "label": None})]
    elif kind == "form":
        fields = [_field(field) for field in said.get("fields") or ()]
    return {
        "type": kind,
        **looks(said),
        "buttons": {name: str(text) for name, text in (said.get("buttons") or {}).items()},
        "pass_fail": bool(said.get("pass_fail")),
        "timeout": timeout,
        "fields": fields,
        "steps": [looks(step) for step in said.get("steps") or ()] if kind == "steps" else [],
    }


def looks(said: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a dialog or operator message that is only shown: title, text, font_size, image, html."""
    shown = {name: said.get(name) for name in _LOOKS}
    for name in ("title", "text"):
        shown[name] = None if shown[name] is None else str(shown[name])
    if isinstance(shown["image"], str):
        shown["image"] = {"file": shown["image"]}
    if isinstance(shown["html"], str):
        shown["html"] = {"code": shown["html"]}
    return shown


def _field(said: Mapping[str, Any]) -> dict[str, Any]:
    kind = said.get("type") or "text"
    if kind not in FIELD_TYPES:
        raise ValueError(f"a field's type is one of {', '.join(FIELD_TYPES)}, not {kind!r}")
    field: dict[str, Any] = {
        "name": str(said["name"]),
        "type": kind,
        "label": None if said.get("label") is None else str(said["label"]),
        "required": bool(said.get("required", kind != "checkbox" or said.get("min"))),
        "choices": [_choice(choice) for choice in _listed(said.get("choices"))],
    }
    field |= {name: said.get(name) for name in _CONSTRAINTS}
    for name in ("min", "max", "step"):
        if field[name] is not None and not _is_number(field[name]):
            raise ValueError(f"{name} is a number, not {field[name]!r}")
    if kind == "slider":
        field["min"], field["max"] = _or(field["min"], 0), _or(field["max"], 100)
    if kind in ("radio", "list", "checkbox") and not field["choices"]:
        raise ValueError(f"there is nothing to choose from in {field['label'] or field['name']!r}")
    return field


def _choice(said: Any) -> dict[str, Any]:
    if not isinstance(said, Mapping):
        return {"value": said, "label": str(said), "image": None}
    image = said.get("image")
    value = said.get("value", said.get("label"))
    return {
        "value": value,
        "label": str(said.get("label", value)),
        "image": {"file": image} if isinstance(image, str) else image,
    }


def _listed(said: Any) -> list[Any]:
    if said is None:
        return []
    if isinstance(said, str | bytes | Mapping) or not hasattr(said, "__iter__"):
        raise ValueError(f"choices are a list, not {said!r}")
    return list(said)


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def buttons(dialog: Mapping[str, Any]) -> tuple[str, ...]:
    """The results that answer the dialog; ``close`` is none of them: it stops the run."""
    return ("pass", "fail") if dialog.get("pass_fail") else ("confirm",)


def read_answer(
    dialog: Mapping[str, Any], result: str, value: object = NOT_GIVEN, *, decimal_comma: bool = False
) -> Data:
    """The value that an answer stands for: ``None``, one field's value, or a form's by field name.

    A field that is not spoken of has its default; one that is null or blank was left empty. With ``fail`` nothing need
    be filled in. ``decimal_comma`` as in ``read_number``. Raises ``InvalidAnswer``.
    """
    if result not in buttons(dialog):
        raise InvalidAnswer([AnswerProblem("", "result", f"this dialog is answered by {' or '.join(buttons(dialog))}")])
    fields = dialog.get("fields") or []
    if not fields:
        return None
    given = value if dialog["type"] == "form" else {"value": value}
    if not isinstance(given, Mapping):
        given = {}
    problems: list[AnswerProblem] = []
    answer: dict[str, Data] = {}
    for field in fields:
        try:
            said = given.get(field["name"], NOT_GIVEN)
            answer[field["name"]] = _read(field, said, optional=result == "fail", decimal_comma=decimal_comma)
        except InvalidAnswer as invalid:
            problems += invalid.problems
    if problems:
        raise InvalidAnswer(problems)
    return answer if dialog["type"] == "form" else answer["value"]


def _read(field: Mapping[str, Any], value: object, *, optional: bool, decimal_comma: bool) -> Data:
    if value is NOT_GIVEN:
        value = field["default"]
    if value is None or value == [] or (isinstance(value, str) and not stripped(value)):
        if field["type"] == "switch":
            return False
        if field["required"] and not optional:
            raise _refused(field, "required", "is required")
        return [] if field["type"] == "checkbox" else None
    read: Callable[[Mapping[str, Any], object], Data] = _READERS[field["type"]]
    if isinstance(value, str) and field["type"] in ("number", "slider"):
        try:
            value = read_number(value, decimal_comma=decimal_comma)
        except UnreadableText as error:
            raise _refused(field, error.code, str(error)) from None
    return read(field, value)


def _refused(field: Mapping[str, Any], code: str, sentence: str, limit: Data = None) -> InvalidAnswer:
    subject = field.get("label") or ("the answer" if field["name"] == "value" else field["name"])
    return InvalidAnswer([AnswerProblem(field["name"], code, f"{subject} {sentence}", limit)])


def _text(field: Mapping[str, Any], value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _refused(field, "text", "must be text")
    text = stripped(str(value))
    least, most = field["min_length"] or 0, min(_or(field["max_length"], LONGEST_TEXT), LONGEST_TEXT)
    if len(text) < least:
        raise _refused(field, "min_length", f"must have at least {least} characters", least)
    if len(text) > most:
        raise _refused(field, "max_length", f"must have at most {most} characters", most)
    if field["pattern"] and re.search(field["pattern"], text) is None:
        raise _refused(field, "pattern", f"must match {field['pattern']}", field["pattern"])
    return text


def _number(field: Mapping[str, Any], value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _refused(field, "number", "must be a number")
    number = value
    if not abs(number) <= sys.float_info.max:  # an integer can be larger, and NaN is not smaller
        raise _refused(field, "number", "must be a finite number")
    if field["min"] is not None and number < field["min"]:
        raise _refused(field, "min", f"must be at least {field['min']}", field["min"])
    if field["max"] is not None and number > field["max"]:
        raise _refused(field, "max", f"must be at most {field['max']}", field["max"])
    return number


def _switch(field: Mapping[str, Any], value: object) -> bool:
    if isinstance(value, str):
        with suppress(UnreadableText):
            return read_boolean(value)
    if not isinstance(value, bool):
        raise _refused(field, "switch", "must be on or off")
    return value


def _chosen(field: Mapping[str, Any], value: object) -> Data:
    for choice in field["choices"]:
        if choice["value"] == value and isinstance(choice["value"], bool) == isinstance(value, bool):
            return choice["value"]  # type: ignore[no-any-return]  # a choice's value is plain data
    raise _refused(field, "choice", "must be one of the choices")


def _ticked(field: Mapping[str, Any], value: object) -> list[Data]:
    if not isinstance(value, list | tuple):
        raise _refused(field, "choice", "must be a list of choices")
    named = [_chosen(field, item) for item in value]
    chosen = [choice["value"] for choice in field["choices"] if choice["value"] in named]
    if field["min"] is not None and len(chosen) < field["min"]:
        raise _refused(field, "min_chosen", f"needs at least {field['min']} choices", field["min"])
    if field["max"] is not None and len(chosen) > field["max"]:
        raise _refused(field, "max_chosen", f"takes at most {field['max']} choices", field["max"])
    return chosen


_READERS: Mapping[str, Any] = {
    "text": _text,
    "number": _number,
    "slider": _number,
    "switch": _switch,
    "radio": _chosen,
    "list": _chosen,
    "checkbox": _ticked,
}
