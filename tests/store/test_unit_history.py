"""What earlier runs say of a unit."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.report.note import Note
from sequencer.store.base import RunSummary
from sequencer.store.unit_history import UnitHistory, unit_disposition, unit_history
from sequencer.vocabulary.status import FINAL_STATUSES
from tests.effort import examples

RUNS = st.lists(
    st.builds(
        RunSummary,
        id=st.sampled_from("abcdef"),
        status=st.sampled_from(FINAL_STATUSES),
        start_time=st.floats(1.0e9, 1.0e9 + 4),
        stop_time=st.none(),
        sequence=st.sampled_from(["Board", "Quick look"]),
        sequence_version=st.none(),
        serial_number=st.just("SN1"),
        part_number=st.sampled_from([None, "PN1", "PN2"]),
        stand=st.none(),
        user=st.none(),
        partial=st.booleans(),
        simulated=st.booleans(),
        aborted=st.booleans(),
        cases=st.just(1),
        caused_dut_failure_id=st.none(),
        error_code=st.none(),
    ),
    max_size=8,
    unique_by=lambda run: run.id,
)


@given(runs=RUNS, part_number=st.sampled_from([None, "PN1"]))
@settings(max_examples=examples(60))
def test_only_runs_that_count_are_told_as_verdicts_of_the_unit(runs: list[RunSummary], part_number: str | None) -> None:
    """Of the sequence and the part; never chosen cases or a simulation, and the newest, in whatever order they come."""
    found = unit_history(runs, sequence="Board", part_number=part_number, without="a")
    ours = [run for run in runs if run.sequence == "Board" and run.id != "a"]
    ours = [run for run in ours if part_number is None or run.part_number == part_number]
    judged = [run for run in ours if run.judged]
    assert found.latest == max(ours, key=lambda run: (run.start_time, run.id), default=None)
    assert found.judged == max(judged, key=lambda run: (run.start_time, run.id), default=None)
    assert found.runs == len(judged)
    assert found.judged is None or not (found.judged.partial or found.judged.simulated)
    assert unit_history([*reversed(runs), *runs], sequence="Board", part_number=part_number, without="a") == found


@given(run=RUNS.filter(len).map(lambda runs: runs[0]._replace(sequence="Board")))
@settings(max_examples=examples(20))
def test_the_complete_report_of_a_run_counts_beside_its_aborted_one(run: RunSummary) -> None:
    """Whichever comes first: one waits in the outbox while the other is stored."""
    cut, whole = run._replace(aborted=True, status="error"), run._replace(aborted=False)
    expected = unit_history([whole], sequence="Board")
    assert unit_history([cut, whole], sequence="Board") == expected
    assert unit_history([whole, cut], sequence="Board") == expected
    assert unit_history([], sequence="Board") == UnitHistory(None, None, 0)


NOTES = st.lists(
    st.builds(
        Note,
        id=st.uuids().map(str),
        run=st.sampled_from("abcdef"),
        time=st.floats(1.0e9, 1.0e9 + 4),
        user=st.none(),
        source=st.just("panel"),
        comment=st.just("x"),
        disposition=st.sampled_from([None, "scrap", "repair"]),
    ),
    max_size=8,
)


@given(runs=RUNS, notes=NOTES, part_number=st.sampled_from([None, "PN1"]))
@settings(max_examples=examples(60))
def test_what_was_said_last_becomes_of_the_unit(
    runs: list[RunSummary], notes: list[Note], part_number: str | None
) -> None:
    """After whichever sequence and run, but the present one; not of another part, and a comment changes nothing."""
    by_run = {run.id: [note for note in notes if note.run == run.id] for run in runs}
    found = unit_disposition(runs, by_run, part_number=part_number, without="a")
    ours = {run.id for run in runs if run.id != "a" and (part_number is None or run.part_number in (None, "PN1"))}
    said = [note for note in notes if note.run in ours and note.disposition is not None]
    assert found == max(said, key=lambda note: (note.time, note.id), default=None)
