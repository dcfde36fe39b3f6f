"""The whole story with the commands that a user types: what arrives, what is told, and where the key is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sequencer.project.settings import Secret
from sequencer.report.version1_schema import version1_schema

pytestmark = pytest.mark.slow

SEQUENCE = """\
name: Story
drivers:
  bench: story_bench.Bench
modules:
  main:
    name: Main tests
    cases:
      rail:
        name: Rail
        steps:
          - record: {dut: {serial_number: SN1, sub_units: [{serial_number: SU1}]}}
          - measure: Rail
            call: bench.rail
            unit: V
            limits: [4.8, 5.2]
      broken:
        name: Broken driver
        steps:
          - call: bench.explode
after_run:
  - upload: stand_cloud
    save: answer
  - operator_message: "Report not uploaded to StandCloud, status code: ${{ answer.status }}, text: ${{ answer.text }}"
    if: not answer.delivered
"""
DRIVER = '''"""A bench."""


class Bench:
    """Measures, and breaks."""

    def rail(self):
        """A voltage."""
        return 5.0

    def explode(self):
        """Raises."""
        raise RuntimeError("smoke")
'''


class Story:
    """A project of a user's, with the key in ``.env``."""

    def __init__(self, folder: Path, address: str, key: Secret) -> None:
        self.folder = folder
        self.told: list[str] = []
        for name, text in {
            "hardseq.toml": f'[stand_cloud]\naddress = "{address}"\n',
            ".env": f"HARDSEQ_SC_API_KEY={key.reveal()}\n",
            "sequences/story.yaml": SEQUENCE,
            "drivers/story_bench.py": DRIVER,
        }.items():
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).write_text(text)

    @property
    def environment(self) -> dict[str, str]:
        """Ours, without a key and without another state folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HARDSEQ_")}
        return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "NO_COLOR": "1"}

    def hardseq(self, *arguments: str) -> tuple[int, str]:
        """Exit code and everything that was printed."""
        done = subprocess.run(
            [sys.executable, "-m", "sequencer", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            check=False,
        )
        self.told.append(done.stdout)
        return done.returncode, done.stdout

    def files_with(self, text: str) -> list[str]:
        """The files below the project that hold ``text``."""
        files = (file for file in self.folder.rglob("*") if file.is_file())
        return [str(file.relative_to(self.folder)) for file in files if text.encode() in file.read_bytes()]


@pytest.fixture
def story(tmp_path: Path, standin: Any, key: Secret) -> Story:
    return Story(tmp_path / "project", standin.address, key)


def test_the_report_arrives_as_the_format_says(story: Story, standin: Any) -> None:
    """A run with a passed and a broken case: StandCloud gets it once, whole, with the status that the command tells."""
    code, told = story.hardseq("run", "sequences/story.yaml", "--no-panel")
    assert code == 1, told
    [(run, copies)] = standin.copies.items()
    sent = standin.control("GET", f"reports/{run}")
    assert copies == 1
    assert not list(Draft202012Validator(version1_schema(stand_cloud=True)).iter_errors(sent))
    assert (sent["id"], sent["status"], sent["caused_dut_failure_id"]) == (run, "error", "main::broken")
    assert {name: case["status"] for name, case in sent["modules"]["main"]["cases"].items()} == {
        "rail": "passed",
        "broken": "error",
    }
    assert sent["dut"]["sub_units"][0]["part_number"] == "unknown"
    assert "Report not uploaded" not in told
    assert story.hardseq("sync")[0] == 0
    assert standin.copies == {run: 1}


def test_what_was_not_taken_is_told_kept_and_sent_by_sync(story: Story, standin: Any) -> None:
    """A 500 reaches the operator with status and text; ``hardseq sync`` ends with 1 while it lasts, then with 0."""
    standin.fail(status=500, text="tired")
    _, told = story.hardseq("run", "sequences/story.yaml", "--no-panel")
    assert "Report not uploaded to StandCloud, status code: 500, text: tired" in told
    code, told = story.hardseq("sync")
    assert code == 1 and "again (500): tired" in told and "1 waiting" in told
    standin.behave()
    code, told = story.hardseq("sync")
    assert code == 0 and "1 sent" in told
    assert list(standin.copies.values()) == [1]


def test_why_a_report_is_parked_is_told_by_every_sync(story: Story, standin: Any) -> None:
    """A report that was refused in its run is named with the server's words until it is sent again."""
    standin.fail(status=422, text="no such product", times=1)
    story.hardseq("run", "sequences/story.yaml", "--no-panel")
    for _ in range(2):
        code, told = story.hardseq("sync")
        assert code == 1 and "1 parked" in told
        assert "(422): no such product" in told
    code, told = story.hardseq("sync", "--resend")
    assert code == 0 and "1 sent" in told
    assert list(standin.copies.values()) == [1]


def test_the_key_appears_nowhere(
    story: Story, standin: Any, key: Secret, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Through runs, failures, echoes, sync, exports and the pages of the panel the key is in ``.env`` alone."""
    standin.fail(status=422, text=f"bad key {key.reveal()}", times=1)
    story.hardseq("check", "sequences/story.yaml")
    story.hardseq("run", "sequences/story.yaml", "--no-panel", "--report", "report.json")
    story.hardseq("run", "sequences/story.yaml", "--no-panel")
    story.hardseq("sync")
    story.hardseq("compile", "sequences/story.yaml", "-o", "generated")
    story.hardseq("runs", "list")
    story.hardseq("runs", "show", "latest")
    for form in ("json", "standcloud", "junit", "csv", "html"):
        assert story.hardseq("runs", "export", "latest", "--format", form)[0] == 0
    story.told += panel_pages(story)
    assert any("bad key ***" in text for text in story.told)
    assert not [text for text in story.told if key.reveal() in text]
    assert story.files_with(key.reveal()) == [".env"]


def panel_pages(story: Story) -> list[str]:
    """What ``hardseq panel`` serves and prints."""
    panel = subprocess.Popen(
        [sys.executable, "-m", "sequencer", "panel", "--port", "0"],
        cwd=story.folder,
        env=story.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    overdue = threading.Timer(60, panel.kill)
    overdue.start()
    try:
        assert panel.stdout is not None
        lines = []
        for line in panel.stdout:
            lines.append(line)
            if "panel at" in line:
                break
        port = int(lines[-1].rstrip("/\n").rpartition(":")[2])
        paths = ("/", "/api/state", "/api/outbox", "/api/runs", "/api/openapi.json", "/healthz")
        pages = [urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read().decode() for path in paths]
    finally:
        overdue.cancel()
        panel.terminate()
        rest, _ = panel.communicate()
    assert json.loads(pages[2])["targets"]
    return [*pages, *lines, rest]


def test_a_partial_run_stays_until_somebody_asks_for_it(story: Story, standin: Any) -> None:
    """The terminal says that the report stays, not that it waits; asked for, it goes under another name."""
    (story.folder / "hardseq.toml").write_text(f'[stand_cloud]\naddress = "{standin.address}"\nautosync = true\n')
    code, told = story.hardseq("run", "sequences/story.yaml", "--no-panel", "--only", "main::rail")
    assert code == 0
    assert "not for StandCloud: a partial run is not evidence" in told and "waiting" not in told
    assert "the report of a partial run is not sent" in told  # the upload step
    assert story.hardseq("sync")[0] == 0
    assert standin.copies == {}
    assert story.hardseq("sync", "--run", "latest")[0] == 0
    [run] = standin.copies
    assert standin.control("GET", f"reports/{run}")["name"] == "Story (partial)"
