"""Journals and reports in whatever state: none stops a command, none passes, each can be shown and exported."""

from __future__ import annotations

import copy
import json
import os
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sequencer.cli.runs import marks
from sequencer.project.state_folder import StateFolder
from sequencer.report import event as events
from sequencer.report.event import Event, Stamped, encode
from sequencer.report.exports import exports
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.report.reader import read_report
from sequencer.report.schema import report_schema
from sequencer.store.base import RunSummary, StoreUnavailable
from sequencer.store.couchdb.document import summary_of
from sequencer.store.facts import summary
from sequencer.store.recovery import recover
from sequencer.store.sqlite.store import SqliteStore
from sequencer.terminal.report_lines import report_lines
from sequencer.vocabulary.times import shown_time
from tests.effort import examples

RUN = "0190163d-8694-739b-aea5-966c26f8ad90"
OTHER = "0190163d-9694-739b-aea5-966c26f8ad91"
CASE = "main::rail"
NOON = 1_700_000_000.0


def _stream() -> list[Stamped]:
    """A run with everything in it that a report can hold."""
    place = "seq.yaml:9:9"
    case = {"id": "rail", "name": "Rail", "group": "main", "place": place, "critical": True, "tags": ["fast"]}
    dut = {"serial_number": "SN1", "part_number": "PN1", "info": {"a": [1]}, "sub_units": [{"serial_number": "7"}]}
    record = {"dut": dut, "stand": {"name": "Stand 1", "number": 3}, "user": "Ada", "batch": {"serial_number": "B"}}
    chart = {"type": "line", "title": "I", "marker_name": ["a"], "x_data": [[1, 2]], "y_data": [[1.5, 2]]}
    happened: list[Event] = [
        events.RunStarted(
            RUN,
            {"name": "Board", "version": "1", "description": None, "file": "seq.yaml", "sha256": "0" * 64},
            [{"id": "main", "name": "Main", "group": "main", "description": "All", "cases": [case]}],
            "0.1.0",
            {"name": "bench", "timezone": "UTC"},
            record,
            {"serial": "SN1"},
        ),
        events.CaseStarted(CASE, timeout=10.0),
        events.StepStarted(CASE, place, "measure", "Rail", "psu.volts", 2.0),
        events.MeasurementRecorded(CASE, place, "Rail", 5.3, "numeric", "V", [4.8, 5.2], False, "5.3 V is above 5.2 V"),
        events.TryFailed(CASE, place, "Rail", 1, "too high", 1, 0),
        events.MeasurementRecorded(CASE, place, "Rail", 5.0, "numeric", "V", {"nominal": 5, "tolerance": "4%"}, True),
        events.MeasurementRecorded(CASE, place, "Sweep", [1, 2], "array", "V", {"each": [0, 5]}, True),
        events.CheckEvaluated(CASE, place, "rail > 1", True),
        events.MessageShown(CASE, "", "warming up"),
        events.FactRecorded(CASE, "instruments", [{"name": "DMM", "number": 1}]),
        events.FactRecorded(CASE, "artifact", {"run": {"r": 1}, "module": {"m": 2}, "case": {"c": {"d": None}}}),
        events.DialogAsked(CASE, "d1", {"title": "Ready?", "type": "confirm"}),
        events.DialogAnswered(CASE, "d1", "confirm", True, "Ada", 1.5),
        events.OperatorMessageShown(CASE, "o1", "Look", "Title", details={"html": "<b>"}),
        events.OperatorMessageShown(CASE, "o1", None),
        events.ProgressChanged(CASE, 3.0, 10.0, "Flash"),
        events.ChartAdded(CASE, chart),
        events.ProgramFinished(CASE, place, ["flash", "-v"], 0, "done", 1.0),
        events.FileAttached(CASE, "photo.png", "0" * 64, 3, "image/png"),
        events.FailureRecorded(
            CASE, "failed", "too high", place, "Rail", "psu.volts", 7, "Traceback", "a/test_main.py:3"
        ),
        events.CaseFinished(CASE, "failed", final=False),
        events.CaseStarted(CASE, 2),
        events.MeasurementRecorded(CASE, place, "Rail", 5.0, "numeric", "V", [4.8, 5.2], True),
        events.CaseFinished(CASE, "passed", 2),
        events.RunFinished("passed"),
    ]
    return [Stamped(number, NOON + number, event) for number, event in enumerate(happened, 1)]


