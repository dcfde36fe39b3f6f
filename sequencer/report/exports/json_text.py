"""``json`` and ``standcloud``: the report as it is kept, and lowered to version 1."""

from __future__ import annotations

from collections.abc import Iterator

from sequencer.report.model import RunReport
from sequencer.report.version1 import lower
from sequencer.vocabulary.json_text import indented, indented_parts


def to_json(report: RunReport) -> str:
    """The whole report, as ``schemas/report.schema.json`` describes it."""
    return indented(report)


def json_parts(report: RunReport) -> Iterator[str]:
    """The same in pieces."""
    return indented_parts(report)


def to_standcloud(report: RunReport) -> str:
    """The report in schema version 1, as it is sent to StandCloud."""
    return indented(lower(report, stand_cloud=True))


def standcloud_parts(report: RunReport) -> Iterator[str]:
    """The same in pieces."""
    return indented_parts(lower(report, stand_cloud=True))
