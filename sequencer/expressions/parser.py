"""From the text of an expression to its names and their places; every refusal is an ``ExpressionSyntaxError``."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches

from jinja2 import TemplateSyntaxError, nodes

from sequencer.expressions.budget import MAX_NESTING
from sequencer.expressions.engine import environment, parse
from sequencer.expressions.functions import CONSTANTS, FUNCTIONS
from sequencer.expressions.syntax import ExpressionSyntaxError, NameUse, PatternUse, quoted_length

_BUILDERS = (nodes.List, nodes.Tuple, nodes.Dict, nodes.Filter)
_MEANT = (
    (re.compile(r"&&"), "`and`"),
    (re.compile(r"\|\|"), "`or`"),
    (re.compile(r"(?<![=!<>])=(?!=)"), "`==` to compare"),
    (re.compile(r"!(?!=)"), "`not`"),
)


def parse_expression(text: str) -> tuple[nodes.Expr, tuple[NameUse, ...], bool]:
    """The tree, the names it reads, and whether it builds lists or the like. Raises ``ExpressionSyntaxError``."""
    try:
        tree, _ = parse(text)
        uses: dict[int, NameUse] = {}
        builds = _walk(tree, text, uses)
    except TemplateSyntaxError as error:
        ends = error.lineno >= len(text.rstrip()) > 0
        message = "the expression ends too early" if ends else _sentence(error.message or "")
        raise ExpressionSyntaxError(message, error.lineno, _meant(text, error.lineno)) from None
    return tree, tuple(uses[offset] for offset in sorted(uses)), builds


def _walk(tree: nodes.Node, text: str, uses: dict[int, NameUse]) -> bool:
    """Collects names into ``uses`` by offset, refusing what the sandbox would refuse while a test runs."""
    builds = False
    waiting: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise ExpressionSyntaxError("the expression is nested too deeply", node.lineno, "use `set` for parts of it")
        builds = builds or isinstance(node, _BUILDERS)
        if isinstance(node, nodes.Name):
            _name(node, uses)
        elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
            _known(node.node, "function", FUNCTIONS)
            waiting.extend((child, depth + 1) for child in node.iter_child_nodes() if child is not node.node)
            continue
        elif isinstance(node, nodes.Const):
            if isinstance(node.value, float) and math.isinf(node.value):
                raise ExpressionSyntaxError("this number is too large", node.lineno)
        elif isinstance(node, nodes.Getattr | nodes.Getitem):
            _attribute(node, text, uses)
        elif isinstance(node, nodes.Filter):
            _known(node, "filter", frozenset(environment().filters))
        elif isinstance(node, nodes.Test):
            _known(node, "test", frozenset(environment().tests))
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())
    return builds


def patterns(tree: nodes.Expr, text: str) -> tuple[PatternUse, ...]:
    """The regular expressions that stand in it as texts."""
    found = []
    for call in [tree, *tree.find_all(nodes.Call)]:
        if isinstance(call, nodes.Call) and isinstance(call.node, nodes.Name) and call.node.name == "match":
            by_name = [each.value for each in call.kwargs if each.key == "pattern"]
            pattern = next(iter([*call.args[:1], *by_name]), None)
            if isinstance(pattern, nodes.Const) and isinstance(pattern.value, str):
                found.append(PatternUse(pattern.value, pattern.lineno, quoted_length(text, pattern.lineno)))
    return tuple(found)


def _name(node: nodes.Name, uses: dict[int, NameUse]) -> None:
    _refuse_underscore(node.name, node.lineno)
    if node.name in FUNCTIONS:
        raise ExpressionSyntaxError(f"`{node.name}` is a function", node.lineno, f"call it: `{node.name}(...)`")
    if node.name not in CONSTANTS:
        uses.setdefault(node.lineno, NameUse(node.name, node.lineno))


def _attribute(node: nodes.Getattr | nodes.Getitem, text: str, uses: dict[int, NameUse]) -> None:
    if isinstance(node, nodes.Getattr):
        attribute = node.attr
        offset = _after(text, node.lineno + 1)
        _refuse_underscore(attribute, offset)
    elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        attribute = node.arg.value
        offset = node.arg.lineno
        if attribute.startswith("__"):
            _refuse_underscore(attribute, offset)
    else:
        return
    owner = node.node
    if isinstance(owner, nodes.Name) and owner.name not in FUNCTIONS and owner.name not in CONSTANTS:
        uses[owner.lineno] = NameUse(owner.name, owner.lineno, attribute, offset)


def _after(text: str, offset: int) -> int:
    while offset < len(text) and text[offset].isspace():
        offset += 1
    return offset


def _refuse_underscore(name: str, offset: int) -> None:
    if name.startswith("_"):
        raise ExpressionSyntaxError(f"{name!r}: names that start with an underscore are not available", offset)


def _known(node: nodes.Filter | nodes.Test | nodes.Name, kind: str, known: frozenset[str]) -> None:
    if node.name in known:
        return
    close = get_close_matches(node.name, known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else None
    if kind == "filter" and node.name in FUNCTIONS:
        hint = f"it is a function: `{node.name}(...)`"
    raise ExpressionSyntaxError(f"there is no {kind} named {node.name!r}", node.lineno, hint)


def _sentence(message: str) -> str:
    """Jinja2's message in the words of a person who does not write templates."""
    message = message.rstrip(".")
    if "recursion" in message:
        return "the expression is nested too deeply"
    if message.startswith("unexpected end of template") or "'end of template'" in message or "end of print" in message:
        return "the expression ends too early"
    expected = re.fullmatch(r"expected token '(.+)', got '(.+)'", message)
    if expected is not None and expected[2] == "for":
        return "`for` is not available here: use the filters `map`, `select` and `reject`"
    if expected is not None:
        return f"`{expected[1]}` is expected here, not `{expected[2]}`"
    character = re.fullmatch(r"unexpected char (.+) at \d+", message)
    if character is not None:
        return f"the character {character[1]} has no meaning here"
    unexpected = re.fullmatch(r"unexpected '(.)'(?:, expected '(.)')?", message)
    if unexpected is not None:
        instead = f" where `{unexpected[2]}` is expected" if unexpected[2] else " that nothing opened"
        return f"there is a `{unexpected[1]}`{instead}"
    other = re.fullmatch(r"unexpected '(.+)'", message)
    return f"`{other[1]}` is unexpected here" if other is not None else message


def _meant(text: str, offset: int) -> str | None:
    """What somebody who knows another language probably meant."""
    around = text[max(0, offset - 1) : offset + 2]
    for pattern, meant in _MEANT:
        if pattern.search(around):
            return f"write {meant}"
    return None
