"""What of variants and limit tables does not go together: each variant is looked through as a run of it would be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from sequencer.expressions.expression import has_expression
from sequencer.language.mentions import Mentions
from sequencer.language.problems import Problems
from sequencer.language.scope import VARIANT
from sequencer.language.shapes.wording import did_you_mean, listed, show
from sequencer.language.specification import Specification, SpecifiedCase, SpecifiedLimit, reads
from sequencer.limits import limit_problems
from sequencer.limits.parse import without_open_sides
from sequencer.limits.units import UnitProblem, change_unit
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.model import LimitRow, LimitTable, SequenceDefinition
from sequencer.vocabulary.problem import Place, Severity
from sequencer.vocabulary.tree import MappingNode

_MOST_NAMED = 5


class Missing(NamedTuple):
    """A measurement for which a table has no row."""

    place: Place
    table: str
    measurement: str
    certain: bool


class VariantCheck:
    """Looks through all variants of a sequence.

    ``root`` is its YAML; ``places`` say for a step where it names a table.
    """

    def __init__(
        self,
        sequence: SequenceDefinition,
        root: MappingNode,
        places: Mapping[Place, Place],
        problems: Problems,
        mentions: Mentions,
    ) -> None:
        self._mentions = mentions
        self._sequence = sequence
        self._root = root
        self._places = places
        self._problems = problems
        self._missing: dict[Missing, list[str]] = {}
        self._used: dict[str, set[tuple[str, ...]]] = {}
        self._open: set[str] = set()
        self._converted: dict[tuple[str, tuple[str, ...]], dict[str, Data]] = {}
        self._warn_converted: dict[tuple[str, tuple[str, ...]], dict[str, Data]] = {}
        self._reached: dict[str, bool] = {}

    def tables(self) -> tuple[LimitTable, ...]:
        """After ``report``: the tables, their limits in every unit that a step is known to measure in."""
        return tuple(
            replace(
                table,
                rows=tuple(
                    replace(
                        row,
                        converted=self._converted.get((table.name, row.key), {}),
                        warn_converted=self._warn_converted.get((table.name, row.key), {}),
                    )
                    for row in table.rows
                ),
            )
            for table in self._sequence.tables
        )

    def report(self, *, complete: bool) -> None:
        """Reports what does not go together; ``complete``: there is no case or step that could not be read."""
        variants = self._sequence.variants
        for variant in [None] if variants is None else variants.values:
            cases = list(Specification(self._sequence, variant).cases())
            if variant is not None:
                self._look_for_tests(variant, cases)
            for case in cases:
                for limit in case.limits:
                    self._judge(limit, variant)
        self._report_missing()
        if complete:  # what could not be read may use the rest
            self._report_unreached()
            self._report_unused()

    def _look_for_tests(self, variant: str, cases: Iterable[SpecifiedCase]) -> None:
        main = [case for case in cases if case.is_main]
        if main and not any(case.applies for case in main):
            message = f"no main case runs for the variant `{variant}`: nothing of it would be tested"
            place = self._root["variants"].key_place(variant)
            self._problems.report("untested-variant", message, place, hint="look at the `if` of modules and cases")
        for case in cases:
            name = case.case.full_name
            self._reached[name] = self._reached.get(name, False) or case.applies

    def _report_unreached(self) -> None:
        for module in self._sequence.modules:
            for case in module.cases:
                if self._reached.get(case.full_name, True) or "false" in (case.when, module.when):
                    continue  # one that never runs was told
                place = case.when_place or module.when_place or case.place
                message = f"no variant reaches the case `{case.id}`"
                self._problems.report("unreachable", message, place, severity="warning")

    def _judge(self, limit: SpecifiedLimit, variant: str | None) -> None:
        table = limit.table
        if table is None:
            if variant is not None and limit.certain:
                self._judge_written(limit, variant)
            return
        if limit.row is not None and limit.step.place in self._places:
            self._mentions.add("row", limit.measurement, self._places[limit.step.place], limit.row.place)
        if limit.key is None:
            self._open.add(table.name)
            for row in table.rows:
                with suppress(UnitProblem):  # it may be meant for others
                    self._convert(table, row, limit.unit)
        elif limit.row is None:
            place = self._places.get(limit.step.place, limit.step.place)
            missing = Missing(place, table.name, _without_variant(table, limit.key), limit.certain)
            self._missing.setdefault(missing, []).append(variant or "")
        else:
            self._used.setdefault(table.name, set()).add(limit.key)
            try:
                self._convert(table, limit.row, limit.unit)
            except UnitProblem as error:
                hint = f"`{limit.measurement}` is measured in {limit.unit}"
                self._problems.report("limit-unit", str(error), limit.row.unit_place, hint=hint)

    def _convert(self, table: LimitTable, row: LimitRow, unit: str | None) -> None:
        """Keeps the limits in a step's unit: a test process need not know about units then. Raises ``UnitProblem``."""
        if row.unit is None or unit is None or unit == row.unit or has_expression(unit):
            return
        known = self._converted.setdefault((table.name, row.key), {})
        if unit not in known:
            known[unit] = change_unit(row.limits, row.unit, unit)
            if row.warn_limits is not None:
                of_warnings = self._warn_converted.setdefault((table.name, row.key), {})
                of_warnings[unit] = change_unit(row.warn_limits, row.unit, unit)

    def _judge_written(self, limit: SpecifiedLimit, variant: str) -> None:
        """Limits of the sequence that are made of the variant's values, at the first of these."""
        own = self._root["variants"].get(variant)
        first = next((name for name in reads(limit) if isinstance(own, MappingNode) and name in own), None)
        if first is None or has_expression(limit.unit):
            return
        for limits in (limit.limits, limit.warn_limits):
            problems = () if limits is None else limit_problems(without_open_sides(limits), limit.unit)
            for _, code, message, severity in problems:
                if severity == "error":
                    hint = f"`{limit.measurement}` of {variant}"
                    self._problems.report(code, message, own.value_place(first), hint=hint)

    def _report_missing(self) -> None:
        for missing, variants in self._missing.items():
            message = f"the table `{missing.table}` has no row for {missing.measurement}"
            if self._sequence.variants is not None and len(variants) < len(self._sequence.variants.values):
                names = [f"`{each}`" for each in variants[:_MOST_NAMED]]
                more = len(variants) - len(names)
                message += f" of {listed([*names, f'{more} more'] if more else names, 'and')}"
            severity: Severity = "error" if missing.certain else "warning"
            self._problems.report("no-limit-row", message, missing.place, severity=severity)

    def _report_unused(self) -> None:
        for table in self._sequence.tables:
            if table.name in self._open:
                continue
            used = self._used.get(table.name, set())
            if not used:
                place = self._root["tables"].key_place(table.name)
                message = f"nothing uses the table `{table.name}`"
                self._problems.report("unused-table", message, place, severity="warning")
                continue
            known = set() if self._sequence.variants is None else set(self._sequence.variants.values)
            told: set[str] = set()
            for row in table.rows:
                if row.key not in used:
                    self._report_unused_row(table, row, known, told)

    def _report_unused_row(self, table: LimitTable, row: LimitRow, known: set[str], told: set[str]) -> None:
        variant = row.key[table.key.index(VARIANT)] if VARIANT in table.key else None
        if variant is None or variant in known:
            names = ", ".join(f"`{each}`" for each in row.key)
            message = f"no measurement takes its limits from the row of {names}"
            self._problems.report("unused-limit-row", message, row.place, severity="warning")
        elif variant not in told:  # a factory's file has other products too
            told.add(variant)
            message = f"the sequence has no variant {show(variant)}"
            hint = did_you_mean(variant, known)
            self._problems.report("unused-limit-row", message, row.place, hint=hint, severity="warning")


def _without_variant(table: LimitTable, key: tuple[str, ...]) -> str:
    return ", ".join(f"`{value}`" for name, value in zip(table.key, key, strict=True) if name != VARIANT)
