"""Questions to the operator: the form in which they travel to pages and terminals, and what counts as an answer.

A *dialog* is plain data: ``{type, title, text, font_size, image, html, buttons, pass_fail, timeout, fields, steps}``.
``type`` is one of ``TYPES``; ``fields`` has one entry named ``value`` for the types that ask for one thing, several for
a ``form``, none else; ``steps`` are the pages of ``type: steps``. ``describe`` makes it from what a sequence says.
A *field* is ``{name, type, label, required, default, unit, placeholder, min, max, step, min_length, max_length,
pattern, hint, example, help, remove_prefix, remove_suffix, choices}`` with ``choices`` as ``[{value, label, image}]``.

The page checks answers with the same rules in JavaScript; the rules here decide.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, NotRequired, TypedDict, TypeVar

from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.refused_value import RefusedValue, UnreadableText, for_author, wrong_form
from sequencer.vocabulary.regex import PatternError, compile_pattern, nests_repetitions
from sequencer.vocabulary.shown import show
from sequencer.vocabulary.text_values import read_boolean, read_number, stripped

TYPES = ("confirm", "text", "textarea", "number", "radio", "checkbox", "steps", "form")
FIELD_TYPES = ("text", "textarea", "number", "switch", "slider", "radio", "list", "checkbox")
LONGEST_TEXT = 10_000

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
NOT_GIVEN = object()
"""In place of an answer's value when there is none: the fields' defaults count then."""


class Choice(TypedDict):
    """What can be chosen in a field; ``key`` is the letter that a terminal takes for it."""

    value: Data
    label: str
    image: Mapping[str, object] | None
    key: NotRequired[str]


class DialogField(TypedDict):
    """A field as ``describe_field`` makes it: a constraint that was not written is null."""

    name: str
    type: str
    label: str | None
    required: bool
    default: Data
    unit: object
    placeholder: object
    min: float | None
    max: float | None
    step: float | None
    min_length: int | None
    max_length: int | None
    pattern: str | None
    hint: str | None
    example: str | None
    help: NotRequired[str | None]
    remove_prefix: NotRequired[str | None]
    remove_suffix: NotRequired[str | None]
    choices: list[Choice]


class Appearance(TypedDict):
    """The part of a dialog or operator message that is only shown."""

    title: str | None
    text: str | None
    font_size: object
    image: Mapping[str, object] | None
    html: Mapping[str, object] | None


class DialogDescription(Appearance):
    """A dialog as ``describe`` makes it."""

    type: str
    buttons: dict[str, str]
    pass_fail: bool
    timeout: float | None
    fields: list[DialogField]
    steps: list[Appearance]


Said = Mapping[str, Any]
"""A dialog, or a part of it, as a sequence says it: expressions can give anything."""


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """Why the value of ``field`` is refused: an English sentence with its ``subject``, and without it ``refused``."""

    field: str
    subject: str
    refused: RefusedValue

    @property
    def message(self) -> str:
        """The whole sentence."""
        return f"{self.subject} {self.refused}".lstrip()


class FieldProblem(NamedTuple):
    """Something in a field that no operator could answer: the key that is wrong, a stable code, a sentence."""

    key: str
    code: str
    message: str


class InvalidAnswer(Exception):
    """An answer that the dialog does not take; the dialog stays open."""

    def __init__(self, problems: list[AnswerProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


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
        if any(_same(choice["value"], other["value"]) for other in earlier):
            return f"two choices have the value {choice['value']!r}"
        earlier.append(choice)
    return None


def _given_refused(field: DialogField, given: Data) -> str | None:
    """Why a default, as it is filled in, or an example would not be taken for an answer."""
    # Typed texts are read as numbers and switches, but what is filled in is the default itself.
    kind = field["type"]
    if kind in ("number", "slider") and not _is_number(given):
        return f"must be a number, not {given!r:.80}"
    if kind == "switch" and not isinstance(given, bool):
        return f"must be true or false, not {given!r:.80}"
    try:
        _read(field, given, optional=False, decimal_comma=False)
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
        if field[name] is not None and not _is_number(field[name]):
            raise UnusableValue(Reason("key_number", key=name, found=f"{field[name]!r:.100}"))
    for name in ("min_length", "max_length"):
        if field[name] is not None and not (isinstance(field[name], int) and _is_number(field[name])):
            raise UnusableValue(Reason("key_integer", key=name, found=f"{field[name]!r:.100}"))
    if field["pattern"] is not None and not isinstance(field["pattern"], str):
        raise UnusableValue(Reason("field_pattern", found=f"{field['pattern']!r:.100}"))


def _choice(said: Any) -> Choice:
    if not isinstance(said, Mapping):
        return {"value": said, "label": _shown(said), "image": None}
    image = said.get("image")
    value = said.get("value", said.get("label"))
    return {
        "value": value,
        "label": _shown(said.get("label", value)),
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
Value = TypeVar("Value")


def _or(value: Number | None, default: Number) -> Number:
    return default if value is None else value


def _same(left: object, right: object) -> bool:
    """Equal, and ``True`` is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _is_number(value: object) -> bool:
    # An integer may be larger than any float, and NaN is not smaller.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def buttons(dialog: Mapping[str, object]) -> tuple[str, ...]:
    """The results that answer the dialog; ``close`` is none of them: it stops the run."""
    return ("pass", "fail") if dialog.get("pass_fail") else ("confirm",)


