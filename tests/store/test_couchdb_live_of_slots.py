"""The live documents of a stand with slots: one for each, written by its panel and by ``hardseq run``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.cli.main import command_line
from sequencer.store.base import StoreError
from tests.cli.test_panel_command import Panel

pytestmark = pytest.mark.slow

SEQUENCE = """
name: Nests
params: {serial: {type: string, required: true}}
dut: {serial_number: "${{ params.serial }}"}
modules:
  main:
    cases:
      wait: {if: slot.name == "left", steps: [{wait: 60 s}]}
      slot: {steps: [{check: slot.number < 3}]}
"""


@pytest.fixture
def project(tmp_path: Path, couchdb_server: Any, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand with two slots whose reports go to CouchDB."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sequences/nests.yaml").write_text(SEQUENCE)
    account = {"user": couchdb_server.user, "password": couchdb_server.password} if couchdb_server.user else {}
    settings = {"storage_type": "couchdb", "url": couchdb_server.url, "name": database, **account}
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    (tmp_path / "hardseq.toml").write_text(f'[database]\n{lines}[stand]\nname = "Rack"\n[slots.left]\n[slots.right]\n')
    return tmp_path


@pytest.fixture
def document(couchdb_server: Any, database: str) -> Iterator[Callable[[str, str], Any]]:
    """The live document of a slot, once its run has this status."""
    couch = couchdb_server.connect()

    def found(slot: str, status: str) -> Any:
        deadline = time.monotonic() + 60
        while True:
            with suppress(StoreError):
                shown = couch.get(f"{database}_live", f"live:Rack, slot {slot}")
                if shown["status"] == status:
                    return shown
            assert time.monotonic() < deadline
            time.sleep(0.05)

    yield found
    couch.close()


def test_a_panel_keeps_a_document_for_each_slot(project: Path, document: Callable[[str, str], Any]) -> None:
    """A slot's document says what runs there while the other's is over, and what came of it."""
    panel = Panel(project)
    try:
        panel.wait_for_state("ready")
        started = panel.hardseq("start", "--arg", "left.serial=SN1", "--arg", "right.serial=SN2")
        assert started.returncode == 0, started.stderr
        right, left = document("right", "passed"), document("left", "run")
        assert (left["slot"], left["serial_number"], left["stand"]) == ("left", "SN1", "Rack")
        assert (right["serial_number"], right["cases"]) == ("SN2", {"total": 2, "skipped": 1, "passed": 1})
        assert panel.hardseq("stop").returncode == 0
        assert document("left", "stopped")["run"] == left["run"]
    finally:
        panel.end()


def test_a_run_keeps_a_document_for_each_slot(project: Path, document: Callable[[str, str], Any]) -> None:
    """The same that a panel keeps; at the end of the command each says what came of its slot."""
    (project / "sequences/nests.yaml").write_text(SEQUENCE.replace('slot.name == "left"', "1 == 2"))
    words = ["run", "--no-panel", "--arg", "left.serial=SN1", "--arg", "right.serial=SN2"]
    done = CliRunner().invoke(command_line, words)
    assert done.exit_code == 0, done.output
    assert [document(slot, "passed")["serial_number"] for slot in ("left", "right")] == ["SN1", "SN2"]
