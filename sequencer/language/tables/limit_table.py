"""``tables``: limits that are kept in files, each row read as the limits that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sequencer.language.context import ReadContext
from sequencer.language.scope import VARIANT
from sequencer.language.shapes.errors import unknown_key
from sequencer.language.shapes.wording import did_you_mean, known_here, show
from sequencer.language.tables.files import TableFile
from sequencer.language.tables.table import TableRules, number_hint, table_number, untyped
from sequencer.language.yaml.loader import read_document
from sequencer.limits import limit_problems
from sequencer.limits.units import convert_limits, read_quantity
from sequencer.steps.measuring import MEASUREMENT
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.model import LimitRow, LimitTable
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.text_values import stripped
from sequencer.vocabulary.tree import MappingNode, SequenceNode

UNIT = "unit"
LIMITS = ("lower", "upper", "nominal", "tolerance", "eq", "one_of", "matches")
"""The columns that limits are made of."""
WARN = "warn_"
"""Before the name of one of these it is a column of what only warns."""
WARN_LIMITS = tuple(WARN + name for name in LIMITS)

_COLUMN_OF = {"ge": "lower", "le": "upper", 0: "lower", 1: "upper"}
_LISTS = ("one_of", WARN + "one_of")
_PERCENT = re.compile(r"(.*\S)\s*%")


class Cell(NamedTuple):
    """What stands in a column of a row: as text, and as the value that the file's own rules make of it."""

    text: str
    value: Data
    place: Place


class Row(NamedTuple):
    """The cells that are not empty, by column."""

    place: Place
    cells: Mapping[str, Cell]


