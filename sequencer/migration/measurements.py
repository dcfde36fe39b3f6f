"""HardPy's measurements and charts as steps."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import repeat

from sequencer.migration.expression import Expressions
from sequencer.migration.hardpy_calls import Arguments, Facts, Fields, arguments, is_none
from sequencer.migration.python_source import NotExpressible
from sequencer.migration.scope import Built
from sequencer.vocabulary.data import Data

_ONE_VALUE: Mapping[str, str] = {"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_INSIDE: Mapping[str, tuple[str, str]] = {
    "gtlt": ("gt", "lt"),
    "gele": ("ge", "le"),
    "gelt": ("ge", "lt"),
    "gtle": ("gt", "le"),
}
_OUTSIDE: Mapping[str, tuple[str, str]] = {
    "ltgt": ("lt", "gt"),
    "lege": ("le", "ge"),
    "legt": ("le", "gt"),
    "ltge": ("lt", "ge"),
}
_TYPES = ("line", "line_log_x", "line_log_y", "log_x_y")


class Measurements:
    """Writes measurements and charts with the names of one function."""

    def __init__(self, expressions: Expressions, facts: Facts) -> None:
        self.expressions = expressions
        self.facts = facts

    def limits(self, built: Built) -> Data:
        """The limits of a measurement; ``None`` when HardPy compares it with nothing. Raises ``NotExpressible``."""
        given = arguments(built.call, ())
        operation = self._operation(given)
        if operation is None:
            return None
        if operation in _ONE_VALUE:
            compared = self.expressions.value(self._needed(built, given, "comparison_value"))
            if self._ignores_case(built, given):
                return {operation: compared, "ignore_case": True}
            return {operation: compared}
        low, high = (
            self.expressions.value(self._needed(built, given, name)) for name in ("lower_limit", "upper_limit")
        )
        if operation == "gele":
            return [low, high]
        if operation in _INSIDE:
            below, above = _INSIDE[operation]
            return {below: low, above: high}
        below, above = _OUTSIDE[operation]
        return {"outside": {below: low, above: high}}

    def condition(self, built: Built) -> str:
        """What HardPy's ``result`` of the measurement is, as an expression. Raises ``NotExpressible``."""
        given = arguments(built.call, ())
        operation = self._operation(given)
        if operation is None or built.value is None:
            raise NotExpressible(built.call, "without an operation HardPy gives it no result")
        value = built.value
        if operation in _ONE_VALUE:
            other = self._text(self._needed(built, given, "comparison_value"))
            if self._ignores_case(built, given):
                return f"{value}.lower() {_ONE_VALUE[operation]} ({other}).lower()"
            return f"{value} {_ONE_VALUE[operation]} {other}"
        low, high = (self._text(self._needed(built, given, name)) for name in ("lower_limit", "upper_limit"))
        pair, word = (_INSIDE[operation], "and") if operation in _INSIDE else (_OUTSIDE[operation], "or")
        return f"({value} {_ONE_VALUE[pair[0]]} {low} {word} {value} {_ONE_VALUE[pair[1]]} {high})"

    def unsaid(self, built: Built) -> list[str]:
        """The arguments that HardPy compares with nothing, as there is no operation."""
        given = arguments(built.call, ())
        compared = ("comparison_value", "lower_limit", "upper_limit")
        return [] if self._operation(given) else [name for name in compared if name in given]

    def chart(self, built: Built) -> Fields:
        """The ``chart`` step. Raises ``NotExpressible``."""
        given = arguments(built.call, ())
        chart: Fields = {}
        for name in ("title", "x_label", "y_label"):
            if name in given and not is_none(given[name]):
                chart[name] = self.expressions.value(given[name])
        if "type" in given:
            form = self._member(given["type"], "ChartType", _TYPES)
            chart |= {} if form == "line" else {"type": form}
        series: list[Data] = list(self._written_series(built, given))
        for call in built.additions:
            added = arguments(call, ("x_data", "y_data", "marker_name"))
            if not {"x_data", "y_data"} <= set(added):
                raise NotExpressible(call, "a series needs x and y values")
            series.append(self._series(added["x_data"], added["y_data"], added.get("marker_name")))
        if not series:
            raise NotExpressible(built.call, "HardPy refuses a chart without data")
        return {"chart": {**chart, "series": series}}

    def _written_series(self, built: Built, given: Arguments) -> list[Data]:
        data = [given.get(name) for name in ("x_data", "y_data", "marker_name")]
        if all(each is None for each in data):
            return []
        rows = [each.elts if isinstance(each, ast.List) else None for each in data]
        xs, ys, markers = rows
        if xs is None or ys is None or len(xs) != len(ys) or (markers is not None and len(markers) != len(xs)):
            raise NotExpressible(built.call, "which series it has, only a run knows")
        return [self._series(x, y, m) for x, y, m in zip(xs, ys, markers or repeat(None, len(xs)), strict=True)]

    def _series(self, x: ast.expr, y: ast.expr, name: ast.expr | None) -> Data:
        named: Fields = {} if name is None or is_none(name) else {"name": self.expressions.value(name)}
        return {**named, "x": self.expressions.value(x), "y": self.expressions.value(y)}

    def _text(self, node: ast.expr) -> str:
        return self.expressions._operand(node, 5)

    def _operation(self, given: Arguments) -> str | None:
        node = given.get("operation")
        if node is None or is_none(node):
            return None
        return self._member(node, "ComparisonOperation", (*_ONE_VALUE, *_INSIDE, *_OUTSIDE))

    def _member(self, node: ast.expr, enumeration: str, known: tuple[str, ...]) -> str:
        """``gele`` of ``ComparisonOperation.GELE`` or ``"gele"``."""
        dotted = self.expressions.names.file.dotted(node) or ""
        owner, _, name = dotted.rpartition(".")
        written = name.lower() if owner == f"hardpy.{enumeration}" else None
        if written is None and isinstance(node, ast.Constant) and isinstance(node.value, str):
            written = node.value
        if written not in known:
            raise NotExpressible(node, f"this is no {enumeration} of HardPy")
        return written

    def _needed(self, built: Built, given: Arguments, name: str) -> ast.expr:
        if name not in given or is_none(given[name]):
            raise NotExpressible(built.call, f"HardPy wants a `{name}` for this operation")
        return given[name]

    def _ignores_case(self, built: Built, given: Arguments) -> bool:
        if not built.kind.endswith("StringMeasurement") or "casesensitive" not in given:
            return False
        return self.facts.constant(given["casesensitive"], bool) is False
