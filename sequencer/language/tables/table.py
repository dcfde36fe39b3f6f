"""Tables as spreadsheets write them: from the bytes of a CSV file to named columns and typed rows. Pure.

Nothing is guessed where a guess could be wrong: what cannot be told is a problem at its row and column.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from typing import NamedTuple

from sequencer.language.scope import RESERVED
from sequencer.language.shapes.wording import did_you_mean, known_here, show
from sequencer.language.yaml.reader import resolve
from sequencer.vocabulary.data import Scalar
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Severity
from sequencer.vocabulary.refused_value import UnreadableText
from sequencer.vocabulary.regex import ID_PATTERN, compile_pattern
from sequencer.vocabulary.text_values import read_boolean, read_number
from sequencer.vocabulary.tree import Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class CsvCell(NamedTuple):
    """``text`` is what was written: between the quotes, or without the blanks around it."""

    text: str
    quoted: bool
    span: Span

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return not self.text and not self.quoted


class CsvError(ValueError):
    """Text that is not CSV, with its place."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'[ \xa0]*"((?:[^"]|"")*)"[ \xa0]*|[^{re.escape(delimiter)}\r\n]*')


def read_records(text: str, delimiter: str, start: int = 0, line: int = 1) -> Iterator[list[CsvCell]]:
    """The records of ``text`` from offset ``start``, where line ``line`` begins. Raises ``CsvError``."""
    pattern = _cell(delimiter)
    position = begin = start
    record: list[CsvCell] = []
    while position < len(text):
        found = pattern.match(text, position)
        assert found is not None  # it matches an empty cell
        inside = found[1]
        if inside is None:
            raw = found[0]
            stripped = raw.strip()
            column = position - begin + 1 + len(raw) - len(raw.lstrip())
            if stripped.startswith('"'):
                raise CsvError("this quote is never closed", (line, column, line, column + 1))
            record.append(CsvCell(stripped, False, (line, column, line, column + max(len(stripped), 1))))
        else:
            first = line, found.start(1) - begin
            for inner in _LINE_END.finditer(text, found.start(1), found.end(1)):
                line, begin = line + 1, inner.end()
            record.append(CsvCell(inside.replace('""', '"'), True, (*first, line, found.end(1) - begin + 2)))
        position = found.end()
        if text.startswith(delimiter, position):
            position += 1
            if position == len(text):
                record.append(_nothing(line, position - begin + 1))
            continue
        end = _LINE_END.match(text, position)
        if end is None and position < len(text):
            column = position - begin + 1
            raise CsvError(
                "a cell ends at its closing quote; a quote inside is written twice", (line, column, line, column + 1)
            )
        yield record
        record = []
        if end is not None:
            position = begin = end.end()
            line += 1
    if record:
        yield record


def _nothing(line: int, column: int) -> CsvCell:
    return CsvCell("", False, (line, column, line, column + 1))


DELIMITERS = (";", ",", "\t")
"""What a table's columns may be separated by when nobody says it."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SEP_LINE = re.compile(r'"?sep=([^\r\n"])"?[^\r\n]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_LIKE_AN_ID = re.compile(r"[0-9]+[eE][0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """How a table is to be read; all of it may be left open.

    ``columns`` gives headings names of variables (variable to heading), ``types`` the kind of a variable's cells
    (``text``, ``number``, ``integer``, ``boolean``), ``decimal`` is the decimal sign, ``delimiter`` ``None`` when it is
    to be found, ``encoding`` ``None`` for UTF-8, or UTF-16 with its mark. ``known`` are the names that columns can have
    where these are no variables; what else there is, is left out.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    decimal: str = "."
    delimiter: str | None = None
    encoding: str | None = None
    known: frozenset[str] | None = None


class TableProblem(NamedTuple):
    """What is wrong: at ``span`` of the table, or in the rules at ``at`` (their keys), or with the whole table, which
    then is the subject of ``message``."""

    code: str
    message: str
    span: Span | None = None
    at: tuple[str, ...] = ()
    hint: str | None = None
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: ``label`` is its first cell, ``values`` and ``cells`` are by variable."""

    label: CsvCell
    values: Mapping[str, Scalar]
    cells: Mapping[str, CsvCell]


@dataclass(frozen=True, slots=True)
class Table:
    """What was read: ``text`` is the file's, ``headings`` are by variable, in the file's order."""

    text: str | None
    headings: Mapping[str, CsvCell]
    rows: list[TableRow]
    problems: list[TableProblem]


def read_table(data: bytes, rules: TableRules) -> Table:
    """Reads a table; whatever is wrong stands in its ``problems``, all of it in one go."""
    reading = _TableReader(rules)
    rows = list(reading.rows(data))
    return Table(reading.text, reading.headings, rows, reading.problems)


class _TableReader:
    def __init__(self, rules: TableRules) -> None:
        self.text: str | None = None
        self.headings: dict[str, CsvCell] = {}
        self.problems: list[TableProblem] = []
        self._rules = rules
        self._columns: list[str | None] = []

    def rows(self, data: bytes) -> Iterator[TableRow]:
        self.text = text = self._decoded(data)
        if text is None:
            return
        said = _SEP_LINE.match(text)
        start, line = (said.end(), 2) if said is not None else (0, 1)
        delimiter = self._rules.delimiter or (said and said[1]) or self._found(text, start, line)
        if delimiter is None:
            return
        records = self._records(text, delimiter, start, line)
        header = next(records, None)
        if header is None:
            self._say("no-rows", "has no rows")
            return
        if not self._read_header(_trimmed(header)):
            return
        count = 0
        for record in records:
            count += 1
            row = self._row(record)
            if row is not None:
                yield row
        if not count and not any(problem.code == "bad-csv" for problem in self.problems):
            self._say("no-rows", "has no rows")

    def _decoded(self, data: bytes) -> str | None:
        marked = next(((mark, encoding) for mark, encoding in _BOMS if data.startswith(mark)), None)
        mark, encoding = marked or (b"", self._rules.encoding or "utf-8")
        data = data[len(mark) :]
        try:
            if not codecs.lookup(encoding)._is_text_encoding:
                raise LookupError
            text = data.decode(encoding)
        except LookupError:
            self._say("wrong-value", f"there is no encoding {show(encoding)}", at=("encoding",))
            return None
        except UnicodeError:
            hint = "save it as UTF-8, or give its encoding, such as `encoding: cp1252`"
            code = "not-utf-8" if self._rules.encoding is None else "wrong-encoding"
            self._say(code, f"is not valid {encoding.upper()}", hint=hint)
            return None
        if "\0" in text:
            self._say("bad-csv", "is not text", hint="UTF-16 without a byte order mark? write `encoding: utf-16-le`")
            return None
        return text

    def _records(self, text: str, delimiter: str, start: int, line: int) -> Iterator[list[CsvCell]]:
        """What is neither empty nor a comment; ends where the file is no longer CSV."""
        try:
            for record in read_records(text, delimiter, start, line):
                first = record[0]
                if all(not cell.text.strip() for cell in record):
                    continue
                if not first.quoted and first.text.startswith("#"):
                    self._comment(record)
                else:
                    yield record
        except CsvError as error:
            self._say("bad-csv", f"this is not valid CSV: {error}", error.span)

    def _comment(self, record: list[CsvCell]) -> None:
        """A line that begins with `#` is a comment; one that looks like a row is not left out without a word."""
        filled = sum(not cell.empty for cell in record)
        if self.headings and filled == len(self._columns) and not record[0].text.startswith("# "):
            message = "this line is treated as a comment"
            hint = 'put a space after `#` if it is one; quote the cell, `"#1"`, if it is a row'
            self._say("commented-row", message, record[0].span, hint=hint, severity="warning")

    def _found(self, text: str, start: int, line: int) -> str | None:
        """The separator with which every row has the header's columns."""
        shapes = {each: self._shape(text, each, start, line) for each in DELIMITERS if text.find(each, start) >= 0}
        fitting = [each for each, (columns, fits) in shapes.items() if fits and columns > 1]
        if len(fitting) > 1 and self._rules.decimal == ",":
            fitting = [each for each in fitting if each != ","]
        if len(fitting) > 1:
            names = " or ".join("a tab" if each == "\t" else f"`{each}`" for each in fitting)
            self._say("bad-csv", f"{names} could separate the columns", (line, 1, line, 2), hint="give `delimiter`")
            return None
        if fitting:
            return fitting[0]
        return max(shapes, key=lambda each: shapes[each][0], default=",") if any(shapes) else ","

    def _shape(self, text: str, delimiter: str, start: int, line: int) -> tuple[int, bool]:
        """How many columns the header has, and whether all rows have as many."""
        try:
            records = [
                record
                for record in read_records(text, delimiter, start, line)
                if any(cell.text.strip() for cell in record) and (record[0].quoted or record[0].text[:1] != "#")
            ]
        except CsvError:
            return 0, False
        if not records:
            return 0, False
        columns = len(_trimmed(records[0]))
        return columns, all(len(_trimmed(record, columns)) == columns for record in records)

    def _read_header(self, header: list[CsvCell]) -> bool:
        before = len(self.problems)
        wanted = {_plain(heading): name for name, heading in self._rules.columns.items()}
        seen: dict[str, CsvCell] = {}
        for cell in header:
            heading = _plain(cell.text)
            name = self._column_name(cell, wanted.get(heading), len(header))
            if heading in seen and name is not None:
                self._say("duplicate-key", f"there are two columns `{heading}`", cell.span)
            elif name is not None and name in self.headings:
                self._say("duplicate-key", f"two columns have the name `{name}`", cell.span)
            seen[heading] = cell
            self._columns.append(name)
            if name is not None:
                self.headings[name] = cell
        self._hold_rules_against(seen, wanted)
        return len(self.problems) == before

    def _column_name(self, cell: CsvCell, wanted: str | None, columns: int) -> str | None:
        """The variable of a column, as ``wanted`` or as it is headed; ``None`` for one that is left out."""
        heading = _plain(cell.text)
        if wanted is not None:
            return wanted
        if self._rules.known is not None:
            return self._known_name(cell, heading, self._rules.known)
        refusal = self._refusal(heading)
        if refusal and self._rules.columns:
            return None
        if refusal and heading not in self._rules.columns:
            self._say(*refusal, cell.span, hint=self._other_name(heading, columns))
        return heading

    def _known_name(self, cell: CsvCell, heading: str, known: frozenset[str]) -> str | None:
        """The heading where it is one of the ``known`` names; one that is nearly so is not left out without a word."""
        if heading in known:
            return heading
        name = _as_name(heading)
        if name in known and name not in self._rules.columns:
            hint = f"give it its name: `columns: {{{name}: {heading}}}`"
            self._say("unknown-column", f"there is no meaning to a column `{heading}`", cell.span, hint=hint)
        return None

    def _hold_rules_against(self, seen: dict[str, CsvCell], wanted: dict[str, str]) -> None:
        """Every column that ``columns`` and ``types`` name must be there."""
        for name, heading in self._rules.columns.items():
            if _plain(heading) not in seen:
                hint = did_you_mean(heading, seen) or known_here(seen)
                self._say("unknown-column", f"there is no column {show(heading)}", at=("columns", name), hint=hint)
            elif wanted[_plain(heading)] != name:
                self._say("duplicate-key", f"the column {show(heading)} has two names", at=("columns", name))
        for name in self._rules.types:
            if name not in self.headings:
                hint = did_you_mean(name, self.headings) or known_here(self.headings)
                self._say("unknown-column", f"there is no column `{name}`", at=("types", name), hint=hint)

    @staticmethod
    def _refusal(name: str) -> tuple[str, str] | None:
        """Why a heading can be no variable."""
        if not name:
            return "bad-name", "this column has no heading"
        if not compile_pattern(ID_PATTERN).search(name):
            return (
                "bad-name",
                f"the column `{name}` cannot be a variable: use lowercase letters, digits and `_`, "
                f"beginning with a letter",
            )
        if name in RESERVED:
            return "reserved-name", f"the column `{name}` cannot be a variable: that is a reserved word"
        return None

    def _other_name(self, heading: str, columns: int) -> str | None:
        separators = {";": '";"', ",": '","', "\t": '"\\t"'}
        other = next((shown for each, shown in separators.items() if columns == 1 and each in heading), None)
        if other is not None:
            return f"another separator? write `delimiter: {other}`, or leave `delimiter` out"
        name = _as_name(heading)
        name = name if name[:1].isalpha() and name not in RESERVED else f"column_{name}".rstrip("_")
        return f"give it a name: `columns: {{{name}: {heading}}}`" if heading else None

    def _row(self, record: list[CsvCell]) -> TableRow | None:
        width = len(self._columns)
        cells = _trimmed(record, width)
        if len(cells) != width:
            at = cells[min(width, len(cells) - 1)].span
            self._say("uneven-rows", f"this row has {len(cells)} columns, the first line has {width}", at)
            return None
        named = {name: cell for name, cell in zip(self._columns, cells, strict=True) if name is not None}
        return TableRow(cells[0], {name: self._value(name, cell) for name, cell in named.items()}, named)

    def _value(self, name: str, cell: CsvCell) -> Scalar:
        kind = self._rules.types.get(name)
        text = cell.text.strip()
        if kind is None:
            return cell.text if cell.quoted else untyped(text, self._rules.decimal)
        if kind == "text":
            return None if cell.empty else cell.text
        if not text:
            return None
        if kind == "boolean":
            try:
                return read_boolean(text)
            except UnreadableText:
                self._say("wrong-type", f"{show(text)} is not true or false", cell.span)
                return None
        number = table_number(text, self._rules.decimal)
        if number is None:
            self._say(
                "wrong-type", f"{show(text)} is not a number", cell.span, hint=number_hint(text, self._rules.decimal)
            )
        elif kind == "integer" and not isinstance(number, int):
            self._say("wrong-type", f"{show(text)} is not an integer", cell.span)
        return number

    def _say(
        self,
        code: str,
        message: str,
        span: Span | None = None,
        *,
        at: tuple[str, ...] = (),
        hint: str | None = None,
        severity: Severity = "error",
    ) -> None:
        self.problems.append(TableProblem(code, message, span, at, hint, severity))


def _plain(heading: str) -> str:
    """A heading without the line breaks and the blanks that only make it look well."""
    return " ".join(heading.split())


def _as_name(heading: str) -> str:
    """``low_limit`` for `Low Limit`."""
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")


def _trimmed(record: list[CsvCell], width: int = 0) -> list[CsvCell]:
    """The record without empty cells at its end, as far as it is longer than ``width``."""
    end = len(record)
    while end > max(width, 1) and record[end - 1].empty:
        end -= 1
    return record[:end]


def untyped(text: str, decimal: str) -> Scalar:
    """As YAML reads a plain scalar, save that numbers have the table's decimal sign, and 12E4 is not a number."""
    value = resolve(text)
    if decimal == "," and isinstance(value, str) and "," in text:
        number = table_number(text, ",")
        return text if number is None else number
    is_float = isinstance(value, float) and math.isfinite(value)
    if is_float and (_LIKE_AN_ID.fullmatch(text) or (decimal == "," and "." in text)):
        return text
    return value


def table_number(text: str, decimal: str) -> int | float | None:
    """The number that ``text`` is with this decimal sign and no other; ``None`` when it is none."""
    if decimal == "," and "." in text:
        return None
    try:
        return read_number(text.replace("\N{MINUS SIGN}", "-"), decimal_comma=decimal == ",")
    except UnreadableText:
        return None


def number_hint(text: str, decimal: str) -> str | None:
    """What would make a number of ``text``."""
    if decimal == "." and table_number(text, ",") is not None:
        return 'a decimal comma? write `decimal: ","`'
    if decimal == "," and "." in text and table_number(text.replace(",", ""), ".") is not None:
        return "numbers here have a decimal comma and no thousands separator"
    return None
