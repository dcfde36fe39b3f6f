"""Jinja2 underneath the expressions: an immutable sandbox whose parser tells the column of every name.

One liberty is taken with Jinja2: its parser is fed tokens that carry their character offset where Jinja2 keeps the line
number, so that each node and each syntax error knows its exact place. What a tree means is ``expression_evaluation``.

This module imports Jinja2; import it only when an expression is really to be parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sequencer.expressions.filters import FILTERS, JINJA_FILTERS, JINJA_TESTS, TESTS
from sequencer.expressions.jinja_private import (
    ReasonedUndefined,
    expression_parser,
    outside_of_templates,
    raw_tokens,
    undefined_reason,
)
from sequencer.expressions.methods import ATTRIBUTES, METHODS, PLAIN_TYPES
from sequencer.expressions.value import plain
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason, ReasonOrText

if TYPE_CHECKING:
    from jinja2.parser import Parser


class ExpressionEnvironment(ImmutableSandboxedEnvironment):
    """How attributes are read, and what Jinja2's filters see of the evaluation that calls them."""

    def getattr(self, obj: object, attribute: str) -> object:
        """``obj.attribute``: an entry of a mapping, a part of a date, what a driver's object has; else undefined."""
        # An entry comes first: ``params.items`` is the parameter of that name, not the method of a dictionary.
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute] if type(obj) is dict else plain(obj[attribute])
        if isinstance(obj, Undefined):
            return getattr(obj, attribute)  # raises what is undefined
        if not isinstance(obj, PLAIN_TYPES):
            return plain(super().getattr(obj, attribute))
        if attribute in ATTRIBUTES.get(type(obj), ()):
            return getattr(obj, attribute)
        if attribute in METHODS.get(type(obj), ()):
            raise UnusableValue(Reason("method_not_called", name=attribute))
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> object:
        """``obj[argument]``, or the attribute of that name."""
        try:
            found = obj[argument]
        except (LookupError, TypeError, AttributeError):
            if isinstance(argument, str):
                return self.getattr(obj, argument)
            return self.undefined(obj=obj, name=argument)
        return found if isinstance(obj, PLAIN_TYPES) else plain(found)

    def safe_call(self, value: Callable[..., object], args: Iterable[object], kwargs: Mapping[str, object]) -> object:
        """Calls a driver's function. Raises ``UnusableValue`` for one that the sandbox keeps."""
        if not self.is_safe_callable(value):
            raise UnusableValue(Reason("not_safe", found=f"{value!r:.80}"))
        return value(*args, **kwargs)

    def original_filter(self, name: str, value: Any, args: Any, kwargs: Any, at: Any) -> object:
        """What Jinja2's own filter gives; ``at`` is the evaluation."""
        return super().call_filter(name, value, args, kwargs, at, outside_of_templates(self))

    def original_test(self, name: str, value: Any, args: Any, kwargs: Any, at: Any) -> object:
        """What Jinja2's own test gives."""
        return super().call_test(name, value, args, kwargs, at, outside_of_templates(self))

    # Filters such as `map` and `select` call these, with the evaluation as their context.

    def call_filter(  # noqa: PLR0917 - the signature is Jinja2's
        self, name: str, value: Any, args: Any = None, kwargs: Any = None, context: Any = None, eval_ctx: object = None
    ) -> object:
        """A filter by its name, for ``map``."""
        if name not in self.filters:
            raise UnusableValue(Reason("no_filter", found=repr(name)))
        return context.filter(name, value, args or (), kwargs or {})

    def call_test(  # noqa: PLR0917 - the signature is Jinja2's
        self, name: str, value: Any, args: Any = None, kwargs: Any = None, context: Any = None, eval_ctx: object = None
    ) -> object:
        """A test by its name, for ``select`` and its kin."""
        if name not in self.tests:
            raise UnusableValue(Reason("no_test", found=repr(name)))
        return context.test(name, value, args or (), kwargs or {})


@cache
def environment() -> ExpressionEnvironment:
    """The sandbox that all expressions share."""
    made = ExpressionEnvironment(
        undefined=ReasonedUndefined, autoescape=False, variable_end_string="\x00end\x00", cache_size=0
    )
    # The names that are known; those that are Jinja2's own are called by `original_filter` and `original_test` alone.
    made.filters = {name: made.filters.get(name, _never) for name in sorted(JINJA_FILTERS | FILTERS.keys())}
    made.tests = {name: made.tests.get(name, _never) for name in sorted(JINJA_TESTS | TESTS.keys())}
    return made


def _never(*_: object) -> object:
    raise AssertionError("a filter or test of hardseq's own is not called by Jinja2")


def placed_tokens(source: str, reached: list[int]) -> Iterator[tuple[int, str, str]]:
    """Raw tokens with their character offset; ``reached[0]`` is where the lexer stands, also after it raised."""
    for _, token, value in raw_tokens(environment(), source):
        yield reached[0], token, value
        reached[0] += len(value)


def parse(source: str) -> tuple[nodes.Expr, int]:
    """The syntax tree of an expression, whose ``lineno`` are character offsets.

    Raises ``jinja2.TemplateSyntaxError`` whose ``lineno`` is the offset of what is wrong.
    """
    made = environment()
    reached = [0]
    try:
        parser = expression_parser(made, placed_tokens(source, reached))
        if parser.stream.eos:
            raise TemplateSyntaxError("the expression is empty", 0)
        tree = parser.parse_expression()
        current = parser.stream.current
        if not parser.stream.eos:
            raise TemplateSyntaxError(f"`{current.value}` is unexpected here", current.lineno)
    except TemplateSyntaxError as error:
        error.lineno = _offset_of(error, source, reached[0], locals().get("parser"))
        raise
    except (ValueError, OverflowError, RecursionError, MemoryError, AssertionError) as error:
        raise TemplateSyntaxError(f"this is not a valid expression ({error})"[:200], 0) from None
    return tree, reached[0]


def _offset_of(error: TemplateSyntaxError, source: str, reached: int, parser: Parser | None) -> int:
    """Where the error is: the lexer counts lines from 1 by itself, the parser was given offsets."""
    if (error.message or "").startswith(("unexpected char", "unexpected '")) and reached < len(source):
        return reached
    if parser is not None and parser.stream.eos and error.lineno:
        return len(source.rstrip())
    return min(error.lineno, len(source))


def undefined_in(value: object, *, inside: bool) -> ReasonOrText | None:
    """What is not defined in ``value`` or, ``inside``, in what it holds at any depth; ``None`` when all is there."""
    if isinstance(value, Undefined):
        return undefined_reason(value)
    if inside and isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            found = undefined_in(each, inside=True)
            if found is not None:
                return found
    return None
