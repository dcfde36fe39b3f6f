"""The line with planted truths: its rows are those of its reports, and its index goes on from its store."""

from __future__ import annotations

from pathlib import Path

import pytest

from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex
from sequencer.figures.rows import RunRows, rows_of
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.line import copied, line, made, whole_report


def _comparable(rows: RunRows) -> RunRows:
    """Without what adding up seconds makes of their last digits; failures in any order."""
    cases = [case._replace(seconds=round(case.seconds or 0.0, 3)) for case in rows.cases]
    run = rows.run._replace(stop_time=round(rows.run.stop_time or 0.0, 3))
    return rows._replace(run=run, cases=cases, failures=sorted(rows.failures, key=str))


def test_rows_are_those_of_the_reports() -> None:
    """What stands in the index directly is what would have come there by way of a report."""
    runs = list(line(2_000))
    odd = [rows for rows in runs if not rows.run.judged or rows.run.status == "error"]
    parts = [rows for rows in runs if rows.sub_units]
    assert {rows.run.status for rows in odd} == {"passed", "failed", "error", "stopped"} and parts
    for rows in [*odd, *parts[:5], *runs[:20], *runs[1200:1300]]:
        assert _comparable(rows_of(whole_report(rows))) == _comparable(rows)


@pytest.mark.slow
def test_the_index_goes_on_from_the_store(tmp_path: Path) -> None:
    """The index of more runs than its store has takes in the store's next run, and loses none."""
    runs = list(line(1_000))
    (tmp_path / "kept").mkdir()
    made(tmp_path / "kept", runs[:-1], whole=5)
    copied(tmp_path / "kept", tmp_path / "state")
    store = SqliteStore(tmp_path / "state" / "hardseq.sqlite3")
    with FiguresIndex(tmp_path / "state" / "figures.duckdb") as index:
        for expected in (999, 1_000):
            follow(index, store)
            assert index.ask("SELECT count(*) FROM runs") == [(expected,)]
            store.save(whole_report(runs[-1]))
    store.close()
