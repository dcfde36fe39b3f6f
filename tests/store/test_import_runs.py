"""Imported runs in every store, and out of the CouchDB of another program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from sequencer.app.exit_codes import Refusal
from sequencer.app.import_runs import import_runs, records_of
from sequencer.cli import runs
from sequencer.records.record import Origin
from sequencer.report.exports.json_text import to_json
from sequencer.report.fold import fold
from sequencer.store.base import Store
from sequencer.store.couchdb.client import CouchClient
from sequencer.vocabulary.problem import Problem
from tests.records.read import HARDPY, OPENHTF, document
from tests.store.conftest import make_events


def imported(store: Store, *paths: Path) -> tuple[int, int, int, list[Problem]]:
    problems: list[Problem] = []
    records = (found for path in paths for found in records_of(path, Origin))
    done = import_runs(store, records, problems.append, dry_run=False, told=lambda _: None)
    return done.imported, done.there, done.refused, problems


def test_every_store_keeps_each_run_once(store: Store, tmp_path: Path) -> None:
    """With its files; the same run from another file changes nothing, another report of it is told and left out."""
    assert imported(store, OPENHTF, HARDPY / "fail.json") == (11, 0, 0, [])
    assert imported(store, OPENHTF, HARDPY / "runstore") == (0, 11, 0, [])
    changed = document(OPENHTF / "fail.json")
    changed["outcome"] = "PASS"
    (tmp_path / "fail.json").write_text(json.dumps(changed))
    *counts, problems = imported(store, tmp_path)
    assert counts == [0, 0, 1]
    assert [problem.code for problem in problems] == ["other-report"]
    assert sum(run.status == "failed" for run in store.find(limit=50).runs) == 6
    (failed,) = [run for run in store.find(limit=50).runs if run.serial_number == "SN000001"]
    report = store.get(failed.id)
    assert report is not None
    hashes = [
        attached["sha256"]
        for module in report["modules"]
        for case in module["cases"]
        for attempt in case["attempts"]
        for attached in attempt["attachments"]
    ]
    assert [store.attachment(failed.id, sha256) for sha256 in hashes] == [b"seen by hand"]


@pytest.fixture
def reports(couchdb_server: Any, database: str) -> Iterator[CouchClient]:
    """A database such as HardPy's, with so many reports that they are asked for in several pages."""
    couch: CouchClient = couchdb_server.connect()
    couch.put(database)
    couch.put(database, "_design/views", body={"views": {}})
    for number in range(60):
        for name in ("pass", "fail")[: 2 if number == 0 else 1]:
            report = document(HARDPY / f"{name}.json")
            del report["id"], report["rev"]
            report["start_time"] += number * 60
            couch.put(database, f"report_{number:03}_{name}", body=report)
    yield couch
    couch.close()


def call(project: Path, *arguments: str) -> Any:
    found = CliRunner().invoke(runs.command, ["import", *arguments, "--project", str(project)], standalone_mode=False)
    if found.exception is not None:
        raise found.exception
    return found


def test_a_file_replaces_no_stored_run(store: Store, tmp_path: Path) -> None:
    """Not even that of a run that died: only what this machine knows of it does."""
    died = fold(make_events(status="error"), aborted=True)
    died["aborted"] = True
    store.save(died)
    (tmp_path / "run.json").write_text(to_json(fold(make_events(died["id"]))))
    *counts, problems = imported(store, tmp_path)
    assert (counts, [problem.code for problem in problems]) == ([0, 0, 1], ["other-report"])
    assert store.get(died["id"]) == died


@pytest.mark.slow
def test_what_stands_beside_the_runs_for_other_tools_is_no_new_run(
    open_couchdb: Any, couchdb_server: Any, database: str, tmp_path: Path
) -> None:
    """hardseq writes into HardPy's database what HardPy's readers know; of imported runs that is there already."""
    store = open_couchdb()
    own = fold(make_events())
    store.save(own)
    imported(store, HARDPY / "fail.json")
    couch, name = couchdb_server.connect(), f"{database}_report"
    rows = couch.get(name, "_all_docs")["rows"]
    assert [row["id"] for row in rows] == [own["id"]]
    (tmp_path / "lowered.json").write_text(json.dumps(couch.get(name, own["id"])))
    couch.close()
    assert imported(store, tmp_path) == (0, 1, 0, [])


@pytest.mark.slow
def test_reports_come_out_of_a_couchdb(
    reports: CouchClient, couchdb_server: Any, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, page by page; one that is none is told by its id, and nobody reads the password."""
    (tmp_path / "hardseq.toml").write_text("", encoding="utf-8")
    reports.put(database, "report_notes", body={"text": "not a report"})
    host = couchdb_server.url.partition("://")[2].rpartition("@")[2]
    written = f"{couchdb_server.user}:{quote(couchdb_server.password, safe='')}"
    told = call(tmp_path, f"http://{written}@{host}/{database}")
    assert (told.return_value, told.stdout.partition(":")[0]) == (1, "61 imported, 0 were there")
    assert f"{database}/report_notes:1:1: error: this is no record" in told.stderr
    assert couchdb_server.password not in told.output
    monkeypatch.setenv("HARDSEQ_IMPORT_PASSWORD", couchdb_server.password)
    reports.delete(database, "report_notes", rev=reports.get(database, "report_notes")["_rev"])
    again = call(tmp_path, f"http://{couchdb_server.user}@{host}", "--database", database)
    assert (again.return_value, again.stdout.partition(":")[0]) == (0, "0 imported, 61 were there")
    monkeypatch.setenv("HARDSEQ_IMPORT_PASSWORD", "wrong-word")
    with pytest.raises(Refusal) as refused:
        call(tmp_path, f"http://{couchdb_server.user}@{host}/{database}")
    assert "wrong-word" not in str(refused.value)
