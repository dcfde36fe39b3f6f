"""What the names of a project stand for: all mentions of the readings, found by place and by what they name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sequencer.language.drivers.source import DriverTarget, Member
from sequencer.language.mentions import Mention, MentionKind
from sequencer.language_server.diagnostics import resolved
from sequencer.language_server.readings import Reading
from sequencer.vocabulary.problem import Place

Symbol = tuple[Path, Place]
"""A place with the resolved path of its file."""


class ProjectNames:
    """The names in the readings of one or several sequences.

    What is declared in several places at once (a column in each row, a variable set in two steps) is one thing when any
    use means both.
    """

    def __init__(self, readings: Iterable[Reading]) -> None:
        self.readings = list(readings)
        self.mentions: dict[Path, list[Mention]] = {}
        self._files: dict[tuple[Path, str], Path | None] = {}
        self._leader: dict[Symbol, Symbol] = {}
        self._named: dict[Symbol, dict[Symbol, Mention]] = {}
        for reading in self.readings:
            for mention in reading.mentions:
                self._add(reading.project.folder, mention)

    def _add(self, folder: Path, mention: Mention) -> None:
        path, target = self._file(folder, mention.place.file), self._file(folder, mention.symbol.file)
        if path is None or target is None:
            return
        self.mentions.setdefault(path, []).append(mention)
        if mention.kind == "row":
            return  # where a table has what stands there; what stands there is the table
        here, symbol = (path, mention.place), (target, mention.symbol)
        self._named.setdefault(symbol, {})[here] = mention
        self._join(here, symbol)

    def _file(self, folder: Path, shown: str) -> Path | None:
        key = (folder, shown)
        if key not in self._files:
            self._files[key] = resolved(folder / shown)
        return self._files[key]

    def _find(self, symbol: Symbol) -> Symbol:
        leader = symbol
        while (above := self._leader.get(leader, leader)) != leader:
            leader = above
        self._leader[symbol] = leader
        return leader

    def _join(self, one: Symbol, other: Symbol) -> None:
        first, second = self._find(one), self._find(other)
        if first != second:
            self._leader[first] = second

    def at(self, path: Path, line: int, column: int) -> list[Mention]:
        """The mentions that a letter is a part of, the shortest first; the letter after a name counts as its own."""
        found = [
            mention
            for mention in self.mentions.get(path, ())
            if (mention.place.line, mention.place.column) <= (line, column)
            and (line, column) <= (mention.place.end_line, mention.place.end_column)
        ]
        return sorted(
            found, key=lambda mention: (mention.kind == "row", mention.place.end_column - mention.place.column)
        )

    def declarations(self, path: Path, mention: Mention) -> list[Symbol]:
        """Where what is named is declared; the mention's own symbol first."""
        target = self._symbol_path(path, mention)
        own = (target, mention.symbol)
        if mention.kind in ("method", "class", "file", "row"):
            return [own]
        leader = self._find(own)
        others = [symbol for symbol in self._named if self._find(symbol) == leader and symbol != own]
        return [own, *others]

    def uses(self, path: Path, mention: Mention) -> list[tuple[Symbol, Mention]]:
        """All mentions of the same thing, its declarations among them, in the order of files and lines."""
        leader = self._find((self._symbol_path(path, mention), mention.symbol))
        found: dict[Symbol, Mention] = {}
        for symbol, mentions in self._named.items():
            if self._find(symbol) == leader:
                found.update(mentions)
        return sorted(found.items(), key=lambda item: (str(item[0][0]), item[0][1]))

    def _symbol_path(self, path: Path, mention: Mention) -> Path:
        for reading in self.readings:
            if mention in reading.mentions:
                target = self._file(reading.project.folder, mention.symbol.file)
                if target is not None and self._file(reading.project.folder, mention.place.file) == path:
                    return target
        return path

    def declared(self, kind: MentionKind) -> Iterator[Mention]:
        """Everything of a kind that is declared."""
        for mentions in self.mentions.values():
            yield from (mention for mention in mentions if mention.kind == kind and mention.is_declaration)

    def driver(self, name: str) -> DriverTarget | None:
        """What a driver's source offers; ``None`` when nothing is known of it."""
        found = (reading.result.drivers.get(name) for reading in self.readings)
        return next((each for each in found if each is not None), None)

    def member(self, written: str) -> Member | None:
        """The method or property that ``driver.method``, or ``driver.channel.method``, names."""
        name, *path = written.split(".")
        holder = self.driver(name)
        if holder is None or not path:
            return None
        for part in path[:-1]:
            held = members(holder).get(part)
            holder = held.inside() if held is not None and held.inside is not None else None
            if holder is None:
                return None
        return members(holder).get(path[-1])


def members(target: DriverTarget) -> dict[str, Member]:
    """What steps may call or read: that of a class, or of the class that a function says it gives."""
    holder = target if target.is_class or target.gives is None else target.gives
    return {name: each for name, each in holder.members.items() if not name.startswith("_")}
