"""What drivers may use: ``sequencer.api``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.api import JOURNAL, StandCloudError, StandCloudLoader, current_report
from sequencer.project.settings import Secret
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import StartRequest
from sequencer.report.model import RunReport
from sequencer.runner.run import Run

SEQUENCE = """SEQUENCE = {
    "name": "API", "version": "1", "description": None, "file": "s.yaml", "sha256": "0" * 64, "on_fail": "continue",
    "params": {}, "vars": {}, "record": {"dut": {"serial_number": "SN1"}}, "modules": ["main"],
    "driver_folders": ["../drivers"],
}

import pytest

@pytest.fixture(scope="session")
def cloud(run):
    with run.driver("cloud", place="s.yaml:2:3", file="../drivers/cloud.py", target="Cloud", arguments={}) as driver:
        yield driver
"""
CASE = """import pytest
from sequencer.steps.call import Call
from sequencer.steps.message import Message

pytestmark = [pytest.mark.module_name("Main"), pytest.mark.module("main")]

@pytest.mark.case_name("Send")
@pytest.mark.dependency(name="main::send", scope="session")
@pytest.mark.case("send", place="s.yaml:5:5")
def test_send(case, cloud):
    with Call(case, "s.yaml:6:7", call="cloud.send", save="answer") as step:
        step.result = cloud.send()
    Message(case, "s.yaml:7:7", "${{ answer.status }}").run()
"""
AFTER = """import pytest
from sequencer.steps.call import Call

@pytest.mark.after_run
def test_after_run(case, cloud):
    with Call(case, "s.yaml:9:5", call="cloud.send", save="answer") as step:
        step.result = cloud.send()
"""
DRIVER = """from sequencer.api import StandCloudLoader, current_report

class Cloud:
    def send(self):
        report = current_report()
        with StandCloudLoader() as loader:
            assert loader.health().up
            delivery = loader.load(report)
        return {"status": delivery.status, "text": delivery.text}
"""


@pytest.fixture
def configured(tmp_path: Path, standin: Any, key: Secret, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with StandCloud in its configuration and the key in the environment; we are in it."""
    (tmp_path / "hardseq.toml").write_text(f'[stand_cloud]\naddress = "{standin.address}"\n')
    monkeypatch.setenv("HARDSEQ_SC_API_KEY", key.reveal())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_driver_sends_the_report_as_it_stands(configured: Path, standin: Any) -> None:
    """In a case the report is that of a run going on; after the run it has its verdict; both arrive under one id."""
    folder = configured / "generated"
    for name, text in {
        "generated/pytest.ini": "[pytest]\naddopts = -p sequencer.runtime.plugin --import-mode=importlib\n"
        "python_files = test_*.py after_run.py\n",
        "generated/conftest.py": SEQUENCE,
        "generated/test_main.py": CASE,
        "drivers/cloud.py": DRIVER,
    }.items():
        (configured / name).parent.mkdir(exist_ok=True)
        (configured / name).write_text(text)
    seen = []
    for with_after in (False, True):
        if with_after:
            (folder / "after_run.py").write_text(AFTER)
        run = Run(folder, StateFolder(configured / ".hardseq"), project=configured)
        run.start(StartRequest())
        report = run.wait(60)
        run.close()
        assert report is not None and report["status"] == "passed", report["modules"][0]["cases"][0]
        [case] = report["modules"][0]["cases"]
        assert list(case["attempts"][0]["messages"].values()) == ["201"]
        sent = standin.control("GET", f"reports/{report['id']}")
        seen.append((sent["status"], sent["modules"]["main"]["cases"]["send"]["status"], standin.copies[report["id"]]))
    assert seen == [("run", "run", 1), ("passed", "passed", 2)]


def test_outside_of_a_run_there_is_no_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a journal, or with one that cannot be read, the answer is None."""
    monkeypatch.delenv(JOURNAL, raising=False)
    assert current_report() is None
    monkeypatch.setenv(JOURNAL, str(tmp_path / "gone.jsonl"))
    assert current_report() is None


def test_a_missing_configuration_is_one_kind_of_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address, no key, or one that cannot be a key: a StandCloudError that shows no key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARDSEQ_SC_API_KEY", raising=False)
    with pytest.raises(StandCloudError, match="no address"):
        StandCloudLoader()
    with pytest.raises(StandCloudError, match="no API key"):
        StandCloudLoader(address="standcloud.io")
    with pytest.raises(StandCloudError, match="one word") as refused:
        StandCloudLoader(address="standcloud.io", api_key="two words")
    assert "two words" not in str(refused.value)
    assert refused.value.__context__ is None


def test_the_arguments_come_before_the_configuration(
    configured: Path, start_standin: Callable[..., Any], report: Callable[..., RunReport]
) -> None:
    """A loader for another address and key uses these."""
    other = start_standin(key="other-key")
    with StandCloudLoader(address=other.address, api_key="other-key") as loader:
        delivery = loader.load(report())
    assert (delivery.delivered, delivery.status) == (True, 201)
    assert json.loads(delivery.text)["copies"] == 1


@pytest.mark.parametrize("marks", [{"simulated": True}, {"debugged": True}, {"selection": []}])
def test_no_evidence_is_not_sent(
    configured: Path, standin: Any, report: Callable[..., RunReport], marks: dict[str, Any]
) -> None:
    """Invented, partial and debugged measurements do not leave the stand."""
    with StandCloudLoader() as loader:
        delivery = loader.load(report(**marks))
    assert (delivery.delivered, delivery.status) == (False, None)
    assert standin.copies == {}
