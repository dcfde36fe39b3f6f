"""Jinja2 underneath the expressions: an immutable sandbox whose parser tells the column of every name.

Two liberties are taken with Jinja2. Its parser is fed tokens that carry their character offset where Jinja2 keeps the
line number, so that each node and each syntax error knows its exact place. And comparisons, ``*`` and ``**`` are
rewritten to calls of the functions in ``expression_functions`` that fail closed.

This module imports Jinja2; import it only when an expression is really to be parsed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import Template
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from sequencer.domain.expression_functions import CONSTANTS, compare, functions, power, times

_FILTERS = frozenset(
    {
        "batch",
        "capitalize",
        "center",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "format",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "round",
        "select",
        "selectattr",
        "slice",
        "string",
        "title",
        "trim",
        "truncate",
        "unique",
        "upper",
        "wordcount",
    }
)
"""Those of Jinja2's own filters that expressions may use: no HTML, no randomness, none that hides a failure."""

_COMPARING_TESTS = {
    "==": "eq", "eq": "eq", "equalto": "eq", "!=": "ne", "ne": "ne", ">": "gt", "gt": "gt", "greaterthan": "gt",
    ">=": "gteq", "ge": "gteq", "<": "lt", "lt": "lt", "lessthan": "lt", "<=": "lteq", "le": "lteq",
}  # fmt: skip


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["**", "*"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        return power(left, right) if operator == "**" else times(left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        # An entry comes first: ``params.items`` is the parameter of that name, not the method of a dictionary.
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class _FailClosed(NodeTransformer):
    """Turns ``a < b`` into ``_compare(a, "lt", b)``; a name that starts with an underscore cannot be typed."""

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja2 looks the method up by this name
        self.generic_visit(node)
        arguments: list[nodes.Expr] = [node.expr]
        for operand in node.ops:
            arguments += [nodes.Const(operand.op), operand.expr]
        return nodes.Call(nodes.Name("_compare", "load"), arguments, [], None, None, lineno=node.lineno)


def _strict(convert: Callable[..., Any]) -> Callable[..., Any]:
    """``int`` and ``float`` as filters; Jinja2's own turn a text that is no number into 0."""

    def filtered(value: Any, *default: Any) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError):
            if default:
                return default[0]
            raise

    return filtered


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """The sandbox that all expressions share."""
    made = _Environment(undefined=StrictUndefined, autoescape=False, variable_end_string="\x00end\x00", cache_size=0)
    available = functions()
    filters = {name: made.filters[name] for name in _FILTERS}
    for name in ("abs", "bool", "max", "mean", "median", "min", "sorted", "stdev", "sum"):
        filters[name] = available[name]
    filters |= {"int": _strict(int), "float": _strict(float), "sort": available["sorted"]}
    filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    made.filters = filters
    for name, operator in _COMPARING_TESTS.items():
        made.tests[name] = lambda left, right, operator=operator: compare(left, operator, right)
    made.globals = {**CONSTANTS, **available, "_compare": compare}
    return made


def placed_tokens(source: str, reached: list[int]) -> Iterator[tuple[int, str, str]]:
    """Raw tokens with their character offset; ``reached[0]`` is where the lexer stands, also after it raised."""
    for _, token, value in environment().lexer.tokeniter(source, None, state="variable"):
        yield reached[0], token, value
        reached[0] += len(value)


def parse(source: str) -> tuple[nodes.Expr, int]:
    """The syntax tree of an expression, whose ``lineno`` are character offsets.

    Raises ``jinja2.TemplateSyntaxError`` whose ``lineno`` is the offset of what is wrong.
    """
    made = environment()
    reached = [0]
    try:
        parser = Parser(made, "", state="variable")
        parser.stream = TokenStream(made.lexer.wrap(placed_tokens(source, reached)), None, None)
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
        raise TemplateSyntaxError(f"this cannot be read as an expression ({error})"[:200], 0) from None
    return tree, reached[0]


def _offset_of(error: TemplateSyntaxError, source: str, reached: int, parser: Parser | None) -> int:
    """Where the error is: the lexer counts lines from 1 by itself, the parser was given offsets."""
    if (error.message or "").startswith(("unexpected char", "unexpected '")) and reached < len(source):
        return reached
    if parser is not None and parser.stream.eos and error.lineno:
        return len(source.rstrip())
    return min(error.lineno, len(source))


def executable(tree: nodes.Expr) -> Callable[[dict[str, Any]], Any]:
    """A function from variables to the expression's value; it raises whatever the expression raises."""
    made = environment()
    tree = _FailClosed().visit(tree)
    tree.set_environment(made)
    assign = nodes.Assign(nodes.Name("result", "store", lineno=1), tree, lineno=1)
    template: Template = made.from_string(nodes.Template([assign], lineno=1))

    def evaluate(variables: dict[str, Any]) -> Any:
        context = template.new_context(variables)
        for _ in template.root_render_func(context):
            pass
        return context.vars["result"]

    return evaluate


def undefined_in(value: Any, *, inside: bool) -> str | None:
    """What is not defined in ``value`` or, ``inside``, in what it holds at any depth; ``None`` when all is there."""
    if isinstance(value, Undefined):
        message = value._undefined_message
        return "its condition is false and it has no `else`" if "else section" in message else message
    if inside and isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            found = undefined_in(each, inside=True)
            if found is not None:
                return found
    return None
