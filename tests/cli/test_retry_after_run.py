"""`hardseq runs retry-after-run`: what is left to do after a run is done later, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sequencer.cli.main import command_line

SEQUENCE = """\
name: Board
drivers: {printer: printer.Printer}
modules:
  main:
    cases:
      rail:
        steps:
          - {measure: Rail, value: 5, limits: [4, 6]}
after_run:
  - call: printer.print
    with: {text: "${{ report.sequence.name }} ${{ verdict }}"}
    if: run.evidence
  - call: printer.log
"""
PRINTER = """\
from pathlib import Path

class Printer:
    def print(self, text):
        if not Path("paper").exists():
            raise RuntimeError("no paper")
        with open("labels", "a") as labels:
            labels.write(text + "\\n")

    def log(self):
        with open("logged", "a") as logged:
            logged.write("x")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose printer has no paper yet."""
    (tmp_path / "board.yaml").write_text(SEQUENCE)
    (tmp_path / "printer.py").write_text(PRINTER)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    return tmp_path


def hardseq(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, arguments)


def _stored() -> Any:
    return json.loads(hardseq("runs", "show", "latest", "--format", "json").output)


def test_a_label_is_printed_once_there_is_paper(project: Path) -> None:
    """The run ends with 0 and says how to go on; the label comes once, what was done is not done again."""
    ran = hardseq("run", "board.yaml", "--no-panel")
    assert ran.exit_code == 0
    report = _stored()
    assert f"`hardseq runs retry-after-run {report['id']}` tries it again" in ran.output
    still = hardseq("runs", "retry-after-run", "latest")
    assert (still.exit_code, "no paper" in still.output) == (1, True)
    (project / "paper").touch()
    done = hardseq("runs", "retry-after-run", report["id"])
    assert (done.exit_code, done.stdout.strip()) == (0, "step 1 after the run: done")
    nothing = hardseq("runs", "retry-after-run", "latest")
    assert (nothing.exit_code, nothing.output.strip()) == (0, "nothing is left to do after this run")
    assert (project / "labels").read_text() == "Board passed\n"
    assert (project / "logged").read_text() == "x"
    now = _stored()
    assert {**now, "after_run": []} == {**report, "after_run": []}
    assert "no paper" not in hardseq("runs", "show", "latest").output


def test_a_changed_sequence_is_refused_and_so_is_what_is_not_there(project: Path) -> None:
    """Its steps may be others now; exit code 2, and nothing is done."""
    hardseq("run", "board.yaml", "--no-panel")
    (project / "paper").touch()
    (project / "board.yaml").write_text(SEQUENCE + "  - call: printer.log\n")
    refused = hardseq("runs", "retry-after-run", "latest")
    assert refused.exit_code == 2
    assert "the sequence has changed since that run" in refused.output
    (project / "board.yaml").unlink()
    assert "board.yaml no longer exists" in hardseq("runs", "retry-after-run", "latest").output
    assert "there is no run 7" in hardseq("runs", "retry-after-run", "7").output
    assert not (project / "labels").exists()
