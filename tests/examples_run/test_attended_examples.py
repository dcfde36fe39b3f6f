"""The examples that ask or tell the operator, answered over HTTP as a browser does it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = 60.0

ANSWERS: Mapping[str, tuple[str, Any]] = {
    "confirming::confirm": ("confirm", None),
    "confirming::picture": ("confirm", None),
    "confirming::judge": ("pass", None),
    "confirming::html": ("confirm", None),
    "confirming::pages": ("confirm", None),
    "one_thing::text": ("confirm", "Ada"),
    "one_thing::torque": ("confirm", "1.25"),
    "one_thing::colour": ("confirm", "green"),
    "one_thing::accessories": ("confirm", ["Cable", "Manual"]),
    "form::form": (
        "confirm",
        {"lot": "L0042", "weight": 100, "clean": True, "brightness": 7, "colour": "red", "line": "B"},
    ),
}


class Attended:
    """A run of an example with its page, and the operator before it."""

    def __init__(self, port: int, example: str, sequence: str, folder: Path, *arguments: str) -> None:
        self.folder = Path(shutil.copytree(ROOT / "examples" / example, folder / example))
        (self.folder / "hardseq.toml").write_text(f"[frontend]\nport = {port}\n")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sequencer", "run", sequence, "--report", "report.json", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._end = time.monotonic() + SECONDS

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """The panel's answer."""
        known = json.loads((self.folder / ".hardseq" / "panel.json").read_text())
        request = Request(
            known["address"].rstrip("/") + path,
            data=None if document is None else json.dumps(document).encode(),
            method=method,
            headers={"X-Hardseq-Token": known["token"], "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def states(self) -> Iterator[dict[str, Any]]:
        """The live state, again and again while the run lasts."""
        while self.process.poll() is None and time.monotonic() < self._end:
            try:
                state = self.ask("GET", "/api/state")
            except (OSError, ValueError):  # the page is not up yet, or not any more
                time.sleep(0.05)
                continue
            if state.get("run"):
                yield state
            time.sleep(0.02)

    def finish(self) -> tuple[int, dict[str, Any]]:
        """Exit code and report."""
        output, _ = self.process.communicate(timeout=SECONDS)
        file = self.folder / "report.json"
        assert file.exists(), output
        return self.process.returncode, json.loads(file.read_text(encoding="utf-8"))


def open_dialogs(state: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Questions without an answer, with the case that asks."""
    for module in state["run"]["modules"]:
        for case in module["cases"]:
            for attempt in case["attempts"]:
                for dialog in attempt["dialogs"]:
                    if dialog["result"] is None:
                        yield f"{module['id']}::{case['id']}", dialog


@pytest.fixture
def attended(tmp_path: Path, free_port: int) -> Iterator[Any]:
    """Starts attended runs; none outlives its test."""
    started: list[Attended] = []

    def start(*arguments: str) -> Attended:
        started.append(Attended(free_port, arguments[0], arguments[1], tmp_path, *arguments[2:]))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_every_kind_of_dialog_is_answered(attended: Any) -> None:
    """All dialogs of the example are answered, and each answer is in the report, with who gave it."""
    run = attended("dialogs", "dialogs.yaml")
    answered = []
    for state in run.states():
        for case, dialog in open_dialogs(state):
            if dialog["id"] in answered:
                continue
            result, value = ANSWERS[case]
            run.ask("POST", f"/api/dialogs/{dialog['id']}", {"result": result, "value": value, "by": "Ada"})
            answered.append(dialog["id"])
    code, report = run.finish()
    assert (code, report["status"], len(answered)) == (0, "passed", len(ANSWERS))
    assert report["batch"]["serial_number"] == "L0042"
    kept = [
        dialog
        for module in report["modules"]
        for case in module["cases"]
        for attempt in case["attempts"]
        for dialog in attempt["dialogs"]
    ]
    assert {dialog["by"] for dialog in kept} == {"Ada (127.0.0.1)"}
    assert all(dialog["seconds"] >= 0 for dialog in kept)
    torque = report["modules"][1]["cases"][1]["attempts"][0]["measurements"][0]
    assert (torque["name"], torque["value"], torque["unit"], torque["result"]) == ("Torque", 1.25, "Nm", True)


def test_the_operator_judges_a_board_as_bad(attended: Any) -> None:
    """Pressing Fail fails the case with the error code and the message that the sequence gives."""
    run = attended("dialogs", "dialogs.yaml", "--only", "confirming::judge")
    asked = next(dialog for state in run.states() for _, dialog in open_dialogs(state))
    run.ask("POST", f"/api/dialogs/{asked['id']}", {"result": "fail"})
    code, report = run.finish()
    assert (code, report["error_code"]) == (1, 5)
    failure = report["modules"][0]["cases"][2]["attempts"][0]["failures"][0]
    assert failure["message"] == "The LED is dark or of another colour"


def test_a_blocking_message_is_waited_for(attended: Any) -> None:
    """The run goes on once the operator confirmed the fixture; what was shown is in the report."""
    run = attended("operator_messages", "operator_messages.yaml")
    confirmed = set()
    for state in run.states():
        for message in state["run"]["messages"]:
            if message["blocking"] and message["cleared"] is None and message["id"] not in confirmed:
                run.ask("POST", f"/api/messages/{message['id']}", {"by": "Ada"})
                confirmed.add(message["id"])
    code, report = run.finish()
    assert (code, report["status"], len(confirmed)) == (0, "passed", 1)
    texts = [message["text"] for message in report["operator_messages"]]
    assert texts[0].startswith("The chamber heats up")
    assert texts[-1] == "Put the board into the green tray"
