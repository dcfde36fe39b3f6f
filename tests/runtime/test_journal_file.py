"""The journal's file: torn tails and locks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sequencer.project.locks import hold_alone
from sequencer.runtime.journal import Journal

ROOT = Path(__file__).resolve().parents[2]


def test_what_was_half_written_stays_alone_on_its_line(tmp_path: Path) -> None:
    """Who goes on with a torn journal begins a line of its own."""
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"whole":1}\n{"half')
    journal = Journal(path)
    journal.write(b'{"next":1}\n')
    journal.write(b'{"next":2}\n')
    journal.close()
    assert path.read_bytes() == b'{"whole":1}\n{"half\n{"next":1}\n{"next":2}\n'


def test_a_journal_at_work_cannot_be_taken(tmp_path: Path) -> None:
    """Child and runner hold it together; recovery gets it once both are gone."""
    path = tmp_path / "run.jsonl"
    child, runner = Journal(path, "child"), Journal(path, "runner")
    descriptor = os.open(path, os.O_RDWR)
    assert not hold_alone(descriptor)
    child.close()
    assert not hold_alone(descriptor)
    runner.close()
    assert hold_alone(descriptor)
    os.close(descriptor)


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    """Its lock ends with it, however it ends."""
    path = tmp_path / "run.jsonl"
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom sequencer.runtime.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\njournal.write(b'{}\\n')\nos._exit(9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-P", "-c", script, str(path)], env=environment, check=False).returncode == 9
    descriptor = os.open(path, os.O_RDWR)
    assert hold_alone(descriptor)
    os.close(descriptor)
    assert path.read_bytes() == b"{}\n"
