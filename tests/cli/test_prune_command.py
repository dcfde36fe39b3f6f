"""``hardseq runs prune``: old reports go, after a question, and nothing that is still needed."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import Refusal
from sequencer.cli import runs, sync
from sequencer.project.locks import ProcessLock
from sequencer.store.base import StoreUnavailable
from sequencer.store.sqlite.store import SqliteStore
from sequencer.vocabulary.times import shown_time
from tests.figures.line import line, whole_report


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """With 40 runs of long ago."""
    (tmp_path / "hardseq.toml").touch()
    store = SqliteStore(tmp_path / ".hardseq" / "hardseq.sqlite3")
    for rows in line(40, measurements=3):
        store.save(whole_report(rows))
    store.close()
    return tmp_path


def call(project: Path, *arguments: str, answer: str | None = None) -> Result:
    arguments = ("prune", *arguments, "--project", str(project))
    return CliRunner().invoke(runs.command, arguments, standalone_mode=False, input=answer)


def left(project: Path) -> int:
    store = SqliteStore(project / ".hardseq" / "hardseq.sqlite3")
    found = len(store.find(limit=100).runs)
    store.close()
    return found


def test_it_says_what_it_would_do_and_asks(project: Path) -> None:
    """A trial and a no change nothing; --yes does it, gives space back, and a second time there is nothing to do."""
    failed = sum(rows.run.status != "passed" for rows in line(40, measurements=3))
    trial = call(project, "--older", "30d", "--keep-failed", "--dry-run")
    assert f"{39 - failed} runs go, from 2026-" in trial.stdout
    assert f"{failed} older ones stay: did not pass" in trial.stderr
    refused = call(project, "--older", "30d", answer="n\n")
    assert isinstance(refused.exception, click.Abort)
    assert left(project) == 40
    database = project / ".hardseq" / "hardseq.sqlite3"
    before = database.stat().st_size
    done = call(project, "--older", "30d", "--yes")
    assert done.exception is None, done.exception
    assert "39 reports are out; what counts of them stays in the figures" in done.stdout
    assert (left(project), call(project, "--older", "30d").stdout[:12]) == (1, "no run from ")
    assert database.stat().st_size < before


def test_a_pruned_run_is_told_as_one(project: Path) -> None:
    """Whatever asks for its report says that it was pruned and when, as figures and lists still name it."""
    run = next(line(40, measurements=3)).run.id
    began = shown_time(time.time())
    assert call(project, "--older", "30d", "--yes").exception is None
    for arguments in (("show", run), ("export", run), ("comment", run, "seen"), ("retry-after-run", run)):
        refused = CliRunner().invoke(runs.command, [*arguments, "--project", str(project)], standalone_mode=False)
        found = re.search(rf"the report of the run {run} was pruned on (\S+ \S+): ", str(refused.exception))
        assert isinstance(refused.exception, Refusal) and found, (arguments, refused.exception)
        assert began <= found[1] <= shown_time(time.time())
    refused = CliRunner().invoke(sync.command, [str(project), "--run", run], standalone_mode=False)
    assert f"the report of the run {run} was pruned on " in str(refused.exception)
    unknown = CliRunner().invoke(runs.command, ["show", "019", "--project", str(project)], standalone_mode=False)
    assert str(unknown.exception) == "there is no run 019"


def free_pages(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def test_a_file_of_before_is_not_written_anew_while_something_runs(project: Path) -> None:
    """No run waits for that: it is told, and the next call does it, with nothing else left to do."""
    database = project / ".hardseq" / "hardseq.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
    lock = ProcessLock(project / ".hardseq" / "run.lock")
    lock.take(run="7")
    busy = call(project, "--older", "30d", "--yes")
    assert "39 reports are out" in busy.stdout
    assert "left for runs to come" in busy.stderr and "uses the stand" in busy.stderr
    assert free_pages(database) > 0
    lock.release()
    assert call(project, "--older", "30d").exception is None
    assert free_pages(database) == 0
    assert lock.take() is None  # the command has let it go
    lock.release()


@pytest.mark.parametrize("age", ["2", "y", "0d", "-1y", "2 years", ""])
def test_an_age_is_a_number_with_a_unit(project: Path, age: str) -> None:
    """Nothing is guessed where reports go."""
    refused = call(project, "--older", age, "--yes")
    assert isinstance(refused.exception, click.BadParameter) and "write 90d, 26w, 18m or 2y" in str(refused.exception)
    assert left(project) == 40


def test_what_is_away_is_not_a_matter_of_rights(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database has no hint about administrators, and an age before all times is one."""

    def locked(store: SqliteStore, runs: object) -> int:
        raise StoreUnavailable("the database is locked")

    monkeypatch.setattr(SqliteStore, "prune", locked)
    refused = call(project, "--older", "30d", "--yes").exception
    assert isinstance(refused, Refusal)
    assert (str(refused), refused.hint) == ("the database is locked", None)
    assert call(project, "--older", "99999y").stdout.startswith(
        ("no run from before 1970-01-01", "no run from before 1969-12-31")
    )
