"""The step ``upload``, from the generated test process through the runner to a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import Secret, Settings, StandCloudSettings
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.report.event import Stamped, UploadAsked
from sequencer.report.model import RunReport
from sequencer.runner.run import Run
from sequencer.standcloud.deliveries import Deliveries
from sequencer.steps.upload import STEP
from sequencer.store.sqlite.store import SqliteStore

HEADER = {
    "name": "Upload",
    "version": "1",
    "description": None,
    "file": "s.yaml",
    "sha256": "0" * 64,
    "on_fail": "continue",
    "params": {},
    "vars": {},
    "record": {"dut": {"serial_number": "SN1", "part_number": "PN1"}},
    "modules": ["main"],
    "driver_folders": [],
}
INI = """[pytest]
addopts = -p sequencer.runtime.plugin --import-mode=importlib
python_files = test_*.py after_run.py
"""
CASE = """import pytest
from sequencer.steps.check import Check
from sequencer.steps.measure import Measure
from sequencer.steps.upload import Upload

pytestmark = [pytest.mark.module_name("Main"), pytest.mark.module("main")]

@pytest.mark.case_name("Rail")
@pytest.mark.dependency(name="main::rail", scope="session")
@pytest.mark.case("rail", place="s.yaml:5:5", limited=1)
def test_rail(case):
    with Measure(case, "s.yaml:6:7", "Rail", unit="V", limits=[4.8, 5.2]) as step:
        step.value = {value}
{more}
"""
AFTER = """import pytest
from sequencer.steps.operator_message import OperatorMessage
from sequencer.steps.upload import Upload

@pytest.mark.after_run
def test_after_run(case):
    Upload(case, "s.yaml:9:5", "stand_cloud", save="answer").run()
    if case.test("not answer.delivered"):
        OperatorMessage(case, "s.yaml:11:5", "status ${{ answer.status }}, text ${{ answer.text }}").run()
"""


class Uploading:
    """A generated project whose ``after_run`` uploads, as the compiler writes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "generated"
        self.state = StateFolder(folder / ".hardseq")
        self.events: list[Stamped] = []

    def write(self, value: float = 5.0, more: str = "") -> None:
        """Writes the project."""
        self.folder.mkdir()
        (self.folder / "pytest.ini").write_text(INI)
        (self.folder / "conftest.py").write_text(f"SEQUENCE = {HEADER!r}\n")
        (self.folder / "test_main.py").write_text(CASE.format(value=value, more=more))
        (self.folder / "after_run.py").write_text(AFTER)

    def run(self, upload: Any) -> RunReport:
        """Runs it in a real test process."""
        run = Run(self.folder, self.state, listeners=[self.events.append])
        run.upload = upload
        try:
            run.start(StartRequest())
            report = run.wait(60)
        finally:
            run.close()
        assert report is not None
        return report


@pytest.fixture
def uploading(tmp_path: Path) -> Uploading:
    return Uploading(tmp_path)


@pytest.fixture
def deliveries(uploading: Uploading, standin: Any, key: Secret, tmp_path: Path) -> Any:
    settings = Settings(stand_cloud=StandCloudSettings(address=standin.address, api_key=key))
    store = SqliteStore(uploading.state.database, uploading.state.attachments)
    opened = Deliveries(settings, uploading.state, store, folder=tmp_path)
    yield opened
    opened.close()
    store.close()


@pytest.mark.parametrize(("value", "verdict"), [(5.0, "passed"), (6.0, "failed")])
def test_the_report_arrives_with_its_verdict(
    uploading: Uploading, deliveries: Deliveries, standin: Any, value: float, verdict: str
) -> None:
    """What StandCloud gets during ``after_run`` is the ended report with the verdict of the run, once."""
    uploading.write(value)
    report = uploading.run(deliveries.upload)
    assert report["status"] == verdict
    assert report["operator_messages"] == []
    sent = standin.control("GET", f"reports/{report['id']}")
    assert (sent["status"], sent["name"], sent["dut"]["serial_number"]) == (verdict, "Upload", "SN1")
    assert sent["stop_time"] is not None
    assert sent["modules"]["main"]["cases"]["rail"]["status"] == verdict
    deliveries.accept(report)
    assert deliveries.sync().clean
    assert standin.copies == {report["id"]: 1}


def test_a_refused_report_is_told_to_the_operator_with_status_and_text(
    uploading: Uploading, deliveries: Deliveries, standin: Any
) -> None:
    """The reference example's manual synchronisation: on anything but 201 an operator message with status and text."""
    standin.fail(status=500, text="tired")
    uploading.write()
    report = uploading.run(deliveries.upload)
    assert report["status"] == "passed"
    assert [message["text"] for message in report["operator_messages"]] == ["status 500, text tired"]
    standin.behave()
    assert deliveries.sync().clean
    assert standin.copies == {report["id"]: 1}


def test_nobody_there_has_no_status(uploading: Uploading) -> None:
    """When nobody answers, the status is null; when the upload itself breaks, the step still gets an answer."""
    uploading.write()

    def broken(target: str, report: object) -> dict[str, Any]:
        raise RuntimeError("with a secret in it")

    report = uploading.run(broken)
    [message] = report["operator_messages"]
    assert message["text"] == "status null, text the report could not be sent (RuntimeError)"


def test_without_somebody_who_sends_the_step_says_so(uploading: Uploading) -> None:
    """A run whose owner sends nothing (plain pytest, for one) is not left waiting."""
    uploading.write()
    report = uploading.run(None)
    assert "run without hardseq" in report["operator_messages"][0]["text"]
    assert not any(isinstance(stamped.event, UploadAsked) for stamped in uploading.events)


def test_an_upload_inside_a_case_is_an_error(uploading: Uploading, deliveries: Deliveries, standin: Any) -> None:
    """Before the verdict is known there is no report to send."""
    uploading.write(more='    Upload(case, "s.yaml:7:7", "stand_cloud").run()\n')
    report = uploading.run(deliveries.upload)
    [failure] = report["modules"][0]["cases"][0]["attempts"][0]["failures"]
    assert "after_run" in failure["message"] and failure["kind"] == "error"
    assert set(standin.copies) == {report["id"]}


def test_the_key_stays_out_of_test_process_and_journal(
    uploading: Uploading, deliveries: Deliveries, key: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the journal, nor the generated project, nor anything else in the state folder holds the key."""
    uploading.write()
    uploading.run(deliveries.upload)
    files = [file for file in uploading.folder.parent.rglob("*") if file.is_file()]
    assert any(file.suffix == ".jsonl" for file in files)
    assert not [file for file in files if key.reveal().encode() in file.read_bytes()]


def test_the_step_describes_itself() -> None:
    """The only target is StandCloud, and ``save`` is its own key."""
    assert (STEP.schema["enum"], set(STEP.keys)) == (["stand_cloud"], {"save"})
