"""Whether a run may count for a product: the whole sequence ran, on real instruments, and nobody interfered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Mark = Literal["partial", "debugged", "simulated"]
"""Why a run is no evidence: cases were chosen, steps could be skipped or changed, instruments were invented."""


def marks(report: Mapping[str, Any]) -> tuple[Mark, ...]:
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


def is_evidence(report: Mapping[str, Any]) -> bool:
    """Whether the run may count for a product, whatever its verdict."""
    return not marks(report)
