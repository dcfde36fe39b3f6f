"""What is changed in code that judges, one place at a time: comparisons, conditions, `and` and `or`, `not`, truths.

Most operators are cosmic-ray's; those that it lacks stand here, in its form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import parso
from cosmic_ray.operators import boolean_replacer, comparison_operator_replacement, unary_operator_replacement
from cosmic_ray.operators.operator import Example, Operator

Position = tuple[tuple[int, int], tuple[int, int]]

_COMPARISONS = (
    ("Eq", "NotEq"),
    ("NotEq", "Eq"),
    ("Lt", "LtE"),
    ("Lt", "GtE"),
    ("LtE", "Lt"),
    ("LtE", "Gt"),
    ("Gt", "GtE"),
    ("Gt", "LtE"),
    ("GtE", "Gt"),
    ("GtE", "Lt"),
    ("Is", "IsNot"),
    ("IsNot", "Is"),
)


class Negate(Operator):
    """Negates a condition (of `if`, `elif`, `while`, `assert`, a comprehension), and what a `-> bool` function returns.

    A comparison by itself and what begins with `not` are left to the operators for these.
    """

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Where the conditions of one node begin and end."""
        for index in self._conditions(node):
            yield node.children[index].start_pos, node.children[index].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Puts the condition into `not (...)`."""
        at = list(self._conditions(node))[index]
        node.children[at] = parso.parse(f" not ({node.children[at].get_code().strip()})")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """As for all operators of cosmic-ray."""
        return (
            Example("if a or b: pass", "if not (a or b): pass"),
            Example("if a < b: pass\nelif f(x): pass", "if a < b: pass\nelif not (f(x)): pass"),
            Example("x = a if b else c", "x = a if not (b) else c"),
            Example("[x for x in y if x]", "[x for x in y if not (x)]"),
            Example("def f() -> bool:\n    return g(x)", "def f() -> bool:\n    return not (g(x))"),
        )

    def _conditions(self, node: Any) -> Iterator[int]:
        children = getattr(node, "children", ())
        match node.type:
            case "if_stmt" | "while_stmt" | "assert_stmt" | "comp_if":
                places = [
                    index + 1 for index, child in enumerate(children) if child.type == "keyword" and child.value in _IF
                ]
            case "test":
                places = [2]
            case "return_stmt" if _returns_bool(node):
                places = [1]
            case _:
                places = []
        for place in places:
            condition = children[place]
            if not (condition.type == "not_test" or (condition.type == "comparison" and len(condition.children) == 3)):
                yield place


_IF = frozenset({"if", "elif", "while", "assert"})


def _returns_bool(node: Any) -> bool:
    while node is not None and node.type != "funcdef":
        node = node.parent
    return node is not None and node.annotation is not None and node.annotation.get_code().strip() == "bool"


class Membership(Operator):
    """Replaces `in` with `not in`, and back."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Where the operators of one comparison are."""
        for index in self._operators(node):
            yield node.children[index].start_pos, node.children[index].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Swaps one of them."""
        at = list(self._operators(node))[index]
        node.children[at] = parso.parse(" in" if "not" in node.children[at].get_code() else " not in")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """As for all operators of cosmic-ray."""
        return Example("x in y", "x not in y"), Example("x not in y", "x in y")

    def _operators(self, node: Any) -> Iterator[int]:
        if node.type == "comparison":
            for index in range(1, len(node.children), 2):
                if node.children[index].get_code().split() in (["in"], ["not", "in"]):
                    yield index


class Quantifier(Operator):
    """Replaces `any(...)` with `all(...)`, and back: an `or` and an `and` over many."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        """Where such a function is called."""
        if self._is_call(node):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """Swaps the function's name."""
        name = node.children[0]
        name.value = "all" if name.value == "any" else "any"
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """As for all operators of cosmic-ray."""
        return Example("any(x)", "all(x)"), Example("all(x)", "any(x)")

    def _is_call(self, node: Any) -> bool:
        return node.type in ("power", "atom_expr") and getattr(node.children[0], "value", None) in ("any", "all")


OPERATORS: dict[str, Operator] = {
    **{
        f"{old} to {new}": getattr(comparison_operator_replacement, f"ReplaceComparisonOperator_{old}_{new}")()
        for old, new in _COMPARISONS
    },
    "and to or": boolean_replacer.ReplaceAndWithOr(),
    "or to and": boolean_replacer.ReplaceOrWithAnd(),
    "True to False": boolean_replacer.ReplaceTrueWithFalse(),
    "False to True": boolean_replacer.ReplaceFalseWithTrue(),
    "not left out": unary_operator_replacement.ReplaceUnaryOperator_Delete_Not(),
    "negated": Negate(),
    "in": Membership(),
    "any or all": Quantifier(),
}
