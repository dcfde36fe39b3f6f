"""What counts as an answer to a question to the operator, and the value that it stands for.

The page checks answers with the same rules in JavaScript; the rules here decide.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.refused_value import RefusedValue, UnreadableText, wrong_form
from sequencer.vocabulary.regex import compile_pattern
from sequencer.vocabulary.shown import show
from sequencer.vocabulary.text_values import read_boolean, read_number, stripped

if TYPE_CHECKING:
    from sequencer.report.dialog_description import DialogDescription, DialogField, Said

LONGEST_TEXT = 10_000
NOT_GIVEN = object()
"""In place of an answer's value when there is none: the fields' defaults count then."""

Value = TypeVar("Value")


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


class InvalidAnswer(Exception):
    """An answer that the dialog does not take; the dialog stays open."""

    def __init__(self, problems: list[AnswerProblem]) -> None:
        self.problems = problems
        super().__init__("; ".join(problem.message for problem in problems))


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
            answer[field["name"]] = read_field(field, said, optional=result == "fail", decimal_comma=decimal_comma)
        except InvalidAnswer as invalid:
            problems += invalid.problems
    if problems:
        raise InvalidAnswer(problems)
    return answer if dialog["type"] == "form" else answer["value"]


def is_same(left: object, right: object) -> bool:
    """Equal, and ``True`` is not 1."""
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def is_number(value: object) -> bool:
    """Not one that only an integer can hold, and not NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def read_field(field: DialogField, value: object, *, optional: bool, decimal_comma: bool) -> Data:
    """One field's value; ``optional``: it may be left empty, whatever it says. Raises ``InvalidAnswer``."""
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
    least, most = field["min_length"] or 0, LONGEST_TEXT
    if field["max_length"] is not None:
        most = min(field["max_length"], LONGEST_TEXT)
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
        if is_same(choice["value"], value):
            return choice["value"]
    raise _refused(field, Reason("choice"))


def _ticked(field: DialogField, value: object) -> list[Data]:
    if not isinstance(value, list | tuple):
        raise _refused(field, Reason("choice_list"))
    named = [_chosen(field, item) for item in value]
    chosen = [choice["value"] for choice in field["choices"] if any(is_same(choice["value"], item) for item in named)]
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
