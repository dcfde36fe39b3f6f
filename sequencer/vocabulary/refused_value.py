"""Values that people and programs give for something that was asked for, and that cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sequencer.vocabulary.data import Data
from sequencer.vocabulary.reason import Reason

CODES: Mapping[str, str] = MappingProxyType(
    {
        "decimal_sign": "number",
        "finite": "number",
        "true_or_false": "switch",
        "too_large": "max",
        "form": "pattern",
        "one_of": "choice",
        "choice_list": "choice",
        "unknown_param": "unknown",
        "wrong_result": "result",
    }
)
"""What programs are told of reasons that differ for people only; of all others it is the reason's own code."""
_MISSED = ("limit", "count", "pattern", "hint")


class RefusedValue(ValueError):
    """Why a value is refused. Its text is the reason, a sentence without its subject: "must be a number"."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason

    @property
    def code(self) -> str:
        """A stable code, as the HTTP interface has it."""
        return CODES.get(self.reason.code, self.reason.code)

    @property
    def limit(self) -> Data:
        """What the value missed: a number, a pattern, the hint in its place; ``None`` where there is nothing."""
        given = self.reason.parameters
        return next((given[name] for name in _MISSED if name in given), None)


class UnreadableText(RefusedValue):
    """A text that cannot be read as what it should be."""


def wrong_form(pattern: str, hint: str | None) -> Reason:
    """Why a text that does not match is refused, in the words of the hint where there is one."""
    return Reason("pattern", pattern=pattern) if hint is None else Reason("form", hint=hint)
