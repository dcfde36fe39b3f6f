"""Comments and dispositions are added to stored runs; no report changes by that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report.exports.html_page import to_html
from sequencer.report.model import RunReport
from sequencer.report.note import Note, NoteRefused, disposition_of, new_note, read_note, with_notes
from sequencer.store.base import Store
from tests.store.counting import statistics

MakeReport = Callable[..., RunReport]


def note(run: str, comment: str = "", *, at: float = 5.0, **more: Any) -> Note:
    made = new_note(run, user="Eve", source="panel, 127.0.0.1", comment=comment or "looked at", disposition=None)
    return made._replace(time=at, **more)


def test_what_is_added_is_there_and_the_report_stays(store: Store, report: MakeReport) -> None:
    """Notes come back oldest first, each once, for the runs that were asked for; report, list and figures stay."""
    first, second, third = (report(start=1_700_000_000.0 + number, status="failed") for number in range(3))
    for one in (first, second, third):
        store.save(one)
    before = store.get(first["id"]), store.find().runs, statistics(store)
    late = note(first["id"], "odd 😀 µ", at=9.0, disposition="scrap")
    early = note(first["id"], "solder joint", at=5.0, disposition="repair")
    other = note(third["id"])
    for one in (late, early, other, early._replace(comment="another")):
        store.add_note(one)
    ids = [run["id"] for run in (first, second, third)]
    assert store.notes(ids) == {first["id"]: [early, late], third["id"]: [other]}
    assert store.notes([second["id"]]) == store.notes([]) == {}
    assert (store.get(first["id"]), store.find().runs, statistics(store)) == before
    store.save(first)
    assert store.notes([first["id"]])[first["id"]] == [early, late]


def test_notes_stay_when_the_complete_report_comes(store: Store, report: MakeReport) -> None:
    """Of a run that was known by its beginning alone."""
    aborted = report(aborted=True, finished=False)
    store.save(aborted)
    added = note(aborted["id"])
    store.add_note(added)
    complete = report(aborted["id"])
    store.save(complete)
    assert store.get(aborted["id"]) == complete
    assert store.notes([aborted["id"]]) == {aborted["id"]: [added]}


@pytest.mark.parametrize(
    ("comment", "disposition", "user", "code"),
    [
        (" \n", None, "Max", "note_empty"),
        ("", "waived", "Max", "waiver_reason"),
        ("the scratch is inside", "waived", None, "waiver_unnamed"),
    ],
)
def test_a_note_says_something(comment: str, disposition: Any, user: str | None, code: str) -> None:
    """And who waives says why, and who that is."""
    with pytest.raises(NoteRefused) as refused:
        new_note("run", user=user, source="panel", comment=comment, disposition=disposition)
    assert refused.value.reason.code == code  # type: ignore[union-attr]


def test_the_newest_disposition_counts_and_the_verdict_stays(report: MakeReport) -> None:
    """A comment after it changes nothing; what is shown has the notes, what is stored has not; a page escapes them."""
    failed = report(status="failed")
    notes = [note("x", disposition="repair"), note("x", disposition="waived"), note("x", "<b>bold</b>")]
    assert disposition_of(notes) == "waived"
    assert disposition_of(notes[2:]) is None
    shown = with_notes(failed, notes)
    assert (shown["status"], len(shown["notes"])) == ("failed", 3)
    assert "notes" not in failed and with_notes(failed, []) is failed
    page = to_html(shown)
    assert "&lt;b&gt;bold&lt;/b&gt;" in page and "<b>waived</b>" in page
    assert "Added later" not in to_html(failed)


@given(
    st.dictionaries(
        st.sampled_from(Note._fields), st.one_of(st.none(), st.text(), st.floats(), st.sampled_from(["waived", "odd"]))
    )
)
def test_whatever_a_document_holds_is_a_note_or_none(found: dict[str, Any]) -> None:
    """Anybody may write into a database."""
    read = read_note(found)
    assert read is None or (isinstance(read.comment, str) and read.disposition in (None, "waived") and read.time >= 0)
