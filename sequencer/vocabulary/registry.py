"""A named collection that refuses a second entry of the same name, and to which other packages may add."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from sequencer.vocabulary.extension import Announced, Group, UnusableExtension, announced

Entry = TypeVar("Entry")


class Registry(Mapping[str, Entry], Generic[Entry]):
    """Entries by name: hardseq's own in the order they were added, then those of other packages by name.

    A registry knows what is installed when it is first asked; it is made again for another import path.
    ``kind`` is what one of them is called, such as ``a step``; ``group`` is where packages announce theirs; ``check``
    makes an entry of what they announce, or raises ``UnusableExtension``. Iterating tells all names and imports
    nothing: a package's entry is loaded when it is asked for, which raises ``UnusableExtension`` when it cannot be
    used. What hardseq has itself, no package replaces.
    """

    def __init__(
        self, kind: str, group: Group | None = None, check: Callable[[object, Announced], Entry] | None = None
    ) -> None:
        self.kind = kind
        self.own: dict[str, Entry] = {}
        self._group = group
        self._check = check
        self._loaded: dict[Announced, Entry | UnusableExtension] = {}

    def add(self, name: str, entry: Entry) -> Entry:
        """Adds and returns one of hardseq's own. Raises ``ValueError`` on a duplicate."""
        if name in self.own:
            raise ValueError(f"there is {self.kind} {name!r} already")
        self.own[name] = entry
        return entry

    @cached_property
    def announced(self) -> Mapping[str, tuple[Announced, ...]]:
        """What packages announce, by name, that of names which hardseq has itself included."""
        return {} if self._group is None else announced(self._group)

    def clash(self, name: str) -> UnusableExtension | None:
        """Why ``name`` does not say which of several is meant: hardseq's own and a package's, or two packages'."""
        offered = self.announced.get(name, ())
        if len(offered) + (name in self.own) < 2:
            return None
        packages = " and ".join(f"the package {each}" for each in offered)
        both = f"hardseq itself and {packages}" if name in self.own else packages
        return UnusableExtension(f"`{name}` is not clear: {both} have {self.kind} of that name")

    def all_usable(self) -> tuple[dict[str, Entry], list[UnusableExtension]]:
        """Every entry that can be used, and why the others cannot; for this the packages are imported."""
        usable, reasons = dict(self.own), []
        for name in self.announced:
            try:
                usable[name] = self._from_package(name)
            except UnusableExtension as reason:
                reasons.append(reason)
        return usable, reasons

    def __getitem__(self, name: str) -> Entry:
        return self.own[name] if name in self.own else self._from_package(name)

    def _from_package(self, name: str) -> Entry:
        if (reason := self.clash(name)) is not None:
            raise reason
        (entry,) = self.announced[name]
        if entry not in self._loaded:
            assert self._check is not None
            try:
                self._loaded[entry] = self._check(entry.load(), entry)
            except UnusableExtension as unusable:
                self._loaded[entry] = unusable
        found = self._loaded[entry]
        if isinstance(found, UnusableExtension):
            raise found
        return found

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (name for name in self.announced if name not in self.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in self.announced
