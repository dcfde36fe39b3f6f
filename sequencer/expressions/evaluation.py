"""From the syntax tree of an expression to a Python function: each node becomes one small function of the evaluation.

Every operation goes through here, so that what it is given can be weighed, what cannot be compared is refused, and a
driver's object is read as plain data. Jinja2 gives the tree and the filters; its compiler is not used.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import Any

from jinja2 import Undefined, nodes

from sequencer.expressions.budget import MAX_BITS, MAX_SIZE, Budget, TooLarge, fits, sized, text_of, weight
from sequencer.expressions.comparison import compare, is_nan, kind_named
from sequencer.expressions.engine import ExpressionEnvironment, environment
from sequencer.expressions.filters import FILTERS, TESTS
from sequencer.expressions.functions import CONSTANTS, functions
from sequencer.expressions.jinja_private import NO_ELSE
from sequencer.expressions.methods import METHODS, PLAIN_TYPES, RestrictedFormatter, percent
from sequencer.expressions.value import plain
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

_PER_ELEMENT = 20
"""What a step of a function costs more than looking at an element."""
_PER_CALL = 800
"""What a filter, test or method costs for being called at all; ``map`` calls one for each element."""
_MOST = MAX_SIZE * 10

_LAZY = (Iterator, KeysView, ValuesView, ItemsView)

Node = Callable[["Evaluation"], Any]
Operation = Callable[["Evaluation", object, object], object]
_Arguments = tuple[list[object], dict[str, object]]


class Evaluation:
    """One evaluation: its variables, its budget; also what Jinja2's filters take for their context."""

    def __init__(self, variables: Mapping[str, object], budget: Budget) -> None:
        self.environment: ExpressionEnvironment = environment()
        self.variables = variables
        self.budget = budget

    def filter(self, name: str, value: object, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        """A filter's result; what would be given one by one is a list."""
        self.budget.left -= _PER_CALL
        self.budget.spend(value, *args, *kwargs.values())
        own = FILTERS.get(name)
        if own is not None:
            return self.settled(own(self, value, *args, **kwargs))
        return self.settled(self.environment.original_filter(name, value, args, kwargs, self))

    def original(self, name: str, value: object, *args: object, **kwargs: object) -> object:
        """See ``expression_filters.Use``."""
        return self.environment.original_filter(name, value, args, kwargs, self)

    def test(self, name: str, value: object, args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
        """A test's answer."""
        self.budget.left -= _PER_CALL
        self.budget.spend(value, *args, *kwargs.values())
        own = TESTS.get(name)
        if own is not None:
            return own(defined(value), *args, **kwargs)
        return bool(self.environment.original_test(name, value, args, kwargs, self))

    def settled(self, value: object) -> object:
        """``value`` without anything that is still to be gone through."""
        if isinstance(value, _LAZY):
            result: list[object] = []
            for item in value:
                self.budget.spend(item)
                result.append(item)
                fits(len(result), "elements")
            return result
        return sized(value)

    def method(self, value: object, name: str, args: list[object], kwargs: dict[str, object]) -> object:
        """``value.name(...)``."""
        self.budget.spend(value, *args, *kwargs.values())
        if isinstance(value, dict) and name in value:
            return self.call(value[name], args, kwargs)
        if type(value) is str and name == "format":
            return sized(
                RestrictedFormatter(self.budget, self.environment.getattr, self.environment.getitem).vformat(
                    value, args, kwargs
                )
            )
        known = METHODS.get(type(value))
        if known is None or isinstance(value, Undefined):
            return self.call(self.environment.getattr(value, name), args, kwargs)
        method = known.get(name)
        if method is None:
            raise UnusableValue(Reason("no_method", subject=kind_named(value), name=name))
        result = self.settled(method(value, *args, **kwargs))
        return list(result) if type(result) is tuple else result

    def call(self, value: object, args: list[object], kwargs: dict[str, object]) -> object:
        """A call of a driver's own function or method; what it gives is read as plain data."""
        if isinstance(value, Undefined):
            str(value)  # raises what is undefined
        if isinstance(value, PLAIN_TYPES) or not callable(value):
            raise UnusableValue(Reason("not_callable", subject=kind_named(value)))
        return plain(self.environment.safe_call(value, args, kwargs))


def defined(value: object) -> object:
    """``value``; raises ``UndefinedError`` when there is none."""
    if isinstance(value, Undefined):
        str(value)
    return value


def executable(tree: nodes.Expr) -> Callable[[Mapping[str, object], Budget], object]:
    """A function from variables to the expression's value; it raises whatever the expression raises."""
    run = _node(tree)

    def evaluate(variables: Mapping[str, object], budget: Budget) -> object:
        result = run(Evaluation(variables, budget))
        budget.spend(result)
        return result

    return evaluate


def _node(node: nodes.Node) -> Node:
    return _NODES[type(node)](node)


def _const(node: nodes.Const) -> Node:
    value = node.value
    return lambda at: value


def _name(node: nodes.Name) -> Node:
    name = node.name

    def read(at: Evaluation) -> object:
        if name in at.variables:
            return at.variables[name]
        return CONSTANTS[name] if name in CONSTANTS else at.environment.undefined(name=name)

    return read


def _list(node: nodes.List | nodes.Tuple) -> Node:
    items = [_node(item) for item in node.items]
    kind: Callable[[list[object]], object] = tuple if isinstance(node, nodes.Tuple) else list
    return lambda at: kind([item(at) for item in items])


def _dict(node: nodes.Dict) -> Node:
    pairs = [(_node(pair.key), _node(pair.value)) for pair in node.items]
    return lambda at: {key(at): value(at) for key, value in pairs}


def _condition(node: nodes.CondExpr) -> Node:
    test, then = _node(node.test), _node(node.expr1)
    other = None if node.expr2 is None else _node(node.expr2)

    def choose(at: Evaluation) -> object:
        if test(at):
            return then(at)
        if other is None:
            return at.environment.undefined(NO_ELSE)
        return other(at)

    return choose


def _and(node: nodes.And) -> Node:
    left, right = _node(node.left), _node(node.right)
    return lambda at: left(at) and right(at)


def _or(node: nodes.Or) -> Node:
    left, right = _node(node.left), _node(node.right)
    return lambda at: left(at) or right(at)


def _not(node: nodes.Not) -> Node:
    inner = _node(node.node)
    return lambda at: not inner(at)


def _sign(node: nodes.Neg | nodes.Pos) -> Node:
    inner = _node(node.node)
    apply: Callable[..., object] = operator.neg if isinstance(node, nodes.Neg) else operator.pos
    sign = "-" if apply is operator.neg else "+"

    def signed(at: Evaluation) -> object:
        value = defined(inner(at))
        try:
            return apply(value)
        except TypeError:
            raise UnusableValue(Reason("wrong_operand", sign=sign, subject=kind_named(value))) from None

    return signed


def _operation(node: nodes.BinExpr) -> Node:
    left, right = _node(node.left), _node(node.right)
    sign = node.operator
    apply = _OPERATIONS[sign]

    def operate(at: Evaluation) -> object:
        first, second = defined(left(at)), defined(right(at))
        try:
            return sized(apply(at, first, second))
        except TypeError:
            if sign == "%" and isinstance(first, str):
                raise  # what Python says of the format
            left_kind, right_kind = kind_named(first), kind_named(second)
            raise UnusableValue(Reason("wrong_operands", sign=sign, left=left_kind, right=right_kind)) from None
        except ZeroDivisionError:
            raise UnusableValue(Reason("division_by_zero")) from None
        except OverflowError:
            raise UnusableValue(Reason("large_result")) from None

    return operate


def _add(at: Evaluation, left: object, right: object) -> object:
    if isinstance(left, _SIZED) and isinstance(right, _SIZED):
        at.budget.spend(left, right)
        fits(len(left) + len(right), "characters" if isinstance(left, str) else "elements")
    return operator.add(left, right)


_SIZED = (str, bytes, list, tuple)


def _times(at: Evaluation, left: object, right: object) -> object:
    """Repeating a text or list to a giant one is refused."""
    for repeated, count in ((left, right), (right, left)):
        if isinstance(repeated, _SIZED) and isinstance(count, int):
            price = len(repeated) if isinstance(repeated, str | bytes) else weight(repeated, _MOST) // 10
            if price * count > MAX_SIZE:
                raise TooLarge(Reason("too_many_elements", most=f"{MAX_SIZE:,}"))
            at.budget.left -= price * max(count, 0)
            break
    return operator.mul(left, right)


def _power(at: Evaluation, base: object, exponent: object) -> object:
    """A result that would take minutes to compute is refused."""
    if isinstance(base, int) and isinstance(exponent, int) and (base.bit_length() - 1) * exponent > MAX_BITS:
        raise TooLarge(Reason("large_integer", most=MAX_BITS))
    return operator.pow(base, exponent)


def _modulo(at: Evaluation, left: object, right: object) -> object:
    if isinstance(left, bytes):
        raise UnusableValue(Reason("wrong_operand", sign="%", subject=kind_named(left)))
    return percent(at.budget, left, right) if isinstance(left, str) else operator.mod(left, right)


_OPERATIONS: Mapping[str, Operation] = {
    "+": _add,
    "-": lambda at, left, right: operator.sub(left, right),
    "*": _times,
    "/": lambda at, left, right: operator.truediv(left, right),
    "//": lambda at, left, right: operator.floordiv(left, right),
    "%": _modulo,
    "**": _power,
}


def _concat(node: nodes.Concat) -> Node:
    parts = [_node(part) for part in node.nodes]

    def concat(at: Evaluation) -> str:
        values = [defined(part(at)) for part in parts]
        at.budget.spend(*values)
        return str(sized("".join(map(text_of, values))))

    return concat


def _is_null(node: nodes.Node) -> bool:
    return (isinstance(node, nodes.Const) and node.value is None) or (
        isinstance(node, nodes.Name) and node.name == "null"
    )


def _compare(node: nodes.Compare) -> Node:
    first = node.ops[0]
    if len(node.ops) == 1 and first.op in ("eq", "ne") and (_is_null(node.expr) or _is_null(first.expr)):
        return _null(_node(first.expr if _is_null(node.expr) else node.expr), first.op == "eq")
    start = _node(node.expr)
    rest = [(operand.op, _node(operand.expr)) for operand in node.ops]

    def compared(at: Evaluation) -> bool:
        left = defined(start(at))
        for name, operand in rest:
            right = defined(operand(at))
            at.budget.spend(left, right)
            if not compare(left, name, right):
                return False
            left = right
        return True

    return compared


def _null(value: Node, is_null: bool) -> Node:
    """``x == none`` asks for null, as ``x is none`` does; NaN is neither."""

    def asked(at: Evaluation) -> bool:
        found = defined(value(at))
        if is_nan(found):
            raise UnusableValue(Reason("nan_compared"))
        return (found is None) is is_null

    return asked


def _getattr(node: nodes.Getattr) -> Node:
    inner, name = _node(node.node), node.attr
    return lambda at: at.environment.getattr(inner(at), name)


def _getitem(node: nodes.Getitem) -> Node:
    inner, key = _node(node.node), _node(node.arg)
    return lambda at: at.environment.getitem(defined(inner(at)), key(at))


def _slice(node: nodes.Slice) -> Node:
    parts = [None if part is None else _node(part) for part in (node.start, node.stop, node.step)]
    return lambda at: slice(*[None if part is None else part(at) for part in parts])


def _arguments(
    node: nodes.Call | nodes.Filter | nodes.Test,
) -> Callable[[Evaluation], _Arguments]:
    positional = [_node(each) for each in node.args]
    named = [(str(each.key), _node(each.value)) for each in node.kwargs]
    more = None if node.dyn_args is None else _node(node.dyn_args)
    more_named = None if node.dyn_kwargs is None else _node(node.dyn_kwargs)

    def arguments(at: Evaluation) -> _Arguments:
        args = [each(at) for each in positional]
        kwargs = {key: each(at) for key, each in named}
        if more is not None:
            args += more(at)
        if more_named is not None:
            kwargs |= more_named(at)
        return args, kwargs

    return arguments


def _call(node: nodes.Call) -> Node:
    arguments, callee = _arguments(node), node.node
    if isinstance(callee, nodes.Name):
        function = functions()[callee.name]

        def called(at: Evaluation) -> object:
            args, kwargs = arguments(at)
            at.budget.spend(*map(defined, args), *kwargs.values(), times=_PER_ELEMENT)
            return at.settled(function(*args, **kwargs))

        return called
    if isinstance(callee, nodes.Getattr):
        owner, name = _node(callee.node), callee.attr
        return lambda at: at.method(owner(at), name, *arguments(at))
    inner = _node(callee)
    return lambda at: at.call(inner(at), *arguments(at))


def _filter(node: nodes.Filter) -> Node:
    assert node.node is not None
    inner, name, arguments = _node(node.node), node.name, _arguments(node)
    return lambda at: at.filter(name, inner(at), *arguments(at))


def _test(node: nodes.Test) -> Node:
    inner, name, arguments = _node(node.node), node.name, _arguments(node)
    return lambda at: at.test(name, inner(at), *arguments(at))


_NODES: Mapping[type[nodes.Node], Callable[[Any], Node]] = {
    nodes.Add: _operation,
    nodes.And: _and,
    nodes.Call: _call,
    nodes.Compare: _compare,
    nodes.Concat: _concat,
    nodes.CondExpr: _condition,
    nodes.Const: _const,
    nodes.Dict: _dict,
    nodes.Div: _operation,
    nodes.Filter: _filter,
    nodes.FloorDiv: _operation,
    nodes.Getattr: _getattr,
    nodes.Getitem: _getitem,
    nodes.List: _list,
    nodes.Mod: _operation,
    nodes.Mul: _operation,
    nodes.Name: _name,
    nodes.Neg: _sign,
    nodes.Not: _not,
    nodes.Or: _or,
    nodes.Pos: _sign,
    nodes.Pow: _operation,
    nodes.Slice: _slice,
    nodes.Sub: _operation,
    nodes.Test: _test,
    nodes.Tuple: _list,
}
