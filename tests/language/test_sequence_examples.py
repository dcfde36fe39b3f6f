from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sequencer.language.read import read_sequence

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "tests" / "examples"
VALID = sorted((EXAMPLES / "valid").glob("*.yaml"))
INVALID = sorted((EXAMPLES / "invalid").glob("*.yaml"))
SHIPPED = sorted((ROOT / "sequences").glob("*.yaml"))


def told(path: Path) -> list[str]:
    """Every problem of a file: ``line:column [severity] code message``, the hint below."""
    lines = []
    for problem in read_sequence(path, project=EXAMPLES).problems:
        place = problem.place
        own_file = place.file == path.relative_to(EXAMPLES).as_posix()
        where = f"{place.line}:{place.column}" if own_file else str(place)
        severity = "" if problem.severity == "error" else f"{problem.severity} "
        lines.append(f"{where} {severity}{problem.code} {problem.message}")
        lines += [f"    hint: {problem.hint}"] if problem.hint else []
    return lines


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_valid_examples_have_no_problems(path: Path) -> None:
    """A valid file gives a sequence, and nothing is said against it."""
    reading = read_sequence(path, project=EXAMPLES)
    assert reading.problems == []
    assert reading.sequence is not None


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_sequences_are_valid(path: Path) -> None:
    """The sequences that come with the project have nothing worse than notes."""
    reading = read_sequence(path, project=ROOT)
    assert [problem for problem in reading.problems if problem.severity != "note"] == []
    assert reading.sequence is not None


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_examples_tell_exactly_what_is_written_beside_them(path: Path) -> None:
    """Each invalid file has all its problems told in one go, with the places, messages and hints of its .txt file."""
    expected = path.with_suffix(".txt").read_text("utf-8").splitlines()
    assert told(path) == expected


def test_every_invalid_example_has_its_expectation() -> None:
    """No file stands in the folder of invalid examples without its counterpart."""
    assert {path.stem for path in INVALID} == {path.stem for path in (EXAMPLES / "invalid").glob("*.txt")}


@pytest.mark.slow
def test_the_command_tells_the_same_problems() -> None:
    """``hardseq check --format json`` on the folder prints the same places, codes, messages and hints."""
    command = [sys.executable, "-m", "sequencer", "check", *map(str, INVALID), "--format", "json"]
    done = subprocess.run(command, cwd=EXAMPLES, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    printed = json.loads(done.stdout)
    for path in INVALID:
        file = path.relative_to(EXAMPLES).as_posix()
        expected = [
            (problem.place.line, problem.place.column, problem.code, problem.message, problem.hint)
            for problem in read_sequence(path, project=EXAMPLES).problems
            if problem.place.file == file
        ]
        found = [
            (each["line"], each["column"], each["code"], each["message"], each["hint"])
            for each in printed
            if Path(each["file"]).as_posix().endswith(file)
        ]
        assert found == expected, file
