"""What people read for the verdict of a run: one word, the same on terminal, page, export and in the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from sequencer.vocabulary.status import ALLOWED_SKIPS, Status, Untested

if TYPE_CHECKING:
    from sequencer.report.model import RunReport

Outcome = Literal["ready", "run", "passed", "failed", "error", "stopped", "nothing_tested", "incomplete"]
"""The status of a run, with the two kinds of ``skipped`` told apart."""

WORDS: Mapping[Outcome, str] = {
    "passed": "PASS",
    "failed": "FAIL",
    "error": "ERROR",
    "stopped": "STOPPED",
    "nothing_tested": "NOTHING TESTED",
    "incomplete": "INCOMPLETE",
}
"""The loud word for each outcome of a run that is over."""


def outcome(report: RunReport) -> Outcome:
    """How the run ended, or that it goes on."""
    return outcome_of(report["status"], report.get("untested"))


def outcome_of(status: Status, untested: Untested | None) -> Outcome:
    """As ``outcome``. A skipped run of an earlier version, in which nothing passed, does not say what it lacks."""
    return status if status != "skipped" else untested or "nothing_tested"


def verdict_word(report: RunReport) -> str:
    """``PASS``, ``FAIL``, ``ERROR``, ``STOPPED``, ``NOTHING TESTED`` or ``INCOMPLETE``."""
    return WORDS.get(outcome(report), "ERROR")


def outcome_text(outcome: Outcome) -> str:
    """The outcome within a sentence or table: ``passed``, ``nothing tested``."""
    return outcome.replace("_", " ")


def missing_cases(report: RunReport) -> list[str]:
    """The full names of the cases that the verdict lacks: skipped because of something else, in running order."""
    return [
        f"{module['id']}::{case['id']}"
        for module in report["modules"]
        for case in module["cases"]
        if case["status"] == "skipped" and case.get("skip_kind") not in ALLOWED_SKIPS
    ]


def warnings(report: RunReport) -> int:
    """How many measurements of the last attempts do not meet their warning limits."""
    attempts = (case["attempts"][-1] for module in report["modules"] for case in module["cases"] if case["attempts"])
    measured = (measurement for attempt in attempts for measurement in attempt["measurements"])
    return sum("warning" in each and not each.get("superseded") for each in measured)
