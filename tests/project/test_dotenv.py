"""Secrets from a ``.env`` file in the project folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from sequencer.project.project_folder import open_project
from sequencer.terminal.problem_output import SourceFiles


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("HARDSEQ_SC_API_KEY=k1\n", "k1"),
        ("\ufeff# a comment\r\nexport HARDSEQ_SC_API_KEY='k 1' # ours\r\nnonsense\r\n", "k 1"),
        ('HARDSEQ_SC_API_KEY="a\\"b"\n', 'a"b'),
        ("HARDSEQ_SC_API_KEY=a$HOME${b}#c\n", "a$HOME${b}#c"),
    ],
)
def test_a_key_from_dotenv_is_taken_as_written(tmp_path: Path, text: str, key: str) -> None:
    """Comments, export, quotes and a byte order mark are understood; a `$` stays a `$`; other lines are ignored."""
    (tmp_path / "hardseq.toml").write_text('title = "t"\n')
    (tmp_path / ".env").write_text(text, encoding="utf-8", newline="")
    assert open_project(tmp_path).settings.stand_cloud.api_key.reveal() == key


def test_a_line_that_gives_nothing_is_told_by_file_and_line(tmp_path: Path) -> None:
    """What cannot be read of a `.env` is a problem at its line; the others count, and no line is ever shown."""
    (tmp_path / ".env").write_text("A=1\nHARDSEQ_SC_API_KEY my secret\nHARDSEQ_SC_API_KEY=k\n")
    project = open_project(tmp_path, {})
    (problem,) = project.problems
    assert (problem.code, problem.place[:2], problem.severity) == ("invalid-dotenv", (".env", 2), "warning")
    assert project.settings.stand_cloud.api_key is not None
    assert SourceFiles(tmp_path).line(problem) is None


@pytest.mark.parametrize("section", ["database", "replication"])
@pytest.mark.parametrize(
    "password", ["secret/x", "secret#x", "x?secret=x/", "secret", "12/secret", "34?secret", "5#secret"]
)
def test_no_part_of_a_password_in_an_address_is_shown(tmp_path: Path, section: str, password: str) -> None:
    """Neither in the problem nor in its line, wherever Python sees the end of the host."""
    port = "no" if password == "secret" else "6984"
    (tmp_path / "hardseq.toml").write_text(f'[{section}]\nurl = "https://admin:{password}@db:{port}/runs"\n')
    problem = next(problem for problem in open_project(tmp_path, {}).problems if problem.place.line == 2)
    assert problem.code == "wrong-value"
    shown = f"{problem.message} {problem.hint} {SourceFiles(tmp_path).line(problem)}"
    assert "%2F" in shown
    assert "secret" not in shown
