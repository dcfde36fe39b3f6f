"""Folders that an earlier version generated run as they did under that version (tests/fixtures/README.md)."""

from __future__ import annotations

import json
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.cli.main import command_line
from sequencer.protocol.manifest import MANIFEST, digest, make_manifest

BEFORE = Path(__file__).parents[1] / "fixtures" / "before_rooms"


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    """The generated folder at its place in the project of before."""
    shutil.copytree(BEFORE / "project", tmp_path / "project")
    folder = tmp_path / "project" / ".hardseq" / "compiled" / "board-889df31f5492b5ef"
    folder.mkdir(parents=True)
    for file in (BEFORE / "compiled").glob("*.txt"):
        shutil.copy(file, folder / file.stem)
    return folder


def note(folder: Path, *, whole: bool) -> None:
    """Notes for `hardseq run` that the folder is what the sequence compiles to.

    ``whole``: with all that this version notes.
    """
    project = folder.parents[2]
    for file in folder.glob("*.py"):
        py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    (folder / MANIFEST).write_bytes(make_manifest(files))
    noted = json.loads((BEFORE / "compiled" / "note.json").read_text("utf-8"))
    noted["inputs"] = {name.replace("/srv/bench", str(project)): sha256 for name, sha256 in noted["inputs"].items()}
    noted["python"] = sys.implementation.cache_tag
    for param in noted["params"] if whole else ():
        param["each_run"] = param["name"] == "serial_number"
    noted |= {"kept": [], "simulated": []} if whole else {}
    noted["manifest"] = digest((folder / MANIFEST).read_bytes())
    name = f"board-{digest(str(project / 'board.yaml').encode())[:12]}.json"
    (folder.parent / name).write_text(json.dumps(noted), "utf-8")


def judged(report: Any) -> Iterator[tuple[Any, ...]]:
    """What a report says of each case and each measurement, without times."""
    for module in report["modules"]:
        for case in module["cases"]:
            yield module["id"], case["id"], case["status"], case["reason"], len(case["attempts"])
            for attempt in case["attempts"]:
                for each in attempt["measurements"]:
                    yield each["name"], each["value"], each["unit"], each["result"]


@pytest.mark.slow
def test_plain_pytest_runs_a_folder_of_before(generated: Path) -> None:
    """Every case but the one that needs an operator passes, and the steps after the run, too."""
    project = generated.parents[2]
    (project / "paper").touch()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(generated), "--arg", "serial_number=SN1", "-k", "not lamp"],
        capture_output=True,
        text=True,
        cwd=project,
        check=False,
    )
    assert (done.returncode, "8 passed, 1 deselected" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("whole", [True, False])
def test_hardseq_runs_a_folder_of_before(generated: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool) -> None:
    """An unchanged sequence is compiled anew after an update only where the note lacks something (which parameters are
    asked for each run, which drivers a panel keeps open), and each case ends as it did."""
    project = generated.parents[2]
    note(generated, whole=whole)
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    monkeypatch.chdir(project)
    (project / "paper").touch()
    chosen = ["--arg", "serial_number=SN3", "--only", "preparation", "--only", "main::rail[5V]"]
    ran = CliRunner().invoke(command_line, ["run", "board.yaml", "--no-panel", "--report", "now.json", *chosen])
    assert ran.exit_code == 0, ran.output
    folders = [folder for folder in generated.parent.iterdir() if folder.is_dir()]
    assert (folders == [generated]) is whole
    now = json.loads((project / "now.json").read_text("utf-8"))
    before = json.loads((BEFORE / "exports" / "partial.json").read_text("utf-8"))
    assert list(judged(now)) == list(judged(before))
    assert (now["status"], now["selection"], now["params"]) == (
        before["status"],
        before["selection"],
        before["params"],
    )
