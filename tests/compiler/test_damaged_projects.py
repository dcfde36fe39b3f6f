"""What runs is what was planned: a generated project that was damaged is made anew or refused, never run as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sequencer.compiler import generated_folder
from sequencer.compiler.project import Compiled, ensure_compiled, restore, write_project
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import RunNotPossible, StartRequest
from sequencer.runner.run import Run
from sequencer.vocabulary.reason import Reason
from tests.effort import examples

ROOT = Path(__file__).parents[2]
SEQUENCE = """\
name: Board
modules:
  main:
    cases:
      a: {steps: [{check: true}]}
      b: {steps: [{measure: volts, value: 9, limits: [1, 2]}]}
      off: {group: teardown, steps: [{check: true}]}
  second:
    cases:
      c: {steps: [{check: true}]}
after_run:
  - message: over
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sequence above."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "board.yaml").write_text(SEQUENCE)
    return folder


@pytest.fixture
def make(project: Path) -> Callable[[], Compiled]:
    """Makes the sequence ready to run, as each command does."""
    return lambda: ensure_compiled(project / "board.yaml", project=project, compiled=project / "compiled")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_another_writer_has_made_meanwhile_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its test process may be reading it: two commands, or slots, that find no whole project at the same time."""
    compiled = project / "by_two"
    made: list[tuple[Compiled, int]] = []
    put_together = generated_folder.make_manifest

    def meanwhile(files: Mapping[str, bytes]) -> bytes:
        monkeypatch.setattr(generated_folder, "make_manifest", put_together)
        other = ensure_compiled(project / "board.yaml", project=project, compiled=compiled)
        made.append((other, other.folder.stat().st_ino))
        return put_together(files)

    monkeypatch.setattr(generated_folder, "make_manifest", meanwhile)
    mine = ensure_compiled(project / "board.yaml", project=project, compiled=compiled)
    ((other, folder),) = made
    assert (mine.folder, mine.manifest, mine.folder.stat().st_ino) == (other.folder, other.manifest, folder)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_healed_before_a_run(make: Callable[[], Compiled], data: st.DataObject) -> None:
    """Files cut anywhere, emptied, filled with zeros, flipped, deleted, or added, bytecode included: all come back."""
    made = make()
    whole = contents(made.folder)
    file = made.folder / data.draw(st.sampled_from(sorted(whole)))
    old = file.read_bytes()
    kind = data.draw(st.sampled_from(["cut", "zeros", "flip", "delete", "add"]))
    where = data.draw(st.integers(0, len(old) - 1))
    if kind == "cut":
        file.write_bytes(old[:where])
    elif kind == "zeros":
        file.write_bytes(bytes(len(old)))
    elif kind == "flip":
        file.write_bytes(old[:where] + bytes([old[where] ^ (1 << data.draw(st.integers(0, 7)))]) + old[where + 1 :])
    elif kind == "delete":
        file.unlink()
    else:
        (file.parent / f"test_more{where}{file.suffix}").write_bytes(old)
    again = make()
    assert again.folder == made.folder and again.fresh
    assert contents(again.folder) == whole
    assert not make().fresh


@pytest.mark.parametrize("damage", ["note", "folder is a file", "folder is gone", "manifest without a note"])
def test_what_describes_the_project_may_be_damaged_too(make: Callable[[], Compiled], damage: str) -> None:
    """Without a note, a folder, or the manifest in it, everything is made anew."""
    made = make()
    whole = contents(made.folder)
    if damage == "note":
        for note in made.folder.parent.glob("*.json"):
            note.write_text("[]")
        (made.folder / "test_main.py").write_text("")
    elif damage.startswith("folder"):
        shutil.rmtree(made.folder)
        if damage == "folder is a file":
            made.folder.write_text("x")
    else:
        for note in made.folder.parent.glob("*.json"):
            note.unlink()
        (made.folder / "manifest.json").write_text('{"files": {}}')
    assert contents(make().folder) == whole


def test_the_test_process_compares_the_files_itself(make: Callable[[], Compiled], project: Path) -> None:
    """A file that is damaged after the check is refused by the test process; the panel's next launch mends it."""
    made = make()
    (made.folder / "test_main.py").write_text("")

    def start() -> None:
        run = Run(made.folder, StateFolder(project / "state"), manifest=made.manifest)
        try:
            run.start(StartRequest())
            run.wait(30)
        finally:
            run.close()

    with pytest.raises(RunNotPossible, match=r"test_main\.py was changed"):
        start()
    restore(made, project / "board.yaml", project=project)
    start()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("test_main.py", lambda text: "", "main::a and 2 more are missing"),
        (
            "test_main.py",
            lambda text: text[: text.index('@pytest.mark.case_name("b")')],
            "main::b and 1 more are missing",
        ),
        ("test_second.py", None, "second::c is missing"),
        ("after_run.py", None, "after_run is missing"),
        ("test_extra.py", "test_second.py", "second::c is not planned, or given twice"),
        (
            "conftest.py",
            lambda text: text.replace('"main::a", "main::b"', '"main::b", "main::a"'),
            "the order is different",
        ),
    ],
)
def test_nothing_runs_when_other_cases_were_collected(tmp_path: Path, file: str, change: object, says: str) -> None:
    """Fewer, more, doubled or swapped cases: the run does not begin, in a test process as in plain pytest."""
    (tmp_path / "board.yaml").write_text(SEQUENCE)
    folder = tmp_path / "generated"
    write_project(tmp_path / "board.yaml", project=tmp_path, folder=folder)
    target = folder / file
    if change is None:
        target.unlink()
    elif isinstance(change, str):
        target.write_text((folder / change).read_text())
    else:
        assert callable(change)
        target.write_text(change(target.read_text()))
    run = Run(folder, StateFolder(tmp_path / "state"))
    try:
        with pytest.raises(RunNotPossible, match=f"what was collected is not what was planned: {says}") as refused:
            run.start(StartRequest())
        reason = refused.value.reason
        assert isinstance(reason, Reason) and isinstance(reason.parameters["detail"], Reason)
    finally:
        run.close()
    result = plain(folder)
    assert result.returncode not in (0, 1, 5)
    assert f"what was collected is not what was planned: {says}" in result.stderr
    assert "passed" not in result.stdout


def plain(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Plain pytest."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:hypothesispytest",
            *map(str, arguments),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "1 failed, 4 passed"),
        (["", "-k", "test_a"], "2 passed, 3 deselected"),
        (["", "-k", "not test_b"], "4 passed, 1 deselected"),
        (["/test_main.py"], "1 failed, 2 passed"),
        (["/test_main.py::test_b"], "1 failed"),
        (["", "--ignore", "/test_second.py"], "1 failed, 3 passed"),
    ],
)
def test_plain_pytest_still_chooses(project: Path, arguments: list[str], says: str) -> None:
    """Files, names and `-k` are a choice, not a damage."""
    folder = project / "generated"
    write_project(project / "board.yaml", project=project, folder=folder)
    result = plain(*(f"{folder}{each}" if each[:1] in ("", "/") else each for each in arguments))
    assert says in result.stdout, result.stdout + result.stderr
