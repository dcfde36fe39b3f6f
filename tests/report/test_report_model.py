"""The report is said once: what is made from the model follows one more line in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TypedDict

import pytest

from sequencer.report import event as events
from sequencer.report.cases import new_failure
from sequencer.report.fields import blank, copier, fields
from sequencer.report.model import AttemptReport, MeasurementReport, RunReport
from sequencer.vocabulary.status import FailureKind

ROOT = Path(__file__).parents[2]
LOOK = """
import json, sys
from sequencer.panel.patches import AttemptView, page_script
from sequencer.report import event, model
from sequencer.report.event import Stamped, decode, encode
from sequencer.report.fold import fold
from sequencer.report.reader import read_report
from sequencer.report.schema import field_tables, report_schema

plan = [{"id": "m", "cases": [{"id": "a"}]}]
measured = event.MeasurementRecorded("m::a", "a.yaml:1:1", "rail", 5.0, "numeric", margin=0.25)
remarked = event.MeasurementRecorded("m::a", "a.yaml:1:1", "rail", 5.0, "numeric", remark="warm")
said = [event.RunStarted("run", {}, plan, "", {}), event.CaseStarted("m::a"), measured, remarked]
said += [event.CaseFinished("m::a", "passed"), event.RunFinished("passed")]
report = fold(decode(encode(Stamped(seq, 1.0, each))) for seq, each in enumerate(said, 1))
attempt = report["modules"][0]["cases"][0]["attempts"][0]
folded = json.loads(json.dumps(attempt))
patch = json.loads(json.dumps(AttemptView().patch(attempt)))
whole = read_report(json.loads(json.dumps(report)))["failures"]
del attempt["notes"]
attempt["measurements"][0]["margin"] = "far"
mended = read_report(report)
json.dump(
    {
        "from": model.__file__,
        "schema": report_schema()["$defs"],
        "folded": folded,
        "patch": patch,
        "whole": whole,
        "mended": mended,
        "script": page_script(),
        "tables": field_tables(),
    },
    sys.stdout,
)
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a copy of hardseq tells whose model has one more line for a measurement and one for an attempt."""
    copy = tmp_path_factory.mktemp("copy")
    package = copy / "sequencer"
    shutil.copytree(ROOT / "sequencer", package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    add_line(
        package / "report" / "model.py",
        "    limits: Annotated[Data,",
        '    margin: Annotated[float | None, "How far it is from its limits."]\n',
    )
    add_line(
        package / "report" / "model.py",
        "    checks: Annotated[list[CheckReport],",
        '    notes: Annotated[list[str], "What somebody noted."]\n',
    )
    add_line(
        package / "report" / "model.py",
        "    superseded: NotRequired[\n",
        '    remark: NotRequired[Annotated[str, "There only when somebody made one."]]\n',
    )
    # What sets them: the event that a step tells them by.
    for line in ("    margin: float | None = None\n", "    remark: str | None = None\n"):
        add_line(package / "report" / "event.py", "    limits: Data = None\n", line)
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert Path(told["from"]).is_relative_to(copy)
    return told


def add_line(file: Path, before: str, line: str) -> None:
    """Adds a line before the first one that begins so."""
    head, found, tail = file.read_text("utf-8").partition(before)
    assert found
    file.write_text(head + line + found + tail, "utf-8")


def test_one_more_line_is_one_more_field_of_the_schema(extended: dict[str, Any]) -> None:
    """The schema has both fields with their types and words, and requires them."""
    measurement, attempt = extended["schema"]["measurement"], extended["schema"]["attempt"]
    assert measurement["properties"]["margin"] == {
        "type": ["number", "null"],
        "description": "How far it is from its limits.",
    }
    assert attempt["properties"]["notes"]["items"] == {"type": "string"}
    assert "margin" in measurement["required"] and "notes" in attempt["required"]


def test_one_more_line_is_copied_by_the_fold(extended: dict[str, Any]) -> None:
    """The fold takes the field out of the event that has it, through a journal; a field that no event sets is empty."""
    assert extended["folded"]["measurements"][0]["margin"] == 0.25
    assert extended["folded"]["notes"] == []


def test_what_is_there_only_at_times_is_left_out_where_the_event_has_none(extended: dict[str, Any]) -> None:
    """A field that no measurement need have is in the one that has it, and neither null nor there in the other."""
    assert [measured.get("remark", "none") for measured in extended["folded"]["measurements"]] == ["none", "warm"]


def test_one_more_line_is_read_and_mended(extended: dict[str, Any]) -> None:
    """A report with the fields is whole; in a damaged one they are replaced, and the damage is told."""
    assert extended["whole"] == []
    attempt = extended["mended"]["modules"][0]["cases"][0]["attempts"][0]
    assert (attempt["measurements"][0]["margin"], attempt["notes"]) == (None, [])
    (failure,) = extended["mended"]["failures"]
    assert "measurements[].margin" in failure["message"] and "attempts[].notes" in failure["message"]


def test_one_more_line_reaches_the_pages(extended: dict[str, Any]) -> None:
    """A patch carries the field of the measurement, and a page begins an attempt with the new list."""
    assert extended["patch"]["add"]["measurements"][0]["margin"] == 0.25
    assert '"notes": []' in extended["script"]


def test_one_more_line_is_documented(extended: dict[str, Any]) -> None:
    """The tables of the reference have a row for each."""
    assert "| `margin` | number or null | How far it is from its limits. |" in extended["tables"]
    assert "| `notes` | array of string | What somebody noted. |" in extended["tables"]


def test_a_blank_part_has_what_every_report_has() -> None:
    """Null where that may be, else what is empty, each list its own; what is there only at times is not in it."""
    attempt, run = blank(AttemptReport), blank(RunReport)
    assert (attempt["stop_time"], attempt["measurements"], attempt["messages"]) == (None, [], {})
    assert attempt["measurements"] is not blank(AttemptReport)["measurements"]
    assert "tries" not in attempt and "after_run" not in run and run["untested"] is None  # type: ignore[typeddict-item]
    assert (run["stand"], run["format"], run["sequence"]["name"]) == ({}, "hardseq/report/1", "")


def test_a_copy_knows_no_other_words() -> None:
    """A word or an error code of a damaged line that the report cannot hold becomes the one in doubt."""
    copy = copier(MeasurementReport, events.MeasurementRecorded, name="measurement")
    damaged: Any = events.MeasurementRecorded("m::a", "a.yaml:1:1", "rail", 5.0, "liquid", "V")  # type: ignore[arg-type]
    assert copy(damaged, 2.0)["type"] == "other"
    failure: Any = events.FailureRecorded("m::a", "melted", "hot", error_code=-1)  # type: ignore[arg-type]
    assert (new_failure(failure, 2.0)["kind"], new_failure(failure, 2.0)["error_code"]) == ("error", None)
    assert new_failure(events.FailureRecorded("m::a", "failed", "hot", error_code=0), 2.0)["error_code"] == 0


def test_a_copy_makes_anew_what_its_event_lacks() -> None:
    """A word that may be null is null where the event says so, and two copies share no list."""
    part = TypedDict("part", {"kind": FailureKind | None, "message": str, "notes": list[str]})  # noqa: UP013  # evaluated, as the model's
    copy: Any = copier(part, events.FailureRecorded)
    silent: Any = events.FailureRecorded("m::a", None, "hot")  # type: ignore[arg-type]
    one, other = copy(silent, 1.0), copy(silent, 1.0)
    assert one == {"kind": None, "message": "hot", "notes": []}
    assert one["notes"] is not other["notes"]


def test_every_field_of_a_measurement_comes_from_its_event() -> None:
    """What a measurement has, its event tells; but for the time and what a later try says of it."""
    told = set(events.MeasurementRecorded.__slots__) - {"case", "measurement"}
    assert fields(MeasurementReport).keys() - {"name", "time", "superseded"} == told