REPORT = fold(_stream())
LINES = [json.loads(encode(stamped)) for stamped in _stream()]

ODD = st.sampled_from(
    (
        *(None, True, False, 0, -1, 2**63, 10**400, 1e308, -2.5, float("nan"), float("inf"), "", "x", "1e400"),
        *("\ud800", [], [1], [None], {}, {"a": 1}, [[1]], [{}], "a::b", "passed", {"name": 5}, {"cases": 3}),
        [{"id": 5}],
    )
)
"""Values of every JSON type."""


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a JSON document but the document itself."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, entry in entries for found in [(*path, key), *_places(entry, (*path, key))]]


def _put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def _open(schema: Any) -> Any:
    """The schema with room for what later versions add."""
    if isinstance(schema, list):
        return [_open(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _open(part) for key, part in schema.items() if (key, part) != ("additionalProperties", False)}


VALIDATOR = jsonschema.Draft202012Validator(_open(report_schema()))


def _use(report: RunReport) -> None:
    """Everything that shows or sends a report, and the promise that it is one."""
    VALIDATOR.validate(json.loads(json.dumps(report)))
    for name, export in exports().items():
        # PDF is the page of HTML laid out, which takes a second and has tests of its own.
        assert name == "pdf" or isinstance(export.write(copy.deepcopy(report)), str)
    list(report_lines(report))


@pytest.mark.slow
@given(place=st.sampled_from(_places(REPORT)), value=ODD)
@settings(max_examples=examples(200))
def test_a_stored_report_with_any_field_of_another_type_is_a_report_again(place: tuple[Any, ...], value: Any) -> None:
    """What a store gives back is well-typed whatever lies in it, says what was replaced, and never becomes a pass."""
    damaged = copy.deepcopy(REPORT)
    _put(damaged, place, copy.deepcopy(value))
    told = len(damaged["failures"]) if isinstance(damaged["failures"], list) else 0
    report = read_report(damaged)
    _use(report)
    assert report["status"] != "passed" or len(report["failures"]) == told
    assert read_report(copy.deepcopy(report)) == report


@pytest.mark.slow
@given(place=st.sampled_from(_places(REPORT)))
@settings(max_examples=examples(150))
def test_a_stored_report_without_a_field_is_a_report_again(place: tuple[Any, ...]) -> None:
    """A lost field or entry gets the value that promises least."""
    damaged: Any = copy.deepcopy(REPORT)
    parent = damaged
    for key in place[:-1]:
        parent = parent[key]
    del parent[place[-1]]
    _use(read_report(damaged))


@pytest.mark.parametrize("document", [None, [], "report", 5, {}, {"format": "hardseq/report/1", "status": "passed"}])
def test_what_is_no_report_at_all_is_one_that_did_not_pass(document: Any) -> None:
    """Another document in the place of a report reads as an empty run with an error."""
    report = read_report(document)
    _use(report)
    assert report["status"] == "error"


def test_a_whole_report_is_left_as_it_is() -> None:
    """Reading changes nothing of what is well-typed, nor of what a later version adds."""
    newer: Any = {**copy.deepcopy(REPORT), "later": [1, {"x": 2.5}]}
    assert read_report(copy.deepcopy(newer)) == newer


def test_a_report_of_an_earlier_version_is_no_damage() -> None:
    """`debugged` came later: a report without it still passes."""
    older: Any = copy.deepcopy(REPORT)
    del older["debugged"]
    assert read_report(older) == REPORT


@pytest.mark.parametrize("where", ["selection", "simulated"])
def test_damage_of_what_makes_a_run_no_evidence_takes_the_pass(where: str) -> None:
    """Whether cases were chosen, or drivers simulated, is not known any more: then it is no passed product."""
    report = read_report({**copy.deepcopy(REPORT), where: 7})
    assert report["status"] == "error"
    assert where in report["failures"][-1]["message"]


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A state folder with room for journals."""
    folder = StateFolder(tmp_path / "state")
    folder.journals.mkdir(parents=True)
    return folder


def _recover(state: StateFolder, store: SqliteStore, *journals: bytes | None) -> tuple[list[RunReport], list[str]]:
    for number, content in enumerate(journals):
        if content is not None:
            state.journal(f"{RUN[:-1]}{number}").write_bytes(content)
    told: list[str] = []
    return recover(state, store, tell=told.append), told


@pytest.mark.slow
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 10**6), ODD | st.just("__gone__")),
        min_size=1,
        max_size=3,
    ),
)
@settings(max_examples=examples(120), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damaged_journal_stops_the_others(changes: list[tuple[int, int, Any]], tmp_path_factory: Any) -> None:
    """Whatever stands in the lines of a journal: recovery ends, the next journal is stored, and all exports work."""
    lines = copy.deepcopy(LINES)
    for index, pick, value in changes:
        places = _places(lines[index])
        if value == "__gone__":
            lines[index] = {}
        elif places:
            _put(lines[index], places[pick % len(places)], copy.deepcopy(value))
    state = StateFolder(tmp_path_factory.mktemp("state"))
    state.journals.mkdir(parents=True)
    store = SqliteStore(state.database)
    good = [stamped._replace(event=stamped.event) for stamped in _stream()]
    good[0].event.run = OTHER  # type: ignore[union-attr]
    state.journal(OTHER).write_bytes(b"".join(map(encode, good)))
    _recover(state, store, b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    assert store.get(OTHER) is not None
    for run in store.find().runs:
        report = store.get(run.id)
        assert report is not None
        _use(report)
    assert not list(state.journals.glob(f"{RUN[:-1]}0.jsonl")) or not _recover(state, store)[1]
    store.close()


def _journal(**changes: Any) -> bytes:
    lines = copy.deepcopy(LINES)
    lines[0].update(changes)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"[" * 100_000, b"\x00" * 4096, b"5\n", json.dumps(LINES[0]).encode("utf-16"), b"{}\n" * 10],
)
def test_a_journal_of_which_nothing_can_be_read_is_set_aside_once(
    content: bytes, state: StateFolder, open_sqlite: Callable[[], SqliteStore]
) -> None:
    """Its reason and the way back stand beside it; the good one behind it is stored; the next start is silent."""
    store = open_sqlite()
    recovered, (sentence,) = _recover(state, store, content, _journal(run=OTHER))
    assert [report["id"] for report in recovered] == [OTHER]
    (aside,) = (state.journals / "set_aside").glob("*.jsonl")
    assert aside.read_bytes() == content
    assert str(aside) in sentence
    assert "nothing in it is readable" in aside.with_suffix(".txt").read_text()
    assert str(state.journals / aside.name) in aside.with_suffix(".txt").read_text()
    assert _recover(state, store) == ([], [])


def test_an_exception_that_nobody_foresaw_sets_one_journal_aside(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore]
) -> None:
    """The defect is named, and every other journal is stored."""
    store = open_sqlite()

    def save(report: RunReport) -> None:
        if report["id"] == RUN:
            raise OverflowError("Python int too large to convert to SQLite INTEGER")
        store.save(report)

    state.journal(RUN).write_bytes(_journal())
    state.journal(OTHER).write_bytes(_journal(run=OTHER))
    told: list[str] = []
    assert [report["id"] for report in recover(state, store, save=save, tell=told.append)] == [OTHER]
    assert "OverflowError: Python int too large" in told[0]
    assert (state.journals / "set_aside" / f"{RUN}.jsonl").exists()


def test_a_store_that_is_away_sets_nothing_aside(state: StateFolder, open_sqlite: Callable[[], SqliteStore]) -> None:
    """That is not the journals' fault: they stay, and are stored when it is back."""

    def away(report: RunReport) -> None:
        raise StoreUnavailable("CouchDB cannot be reached")

    state.journal(RUN).write_bytes(_journal())
    assert recover(state, open_sqlite(), save=away) == []
    assert [report["id"] for report in recover(state, open_sqlite())] == [RUN]


def test_a_value_that_the_database_cannot_hold_sets_the_journal_aside(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore]
) -> None:
    """An id that has no UTF-8 form is refused by SQLite for ever; the other journals do not wait for it."""
    store = open_sqlite()
    recovered, told = _recover(state, store, _journal(run="\ud800"), _journal(run=OTHER))
    assert [report["id"] for report in recovered] == [OTHER]
    assert len(told) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_is_no_file_is_set_aside_unread(state: StateFolder, open_sqlite: Callable[[], SqliteStore]) -> None:
    """A named pipe, a folder and a link that end in .jsonl are moved, not opened: a pipe would wait for ever."""
    os.mkfifo(state.journals / "0.jsonl")
    (state.journals / "1.jsonl").mkdir()
    (state.journals / "2.jsonl").symlink_to("/dev/zero")
    state.journal(RUN).write_bytes(_journal())
    told: list[str] = []
    assert [report["id"] for report in recover(state, open_sqlite(), tell=told.append)] == [RUN]
    assert sorted(file.name for file in (state.journals / "set_aside").glob("*.jsonl")) == [
        "0.jsonl",
        "1.jsonl",
        "2.jsonl",
    ]
    assert len(told) == 3


