"""The label that a unit has earned by its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sequencer.report.model import RunReport
from sequencer.vocabulary.failure import UnusableValue

if TYPE_CHECKING:
    from sequencer.app.project_report_store import ProjectReportStore
    from sequencer.terminal.lines import Line


def label_line(
    report: RunReport, report_store: ProjectReportStore, printer: str | None, slot: str = "", width: int = 0
) -> Line | None:
    """Prints it; where, in a line for the terminal, or ``None`` when the unit earned none.

    A printer that is away is told, and changes no exit code. ``slot`` is named where there are several, in ``width``.
    """
    if not report_store.earns_label(report):
        return None
    try:
        report_store.print_label(report)
    except UnusableValue as error:
        whose = f"{slot}: " if slot else ""
        return [(f"{whose}{error.reason}; `hardseq label {report['id']}` tries it again", "stopped")]
    return [("label     ", "dim"), (f"{slot:<{width}}  " if slot else "", ""), (printer or "", "")]
