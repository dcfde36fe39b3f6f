"""Values that people and programs give for something that was asked for, and that cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import ReasonedError
from sequencer.vocabulary.reason import Reason

CODES: Mapping[str, str] = MappingProxyType(
    {
        "decimal_sign": "number",
        "finite": "number",
        "true_or_false": "switch",
        "too_large": "max",
        "form": "pattern",
        "form_example": "pattern",
        "one_of": "choice",
        "choice_list": "choice",
        "unknown_param": "unknown",
        "unknown_variant": "variant",
        "no_variant": "variant",
        "wrong_result": "result",
    }
)
"""What programs are told of reasons that differ for people only; of all others it is the reason's own code."""
_MISSED = ("limit", "count", "hint", "example")


class RefusedValue(ReasonedError, ValueError):
    """Why a value is refused. Its text is the reason, a sentence without its subject: "must be a number"."""

    reason: Reason

    def __init__(self, reason: Reason, missed: Data = None) -> None:
        super().__init__(reason)
        self._missed = missed

    @property
    def code(self) -> str:
        """A stable code, as the HTTP interface has it."""
        return CODES.get(self.reason.code, self.reason.code)

    @property
    def limit(self) -> Data:
        """What the value missed: a number, a pattern, the hint or example in its place; ``None`` where nothing is."""
        given = self.reason.parameters
        return next((given[name] for name in _MISSED if name in given), self._missed)


class UnreadableText(RefusedValue):
    """A text that cannot be read as what it should be."""


def for_author(refused: RefusedValue) -> str:
    """The sentence for whoever wrote the pattern, or can read one."""
    return f"must match {refused.limit}" if refused.reason.code == "pattern" else str(refused)


def wrong_form(hint: str | None, example: str | None = None) -> Reason:
    """Why a text that does not match is refused: by the hint, else by the example. Operators read no pattern."""
    if hint is not None:
        return Reason("form", hint=hint)
    return Reason("pattern") if example is None else Reason("form_example", example=example)
