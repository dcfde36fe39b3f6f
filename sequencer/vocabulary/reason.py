"""Why something is so: a code with parameters, whose sentences are in ``sentences.py``.

A missed limit, a skipped case, a failure, a refused start is a ``Reason``. Events, reports and HTTP answers have both:
the English sentence, and beside it ``{"code": "above", "parameters": {"value": 5.6, "limit": 5.2, "unit": "V"}}``, from
which a page makes the sentence in its own language (``panel/static/translations``, ``reason.above``). What people and
drivers wrote is text and stays what it is; as a parameter it is shown as it is.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypedDict

from sequencer.vocabulary.data import MAX_WHOLE
from sequencer.vocabulary.sentences import SENTENCES, WORDS
from sequencer.vocabulary.shown import show, shown_number, with_unit

QUANTITIES = frozenset({"value", "limit", "upper"})
"""Parameters that are shown with ``unit``."""
_NUMBERS = (*QUANTITIES, "choices")


class CodedReason(TypedDict):
    """A reason in events, reports and HTTP answers."""

    # Evaluated here, as the model of the report reads them.
    code: Annotated[str, "The code, such as `above`."]
    parameters: Annotated[dict[str, Any], "What the sentence shows, by name."]


class Reason:
    """A reason of hardseq's own. Its text is the English sentence.

    ``parameters`` as the module says, JSON-safe (see ``quantity``); ``None`` is no parameter.
    """

    __slots__ = ("code", "parameters")

    def __init__(self, code: str, **parameters: Any) -> None:
        self.code = code
        self.parameters = {name: value for name, value in parameters.items() if value is not None}

    def document(self) -> CodedReason:
        """As JSON holds it."""
        told = {
            name: value.document() if isinstance(value, Reason) else value for name, value in self.parameters.items()
        }
        return {"code": self.code, "parameters": told}

    def __str__(self) -> str:
        given, unit = self.parameters, self.parameters.get("unit")
        numbers = {number for name in _NUMBERS for number in _numbers(given.get(name))}
        # A value must not read like the limit that it just missed; pages do the same (`reason.js`).
        write = shown_number if len({shown_number(number) for number in numbers}) == len(numbers) else show
        slots = {name: _shown(name, value, unit, write) for name, value in given.items()}
        return SENTENCES[self.code].format_map(defaultdict(str, slots))

    def __repr__(self) -> str:
        return f"<Reason {self.code}: {self}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self.document() == other.document()

    def __hash__(self) -> int:
        return hash(str(self))


ReasonOrText = Reason | str
"""A reason of hardseq's own, or what somebody else says."""
WrittenReason = CodedReason | str
"""The same as a message between processes holds it."""


def sentence(reason: ReasonOrText | None) -> str | None:
    """The reason in English."""
    return None if reason is None else str(reason)


def code_of(reason: ReasonOrText | None) -> str | None:
    """Its code; text has none."""
    return reason.code if isinstance(reason, Reason) else None


def coded(reason: ReasonOrText | None) -> CodedReason | None:
    """The code beside a sentence; ``None`` for text, which has none."""
    return reason.document() if isinstance(reason, Reason) else None


def written(reason: ReasonOrText) -> WrittenReason:
    """For a message; ``read_reason`` reads it."""
    return reason.document() if isinstance(reason, Reason) else reason


def read_reason(written: object, text: str = "") -> ReasonOrText:
    """What ``document`` or ``written`` wrote, or the ``text`` beside it for a code that this version does not know."""
    if isinstance(written, str):
        return written
    code = written.get("code") if isinstance(written, Mapping) else None
    if not isinstance(written, Mapping) or not isinstance(code, str) or code not in SENTENCES:
        return text
    parameters = written.get("parameters")
    read = dict(parameters) if isinstance(parameters, Mapping) else {}
    for name, value in read.items():
        if isinstance(value, Mapping):
            read[name] = read_reason(value)
            if not isinstance(read[name], Reason):
                return text
    return Reason(code, **read)


def undamaged(written: object) -> CodedReason | None:
    """The code that a journal has beside a sentence; ``None`` where it is damaged, and the sentence is left."""
    if not isinstance(written, Mapping):
        return None
    code, parameters = written.get("code"), written.get("parameters")
    if not isinstance(code, str) or not isinstance(parameters, dict):
        return None
    return {"code": code, "parameters": parameters}


def quantity(value: object, unit: str | None = None) -> int | float | str:
    """A value as a parameter: a number that every page holds exactly, anything else as the sentence shows it."""
    if type(value) is int and abs(value) <= MAX_WHOLE:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    return show(value, unit)


def _numbers(value: object) -> list[int | float]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, int | float)]


def _shown(name: str, value: object, unit: str | None, write: Callable[[int | float], str]) -> str:
    if name in WORDS:
        return WORDS[name].get(str(value), str(value))
    if isinstance(value, list):
        return ", ".join(_shown("value", each, unit, write) for each in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return with_unit(write(value), unit) if name in QUANTITIES else shown_number(value)
    return show(value) if isinstance(value, bool) else str(value)
