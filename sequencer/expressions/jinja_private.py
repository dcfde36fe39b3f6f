"""All that hardseq uses of Jinja2 beside its public interface.

Only this file touches such names; ``tests/test_private_interfaces.py`` says which of them must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jinja2 import Environment, Undefined
from jinja2.filters import make_attrgetter
from jinja2.lexer import TokenStream
from jinja2.nodes import EvalContext
from jinja2.parser import Parser


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


def undefined_message(value: Undefined) -> str:
    """What is not defined, as a sentence."""
    return value._undefined_message
