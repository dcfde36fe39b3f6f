"""``for_each`` on a case: its rows, written in the sequence or read from a CSV file."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sequencer.expressions.expression import literal_text
from sequencer.language.paths import existing_file, neighbours
from sequencer.language.problems import Problems
from sequencer.language.scope import RESERVED
from sequencer.language.shapes.schema_parts import ID_PATTERN
from sequencer.language.shapes.wording import did_you_mean, show
from sequencer.language.tables.table import TableRules, read_table
from sequencer.language.yaml.sources import Sources
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.regex import compile_pattern
from sequencer.vocabulary.tree import MappingNode, SequenceNode, place_at

MAX_ROWS = 10_000
_LABEL = re.compile(r"[^\[\]\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what stands in the brackets of the case's name, and its variables."""

    label: str
    values: MappingNode


class Matrix:
    """Reads the rows of cases. ``files`` are the bytes of the CSV files read, for the sequence's hash.

    ``incomplete``: a table could not be read to its end, so that cases are missing.
    """

    def __init__(self, problems: Problems, sources: Sources, project: Path, inputs: dict[str, str]) -> None:
        self.files: dict[Path, bytes] = {}
        self.incomplete = False
        self._problems = problems
        self._sources = sources
        self._project = project
        self._inputs = inputs

    def rows(self, node: MappingNode) -> list[Row]:
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

    def _unique(self, rows: list[Row], place: Place) -> list[Row]:
        if len(rows) > MAX_ROWS:
            self._problems.report("too-many-rows", f"a matrix may have at most {MAX_ROWS} rows, not {len(rows)}", place)
            return []
        seen: dict[str, Row] = {}
        for row in rows:
            if not _LABEL.fullmatch(row.label):
                message = f"{show(row.label)} cannot name a row: it must have letters, and no brackets or line breaks"
                self._problems.report("bad-row-name", message, row.values.place)
            elif row.label in seen:
                line = seen[row.label].values.span[0]
                message = f"two rows are named `{row.label}`; the first is in line {line}"
                hint = "the first column names the row"
                self._problems.report("duplicate-row", message, row.values.place, hint=hint)
            else:
                seen[row.label] = row
        return list(seen.values())

    def _product(self, written: MappingNode) -> Iterator[Row]:
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
            yield Row("-".join(labels), row)

    def _label(self, place: Place, value: Any) -> str:
        return value if isinstance(value, str) else self._sources.written(place, value)

    def _listed(self, written: SequenceNode) -> Iterator[Row]:
        """Rows as mappings: all have the keys of the first."""
        first: MappingNode | None = None
        for row in written:
            if not isinstance(row, MappingNode) or not row or not self._are_names(row):
                continue
            first = row if first is None else first
            self._check_keys(first, row)
            name = next(iter(first))
            if name in row:
                yield Row(self._label(row.value_place(name), row[name]), row)

    def _are_names(self, row: MappingNode) -> bool:
        bad = [name for name in row if not compile_pattern(ID_PATTERN).search(name)]
        for name in bad:
            message = f"`{name}` cannot be a variable: only small letters, digits and `_`, a letter first"
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

    def _csv(self, written: MappingNode) -> Iterator[Row]:
        path, data = self._file(written)
        if path is None or data is None:
            self.incomplete = True
            return
        file = self._sources.display(path)
        self.files[path] = data
        self._inputs[str(path)] = sha256(data).hexdigest()
        table = read_table(data, self._rules(written))
        if table.text is not None:
            self._sources.texts[file] = table.text
        for problem in table.problems:
            place = written.value_place("csv") if problem.span is None else Place(file, *problem.span)
            if problem.at and problem.at[0] in written:
                place = place_at(written, problem.at, of_key=problem.at[0] == "types")
            message = problem.message if problem.span or problem.at else f"`{file}` {problem.message}"
            self._problems.report(problem.code, message, place, hint=problem.hint, severity=problem.severity)
            self.incomplete = self.incomplete or problem.severity == "error"
        for read in table.rows:
            row = MappingNode(file, read.label.span)
            for name, value in read.values.items():
                # Text of a table never becomes code.
                text = literal_text(value) if isinstance(value, str) else value
                row.add(name, text, table.headings[name].span, read.cells[name].span)
                if not isinstance(value, str):
                    self._sources.add_cell(row.value_place(name), read.cells[name].text.strip())
            yield Row(read.label.text.strip(), row)

    def _file(self, written: MappingNode) -> tuple[Path | None, bytes | None]:
        place = written.value_place("csv")
        wanted = self._sources.folder(written.file) / written["csv"]
        path = existing_file(wanted)
        if path is None:
            hint = did_you_mean(wanted.name, neighbours(wanted, "*.csv")) or "paths count from the folder of this file"
            self._problems.report("missing-file", f"there is no file {show(written['csv'])}", place, hint=hint)
            return None, None
        try:
            return path, path.read_bytes()
        except OSError as error:
            message = f"`{self._sources.display(path)}` cannot be read: {error.strerror or error}"
            self._problems.report("unreadable-file", message, place)
            return path, None

    def _rules(self, written: MappingNode) -> TableRules:
        given = {key: written[key] for key in ("types", "decimal", "delimiter", "encoding") if key in written}
        columns = written.get("columns")
        if isinstance(columns, MappingNode):
            for name in RESERVED & columns.keys():
                message = f"`{name}` is a word of the language and cannot be a variable"
                self._problems.report("reserved-name", message, columns.key_place(name))
            given["columns"] = {name: heading for name, heading in columns.items() if name not in RESERVED}
        return TableRules(**given)
