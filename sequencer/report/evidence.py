"""Whether a run may count for a product: the whole sequence ran, on real instruments, and nobody interfered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Mark = Literal["partial", "debugged", "simulated"]
"""Why a run is no evidence: cases were chosen, steps could be skipped or changed, instruments were invented."""


OURS = "hardseq"
"""The program that an imported run has as its origin where another hardseq carried it out."""


def is_foreign(report: Mapping[str, Any]) -> bool:
    """Whether another program carried the run out, and its record was imported."""
    return "imported" in report and report["imported"]["program"] != OURS


def marks(report: Mapping[str, object]) -> tuple[Mark, ...]:
    """What keeps the run of a report from being evidence, in this order; empty when nothing does.

    A report of an earlier version may lack ``debugged``.
    """
    found: list[Mark] = []
    if report["selection"] is not None:
        found.append("partial")
    if report.get("debugged", False):
        found.append("debugged")
    if report["simulated"]:
        found.append("simulated")
    return tuple(found)


def is_evidence(report: Mapping[str, object]) -> bool:
    """Whether the run may count for a product, whatever its verdict."""
    return not marks(report)


def withheld(report: Mapping[str, object], *, partial_too: bool = False) -> Mark | None:
    """What keeps the report from where results of products are collected; ``None`` when it may leave the stand.

    Invented values never leave; ``partial_too``: runs that are partial or were debugged do, with a name that says so.
    """
    found = marks(report)
    if "simulated" in found:
        return "simulated"
    return None if partial_too or not found else found[0]


def marked_name(name: str, report: Mapping[str, object]) -> str:
    """The report's name for readers that know no marks: ``Final test (partial) (simulated)``."""
    return " ".join([name, *(f"({mark})" for mark in marks(report))])
