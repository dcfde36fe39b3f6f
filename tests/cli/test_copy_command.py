"""``hardseq runs copy`` and ``hardseq runs backup``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import Refusal
from sequencer.cli import runs
from sequencer.report.fold import fold
from sequencer.store.sqlite.store import SqliteStore
from tests.store.conftest import make_events


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with three runs."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "hardseq.toml").write_text("", encoding="utf-8")
    with closing(embedded(folder)) as store:
        for number in range(3):
            store.save(fold(make_events(start=1_700_000_000.0 + number)))
    return folder


def embedded(folder: Path) -> SqliteStore:
    return SqliteStore(folder / ".hardseq" / "hardseq.sqlite3")


def call(project: Path, *arguments: str) -> Result:
    found = CliRunner().invoke(runs.command, [*arguments, "--project", str(project)], standalone_mode=False)
    if isinstance(found.exception, Refusal):
        raise found.exception
    return found


def ids(store: SqliteStore) -> list[str]:
    return [run.id for run in store.find().runs]


def test_a_backup_brings_back_what_was_lost(project: Path, tmp_path: Path) -> None:
    """It is one new file, replaces none, and comes back into a state folder that is empty, and into another project."""
    backup = tmp_path / "backups" / "monday.sqlite3"
    with closing(embedded(project)) as store:
        before = ids(store)
    assert "wrote" in call(project, "backup", str(backup)).output
    assert [path.name for path in backup.parent.iterdir()] == ["monday.sqlite3"]
    with pytest.raises(Refusal, match="replaces nothing"):
        call(project, "backup", str(backup))
    for path in (project / ".hardseq").iterdir():
        path.unlink()
    told = call(project, "copy", "--from", str(backup), "--to", "embedded")
    assert (told.return_value, told.stdout.partition(":")[0]) == (0, "3 copied, 0 were there")
    with closing(embedded(project)) as store:
        assert ids(store) == before
    another = tmp_path / "another"
    another.mkdir()
    (another / "hardseq.toml").write_text("", encoding="utf-8")
    assert call(project, "copy", "--to", str(another)).return_value == 0
    with closing(embedded(another)) as store:
        assert ids(store) == before


def test_after_a_change_of_the_configuration_the_earlier_store_is_copied(project: Path) -> None:
    """To CouchDB from the file that reports were kept in until now: here it is away, which is told, with what to do."""
    (project / "hardseq.toml").write_text('[database]\nurl = "http://127.0.0.1:9"\n', encoding="utf-8")
    with pytest.raises(Refusal, match=r"CouchDB at http://127.0.0.1:9 cannot be reached") as refused:
        call(project, "copy", "--to", "couchdb")
    assert refused.value.code == 1 and refused.value.hint is not None and "goes on" in refused.value.hint


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--to", "embedded", "--from", "embedded"), "cannot be copied into itself"),
        (("--to", "embedded", "--from", "nowhere.sqlite3"), "there is no nowhere.sqlite3"),
        (("--to", "{project}/hardseq.toml"), "hardseq.toml is not a database of reports"),
    ],
)
def test_what_is_no_store_is_told(project: Path, arguments: tuple[str, ...], told: str) -> None:
    """A store that is not there, is none, or is the same one."""
    with pytest.raises(Refusal, match=told) as refused:
        call(project, "copy", *(word.format(project=project) for word in arguments))
    assert refused.value.code == 2


def test_a_run_that_cannot_be_copied_is_told_by_the_exit_code(project: Path, tmp_path: Path) -> None:
    """All others are copied."""
    other = tmp_path / "other.sqlite3"
    with closing(embedded(project)) as kept, closing(SqliteStore(other)) as store:
        rival = kept.get(ids(kept)[1])
        assert rival is not None
        store.save({**rival, "status": "failed"})
    told = call(project, "copy", "--to", str(other))
    assert told.return_value == 1
    assert "2 copied, 0 were there" in told.stdout and f"{rival['id']}: another report" in told.stdout
