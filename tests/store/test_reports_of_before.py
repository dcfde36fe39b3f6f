"""What an earlier version stored is read as it read it: stores, journals, exports (tests/fixtures/README.md)."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.cli.main import command_line
from sequencer.project.state_folder import StateFolder
from sequencer.report.exports import exports
from sequencer.report.model import RunReport
from sequencer.store.base import Store
from sequencer.store.couchdb.client import CouchClient
from sequencer.store.couchdb.store import CouchStore
from sequencer.store.recovery import recover
from sequencer.store.sqlite.store import SqliteStore
from tests.store.counting import series, series_names, statistics

BEFORE = Path(__file__).parents[1] / "fixtures" / "before_rooms"
ANSWERS = json.loads((BEFORE / "answers.json").read_text("utf-8"))
KINDS = {"SN1": "passed", "SN2": "failed", "SN3": "partial", "SN4": "retried", "SN5": "killed", "SN6": "unprinted"}


class Reader(HTMLParser):
    """The words of a page without those of its style sheet, and whatever it would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.drawn: list[str] = []
        self.loads: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag if tag in ("style", "svg") else self._within
        self.loads += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "srcset") or name[:2] == "on"]
        self.loads += [tag] if tag in ("script", "link", "iframe", "object") else []

    def handle_data(self, data: str) -> None:
        found = {"style": [], "svg": self.drawn}.get(self._within, self.words)
        found += data.split()

    def handle_endtag(self, tag: str) -> None:
        self._within = "" if tag == self._within else self._within


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def plain(value: Any) -> Any:
    """Named tuples as they were written to ``answers.json``."""
    if hasattr(value, "_asdict"):
        return {name: plain(each) for name, each in value._asdict().items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def known_before(now: Any, before: Any) -> Any:
    """``now`` without the fields that reports have got since."""
    if isinstance(now, dict) and isinstance(before, dict):
        return {name: known_before(now[name], before[name]) for name in before}
    if isinstance(now, list) and isinstance(before, list) and len(now) == len(before):
        return [known_before(*pair) for pair in zip(now, before, strict=True)]
    return now


def known_columns(now: str, before: str) -> str:
    """The table ``now`` without the columns that it has got since, which are its last ones."""
    count = len(next(csv.reader(io.StringIO(before, newline=""))))
    told = io.StringIO(newline="")
    csv.writer(told).writerows(row[:count] for row in csv.reader(io.StringIO(now, newline="")))
    return told.getvalue()


def check_exports(report: RunReport, kind: str) -> None:
    """Every format gives what it gave: the same bytes, of JSON no field less, and of a page every word but those that
    the report sheet says in another way: title, verdict, durations."""
    exported = {form: exports()[form].write(report) for form in ("json", "standcloud", "junit", "csv", "html")}
    before = {form: (BEFORE / "exports" / f"{kind}.{form}").read_bytes().decode() for form in exported}
    for form in ("json", "standcloud"):
        now = json.loads(exported[form])
        exported[form] = json.dumps(known_before(now, json.loads(before[form])), ensure_ascii=False)
        before[form] = json.dumps(json.loads(before[form]), ensure_ascii=False)
    exported["csv"] = known_columns(exported["csv"], before["csv"])
    page = read(exported["html"])
    assert page.loads == []
    was = read(before.pop("html"))
    assert sorted(page.drawn) == sorted(was.drawn)
    words = Counter(re.sub(r"\b\d+\.\d+ s\b", "", " ".join(was.words)).split())
    assert words - Counter(page.words) == Counter({"Board:": 1, report["status"]: 2})
    assert {form: text for form, text in exported.items() if form in before} == before


def check_answers(store: Store) -> list[tuple[RunReport, str]]:
    """The history, yield and series are those of before, and every run is there whole. Returns the reports."""
    reports = []
    runs = store.find().runs
    assert known_before(plain(runs), ANSWERS["runs"]) == ANSWERS["runs"]
    assert plain(statistics(store)) == ANSWERS["statistics"]
    assert plain(series_names(store)) == ANSWERS["names"]
    for name in series_names(store):
        assert plain(series(store, name.case, name.measurement)) == ANSWERS["series"][f"{name.case} {name.measurement}"]
    for run in runs:
        report = store.get(run.id)
        assert report is not None
        for attached in attachments(report):
            assert store.attachment(run.id, attached) == (BEFORE / "project" / "trace.txt").read_bytes()
        kind = KINDS[run.serial_number or ""]
        before = json.loads((BEFORE / "exports" / f"{kind}.json").read_text("utf-8"))
        assert known_before(report, before) == before
        reports.append((report, kind))
    return reports


def attachments(report: RunReport) -> list[str]:
    cases = [case for module in report["modules"] for case in module["cases"]]
    return [each["sha256"] for case in cases for attempt in case["attempts"] for each in attempt["attachments"]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project of before, with the state folder that it had."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    folder = tmp_path / "project"
    shutil.copytree(BEFORE / "project", folder)
    (folder / ".hardseq").mkdir()
    shutil.copy(BEFORE / "hardseq.sqlite3", folder / ".hardseq")
    return folder


def hardseq(*arguments: object) -> str:
    done = CliRunner().invoke(command_line, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.slow
def test_the_embedded_database_is_read_as_before(project: Path) -> None:
    """History, yield, series, reports, exports and attached files of an old `hardseq.sqlite3`."""
    state = StateFolder(project / ".hardseq")
    store = SqliteStore(state.database, state.attachments)
    try:
        for report, kind in check_answers(store):
            check_exports(report, kind)
    finally:
        store.close()


@pytest.mark.slow
def test_documents_in_couchdb_are_read_as_before(couchdb_server: Any, database: str, files: Path) -> None:
    """Old documents, with their attachments and views, answer all that the embedded database answers.

    The texts of exports are not compared: 250.0 may come back as 250 from a server that is written in JavaScript.
    """
    couch: CouchClient = couchdb_server.connect()
    documents = json.loads((BEFORE / "couchdb.json").read_text("utf-8"))
    names = {"hardseq": database, "hardseq_units": f"{database}_units", "report": f"{database}_report"}
    for name, stored in documents.items():
        if name in names:
            couch.put(names[name])
            couch.post(names[name], "_bulk_docs", body={"docs": stored, "new_edits": False})
    store = CouchStore(couch, database, files, version_1=names["report"])
    try:
        check_answers(store)
    finally:
        store.close()


def test_the_commands_show_the_runs_of_before(project: Path) -> None:
    """`hardseq runs` lists them, and `export` writes each in each format."""
    listed = json.loads(hardseq("runs", "list", "--format", "json", "--project", project))
    before = {"runs": ANSWERS["runs"], "next": None}
    assert known_before(listed, before) == before
    table = hardseq("runs", "--project", project)
    for run in ANSWERS["runs"]:
        assert run["id"] in table
    failed = next(run["id"] for run in ANSWERS["runs"] if run["status"] == "failed")
    hardseq("runs", "export", failed, "--format", "csv", "--output", project / "failed.csv", "--project", project)
    was = (BEFORE / "exports" / "failed.csv").read_bytes().decode()
    assert known_columns((project / "failed.csv").read_bytes().decode(), was) == was


def test_a_step_after_a_run_of_before_is_tried_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The label that an earlier version could not print is printed by today's, and the run keeps its verdict."""
    monkeypatch.chdir(project)
    run = next(run["id"] for run in ANSWERS["runs"] if run["serial_number"] == "SN6")
    Path("paper").touch()
    assert hardseq("runs", "retry-after-run", run) == "step 1 after the run: done\n"
    now = json.loads(hardseq("runs", "show", run, "--format", "json"))
    before = json.loads((BEFORE / "exports" / "unprinted.json").read_text("utf-8"))
    assert known_before({**now, "after_run": []}, {**before, "after_run": []}) == {**before, "after_run": []}


@pytest.mark.parametrize("kind", ["finished", "killed"])
def test_a_journal_of_before_becomes_its_report(
    tmp_path: Path, open_sqlite: Callable[[], SqliteStore], files: Path, kind: str
) -> None:
    """A run that was over and one that was killed, the last line of its journal cut off, are stored as before."""
    journal = BEFORE / "journals" / f"{kind}.jsonl"
    with journal.open(encoding="utf-8") as lines:
        run: str = json.loads(next(lines))["run"]
    state = StateFolder(tmp_path / "state")
    state.journals.mkdir(parents=True)
    shutil.copy(journal, state.journal(run))
    attached = (BEFORE / "project" / "trace.txt").read_bytes()
    store = open_sqlite()
    told: list[str] = []
    recovered = recover(state, store, tell=told.append)
    assert [report["id"] for report in recovered] == [run]
    assert len(told) == (kind == "killed")
    report = store.get(run)
    assert report is not None
    check_exports(report, "passed" if kind == "finished" else "killed")
    for sha256 in attachments(report):
        store.save_attachment(run, sha256, attached)