def prepared_answer(dialog: DialogDescription, answer: Data) -> tuple[str, object]:
    """The result and the value that an answer of a file stands for: ``close``, the name of a button, or the value.

    The button of a dialog that asks for something is pressed with the defaults. Raises ``ValueError`` for a form's
    answer that is none of its fields by name: whoever wrote it meant another dialog, and not the defaults.
    """
    if answer == "close" or answer in buttons(dialog) or not dialog["fields"]:
        return str(answer), NOT_GIVEN
    if dialog["type"] == "form":
        names = [field["name"] for field in dialog["fields"]]
        if not isinstance(answer, Mapping):
            raise ValueError(f"a form is answered with a mapping of its fields, not with {show(answer)}")
        if unknown := [name for name in answer if name not in names]:
            raise ValueError(f"the form has no field {show(unknown[0])}; it has {', '.join(names)}")
    return buttons(dialog)[0], answer


def read_answer(dialog: Said, result: str, value: object = NOT_GIVEN, *, decimal_comma: bool = False) -> Data:
    """The value that an answer stands for: ``None``, one field's value, or a form's by field name.

    A field that is not spoken of has its default; one that is null or blank was left empty. With ``fail`` nothing need
    be filled in. ``decimal_comma`` as in ``read_number``. Raises ``InvalidAnswer``.
    """
    if result not in buttons(dialog):
        wrong = Reason("wrong_result", results=" or ".join(buttons(dialog)))
        raise InvalidAnswer([AnswerProblem("", "", RefusedValue(wrong))])
    fields: list[DialogField] = dialog.get("fields") or []
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


def _read(field: DialogField, value: object, *, optional: bool, decimal_comma: bool) -> Data:
    if value is NOT_GIVEN:
        value = field["default"]
    if value is None or value == [] or (isinstance(value, str) and not stripped(value)):
        if field["type"] == "switch":
            return False
        if field["required"] and not optional:
            # How many are wanted tells more than that some are.
            counted = field["type"] == "checkbox" and field["min"]
            raise _refused(field, Reason("min_chosen", count=field["min"]) if counted else Reason("required"))
        return [] if field["type"] == "checkbox" else None
    read = _READERS[field["type"]]
    if isinstance(value, str) and field["type"] in ("number", "slider"):
        try:
            value = read_number(value, decimal_comma=decimal_comma)
        except UnreadableText as error:
            raise _refused(field, error.reason) from None
    return read(field, value)


def _refused(field: DialogField, reason: Reason, missed: Data = None) -> InvalidAnswer:
    subject = field.get("label") or ("the answer" if field["name"] == "value" else field["name"])
    return InvalidAnswer([AnswerProblem(field["name"], subject, RefusedValue(reason, missed))])


def without_ends(dialog: DialogDescription, value: Data) -> Data:
    """The value of an answer without what stands at the ends of its texts in every answer, as scanners send it.

    An answer is judged without it, and told with it: taken away twice, it would be taken from the text itself.
    """
    if dialog["type"] == "form" and isinstance(value, Mapping):
        return {field["name"]: _without_ends(field, value.get(field["name"])) for field in dialog["fields"]}
    return _without_ends(dialog["fields"][0], value) if dialog["fields"] else value


def _without_ends(field: DialogField, value: Value) -> Value | str:
    if not isinstance(value, str) or not (field.get("remove_prefix") or field.get("remove_suffix")):
        return value
    return stripped(value.removeprefix(field.get("remove_prefix") or "").removesuffix(field.get("remove_suffix") or ""))


def _text(field: DialogField, value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise _refused(field, Reason("text"))
    typed = stripped(str(value))
    text = _without_ends(field, typed)
    if not text and field["required"]:  # what a scanner adds is no answer by itself
        raise _refused(field, Reason("required"))
    least, most = field["min_length"] or 0, min(_or(field["max_length"], LONGEST_TEXT), LONGEST_TEXT)
    if len(text) < least:
        raise _refused(field, Reason("min_length", count=least))
    if len(text) > most:
        raise _refused(field, Reason("max_length", count=most))
    if field["pattern"] and compile_pattern(field["pattern"]).search(text) is None:
        raise _refused(field, wrong_form(field["hint"], field["example"]), field["pattern"])
    return typed


def _number(field: DialogField, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _refused(field, Reason("number"))
    number = value
    if not abs(number) <= sys.float_info.max:  # an integer can be larger, and NaN is not smaller
        raise _refused(field, Reason("finite"))
    if field["min"] is not None and number < field["min"]:
        raise _refused(field, Reason("min", limit=field["min"]))
    if field["max"] is not None and number > field["max"]:
        raise _refused(field, Reason("max", limit=field["max"]))
    return number


def _switch(field: DialogField, value: object) -> bool:
    if isinstance(value, str):
        with suppress(UnreadableText):
            return read_boolean(value)
    if not isinstance(value, bool):
        raise _refused(field, Reason("switch"))
    return value


def _chosen(field: DialogField, value: object) -> Data:
    for choice in field["choices"]:
        if _same(choice["value"], value):
            return choice["value"]
    raise _refused(field, Reason("choice"))


def _ticked(field: DialogField, value: object) -> list[Data]:
    if not isinstance(value, list | tuple):
        raise _refused(field, Reason("choice_list"))
    named = [_chosen(field, item) for item in value]
    chosen = [choice["value"] for choice in field["choices"] if any(_same(choice["value"], item) for item in named)]
    if field["min"] is not None and len(chosen) < field["min"]:
        raise _refused(field, Reason("min_chosen", count=field["min"]))
    if field["max"] is not None and len(chosen) > field["max"]:
        raise _refused(field, Reason("max_chosen", count=field["max"]))
    return chosen


_READERS: Mapping[str, Callable[[DialogField, object], Data]] = {
    "text": _text,
    "textarea": _text,
    "number": _number,
    "slider": _number,
    "switch": _switch,
    "radio": _chosen,
    "list": _chosen,
    "checkbox": _ticked,
}
