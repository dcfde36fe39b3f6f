"""Prepared answers to the dialogs of a run: ``module::case: [answer, ...]`` in a YAML file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sequencer.language.shapes.wording import did_you_mean, show
from sequencer.language.yaml.loader import read_document
from sequencer.report.event import AFTER_RUN, PlanEntry
from sequencer.report.model import RunReport
from sequencer.runtime.dialogs import ANSWERS_FILE
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import InvalidInput, Place, Problem
from sequencer.vocabulary.tree import SequenceNode, plain


@dataclass(frozen=True, slots=True)
class PreparedAnswers:
    """The answers by case, and where each of them stands."""

    by_case: Mapping[str, Sequence[Data]]
    places: Mapping[str, Sequence[Place]]

    def unused(self, report: RunReport) -> list[Problem]:
        """Warnings of answers that nothing asked for in the run."""
        taken = Counter(_taken(report))
        message = "nothing asked for this answer"
        return [
            Problem("unused-answer", message, place, severity="warning")
            for case, places in self.places.items()
            if case != AFTER_RUN  # the report does not say what was asked then
            for place in places[taken[case] :]
        ]


def _taken(report: RunReport) -> Iterator[str]:
    for module in report["modules"]:
        for case in module["cases"]:
            for attempt in case["attempts"]:
                for dialog in attempt["dialogs"]:
                    if dialog["by"] == ANSWERS_FILE:
                        yield f"{module['id']}::{case['id']}"


def read_answers(file: Path, modules: Sequence[PlanEntry], project: Path) -> PreparedAnswers:
    """The answers in ``file`` for the cases of the plan ``modules``. Raises ``InvalidInput`` with all its problems."""
    document = read_document(file, project)
    problems = list(document.problems)
    known = [f"{module['id']}::{case['id']}" for module in modules for case in module["cases"]] + [AFTER_RUN]
    answers: dict[str, Sequence[Data]] = {}
    places: dict[str, Sequence[Place]] = {}
    for name, written in (document.root or {}).items():
        assert document.root is not None
        if name not in known:
            hint = did_you_mean(name, known)
            where = document.root.key_place(name)
            problems.append(Problem("unknown-case", f"there is no case `{name}`", where, hint))
        elif not isinstance(written, SequenceNode):
            message = f"the answers of a case are a list, in the order in which they are asked, not {show(written)}"
            problems.append(Problem("wrong-type", message, document.root.value_place(name), "write `[...]`"))
        else:
            read = plain(written)
            assert isinstance(read, list)
            answers[name] = read
            places[name] = [written.item_place(index) for index in range(len(written))]
    if any(problem.severity == "error" for problem in problems):
        raise InvalidInput(problems)
    return PreparedAnswers(answers, places)
