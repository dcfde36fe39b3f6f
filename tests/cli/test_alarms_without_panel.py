"""Alarms of a project that is only ever run from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sequencer.cli.main import command_line

SEQUENCE = """
name: Board
params: {serial: {}}
modules:
  main:
    cases:
      rail:
        name: Rail 5V
        steps:
          - record: {dut: {serial_number: "${{ params.serial }}"}}
          - {measure: Output, value: 4.2, limits: [4.8, 5.2]}
"""
ALARM = """
[[alarms]]
name = "The same failure again"
when = "same_failure >= 2"
block = true
"""


def run(serial: str) -> Result:
    """A run of a product."""
    return CliRunner().invoke(command_line, ("run", "board.yaml", "--no-panel", "--arg", f"serial={serial}"))


@pytest.mark.slow
def test_the_line_stops_without_a_panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run that makes it so says what was raised, the next one is refused; without alarms no figures are made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    Path("board.yaml").write_text(SEQUENCE)
    Path("hardseq.toml").touch()
    run("SN0")
    state = tmp_path / ".hardseq"
    assert not list(state.glob("figures*")) and not (state / "alarms.sqlite3").exists()
    Path("hardseq.toml").write_text(ALARM)
    assert "alarm: The same failure again: 2 units in a row failed in Rail 5V" in run("SN1").output
    refused = run("SN2")
    assert "has to be acknowledged first" in refused.output and refused.exit_code != 1
