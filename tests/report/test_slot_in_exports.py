"""Every export says where the product was, and nothing of it where the stand has no slots."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.report.exports import exports
from sequencer.report.exports.csv_rows import COLUMNS
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.report.version1 import lower
from sequencer.report.version1_schema import version1_schema
from sequencer.terminal.lines import plain
from sequencer.terminal.report_lines import report_lines

SLOT: dict[str, Any] = {
    "slot": {"name": "left", "number": 3},
    "start": {"id": "0199-start", "slots": ["left", "right"]},
}


def report_of(info: Any = None, **slot: Any) -> RunReport:
    plan = [{"id": "m", "name": "Main", "cases": [{"id": "a", "name": "A"}]}]
    record = {"stand": {"name": "Stand 1", **({"info": info} if info else {})}}
    begun = events.RunStarted("run-1", {"name": "Test", "sha256": "ab"}, plan, "0.1.0", {}, record, **slot)
    waited = events.WaitFinished("m::a", "s.yaml:3:5", "hold", ["meter"], 1.5)
    measured = events.MeasurementRecorded("m::a", "p", "x", 5, "numeric", None, None, True)
    whole: list[Any] = [begun, events.CaseStarted("m::a"), *([waited] if slot else ()), measured]
    whole += [events.CaseFinished("m::a", "passed"), events.RunFinished("passed")]
    return fold([Stamped(seq, 100.75 + seq, event) for seq, event in enumerate(whole, 1)])


def written(report: RunReport, form: str) -> str:
    return exports()[form].bytes_of(report).decode()


def test_version_1_has_it_in_the_info_of_the_stand() -> None:
    """What the sequence recorded under such a name stays, and what the case waited for is in its artifact."""
    document = lower(report_of(info={"cable": 2, "start": "cold"}, **SLOT), stand_cloud=True)
    Draft202012Validator(version1_schema(stand_cloud=True)).validate(document)
    assert document["test_stand"]["info"] == {"slot": "left", "slot_number": 3, "start": "cold", "cable": 2}
    rest = document["modules"]["m"]["cases"]["a"]["artifact"]["hardseq"]
    assert rest["waits"][0]["seconds"] == 1.5
    assert lower(report_of())["test_stand"]["info"] == {}


def test_csv_has_columns_for_it_behind_the_others() -> None:
    """Those of a run without a slot are what they were."""
    head, row = written(report_of(**SLOT), "csv").strip().split("\r\n")
    assert head.split(",") == [*COLUMNS, "slot", "start"]
    assert row.split(",")[-2:] == ["left", "0199-start"]
    assert written(report_of(), "csv").split("\r\n")[0] == ",".join(COLUMNS)


def test_junit_has_properties_for_it() -> None:
    """Of each suite."""
    root = ElementTree.fromstring(written(report_of(**SLOT), "junit"))
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert (properties["slot"], properties["start"]) == ("left", "0199-start")
    assert "slot" not in written(report_of(), "junit")


@pytest.mark.parametrize("slot", [SLOT, {}])
def test_people_read_it(slot: Any) -> None:
    """In the head of the page, and in what a terminal shows of a stored run."""
    report = report_of(**slot)
    shown = [plain(line) for line in report_lines(report)]
    assert ("slot      left (3), start 0199-start" in shown) == bool(slot)
    assert ("left (3)" in written(report, "html")) == bool(slot)
    assert ("Slot" in written(report, "html")) == bool(slot)
