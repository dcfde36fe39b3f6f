"""``json`` and ``standcloud``: the report as it is kept, and lowered to version 1."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sequencer.report.model import RunReport
from sequencer.report.version1 import lower
from sequencer.vocabulary.data import utf8


def to_json(report: RunReport) -> str:
    """The whole report, as ``schemas/report.schema.json`` describes it."""
    return _text(report)


def to_standcloud(report: RunReport) -> str:
    """The report in schema version 1, as it is sent to StandCloud."""
    return _text(lower(report, stand_cloud=True))


def _text(document: Mapping[str, object]) -> str:
    return utf8(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").decode()
