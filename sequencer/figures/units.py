"""All runs of a unit, its sub-units, and what it is a part of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sequencer.figures.cells import real, text
from sequencer.figures.scope import Ask, Scope


class RunOfUnit(NamedTuple):
    """A run of a unit, whatever became of it."""

    id: str
    start_time: float
    sequence: str
    stand: str | None
    slot: str | None
    status: str
    caused_dut_failure_id: str | None


class Part(NamedTuple):
    """A unit that is built into another one, or the one that it is built into."""

    serial_number: str
    part_number: str | None


class UnitRow(NamedTuple):
    """A product by serial and part number: its runs, the oldest first; its sub-units, and what it is a part of."""

    serial_number: str
    part_number: str | None
    runs: list[RunOfUnit]
    sub_units: list[Part]
    built_into: list[Part]

    def document(self) -> dict[str, object]:
        """As JSON."""
        parts = {name: [part._asdict() for part in getattr(self, name)] for name in ("sub_units", "built_into")}
        return {
            "serial_number": self.serial_number,
            "part_number": self.part_number,
            "runs": [run._asdict() for run in self.runs],
            **parts,
        }


def units(ask: Ask, scope: Scope, serial_number: str) -> list[UnitRow]:
    """The units of this serial number, one of each part number; also one that is only known as a part of others."""
    where, values = scope.where("runs")
    runs = ask(
        f"SELECT part_number, {', '.join(RunOfUnit._fields)} FROM runs WHERE serial_number = ? AND {where} "
        "ORDER BY part_number NULLS LAST, start_time, id",
        [serial_number, *values],
    )
    parts = ask(
        "SELECT DISTINCT runs.part_number, u.serial_number, u.part_number FROM runs JOIN sub_units u USING (run) "
        "WHERE runs.serial_number = ? ORDER BY ALL",
        [serial_number],
    )
    wholes = ask(
        "SELECT DISTINCT u.part_number, runs.serial_number, runs.part_number FROM sub_units u JOIN runs USING (run) "
        "WHERE u.serial_number = ? AND runs.serial_number IS NOT NULL ORDER BY ALL",
        [serial_number],
    )
    numbers = dict.fromkeys(row[0] for row in runs) or dict.fromkeys(row[0] for row in wholes)
    return [
        UnitRow(
            serial_number,
            text(number),
            [_run_of_unit(row[1:]) for row in runs if row[0] == number],
            [_part(row) for row in parts if row[0] == number],
            [_part(row) for row in wholes if row[0] in (None, number) or number is None],
        )
        for number in numbers
    ]


def _run_of_unit(row: Sequence[object]) -> RunOfUnit:
    identity, start_time, sequence, stand, slot, status, failed = row
    texts = text(stand), text(slot), str(status), text(failed)
    return RunOfUnit(str(identity), real(start_time) or 0.0, str(sequence), *texts)


def _part(row: Sequence[object]) -> Part:
    return Part(str(row[1]), text(row[2]))
