"""All that hardseq uses of Jinja2 beside its public interface.

Only this file touches such names; ``tests/test_private_interfaces.py`` says which of them must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jinja2 import Environment, StrictUndefined, Undefined
from jinja2.exceptions import UndefinedError
from jinja2.filters import make_attrgetter
from jinja2.lexer import TokenStream
from jinja2.nodes import EvalContext
from jinja2.parser import Parser
from jinja2.utils import missing

from sequencer.expressions.comparison import kind_named
from sequencer.vocabulary.failure import ReasonedError
from sequencer.vocabulary.reason import Reason, ReasonOrText


def raw_tokens(environment: Environment, source: str) -> Iterator[tuple[int, str, str]]:
    """The tokens of a bare expression as the lexer finds them: line, kind, text."""
    return environment.lexer.tokeniter(source, None, state="variable")


def expression_parser(environment: Environment, tokens: Iterator[tuple[int, str, str]]) -> Parser:
    """A parser that reads these tokens; what they have for a line number comes out in the nodes of the tree."""
    parser = Parser(environment, "", state="variable")
    parser.stream = TokenStream(environment.lexer.wrap(tokens), None, None)
    return parser


def outside_of_templates(environment: Environment) -> EvalContext:
    """The context in which filters and tests run that no template calls."""
    return EvalContext(environment)


def attribute_getter(environment: Environment, name: str | int) -> Callable[[object], object]:
    """What the argument ``attribute`` of Jinja2's filters means: ``a.b`` of a value."""
    return make_attrgetter(environment, name)


NO_ELSE = "its condition is false and it has no `else`"
_HINTS = {
    NO_ELSE: Reason("no_else"),
    "No first item, sequence was empty.": Reason("empty_list"),
    "No last item, sequence was empty.": Reason("empty_list"),
}


class ReasonedUndefined(StrictUndefined):
    """What is not there; using it raises ``UndefinedValue``."""

    __slots__ = ()

    def __init__(self, hint: str | None = None, obj: object = missing, name: str | None = None) -> None:
        super().__init__(hint, obj, name, UndefinedValue)

    @property
    def _undefined_message(self) -> str:
        return _ReasonText(undefined_reason(self))


class _ReasonText(str):
    """A reason in English, on its way through Jinja2."""

    reason: ReasonOrText

    def __new__(cls, reason: ReasonOrText) -> _ReasonText:
        made = super().__new__(cls, str(reason))
        made.reason = reason
        return made


class UndefinedValue(ReasonedError, UndefinedError):
    """Something was used that is not there."""

    def __init__(self, message: str) -> None:
        super().__init__(message.reason if isinstance(message, _ReasonText) else message)


def undefined_reason(value: Undefined) -> ReasonOrText:
    """What is not defined."""
    hint, found, name = value._undefined_hint, value._undefined_obj, value._undefined_name
    if hint:
        return _HINTS.get(hint, hint)
    if found is missing:
        return Reason("undefined", name=name)
    if isinstance(name, str):
        return Reason("no_entry", subject=kind_named(found), name=name)
    return Reason("no_element", subject=kind_named(found), found=f"{name!r:.80}")
