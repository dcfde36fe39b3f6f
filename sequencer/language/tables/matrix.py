"""``for_each`` on a case: its rows, written in the sequence or read from a CSV file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sequencer.expressions.expression import (
    Budget,
    ExpressionPart,
    ExpressionSyntaxError,
    LiteralText,
    TooLarge,
    TooMuchWork,
    as_text,
    compile_expression,
    evaluate_template,
    has_expression,
    literal_text,
    split,
)
from sequencer.language.problems import Problems
from sequencer.language.scope import RESERVED
from sequencer.language.shapes.wording import did_you_mean, show
from sequencer.language.tables.files import TableFiles
from sequencer.language.tables.table import TableRules, number_hint
from sequencer.language.yaml.sources import SourceTexts
from sequencer.limits import limit_problems
from sequencer.limits.parse import without_open_sides
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.regex import ID_PATTERN, compile_pattern
from sequencer.vocabulary.tree import MappingNode, SequenceNode


class KnownValue(NamedTuple):
    """A value with the place where it was written, and how."""

    value: object
    place: Place
    written: str


class RowValues:
    """The variables of one case whose values are known, as long as no step gives them another one."""

    def __init__(self, known: Mapping[str, KnownValue], budget: Budget) -> None:
        self._known = dict(known)
        self._budget = budget

    def forget(self, name: str) -> None:
        """From here on ``name`` may have any value."""
        self._known.pop(name, None)

    def pass_on(self, name: str, template: object) -> None:
        """``name`` is what ``template`` gives, and belongs where the first of its values was written."""
        value = self._evaluated(template)
        first = next(iter(self._names(template)), None)
        if first is not None and not has_expression(value):
            self._known[name] = self._known[first]._replace(value=value)

    def is_true(self, condition: object) -> bool:
        """Whether a condition is known to hold."""
        if condition is None or condition is True or not self._known:
            return condition is not False
        try:
            return compile_expression(str(condition)).evaluate(self._scope, self._budget) is True
        except (StepError, ExpressionSyntaxError, TooLarge, TooMuchWork):
            return False

    def judge(self, limits: Any, unit: str | None, problems: Problems) -> None:
        """Reports what is wrong with limits that the row's values are put into, at the first value concerned."""
        if not self._known or not (has_expression(limits) or has_expression(unit)):
            return
        for name in self._rewritten(limits):
            known = self._known[name]
            message = f"`{known.written}` is the number {as_text(known.value)} here, in the middle of a string"
            way_out = f"make it a string: `types: {{{name}: text}}` for a table, quotes in YAML"
            problems.report("number-in-text", message, known.place, hint=way_out, severity="warning")
        known_unit, known_limits = self._evaluated(unit), without_open_sides(self._evaluated(limits))
        if has_expression(known_unit) or not isinstance(known_unit, str | None):
            return
        for path, code, message, severity in limit_problems(known_limits, (known_unit or "").strip() or None):
            first = next(iter([*self._names(_at(limits, path)), *self._names(unit)]), None)
            if first is not None and severity == "error":
                value, place, _ = self._known[first]
                hint = number_hint(value, ".") if isinstance(value, str) else None
                problems.report(code, message, place, hint=hint)

    def _rewritten(self, data: object) -> Iterator[str]:
        """Numbers that texts in ``data`` are made with and that stand there otherwise than written: 1.10 as 1.1."""
        if isinstance(data, Mapping | list):
            for value in data.values() if isinstance(data, Mapping) else data:
                yield from self._rewritten(value)
        elif isinstance(data, str) and has_expression(data):
            parts = _parts(data)
            names = [part.source.strip() for part in parts if isinstance(part, ExpressionPart) and len(parts) > 1]
            for name in names:
                known = self._known.get(name)
                if known is not None and type(known.value) in (int, float) and known.written != as_text(known.value):
                    yield name

    @property
    def _scope(self) -> dict[str, object]:
        return {name: known.value for name, known in self._known.items()}

    def _evaluated(self, data: object) -> Any:
        """``data`` with every expression evaluated that reads nothing but known values."""
        if isinstance(data, Mapping):
            return {key: self._evaluated(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self._evaluated(value) for value in data]
        try:
            return evaluate_template(data, self._scope, self._budget)
        except (StepError, TooLarge, TooMuchWork):
            return data

    def _names(self, data: object) -> Iterator[str]:
        """The known names that the expressions in ``data`` read, in order."""
        if isinstance(data, Mapping | list):
            for value in data.values() if isinstance(data, Mapping) else data:
                yield from self._names(value)
        elif isinstance(data, str) and has_expression(data):
            try:
                parts = [compile_expression(part.source) for part in _parts(data) if isinstance(part, ExpressionPart)]
            except ExpressionSyntaxError:
                return
            yield from (use.name for part in parts for use in part.uses if use.name in self._known)


def _parts(text: str) -> list[LiteralText | ExpressionPart]:
    try:
        return split(text)
    except ExpressionSyntaxError:
        return []  # told where the text was read


def _at(limits: Any, path: tuple[str | int, ...]) -> object:
    """What stands in ``limits`` at ``path``; limits in brackets that lost a side stand there as a whole."""
    for step in path:
        try:
            limits = limits[step]
        except (LookupError, TypeError):
            return limits
    return limits


MAX_ROWS = 10_000
_LABEL = re.compile(r"[^\[\]\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row: what stands in the brackets of the case's name, and its variables."""

    label: str
    values: MappingNode


class Matrix:
    """Reads the rows of cases."""

    def __init__(self, problems: Problems, sources: SourceTexts, tables: TableFiles) -> None:
        self._problems = problems
        self._sources = sources
        self._tables = tables

    def rows(self, node: MappingNode) -> list[MatrixRow]:
        """The rows under ``for_each``, whose shape was checked; those that cannot be used are reported."""
        written = node["for_each"]
        place = node.value_place("for_each")
        if isinstance(written, MappingNode) and isinstance(written.get("csv"), str):
            rows = list(self._csv(written))
        elif isinstance(written, MappingNode):
            rows = list(self._product(written))
        else:
            rows = list(self._listed(written))
        return self._unique(rows, place)

    def _unique(self, rows: list[MatrixRow], place: Place) -> list[MatrixRow]:
        if len(rows) > MAX_ROWS:
            self._problems.report("too-many-rows", f"a matrix may have at most {MAX_ROWS} rows, not {len(rows)}", place)
            return []
        seen: dict[str, MatrixRow] = {}
        for row in rows:
            if not _LABEL.fullmatch(row.label):
                message = f"{show(row.label)} cannot name a row: it must have letters, and no brackets or line breaks"
                self._problems.report("bad-row-name", message, row.values.place)
            elif row.label in seen:
                line = seen[row.label].values.span[0]
                message = f"two rows are named `{row.label}`; the first is on line {line}"
                hint = "the first column names the row"
                self._problems.report("duplicate-row", message, row.values.place, hint=hint)
            else:
                seen[row.label] = row
        return list(seen.values())

    def _product(self, written: MappingNode) -> Iterator[MatrixRow]:
        """Every combination of the variables' values, the last variable changing fastest."""
        if not all(isinstance(values, SequenceNode) for values in written.values()):
            return
        size = 1
        for values in written.values():
            size *= len(values)
        if size > MAX_ROWS:
            message = f"a matrix may have at most {MAX_ROWS} rows, not {size}"
            self._problems.report("too-many-rows", message, written.place)
            return
        columns = [list(enumerate(values)) for values in written.values()]
        for combination in itertools.product(*columns):
            row = MappingNode(written.file, written.span)
            labels = []
            for name, (index, value) in zip(written, combination, strict=True):
                place = written[name].item_place(index)
                row.add(name, value, written.key_spans[name], place[1:])
                labels.append(self._label(place, value))
                row.span = place[1:]
            yield MatrixRow("-".join(labels), row)

    def _label(self, place: Place, value: object) -> str:
        return value if isinstance(value, str) else self._sources.written(place, value)

    def _listed(self, written: SequenceNode) -> Iterator[MatrixRow]:
        """Rows as mappings: all have the keys of the first."""
        first: MappingNode | None = None
        for row in written:
            if not isinstance(row, MappingNode) or not row or not self._are_names(row):
                continue
            first = row if first is None else first
            self._check_keys(first, row)
            name = next(iter(first))
            if name in row:
                yield MatrixRow(self._label(row.value_place(name), row[name]), row)

    def _are_names(self, row: MappingNode) -> bool:
        bad = [name for name in row if not compile_pattern(ID_PATTERN).search(name)]
        for name in bad:
            message = f"`{name}` cannot be a variable: use lowercase letters, digits and `_`, beginning with a letter"
            self._problems.report("bad-name", message, row.key_place(name))
        return not bad

    def _check_keys(self, first: MappingNode, row: MappingNode) -> None:
        for name in row:
            if name not in first:
                hint = did_you_mean(name, [each for each in first if each not in row])
                message = f"the first row has no `{name}`"
                self._problems.report("uneven-rows", message, row.key_place(name), hint=hint)
        for name in first:
            if name not in row:
                self._problems.report("uneven-rows", f"this row has no `{name}`", row.place)

    def _csv(self, written: MappingNode) -> Iterator[MatrixRow]:
        opened = self._tables.open(written, "csv")
        if opened is None:
            return
        file = opened.name
        table = self._tables.csv(opened, self._rules(written), written, "csv")
        for read in table.rows:
            row = MappingNode(file, read.label.span)
            for name, value in read.values.items():
                # Text of a table never becomes code.
                text = literal_text(value) if isinstance(value, str) else value
                row.add(name, text, table.headings[name].span, read.cells[name].span)
                if not isinstance(value, str):
                    self._sources.add_cell(row.value_place(name), read.cells[name].text.strip())
            yield MatrixRow(read.label.text.strip(), row)

    def _rules(self, written: MappingNode) -> TableRules:
        given = {key: written[key] for key in ("types", "decimal", "delimiter", "encoding") if key in written}
        columns = written.get("columns")
        if isinstance(columns, MappingNode):
            for name in RESERVED & columns.keys():
                message = f"`{name}` is a reserved word and cannot be a variable"
                self._problems.report("reserved-name", message, columns.key_place(name))
            given["columns"] = {name: heading for name, heading in columns.items() if name not in RESERVED}
        return TableRules(**given)
