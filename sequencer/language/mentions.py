"""The names that a reading meets, each with its place and that of what it names: what an editor asks for.

They are noted by whoever looks a name up, so that they follow the rules by which names are found.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from sequencer.vocabulary.problem import Place

MentionKind = Literal[
    "driver", "method", "class", "variable", "param", "module", "case", "block", "table", "row", "file"
]


class Mention(NamedTuple):
    """A ``name`` at ``place``; ``symbol`` is where what it names is declared, which identifies it.

    ``within`` says of a declared variable where it can be read: in the case ``module::case``, in a ``module``,
    everywhere (``""``), in a ``block NAME`` that has it as its parameter; of a case it is the module. It is ``None``
    for all other mentions.
    """

    kind: MentionKind
    name: str
    place: Place
    symbol: Place
    within: str | None = None

    @property
    def is_declaration(self) -> bool:
        """Whether what is named is declared here."""
        return self.place == self.symbol


class Mentions:
    """Collects them where somebody ``wanted`` that; else nothing is noted and nothing is looked for."""

    def __init__(self, wanted: bool = False) -> None:
        self.wanted = wanted
        self.found: dict[Mention, None] = {}

    def add(self, kind: MentionKind, name: str, place: Place, symbol: Place, within: str | None = None) -> None:
        """Notes one; the same one twice (the rows of a matrix) is noted once."""
        if self.wanted:
            self.found.setdefault(Mention(kind, name, place, symbol, within))
