"""What a sequence says of a question to the operator, and what of that could not be answered as it was meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from sequencer.report.dialog_answer import InvalidAnswer, is_number, is_same, read_field
from sequencer.report.dialog_description import Appearance, Choice, DialogDescription, DialogField, Said
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.refused_value import for_author
from sequencer.vocabulary.regex import PatternError, compile_pattern, nests_repetitions

TYPES = ("confirm", "text", "textarea", "number", "radio", "checkbox", "steps", "form")
FIELD_TYPES = ("text", "textarea", "number", "switch", "slider", "radio", "list", "checkbox")

_NUMBERS = ("number", "slider")
_CHOOSING = ("radio", "list", "checkbox")
_TEXTS = ("text", "textarea")
_ASKING = (*_TEXTS, *_NUMBERS, "switch", *_CHOOSING)
_GOES_WITH: Mapping[str, tuple[str, ...]] = {
    "required": _ASKING,
    "default": _ASKING,
    "help": _ASKING,
    "placeholder": (*_TEXTS, "number"),
    "unit": ("text", *_NUMBERS),
    "min": (*_NUMBERS, "checkbox"),
    "max": (*_NUMBERS, "checkbox"),
    "step": ("slider",),
    "min_length": _TEXTS,
    "max_length": _TEXTS,
    "pattern": _TEXTS,
    "hint": _TEXTS,
    "example": _TEXTS,
    "remove_prefix": _TEXTS,
    "remove_suffix": _TEXTS,
    "choices": _CHOOSING,
}
_ASKS_FOR_ONE = (*_TEXTS, "number", "radio", "checkbox")


class FieldProblem(NamedTuple):
    """Something in a field that no operator could answer: the key that is wrong, a stable code, a sentence."""

    key: str
    code: str
    message: str


def describe(written: str | Mapping[str, object], timeout: float | None = None) -> DialogDescription:
    """The dialog that a sequence's ``dialog:`` (expressions evaluated) asks for; a bare text asks to confirm it.

    Raises ``ValueError`` with a plain sentence when an expression gave something unusable.
    """
    said: Said = {"text": written} if isinstance(written, str) else written
    kind = said.get("type") or "confirm"
    if kind not in TYPES:
        raise UnusableValue(Reason("dialog_type", types=list(TYPES), found=f"{kind!r:.100}"))
    fields: list[DialogField] = []
    if kind in _ASKS_FOR_ONE:
        fields = [describe_field({**said, "name": "value", "label": None})]
    elif kind == "form":
        fields = [describe_field(field) for field in said.get("fields") or ()]
    for field in fields:
        for problem in field_problems(field):
            if len(fields) == 1:
                raise ValueError(problem.message)
            raise UnusableValue(Reason("field", name=field["label"] or field["name"], reason=problem.message))
    return {
        "type": kind,
        **appearance(said),
        "buttons": {name: str(text) for name, text in (said.get("buttons") or {}).items()},
        "pass_fail": bool(said.get("pass_fail")),
        "timeout": timeout,
        "fields": fields,
        "steps": [appearance(step) for step in said.get("steps") or ()] if kind == "steps" else [],
    }


def appearance(said: Said) -> Appearance:
    """The part of a dialog or operator message that is only shown: title, text, font_size, image, html."""
    title, text, image, html = (said.get(name) for name in ("title", "text", "image", "html"))
    return {
        "title": None if title is None else str(title),
        "text": None if text is None else str(text),
        "font_size": said.get("font_size"),
        "image": {"file": image} if isinstance(image, str) else image,
        "html": {"code": html} if isinstance(html, str) else html,
    }


def _may_take_for_ever(pattern: str | None) -> bool:
    return pattern is not None and nests_repetitions(compile_pattern(pattern))


def field_problems(field: DialogField) -> Iterator[FieldProblem]:
    """What keeps a field, as ``describe`` makes it, from being answered as it was meant."""
    spans = (
        ("min", "max", field["min"], field["max"]),
        ("min_length", "max_length", field["min_length"], field["max_length"]),
    )
    for lower, upper, least, most in spans:
        if least is not None and most is not None and least > most:
            yield FieldProblem(lower, "nothing-allowed", f"`{lower}` is above `{upper}`")
            return
    if field["step"] is not None and field["step"] <= 0:
        yield FieldProblem("step", "wrong-value", "`step` must be above 0")
        return
    if field["pattern"] is not None:
        try:
            compile_pattern(field["pattern"])
        except PatternError as error:
            yield FieldProblem("pattern", "bad-pattern", f"not a valid regular expression: {error}")
            return
    repeated = _repeated(field["choices"])
    if repeated is not None:
        yield FieldProblem("choices", "duplicate-choice", repeated)
    if field["type"] == "checkbox" and field["min"] is not None and field["min"] > len(field["choices"]):
        message = f"{field['min']} choices must be ticked, but there are only {len(field['choices'])}"
        yield FieldProblem("min", "nothing-allowed", message)
    elif not _may_take_for_ever(field["pattern"]):
        yield from _wrong_values(field)


def _wrong_values(field: DialogField) -> Iterator[FieldProblem]:
    """A default or an example that would not be taken for an answer."""
    given: dict[str, tuple[str, Data]] = {"default": ("bad-default", field["default"])}
    if field["type"] in _TEXTS:
        given["example"] = ("wrong-value", field["example"])
    for key, (code, value) in given.items():
        refused = None if value is None else _given_refused({**field, "example": None}, value)
        if refused is not None:
            yield FieldProblem(key, code, f"the {key} {refused}")


def _repeated(choices: Iterable[Choice]) -> str | None:
    """Two choices that an operator, or an expression, could not tell apart."""
    earlier: list[Choice] = []
    for choice in choices:
        if any(choice["label"] == other["label"] for other in earlier):
            return f"two choices are named {choice['label']!r}"
        if any(is_same(choice["value"], other["value"]) for other in earlier):
            return f"two choices have the value {choice['value']!r}"
        earlier.append(choice)
    return None


def _given_refused(field: DialogField, given: Data) -> str | None:
    """Why a default, as it is filled in, or an example would not be taken for an answer."""
    # Typed texts are read as numbers and switches, but what is filled in is the default itself.
    kind = field["type"]
    if kind in ("number", "slider") and not is_number(given):
        return f"must be a number, not {given!r:.80}"
    if kind == "switch" and not isinstance(given, bool):
        return f"must be true or false, not {given!r:.80}"
    try:
        read_field(field, given, optional=False, decimal_comma=False)
    except InvalidAnswer as invalid:
        return f"{for_author(invalid.problems[0].refused)}, not {given!r:.80}"
    return None


def useless_keys(said: Mapping[str, object]) -> Iterator[str]:
    """The keys of a dialog, or of a field, that do not go with its type."""
    kind = said.get("type") or ("text" if "name" in said else "confirm")
    for key in said:
        types = _GOES_WITH.get(key)
        if types is not None and kind not in types and kind in (*TYPES, *FIELD_TYPES):
            yield key


def describe_field(said: Said) -> DialogField:
    """The form in which a field travels. Raises ``ValueError`` for what makes none."""
    kind = said.get("type") or "text"
    if kind not in FIELD_TYPES:
        raise UnusableValue(Reason("field_type", types=list(FIELD_TYPES), found=f"{kind!r:.100}"))
    field: DialogField = {
        "name": str(said["name"]),
        "type": kind,
        "label": None if said.get("label") is None else str(said["label"]),
        "required": bool(said.get("required", kind != "checkbox" or said.get("min"))),
        "choices": [_choice(choice) for choice in _listed(said.get("choices"))],
        "default": said.get("default"),
        "unit": said.get("unit"),
        "placeholder": said.get("placeholder"),
        "min": said.get("min"),
        "max": said.get("max"),
        "step": said.get("step"),
        "min_length": said.get("min_length"),
        "max_length": said.get("max_length"),
        "pattern": said.get("pattern"),
        "hint": said.get("hint"),
        "example": said.get("example"),
    }
    if said.get("help") is not None:
        field["help"] = str(said["help"])
    if said.get("remove_prefix") is not None:
        field["remove_prefix"] = str(said["remove_prefix"])
    if said.get("remove_suffix") is not None:
        field["remove_suffix"] = str(said["remove_suffix"])
    _require_types(field)
    if kind == "checkbox" and field["default"] is not None and not isinstance(field["default"], list | tuple):
        field["default"] = [field["default"]]
    if kind == "slider":
        field["min"], field["max"] = _or(field["min"], 0), _or(field["max"], 100)
    if kind in ("radio", "list", "checkbox") and not field["choices"]:
        raise UnusableValue(Reason("no_choices", name=field["label"] or field["name"]))
    return field


def _require_types(field: Mapping[str, object]) -> None:
    """Raises ``ValueError`` for a constraint of another type: expressions can give anything."""
    for name in ("min", "max", "step"):
        if field[name] is not None and not is_number(field[name]):
            raise UnusableValue(Reason("key_number", key=name, found=f"{field[name]!r:.100}"))
    for name in ("min_length", "max_length"):
        if field[name] is not None and not (isinstance(field[name], int) and is_number(field[name])):
            raise UnusableValue(Reason("key_integer", key=name, found=f"{field[name]!r:.100}"))
    if field["pattern"] is not None and not isinstance(field["pattern"], str):
        raise UnusableValue(Reason("field_pattern", found=f"{field['pattern']!r:.100}"))


def _choice(said: object) -> Choice:
    written: Said = said if isinstance(said, Mapping) else {"value": said}
    image = written.get("image")
    value = written.get("value", written.get("label"))
    return {
        "value": value,
        "label": _shown(written.get("label", value)),
        "image": {"file": image} if isinstance(image, str) else image,
    }


def _shown(value: object) -> str:
    """As YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(said: object) -> list[object]:
    if said is None:
        return []
    if isinstance(said, str | bytes | Mapping) or not hasattr(said, "__iter__"):
        raise UnusableValue(Reason("field_choices", found=f"{said!r:.100}"))
    return list(said)


Number = TypeVar("Number", int, float)


def _or(value: Number | None, default: Number) -> Number:
    return default if value is None else value
