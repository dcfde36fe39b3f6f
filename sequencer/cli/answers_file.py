"""Prepared answers to the dialogs of a run: ``module::case: [answer, ...]`` in a YAML file, and such by slot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sequencer.language.shapes.wording import did_you_mean, known_here, show
from sequencer.language.yaml.loader import read_document
from sequencer.report.event import AFTER_RUN, PlanEntry
from sequencer.report.model import RunReport
from sequencer.runtime.dialogs import ANSWERS_FILE
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import InvalidInput, Place, Problem
from sequencer.vocabulary.tree import MappingNode, SequenceNode, plain


@dataclass(frozen=True, slots=True)
class CaseAnswers:
    """The answers of one case, in the order in which it asks, and where each of them stands."""

    answers: Sequence[Data]
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class PreparedAnswers:
    """The answers by case: ``common`` to all slots, and those of ``own`` for one, in place of these."""

    common: Mapping[str, CaseAnswers]
    own: Mapping[str, Mapping[str, CaseAnswers]]

    def of(self, slot: str | None) -> dict[str, Sequence[Data]]:
        """What the dialogs of each case are answered with in ``slot``; ``None`` where there are no slots."""
        return {case: prepared.answers for case, prepared in self._of(slot).items()}

    def _of(self, slot: str | None) -> dict[str, CaseAnswers]:
        return {**self.common, **(self.own.get(slot, {}) if slot is not None else {})}

    def unused(self, reports: Mapping[str | None, RunReport]) -> list[Problem]:
        """Warnings of answers that nothing asked for in the runs, by slot; each once."""
        everywhere = [self.common, *self.own.values()]
        places = [place for cases in everywhere for place in _places(cases)]
        used = {place for slot, report in reports.items() for place in _used(self._of(slot), report)}
        return [
            Problem("unused-answer", "nothing asked for this answer", place, severity="warning")
            for place in places
            if place not in used
        ]


def _places(cases: Mapping[str, CaseAnswers]) -> Iterator[Place]:
    for case, prepared in cases.items():
        if case != AFTER_RUN:  # the report does not say what was asked then
            yield from prepared.places


def _used(cases: Mapping[str, CaseAnswers], report: RunReport) -> Iterator[Place]:
    taken = Counter(_taken(report))
    for case, prepared in cases.items():
        yield from prepared.places[: taken[case]]


def _taken(report: RunReport) -> Iterator[str]:
    for module in report["modules"]:
        for case in module["cases"]:
            for attempt in case["attempts"]:
                for dialog in attempt["dialogs"]:
                    if dialog["by"] == ANSWERS_FILE:
                        yield f"{module['id']}::{case['id']}"


def read_answers(file: Path, modules: Sequence[PlanEntry], project: Path, slots: Iterable[str] = ()) -> PreparedAnswers:
    """The answers in ``file`` for the cases of the plan ``modules``, on a stand with these ``slots``.

    Raises ``InvalidInput`` with all its problems.
    """
    document = read_document(file, project)
    known = [f"{module['id']}::{case['id']}" for module in modules for case in module["cases"]] + [AFTER_RUN]
    reading = _Reading(known, list(slots), list(document.problems))
    prepared = reading.file(document.root)
    if any(problem.severity == "error" for problem in reading.problems):
        raise InvalidInput(reading.problems)
    return prepared


@dataclass(frozen=True, slots=True)
class _Reading:
    """One pass over a file; ``known`` are the cases."""

    known: Sequence[str]
    slots: Sequence[str]
    problems: list[Problem]

    def file(self, root: MappingNode | None) -> PreparedAnswers:
        common: dict[str, CaseAnswers] = {}
        own: dict[str, Mapping[str, CaseAnswers]] = {}
        for name, written in (root or {}).items():
            assert root is not None
            if name not in self.known and isinstance(written, MappingNode):
                own[name] = self._slot(root, name, written)
            else:
                self._case(root, name, common)
        return PreparedAnswers(common, own)

    def _slot(self, root: MappingNode, name: str, written: MappingNode) -> dict[str, CaseAnswers]:
        if name not in self.slots:
            there = known_here(self.slots) or "this stand has no slots"
            hint = did_you_mean(name, [*self.slots, *self.known]) or there
            message = f"there is no slot `{name}`"
            self.problems.append(Problem("unknown-slot", message, root.key_place(name), hint))
        cases: dict[str, CaseAnswers] = {}
        for case in written:
            self._case(written, case, cases)
        return cases

    def _case(self, node: MappingNode, name: str, cases: dict[str, CaseAnswers]) -> None:
        written = node[name]
        if name not in self.known:
            hint = did_you_mean(name, self.known)
            self.problems.append(Problem("unknown-case", f"there is no case `{name}`", node.key_place(name), hint))
        elif not isinstance(written, SequenceNode):
            message = f"the answers of a case are a list, in the order in which they are asked, not {show(written)}"
            self.problems.append(Problem("wrong-type", message, node.value_place(name), "write `[...]`"))
        else:
            read = plain(written)
            assert isinstance(read, list)
            places = [written.item_place(index) for index in range(len(written))]
            cases[name] = CaseAnswers(read, places)
