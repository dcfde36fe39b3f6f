"""A case, a variable or a driver gets another name in all files that name it, unless that would break anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sequencer.app.checking import Checking
from sequencer.language.mentions import Mention
from sequencer.language_server.names import ProjectNames, Symbol
from sequencer.language_server.readings import Reading
from sequencer.language_server.recovery import lines_with_ends
from sequencer.project.toml_places import toml_places
from sequencer.vocabulary.problem import Place, Problem, split_lines
from sequencer.vocabulary.regex import ID_PATTERN, compile_pattern

RENAMED = ("case", "variable", "driver")
"""The kinds of names that can be changed from an editor."""

Edits = dict[Path, list[Place]]
"""The places of a name by the resolved path of their file."""


class RenameRefused(Exception):
    """It cannot have that name, or not all places are known; the text is a plain sentence."""


class Renaming:
    """``names`` are those of all sequences of the project; ``texts`` are the files as they are in the editor."""

    def __init__(self, names: ProjectNames, texts: Mapping[Path, str]) -> None:
        self._names = names
        self._texts = texts

    def edits(self, path: Path, mention: Mention, new: str) -> Edits:
        """Where ``new`` is to be written. Raises ``RenameRefused``."""
        if mention.kind not in RENAMED:
            raise RenameRefused(f"a {mention.kind} cannot be renamed here: only {', '.join(RENAMED)}")
        if not compile_pattern(ID_PATTERN).search(new):
            raise RenameRefused(f"`{new}` cannot be a name: lowercase letters, digits and `_`, beginning with a letter")
        uses = self._names.uses(path, mention)
        self._refuse_taken(mention, uses, new)
        edits: Edits = {}
        self._refuse_unread({symbol[0] for symbol, _ in uses})
        for (file, place), _ in uses:
            edits.setdefault(file, []).append(self._written(file, place, mention.name))
        if mention.kind == "driver":
            self._configured(mention, uses, edits)
        self._refuse_broken(mention, edits, new)
        return edits

    def _refuse_unread(self, files: set[Path]) -> None:
        """What has an error was not read whole: the name may stand in it as well."""
        shared = any(
            file != reading.path and file in reading.files for reading in self._names.readings for file in files
        )
        for reading in self._names.readings:
            wrong = next((each for each, _ in reading.problems if each.severity == "error"), None)
            if wrong is not None and (shared or files & reading.files):
                raise RenameRefused(f"mend this first: {wrong.message} ({wrong.place})")

    def _refuse_taken(self, mention: Mention, uses: list[tuple[Symbol, Mention]], new: str) -> None:
        files = {symbol[0] for symbol, _ in uses}
        modules = {each.within for _, each in uses if each.is_declaration}
        for file, mentions in self._names.mentions.items():
            for each in mentions:
                same = each.kind == mention.kind and each.name == new and each.is_declaration
                if same and file in files and (mention.kind != "case" or each.within in modules):
                    raise RenameRefused(f"there is a {mention.kind} `{new}` already, on line {each.place.line}")

    def _written(self, file: Path, place: Place, name: str) -> Place:
        """The place of the name without its quotes. Raises ``RenameRefused`` where something else stands there."""
        lines = split_lines(self._texts.get(file, ""))
        line = lines[place.line - 1] if place.line <= len(lines) else ""
        start, end = place.column - 1, place.end_column - 1
        if line[start:end] in (f"'{name}'", f'"{name}"'):
            start, end = start + 1, end - 1
        if line[start:end] != name:
            raise RenameRefused(f"`{name}` is not written out on line {place.line} of {place.file}: rename it by hand")
        return place._replace(end_line=place.line, column=start + 1, end_column=end + 1)

    def _configured(self, mention: Mention, uses: list[tuple[Symbol, Mention]], edits: Edits) -> None:
        """Adds what the configuration says of a driver; refused when that is said for another sequence's, too."""
        files = {symbol[0] for symbol, _ in uses}
        for reading in self._names.readings:
            project = reading.project
            if project.file is None or project.file in edits:
                continue
            found = list(_of_driver(project.text, project.file.name, mention.name))
            if not found:
                continue
            for other in self._names.readings:
                if mention.name in other.result.drivers and not files & {other.path}:
                    message = f"{project.file.name} gives arguments to `{mention.name}`, of {other.path.name} as well"
                    raise RenameRefused(f"{message}: rename it by hand")
            edits[project.file.resolve()] = [
                self._written(project.file.resolve(), each, mention.name) for each in found
            ]

    def _refuse_broken(self, mention: Mention, edits: Edits, new: str) -> None:
        """Reads everything with the new name: what would be wrong then keeps it from being given."""
        unsaved = {path: text.encode("utf-8", "surrogatepass") for path, text in self._texts.items()}
        changed = {
            path: replaced(self._texts[path], places, new).encode("utf-8", "surrogatepass")
            for path, places in edits.items()
        }
        for reading in self._names.readings:
            if not reading.files & edits.keys():
                continue
            before = _errors(reading, unsaved)
            after = _errors(reading, {**unsaved, **changed})
            if len(after) > len(before):
                known = {(each.code, each.place.line) for each in before}
                first = next((each for each in after if (each.code, each.place.line) not in known), after[0])
                raise RenameRefused(f"with the name `{new}`: {first.message} (line {first.place.line})")


def _errors(reading: Reading, unsaved: Mapping[Path, bytes]) -> list[Problem]:
    result = Checking(unsaved).read(reading.path, reading.project)
    return [problem for problem in result.problems if problem.severity == "error"]


def _of_driver(text: str, file: str, name: str) -> Iterator[Place]:
    """Where a configuration names a driver, for all slots and for each."""
    for path, places in toml_places(text.replace("\r\n", "\n")).items():
        if (path[:1] == ("drivers",) and path[1:] == (name,)) or (
            path[:1] == ("slots",) and len(path) == 4 and path[2:] == ("drivers", name)
        ):
            yield Place(file, *places.key)


def replaced(text: str, places: list[Place], new: str) -> str:
    """The text with ``new`` at all of the places, none of which goes over a line."""
    lines = lines_with_ends(text)
    for place in sorted(set(places), reverse=True):
        line = lines[place.line - 1]
        lines[place.line - 1] = line[: place.column - 1] + new + line[place.end_column - 1 :]
    return "".join(lines)
