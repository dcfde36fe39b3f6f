"""Reads the records in this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sequencer.records.files import read_document
from sequencer.records.record import ForeignRecord, Origin
from sequencer.report.model import AttemptReport, CaseReport, MeasurementReport, RunReport

HERE = Path(__file__).parent
OPENHTF, HARDPY = HERE / "openhtf", HERE / "hardpy"
HERE_AND_NOW = Origin("record.json", timezone="Europe/Berlin")


def document(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def record(path: Path, origin: Origin = HERE_AND_NOW) -> ForeignRecord:
    return read_document(document(path), origin)


def cases(report: RunReport) -> dict[str, CaseReport]:
    return {f"{module['id']}::{case['id']}": case for module in report["modules"] for case in module["cases"]}


def last(report: RunReport, case: str) -> AttemptReport:
    return cases(report)[case]["attempts"][-1]


def measurements(report: RunReport, case: str) -> dict[str, MeasurementReport]:
    return {each["name"]: each for each in last(report, case)["measurements"]}