def test_two_journals_of_one_name_are_both_kept_aside(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore]
) -> None:
    """Setting aside never writes over what was set aside before."""
    store = open_sqlite()
    _recover(state, store, b"first\n")
    _recover(state, store, b"second\n")
    kept = sorted((state.journals / "set_aside").glob("*.jsonl"))
    assert [file.read_bytes() for file in kept] == [b"second\n", b"first\n"]


def test_a_line_without_an_end_is_not_taken_into_memory(
    state: StateFolder, open_sqlite: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound of a line holds: what stands before and behind an endless one is read, and one line is damaged."""
    monkeypatch.setattr("sequencer.report.journal_lines.LONGEST_LINE", 4096)
    lines = _journal().splitlines(keepends=True)
    recovered, _ = _recover(state, open_sqlite(), b"".join([*lines[:-1], b"\x00" * 50_000 + b"\n", lines[-1]]))
    assert recovered[0]["damaged_lines"] == 1
    assert recovered[0]["aborted"] is False


def test_a_damaged_document_in_the_database_is_told(open_sqlite: Callable[[], SqliteStore]) -> None:
    """A stored report with another JSON type in it is shown as far as it can be."""
    store = open_sqlite()
    store.save(copy.deepcopy(REPORT))
    body = zlib.compress(json.dumps({**REPORT, "modules": 5}).encode())
    with closing(sqlite3.connect(store.place)) as connection, connection:
        connection.execute("UPDATE documents SET body = ?", (body,))
    report = store.get(RUN)
    assert report is not None
    assert report["modules"] == [] and report["status"] == "error"
    _use(report)


@given(place=st.sampled_from(RunSummary._fields), value=ODD)
@settings(max_examples=examples(100))
def test_a_damaged_summary_in_couchdb_is_a_line_of_the_history(place: str, value: Any) -> None:
    """Whatever somebody wrote into the database: the line can be shown, and a damaged one counts for nothing."""
    sound = summary(REPORT)
    for damaged in (
        {**sound._asdict(), place: value},
        [value if name == place else x for name, x in sound._asdict().items()],
    ):
        run = summary_of(damaged)
        assert marks(run) is not None and shown_time(run.start_time) is not None
        assert run == sound._replace(**{place: value}) or not run.counted


@pytest.mark.parametrize("values", [{}, [], ["x"], [None] * 30])
def test_a_summary_that_is_none_is_a_line_of_an_uncounted_run(values: Any) -> None:
    """Also a document without any of the fields can be listed."""
    assert not summary_of(values).counted