class TableSection:
    """Reads the section of the tables."""

    def __init__(self, root: MappingNode, context: ReadContext) -> None:
        self._root = root
        self._context = context
        self._report = context.problems.report

    def read(self) -> dict[str, LimitTable | None]:
        """The tables by name; ``None`` stands for one that cannot be used, which was reported."""
        node = self._root.get("tables")
        if not isinstance(node, MappingNode):
            return {}
        tables: dict[str, LimitTable | None] = dict.fromkeys(node)
        for name in node:
            place = self._context.table_sections[name] = node.key_place(name)
            self._context.mentions.add("table", name, place, place)
        for name in self._context.shapes.ids("the name of a table").check(node, self._report):
            if self._context.shapes.table.check(node, name, self._context.sources, self._report):
                tables[name] = self._table(name, node[name])
        return tables

    def _table(self, name: str, written: MappingNode) -> LimitTable | None:
        before = self._context.problems.errors
        file = self._context.tables.open(written, "file", "*.*")
        if file is None:
            return None
        key = self._key(written)
        rows = list(self._yaml(file, written) if file.path.suffix in (".yaml", ".yml") else self._csv(file, written))
        if key is None:
            key = tuple(each for each in (VARIANT, MEASUREMENT) if any(each in row.cells for row in rows))
        self._check_key(key, rows, written)
        whole = self._context.problems.errors == before
        # A column that is missing was told once.
        there = tuple(name for name in key if any(name in row.cells for row in rows))
        reader = _RowReader(self._context, there, written.get("decimal", "."), written.get("types") or {})
        read = tuple(reader.rows(rows))
        if not whole:
            return None
        # With what is wrong in single rows, the sequence is looked through nevertheless: all is told in one go.
        return LimitTable(name=name, file=file.name, sha256=file.sha256, key=key, rows=read)

    def _key(self, written: MappingNode) -> tuple[str, ...] | None:
        """What identifies a row, where that is said."""
        return tuple(written["key"]) if "key" in written else None

    def _known(self, written: MappingNode) -> frozenset[str]:
        """The names that columns may have."""
        key = self._key(written) or (VARIANT, MEASUREMENT)
        return frozenset([*key, *LIMITS, *WARN_LIMITS, UNIT])

    def _check_key(self, key: tuple[str, ...], rows: list[Row], written: MappingNode) -> None:
        """Reports why rows could not be found by ``key``."""
        place = written.value_place("key" if "key" in written else "file")
        if rows and not key:
            self._report(
                "unknown-column", f"the table has no column `{MEASUREMENT}`", place, hint=_headings(MEASUREMENT)
            )
        for index, name in enumerate(key):
            at = written["key"].item_place(index) if "key" in written else place
            if rows and not any(name in row.cells for row in rows):
                self._report("unknown-column", f"the table has no column `{name}`", at, hint=_headings(name))
            elif name == VARIANT and "variants" not in self._root:
                message = f"the table has a row for each `{VARIANT}`, but the sequence has no `variants`"
                self._report("missing-key", message, at, hint="declare them under `variants:`")

    def _csv(self, file: TableFile, written: MappingNode) -> Iterator[Row]:
        columns = self._columns(written)
        given = {key: written[key] for key in ("types", "decimal", "delimiter", "encoding") if key in written}
        rules = TableRules(**given, columns=columns, known=self._known(written))
        table = self._context.tables.csv(file, rules, written, "file")
        for read in table.rows:
            cells = {
                name: Cell(stripped(cell.text), read.values[name], Place(file.name, *cell.span))
                for name, cell in read.cells.items()
                if stripped(cell.text)
            }
            yield Row(Place(file.name, *read.label.span), cells)

    def _columns(self, written: MappingNode) -> dict[str, str]:
        """The headings by name; a name that means nothing is reported."""
        columns = written.get("columns")
        known = self._known(written)
        good = {}
        if isinstance(columns, MappingNode):
            for name, heading in columns.items():
                if name in known:
                    good[name] = heading
                else:
                    hint = did_you_mean(name, known) or known_here(known)
                    self._report(
                        "unknown-column", f"there is no use for a column `{name}`", columns.key_place(name), hint=hint
                    )
        return good

    def _yaml(self, file: TableFile, written: MappingNode) -> Iterator[Row]:
        document = read_document(file.path, self._context.sources.project, listed=True)
        self._context.sources.add(document, file.path)
        self._context.problems.broken(document.problems)
        if document.problems:
            self._context.tables.incomplete = True
        names = {heading: name for name, heading in self._columns(written).items()}
        if document.rows is not None:
            for index, node in enumerate(document.rows):
                if isinstance(node, MappingNode):
                    yield Row(node.place, self._cells(node, names, written))
                else:
                    self._report(
                        "wrong-type", f"a row must be a mapping, not {show(node)}", document.rows.item_place(index)
                    )
        elif document.root is not None:
            yield from self._nested(document.root, self._key(written) or (VARIANT, MEASUREMENT), names, written)

    def _nested(
        self, node: MappingNode, key: tuple[str, ...], names: Mapping[str, str], written: MappingNode
    ) -> Iterator[Row]:
        """Rows as mappings within mappings, one for each name of the key: ``PSB-24: {5 V rail: {lower: 4.8}}``."""
        for name, inner in node.items():
            place = node.key_place(name)
            if not isinstance(inner, MappingNode):
                self._report("wrong-type", f"`{name}` must be a mapping, not {show(inner)}", place)
                continue
            cell = {key[0]: Cell(stripped(name), name, place)}
            if len(key) == 1:
                yield Row(place, {**self._cells(inner, names, written), **cell})
            else:
                for row in self._nested(inner, key[1:], names, written):
                    yield Row(row.place, {**row.cells, **cell})

    def _cells(self, node: MappingNode, names: Mapping[str, str], written: MappingNode) -> dict[str, Cell]:
        cells = {}
        known = self._known(written)
        for heading, value in node.items():
            name = names.get(heading, heading)
            if name not in known:
                unknown_key(node, heading, known, self._report)
            elif isinstance(value, MappingNode) or (isinstance(value, SequenceNode) and name not in _LISTS):
                self._report(
                    "wrong-type", f"`{heading}` must be a single value, not {show(value)}", node.value_place(heading)
                )
            elif value is not None and value != "":
                place = node.value_place(heading)
                text = value if isinstance(value, str) else self._context.sources.written(place, value)
                cells[name] = Cell(stripped(text), value, place)
        return cells


def _headings(name: str) -> str:
    return f"give the heading of its column: `columns: {{{name}: ...}}`"


