"""How a line is doing: yield in its four kinds, how much was tested, and how long it took."""

from __future__ import annotations

from typing import NamedTuple

from sequencer.figures import formulas
from sequencer.figures.scope import Ask, Scope
from sequencer.figures.yields import YieldRow, yields


class OverviewRow(NamedTuple):
    """What a split or span says at a glance."""

    of: YieldRow

    @property
    def mean_seconds(self) -> float | None:
        """How long a passed run took."""
        return formulas.quotient(self.of.passed_seconds, self.of.passed)

    @property
    def seconds_per_unit(self) -> float | None:
        """What all judged runs took, repeated ones included, for each unit."""
        return formulas.quotient(self.of.seconds, self.of.units)

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            **self.of.document(),
            "second_passed": self.of.second_passed,
            "second_pass_yield": self.of.second_pass_yield,
            "mean_seconds": self.mean_seconds,
            "seconds_per_unit": self.seconds_per_unit,
        }


def overview(ask: Ask, scope: Scope) -> list[OverviewRow]:
    """The rows of :func:`sequencer.figures.yields.yields`, with what pages show beside."""
    return [OverviewRow(row) for row in yields(ask, scope)]
