"""The table files of a sequence: found, read, and what is wrong with them told at its place."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sequencer.language.mentions import Mentions
from sequencer.language.paths import neighbours
from sequencer.language.problems import Problems
from sequencer.language.shapes.wording import did_you_mean, show
from sequencer.language.tables.table import Table, TableRules, read_table
from sequencer.language.yaml.sources import SourceTexts
from sequencer.vocabulary.problem import Place
from sequencer.vocabulary.tree import MappingNode, place_at


class TableFile(NamedTuple):
    """A file that was read: ``name`` is what people see."""

    path: Path
    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """That of its bytes."""
        return sha256(self.data).hexdigest()


class TableFiles:
    """Reads tables. ``files`` are the bytes of all of them, for the sequence's hash.

    ``incomplete``: a table could not be read to its end, so that rows are missing.
    """

    def __init__(self, problems: Problems, sources: SourceTexts, inputs: dict[str, str], mentions: Mentions) -> None:
        self._mentions = mentions
        self.files: dict[Path, bytes] = {}
        self.incomplete = False
        self._problems = problems
        self._sources = sources
        self._inputs = inputs

    def open(self, written: MappingNode, key: str, pattern: str = "*.csv") -> TableFile | None:
        """The file that ``key`` names; ``None`` for one that is not there or cannot be read, which is reported."""
        place = written.value_place(key)
        wanted = self._sources.folder(written.file) / written[key]
        path = self._sources.existing(wanted)
        if path is None:
            near = did_you_mean(wanted.name, neighbours(wanted, pattern))
            hint = near or "paths are relative to the folder of this file"
            self._problems.report("missing-file", f"there is no file {show(written[key])}", place, hint=hint)
            self.incomplete = True
            return None
        name = self._sources.display(path)
        self._mentions.add("file", written[key], place, Place(name, 1, 1, 1, 1))
        try:
            file = TableFile(path, name, self._sources.read(path))
        except OSError as error:
            message = f"`{name}` cannot be read: {error.strerror or error}"
            self._problems.report("unreadable-file", message, place)
            self.incomplete = True
            return None
        self.files[path] = file.data
        self._inputs[str(path)] = file.sha256
        return file

    def csv(self, file: TableFile, rules: TableRules, written: MappingNode, key: str) -> Table:
        """The table in ``file`` by the ``rules`` that ``written`` has; its problems are reported."""
        table = read_table(file.data, rules)
        if table.text is not None:
            self._sources.texts[file.name] = table.text
        for problem in table.problems:
            place = written.value_place(key) if problem.span is None else Place(file.name, *problem.span)
            if problem.at and problem.at[0] in written:
                place = place_at(written, problem.at, of_key=problem.at[0] == "types")
            message = problem.message if problem.span or problem.at else f"`{file.name}` {problem.message}"
            self._problems.report(problem.code, message, place, hint=problem.hint, severity=problem.severity)
            self.incomplete = self.incomplete or problem.severity == "error"
        return table
