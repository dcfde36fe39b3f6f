"""The limit tables of a generated project, and the row of one for a measurement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

from sequencer.expressions.expression import as_text
from sequencer.protocol.manifest import digest
from sequencer.steps.base import FoundLimits
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.failure import StepError
from sequencer.vocabulary.reason import Reason
from sequencer.vocabulary.text_values import stripped


class WrittenRow(TypedDict):
    """A row in the file of the generated project; ``converted`` are its limits in other units.

    ``warn_limits`` and ``warn_converted`` are there where the row has limits that only warn.
    """

    key: list[str]
    row: int
    limits: Data
    unit: str | None
    converted: NotRequired[Mapping[str, Data]]
    warn_limits: NotRequired[Data]
    warn_converted: NotRequired[Mapping[str, Data]]


class WrittenTable(TypedDict):
    """A table in it; ``file`` and ``sha256`` are those of the file that it was read from."""

    file: str
    sha256: str
    key: list[str]
    rows: list[WrittenRow]


class LimitTables:
    """The tables by name."""

    def __init__(self, tables: Mapping[str, WrittenTable]) -> None:
        self._tables = tables
        self._rows = {name: {tuple(row["key"]): row for row in table["rows"]} for name, table in tables.items()}

    @classmethod
    def read(cls, folder: Path, expected: Mapping[str, str]) -> LimitTables:
        """Those in the ``file`` of ``folder``, whose ``sha256`` is known. Raises ``OSError``, ``ValueError``."""
        data = (folder / expected["file"]).read_bytes()
        if digest(data) != expected["sha256"]:
            raise ValueError(f"{expected['file']} was changed")
        return cls(json.loads(data))

    def row(self, reference: Mapping[str, object], known: Mapping[str, str | None]) -> FoundLimits:
        """The row that the limits ``{table: NAME, key: {...}}`` mean; ``known`` is what identifies it besides.

        Raises ``StepError`` where there is none.
        """
        name = as_text(reference["table"])
        further = reference.get("key")
        given = {**known, **(further if isinstance(further, Mapping) else {})}
        table = self._tables.get(name)
        key: Sequence[str] = () if table is None else table["key"]
        wanted = tuple("" if (value := given.get(each)) is None else stripped(as_text(value)) for each in key)
        row = self._rows.get(name, {}).get(wanted)
        if table is None or row is None:
            raise StepError(Reason("no_limit_row", table=name, key=", ".join(wanted) or known["measurement"]))
        source: Mapping[str, Data] = {"name": name, "file": table["file"], "row": row["row"], "sha256": table["sha256"]}
        return FoundLimits(
            row["limits"],
            row["unit"],
            source,
            row.get("converted", {}),
            row.get("warn_limits"),
            row.get("warn_converted", {}),
        )
