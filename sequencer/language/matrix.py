"""``for_each`` on a case: its rows, written in the sequence or read from a CSV file."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sequencer.language.paths import existing_file, neighbours
from sequencer.language.problems import Problems
from sequencer.language.schema_parts import ID_PATTERN
from sequencer.language.shapes import whole_pattern
from sequencer.language.sources import Sources
from sequencer.language.wording import did_you_mean, show
from sequencer.language.yaml_scalars import resolve
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.tree import MappingNode, SequenceNode

MAX_ROWS = 10_000
_LABEL = re.compile(r"[^\[\]\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what stands in the brackets of the case's name, and its variables."""

    label: str
    values: MappingNode


class Matrix:
    """Reads the rows of cases. ``files`` are the bytes of the CSV files read, for the sequence's hash."""

    def __init__(self, problems: Problems, sources: Sources, project: Path, inputs: dict[str, str]) -> None:
        self.files: dict[Path, bytes] = {}
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
        bad = [name for name in row if not whole_pattern(ID_PATTERN).search(name)]
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
        place = written.value_place("csv")
        wanted = self._sources.folder(written.file) / written["csv"]
        path = existing_file(wanted)
        if path is None:
            hint = did_you_mean(wanted.name, neighbours(wanted, "*.csv")) or "paths count from the folder of this file"
            self._problems.report("missing-file", f"there is no file {show(written['csv'])}", place, hint=hint)
            return
        file = self._sources.display(path)
        try:
            data = path.read_bytes()
            text = data.decode("utf-8-sig")
        except OSError as error:
            self._problems.report("unreadable-file", f"`{file}` cannot be read: {error.strerror or error}", place)
            return
        except UnicodeDecodeError:
            self._problems.report("not-utf-8", f"`{file}` is no UTF-8 text", place, hint="save it as UTF-8")
            return
        self.files[path] = data
        self._inputs[str(path)] = sha256(data).hexdigest()
        self._sources.texts[file] = text
        delimiter = written.get("delimiter", ",")
        yield from self._csv_rows(file, text, delimiter if len(delimiter) == 1 else ",", place)

    def _csv_rows(self, file: str, text: str, delimiter: str, place: Place) -> Iterator[Row]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names: list[str] | None = None
        count = 0
        try:
            for cells in reader:
                span = (reader.line_num, 1, reader.line_num, 2)
                if not any(cell.strip() for cell in cells):
                    continue
                if names is None:
                    names = [cell.strip() for cell in cells]
                    if not self._check_header(Place(file, *span), names):
                        return
                elif len(cells) != len(names):
                    message = f"this row has {len(cells)} columns, the first line {len(names)}"
                    self._problems.report("uneven-rows", message, Place(file, *span))
                else:
                    count += 1
                    yield self._csv_row(file, names, cells, span)
        except csv.Error as error:
            self._problems.report("bad-csv", f"this is no CSV: {error}", Place(file, max(reader.line_num, 1), 1, 1, 2))
            return
        if not count:
            self._problems.report("no-rows", f"`{file}` has no rows", place)

    def _check_header(self, place: Place, names: list[str]) -> bool:
        for name in names:
            if not whole_pattern(ID_PATTERN).search(name):
                message = (
                    f"the column `{name}` cannot be a variable: only small letters, digits and `_`, a letter first"
                )
                self._problems.report("bad-name", message, place)
                return False
            if names.count(name) > 1:
                self._problems.report("duplicate-key", f"there are two columns `{name}`", place)
                return False
        return True

    @staticmethod
    def _csv_row(file: str, names: list[str], cells: list[str], span: tuple[int, int, int, int]) -> Row:
        row = MappingNode(file, span)
        for name, cell in zip(names, cells, strict=True):
            row.add(name, resolve(cell.strip()), span, span)
        return Row(cells[0].strip(), row)