class _RowReader:
    """Makes limits of rows; ``decimal`` is the decimal sign, ``types`` says what the cells of a column are."""

    def __init__(self, context: ReadContext, key: tuple[str, ...], decimal: str, types: Mapping[str, str]) -> None:
        self._report = context.problems.report
        self._problems = context.problems
        self._key = key
        self._decimal = decimal
        self._types = types

    def rows(self, rows: list[Row]) -> Iterator[LimitRow]:
        """Those that can be found; what is wrong with any is reported, and it has no limits then."""
        seen: dict[tuple[str, ...], Place] = {}
        for row in rows:
            key = tuple(self._identifying(row, name) for name in self._key)
            if "" not in key and (first := seen.setdefault(key, row.place)) is not row.place:
                names = ", ".join(f"`{each}`" for each in key)
                message = f"there are two rows for {names}; the first is on line {first.line}"
                self._report("duplicate-row", message, row.place)
            limits, unit = self._limits(row)
            warn_limits = self._warn_limits(row, unit)
            if "" not in key:
                yield LimitRow(
                    key=key,
                    limits=limits,
                    unit=unit,
                    place=row.place,
                    unit_place=row.cells[UNIT].place if UNIT in row.cells else row.place,
                    warn_limits=warn_limits,
                )

    def _identifying(self, row: Row, name: str) -> str:
        cell = row.cells.get(name)
        if cell is None:
            self._report("wrong-value", f"this row has no `{name}`", row.place)
        return "" if cell is None else cell.text

    def _limits(self, row: Row) -> tuple[Data, str | None]:
        written = {name: row.cells[name] for name in LIMITS if name in row.cells}
        if not written:
            message = "this row has no limit"
            hint = "a measurement that nothing judges is no row of a limit table; `#` makes it a comment"
            self._report("limit-form", message, row.place, hint=hint)
            return None, None
        values = {name: self._value(name, cell) for name, cell in written.items()}
        unit = row.cells[UNIT].text if UNIT in row.cells else self._unit_of(values)
        return self._judged(values, written, unit), unit

    def _warn_limits(self, row: Row, unit: str | None) -> Data:
        """Those that only warn, in the unit of the row; a tolerance without a nominal value has that of the limits."""
        written = {name: row.cells[WARN + name] for name in LIMITS if WARN + name in row.cells}
        if not written:
            return None
        if "tolerance" in written and "nominal" not in written and "nominal" in row.cells:
            written["nominal"] = row.cells["nominal"]
        values = {name: self._value(name, cell, WARN) for name, cell in written.items()}
        return self._judged(values, written, unit if unit is not None else self._unit_of(values))

    def _judged(self, values: Mapping[str, Data], written: Mapping[str, Cell], unit: str | None) -> Data:
        """The limits of these values; what is wrong with them is reported at their cells."""
        if None in values.values():
            return None
        limits = _combined(values)
        errors = self._problems.errors
        for path, code, message, severity in limit_problems(limits, unit):
            at = _COLUMN_OF.get(path[0], path[0]) if path else None
            cell = written.get(str(at)) or next(iter(written.values()))
            self._report(code, message, cell.place, severity=severity)
        return limits if self._problems.errors > errors else convert_limits(limits, unit)

    def _unit_of(self, values: Mapping[str, Data]) -> str | None:
        """The unit that is written with a number, where there is no column for it."""
        for value in values.values():
            quantity = read_quantity(value) if isinstance(value, str) else None
            if quantity is not None:
                return quantity[1]
        return None

    def _value(self, name: str, cell: Cell, prefix: str = "") -> Data:
        if name in ("lower", "upper", "nominal"):
            return self._quantity(cell.text, cell)
        if name == "tolerance":
            text = cell.text.removeprefix("±").strip()
            percent = _PERCENT.fullmatch(text)
            amount = self._quantity(percent[1] if percent else text, cell)
            return f"{amount}%" if percent and amount is not None else amount
        if name == "one_of":
            return self._choices(cell, as_text=self._types.get(prefix + name) == "text")
        return cell.text if name == "matches" else cell.value

    def _quantity(self, text: str, cell: Cell) -> int | float | str | None:
        """The number of a cell, with its unit where it is written there."""
        number = table_number(text, self._decimal)
        if number is None and not (self._decimal == "," and "." in text):
            quantity = read_quantity(text.replace(",", ".") if self._decimal == "," else text)
            if quantity is not None:
                return f"{quantity[0]} {quantity[1]}"
        if number is None:
            self._report(
                "wrong-type", f"{show(cell.text)} is not a number", cell.place, hint=number_hint(text, self._decimal)
            )
        return number

    def _choices(self, cell: Cell, *, as_text: bool) -> list[Data]:
        """The choices of a cell: separated by `|`, or where there is none by `;`, or by commas."""
        if isinstance(cell.value, list):
            return list(cell.value)
        separators = [each for each in ("|", ";", ",") if each in cell.text and (each != "," or self._decimal != ",")]
        texts = [each.strip() for each in (cell.text.split(separators[0]) if separators else [cell.text])]
        return [each if as_text else untyped(each, self._decimal) for each in texts if each]


def _combined(values: Mapping[str, Data]) -> Data:
    """The limits that the columns of a row give together, as they are written in a sequence."""
    lower, upper = values.get("lower"), values.get("upper")
    sides = {side: bound for side, bound in (("ge", lower), ("le", upper)) if bound is not None}
    # Beside lower and upper limits, the nominal value is for the reader.
    others = {
        name: value
        for name, value in values.items()
        if name not in ("lower", "upper") and not (name == "nominal" and sides and "tolerance" not in values)
    }
    if len(sides) == 2 and not others:
        return [lower, upper]
    return {**sides, **others}
