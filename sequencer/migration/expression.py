"""Python's expressions as those of sequences. Text is only ever a literal: a ``${{`` in it stays what it was."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from sequencer.migration.expression_names import BOOLEAN, BUILT_IN, MATHEMATICS, METHODS, STATISTICS
from sequencer.migration.python_source import NotExpressible, is_literal, option_name, plain_constant
from sequencer.migration.scope import Built, Inline, Names, PassFail, StartArguments, Text, Variable
from sequencer.vocabulary.data import Data

Written = tuple[str, int]
"""An expression and how tightly it binds."""

_IF, _OR, _AND, _NOT, _COMPARE, _ADD, _JOIN, _MULTIPLY, _POWER, _UNARY, _ATOM = range(11)
_OPERATORS: Mapping[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", _ADD),
    ast.Sub: ("-", _ADD),
    ast.Mult: ("*", _MULTIPLY),
    ast.Div: ("/", _MULTIPLY),
    ast.FloorDiv: ("//", _MULTIPLY),
    ast.Mod: ("%", _MULTIPLY),
    ast.Pow: ("**", _POWER),
}
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_WITHOUT_ARGUMENTS = {
    "uuid.uuid4": "uuid()",
    "datetime.datetime.now": "now()",
    "datetime.datetime.today": "now()",
    "hardpy.get_current_attempt": "attempt",
}
_BRACES = re.compile(r"[{}]")
MARK = "${{"


class Expressions:
    """Writes expressions with the names of one function."""

    def __init__(self, names: Names, condition_of: Callable[[Built], str]) -> None:
        self.names = names
        self._condition_of = condition_of

    def text(self, node: ast.expr) -> str:
        """The expression. Raises ``NotExpressible``."""
        return self._write(node)[0]

    def condition(self, node: ast.expr) -> str:
        """An expression that is true or false, as Python's ``if`` and ``assert`` take it."""
        if self.is_boolean(node):
            return self.text(node)
        return f"not not {self._operand(node, _NOT)}"

    def negation(self, node: ast.expr) -> str:
        """The opposite of ``condition``."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.condition(node.operand)
        return f"not {self._operand(node, _ATOM)}"

    def value(self, node: ast.expr) -> Data:
        """What stands in YAML for a value: data, or a template. Raises ``NotExpressible``."""
        if isinstance(node, ast.Name):
            bound = self.names.binding(node.id)
            if isinstance(bound, Inline):
                return self.value(bound.node)
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(each) for each in node.elts]
        if isinstance(node, ast.Dict):
            return {self._key(node, key): self.value(each) for key, each in zip(node.keys, node.values, strict=True)}
        if isinstance(node, ast.JoinedStr):
            return self._template(node)
        if isinstance(node, ast.Subscript) and (element := self._written_out(node)) is not None:
            return self.value(element)
        if is_literal(node) and not isinstance(node, ast.Set):
            value = ast.literal_eval(node)
            return literal_text(value) if isinstance(value, str) else value
        return f"{MARK} {self.text(node)} }}}}"

    def is_boolean(self, node: ast.expr) -> bool:
        """Whether it is surely true or false."""
        if isinstance(node, ast.BoolOp):
            return all(map(self.is_boolean, node.values))
        if isinstance(node, ast.Compare):
            return True
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.Not)
        if isinstance(node, ast.Name):
            bound = self.names.binding(node.id)
            return isinstance(bound, Variable) and bound.boolean
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            return name in BOOLEAN
        if isinstance(node, ast.Attribute):
            return isinstance(self._bound(node.value), Built | PassFail) and node.attr == "result"
        return isinstance(node, ast.Constant) and isinstance(node.value, bool)

    def _bound(self, node: ast.expr) -> object:
        return self.names.binding(node.id) if isinstance(node, ast.Name) else None

    def _key(self, node: ast.Dict, key: ast.expr | None) -> str:
        value = None if key is None else self.value(key)
        if not isinstance(value, str):
            raise NotExpressible(node, "a key of a mapping is no text")
        return value

    def _operand(self, node: ast.expr, least: int) -> str:
        written, binding = self._write(node)
        return written if binding >= least else f"({written})"

    def _write(self, node: ast.expr) -> Written:
        writer = _WRITERS.get(type(node))
        if writer is None:
            raise NotExpressible(node, f"expressions have no {_KINDS.get(type(node), 'such thing')}")
        return writer(self, node)

    def _constant(self, node: ast.Constant) -> Written:
        if not plain_constant(node.value):
            raise NotExpressible(node, "such a value cannot be written")
        if isinstance(node.value, str):
            return text_literal(node.value), _ATOM
        if node.value is None or isinstance(node.value, bool):
            return str(node.value).lower(), _ATOM
        return repr(node.value), _ATOM

    def _name(self, node: ast.Name) -> Written:
        bound = self.names.binding(node.id)
        if isinstance(bound, Variable):
            return bound.name, _ATOM
        if isinstance(bound, Inline):
            return self._write(bound.node)
        if isinstance(bound, Text):
            return bound.expression, _ATOM
        if isinstance(bound, PassFail):
            return "true", _ATOM
        raise NotExpressible(node, f"what `{node.id}` is, a sequence does not know")

    def _list(self, node: ast.List | ast.Tuple) -> Written:
        return f"[{', '.join(self.text(each) for each in node.elts)}]", _ATOM

    def _dict(self, node: ast.Dict) -> Written:
        parts = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise NotExpressible(node, "expressions have no `**`")
            parts.append(f"{self.text(key)}: {self.text(value)}")
        return "{" + ", ".join(parts).replace("}}", "} }") + "}", _ATOM

    def _binary(self, node: ast.BinOp) -> Written:
        if type(node.op) not in _OPERATORS:
            raise NotExpressible(node, "expressions have no operations on bits")
        is_text = isinstance(node.left, ast.JoinedStr) or isinstance(getattr(node.left, "value", None), str)
        if isinstance(node.op, ast.Mod) and is_text:
            raise NotExpressible(node, "expressions format texts otherwise")
        sign, binding = _OPERATORS[type(node.op)]
        least = binding + 1 if binding == _POWER else binding
        return f"{self._operand(node.left, least)} {sign} {self._operand(node.right, binding + 1)}", binding

    def _unary(self, node: ast.UnaryOp) -> Written:
        if isinstance(node.op, ast.Not):
            return f"not {self._operand(node.operand, _ATOM)}", _NOT
        if isinstance(node.op, ast.Invert):
            raise NotExpressible(node, "expressions have no operations on bits")
        return f"{'-' if isinstance(node.op, ast.USub) else '+'}{self._operand(node.operand, _ATOM)}", _UNARY

    def _boolean(self, node: ast.BoolOp) -> Written:
        word, binding = ("and", _AND) if isinstance(node.op, ast.And) else ("or", _OR)
        return f" {word} ".join(self._operand(each, binding + 1) for each in node.values), binding

    def _compare(self, node: ast.Compare) -> Written:
        members = self._members(node)
        if members is not None:
            return members, _COMPARE
        written = self._operand(node.left, _ADD)
        maybe = self._maybe_missing(node, written)
        if maybe is not None:
            return maybe, _NOT
        for operator, right in zip(node.ops, node.comparators, strict=True):
            is_none = isinstance(right, ast.Constant) and right.value is None
            if isinstance(operator, ast.Is | ast.Eq) and is_none and len(node.ops) == 1:
                written += " is none"
            elif isinstance(operator, ast.IsNot | ast.NotEq) and is_none and len(node.ops) == 1:
                written += " is not none"
            elif type(operator) in _COMPARISONS:
                written += f" {_COMPARISONS[type(operator)]} {self._operand(right, _ADD)}"
            elif isinstance(right, ast.Constant) and isinstance(right.value, bool) and len(node.ops) == 1:
                written += f" is {'not ' if isinstance(operator, ast.IsNot) else ''}{str(right.value).lower()}"
            else:
                raise NotExpressible(node, "expressions have no `is`")
        return written, _COMPARE

    def _maybe_missing(self, node: ast.Compare, left: str) -> str | None:
        """``==`` and ``!=`` of a parameter that need not be given: what is null is compared with nothing."""
        right = node.comparators[0]
        if (
            left not in self.names.optional
            or len(node.ops) != 1
            or (isinstance(right, ast.Constant) and right.value is None)
        ):
            return None
        if isinstance(node.ops[0], ast.Eq):
            return f"({left} is not none and {left} == {self._operand(right, _ADD)})"
        if isinstance(node.ops[0], ast.NotEq):
            return f"({left} is none or {left} != {self._operand(right, _ADD)})"
        return None

    def _members(self, node: ast.Compare) -> str | None:
        """``set(answer) == {"one", "two"}``: the same members, in whichever order."""
        left, right = node.left, node.comparators[0]
        bound = self._bound(right)
        right = bound.node if isinstance(bound, Inline) else right
        if not (isinstance(left, ast.Call) and isinstance(left.func, ast.Name) and left.func.id == "set"):
            return None
        equal = len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq) and len(left.args) == 1
        if not equal or not isinstance(right, ast.Set) or not is_literal(right):
            raise NotExpressible(node, "expressions have no sets")
        members = ast.literal_eval(right)
        if not all(isinstance(each, str) for each in members):
            raise NotExpressible(node, "expressions have no sets")
        wanted = ", ".join(text_literal(each) for each in sorted(members))
        return f"{self._operand(left.args[0], _ATOM)} | unique | sort == [{wanted}]"

    def _choice(self, node: ast.IfExp) -> Written:
        parts = self._operand(node.body, _OR), self.condition(node.test), self._operand(node.orelse, _OR)
        return "{} if {} else {}".format(*parts), _IF

    def _element(self, node: ast.Subscript) -> Written:
        if isinstance(self._bound(node.value), StartArguments):
            return self._start_argument(node, [node.slice]), _ATOM
        inner = node.slice
        if isinstance(inner, ast.Constant) and str(inner.value).startswith("_"):
            raise NotExpressible(node, "expressions do not reach names that begin with `_`")
        if (element := self._written_out(node)) is not None:
            return self._write(element)
        if isinstance(inner, ast.Slice):
            ends = [self.text(each) if each is not None else "" for each in (inner.lower, inner.upper)]
            step = "" if inner.step is None else f":{self.text(inner.step)}"
            return f"{self._operand(node.value, _ATOM)}[{':'.join(ends)}{step}]", _ATOM
        return f"{self._operand(node.value, _ATOM)}[{self.text(inner)}]", _ATOM

    def _written_out(self, node: ast.Subscript) -> ast.expr | None:
        """The element of a list or mapping of the file that is written out."""
        bound = self._bound(node.value)
        inner = bound.node if isinstance(bound, Inline) else None
        if not isinstance(node.slice, ast.Constant):
            return None
        if isinstance(inner, ast.Dict):
            keys = [each.value if isinstance(each, ast.Constant) else None for each in inner.keys]
            return inner.values[keys.index(node.slice.value)] if keys.count(node.slice.value) == 1 else None
        if isinstance(inner, ast.List | ast.Tuple) and type(node.slice.value) is int:
            return inner.elts[node.slice.value] if 0 <= node.slice.value < len(inner.elts) else None
        return None

    def _attribute(self, node: ast.Attribute) -> Written:
        if self.names.file.dotted(node) in ("math.pi", "numpy.pi"):
            return "pi", _ATOM
        if node.attr.startswith("_"):
            raise NotExpressible(node, "expressions do not reach names that begin with `_`")
        bound = self._bound(node.value)
        if isinstance(bound, PassFail) and node.attr in ("result", "data"):
            return ("true" if node.attr == "result" or bound.data is None else bound.data), _ATOM
        if isinstance(bound, Built):
            return self._of_measurement(node, bound)
        if isinstance(bound, Inline):
            raise NotExpressible(node, "this is computed in Python")
        return f"{self._operand(node.value, _ATOM)}.{node.attr}", _ATOM

    def _of_measurement(self, node: ast.Attribute, bound: Built) -> Written:
        if node.attr == "result" and bound.kind.endswith("Measurement"):
            return self._condition_of(bound), _NOT
        if node.attr == "value" and bound.value is not None:
            return bound.value, _ATOM
        raise NotExpressible(node, f"a sequence has no `{node.attr}` of it")

    def _call(self, node: ast.Call) -> Written:
        dotted = self.names.file.dotted(node.func)
        special = self._special(node, dotted)
        if special is not None:
            return special, _ATOM
        name = self._function(node.func, dotted)
        if name is None and isinstance(node.func, ast.Attribute):
            return self._method(node, node.func), _ATOM
        if name is None or node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise NotExpressible(node, "expressions have no such function")
        return f"{name}({', '.join(self.text(each) for each in node.args)})", _ATOM

    def _function(self, called: ast.expr, dotted: str | None) -> str | None:
        if isinstance(called, ast.Name) and dotted is None and called.id in BUILT_IN:
            known = called.id in self.names.file.functions or self.names.binding(called.id) is not None
            return None if known else called.id
        module, _, name = (dotted or "").rpartition(".")
        if (module == "math" and name in MATHEMATICS) or (module == "statistics" and name in STATISTICS):
            return name
        return "abs" if dotted == "math.fabs" else None

    def _special(self, node: ast.Call, dotted: str | None) -> str | None:
        """Calls that are something else in a sequence than a call; ``None`` for others."""
        if (option := option_name(node)) is not None:
            return f"params.{option}"
        if not node.keywords and not node.args and dotted in _WITHOUT_ARGUMENTS:
            return _WITHOUT_ARGUMENTS[dotted]
        if isinstance(node.func, ast.Attribute):
            is_get = node.func.attr == "get" and isinstance(self._bound(node.func.value), StartArguments)
            return self._start_argument(node, node.args) if is_get else None
        if dotted is None and isinstance(node.func, ast.Name) and len(node.args) == 1:
            return self._converted(node.func.id, node.args[0])
        return None

    def _converted(self, function: str, argument: ast.expr) -> str | None:
        """``bool(x)`` and ``str(uuid4())``."""
        if function == "bool":
            return f"({self.condition(argument)})"
        called = argument.func if isinstance(argument, ast.Call) else None
        is_uuid = called is not None and self.names.file.dotted(called) == "uuid.uuid4"
        return "uuid()" if function == "str" and is_uuid else None

    def _start_argument(self, node: ast.expr, arguments: list[ast.expr]) -> str:
        if not arguments or not isinstance(arguments[0], ast.Constant) or not isinstance(arguments[0].value, str):
            raise NotExpressible(node, "which start argument it is, only a run knows")
        bound = self.names.bindings.get(f"start argument {arguments[0].value}")
        if not isinstance(bound, Text):
            raise NotExpressible(node, "this start argument is not declared")
        return bound.expression

    def _method(self, node: ast.Call, called: ast.Attribute) -> str:
        if called.attr.startswith("_") or node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise NotExpressible(node, "expressions cannot make this call")
        if called.attr not in METHODS or isinstance(self._bound(called.value), Built):
            raise NotExpressible(node, "expressions have no such method")
        owner = self._operand(called.value, _ATOM)
        return f"{owner}.{called.attr}({', '.join(self.text(each) for each in node.args)})"

    def _template(self, node: ast.JoinedStr) -> str:
        """An f-string as a text with expressions in it."""
        return "".join(self._part(part) for part in node.values)

    def _part(self, part: ast.expr) -> str:
        if isinstance(part, ast.Constant):
            return literal_text(str(part.value))
        if isinstance(part, ast.FormattedValue) and self._is_pass(part.value):
            return "True"
        if isinstance(part, ast.FormattedValue) and part.format_spec is None and part.conversion in (-1, ord("s")):
            bound = self._bound(part.value)
            written = bound.node if isinstance(bound, Inline) else part.value
            if isinstance(written, ast.JoinedStr):
                return self._template(written)
            if isinstance(written, ast.Constant) and type(written.value) in (str, int):
                return literal_text(str(written.value))
        return f"{MARK} {self._hole(part)} }}}}"

    def _is_pass(self, node: ast.expr) -> bool:
        """Whether it is the result of a dialog, which is true, or else the case has failed."""
        return (
            isinstance(node, ast.Attribute) and node.attr == "result" and isinstance(self._bound(node.value), PassFail)
        )

    def _joined(self, node: ast.JoinedStr) -> Written:
        parts = [
            text_literal(str(part.value)) if isinstance(part, ast.Constant) else self._hole(part, _JOIN)
            for part in node.values
        ]
        return " ~ ".join(parts or ["''"]), _JOIN if len(parts) > 1 else _UNARY

    def _hole(self, node: ast.expr, least: int = _IF) -> str:
        assert isinstance(node, ast.FormattedValue)
        if node.conversion not in (-1, ord("s")):
            raise NotExpressible(node, "expressions have no `!r`")
        if node.format_spec is None:
            return self._operand(node.value, least)
        if not isinstance(node.format_spec, ast.JoinedStr):
            raise NotExpressible(node, "this format is computed")
        form = [part.value for part in node.format_spec.values if isinstance(part, ast.Constant)]
        if len(form) != len(node.format_spec.values):
            raise NotExpressible(node, "this format is computed")
        return f"{text_literal('{:' + ''.join(map(str, form)) + '}')}.format({self.text(node.value)})"


_WRITERS: Mapping[type[ast.expr], Callable[..., Written]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.List: Expressions._list,
    ast.Tuple: Expressions._list,
    ast.Dict: Expressions._dict,
    ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary,
    ast.BoolOp: Expressions._boolean,
    ast.Compare: Expressions._compare,
    ast.IfExp: Expressions._choice,
    ast.Subscript: Expressions._element,
    ast.Attribute: Expressions._attribute,
    ast.Call: Expressions._call,
    ast.JoinedStr: Expressions._joined,
}
_KINDS: Mapping[type[ast.expr], str] = {
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.Lambda: "`lambda`",
    ast.Set: "sets",
    ast.NamedExpr: "`:=`",
    ast.Starred: "`*`",
    ast.Await: "`await`",
}


def text_literal(text: str) -> str:
    """A text inside of an expression: ASCII or printable letters, and never a brace that could end the template."""
    escaped = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    written = repr(escaped)
    if "{{" in written or "}}" in written or "{%" in written or "{#" in written:
        written = _BRACES.sub(lambda match: f"\\x{ord(match[0]):02x}", written)
    return written


def literal_text(text: str) -> str:
    """A text as it stands in YAML where templates are evaluated: ``${{`` is written as the text that it is."""
    return text.replace(MARK, "${{ '${{' }}")
