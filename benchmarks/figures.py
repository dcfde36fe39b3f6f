"""The figures index: how fast it is filled, and what each question costs, at 100,000 and at 1,000,000 runs.

    python benchmarks/figures.py                        100,000 runs
    python benchmarks/figures.py --runs 100000 1000000  and a million
    python benchmarks/figures.py --sqlite               and the same questions in SQLite (at most 100,000)

A line of four stands with four nests each, twenty measurements a run (``tests/figures/line.py``). Milliseconds are
the best and the slowest of several calls after one to warm up, and the least that all processors did for one.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import describe

from sequencer.figures.capability import capabilities
from sequencer.figures.failures import failures
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex, NewRun
from sequencer.figures.scope import Scope
from sequencer.figures.times import times
from sequencer.figures.units import units
from sequencer.figures.yields import yields
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.line import DAY, END, line, whole_report

STORED = 4_000
"""Runs of the store that an index is rebuilt from."""
REPEATS = 7
YEAR = 365
"""Days: however many runs there are, they are those of a year."""


HEADING = "| ms | best | slowest | processor |\n| --- | ---: | ---: | ---: |"


def timed(name: str, call: Callable[[], object]) -> str:
    """A row: the best and the slowest of several calls, and the least work of all processors, in milliseconds."""
    call()
    taken, work = [], []
    for _ in range(REPEATS):
        begun, busy = time.perf_counter(), time.process_time()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
        work.append((time.process_time() - busy) * 1000)
    return f"| {name} | {min(taken):.1f} | {max(taken):.1f} | {min(work):.1f} |"


def asked(index: FiguresIndex) -> dict[str, Callable[[], object]]:
    """The questions of the pages."""
    month = Scope(since=END - 30 * DAY)
    one = index.ask
    return {
        "yield: whole history": lambda: yields(one, Scope()),
        "yield: by day": lambda: yields(one, Scope(span="day")),
        "yield: by stand and day": lambda: yields(one, Scope(by=("stand",), span="day")),
        "yield: last month by stand, slot and day": lambda: yields(
            one, month._replace(by=("stand", "slot"), span="day")
        ),
        "failures: by case": lambda: failures(one, Scope()),
        "failures: by case and stand": lambda: failures(one, Scope(by=("stand",))),
        "capability: all measurements": lambda: capabilities(one, Scope()),
        "capability: all measurements, last month": lambda: capabilities(one, month),
        "time: all cases": lambda: times(one, Scope()),
        "time: all cases, last month": lambda: times(one, month),
        "unit": lambda: units(one, Scope(), "SN0001000"),
    }


def filled(index: FiguresIndex, count: int) -> float:
    """Fills the index; runs a second, but for what it takes to make them."""
    spent = 0.0
    made = (NewRun(rows.run.id, rows) for rows in line(count, measurements=20, days=YEAR))
    for batch in chunks(made, 2_000):
        begun = time.perf_counter()
        index.add("benchmark", batch[-1].digest, batch)
        spent += time.perf_counter() - begun
    return count / spent


def chunks(made: Iterator[NewRun], size: int) -> Iterator[list[NewRun]]:
    """Some at a time."""
    while batch := list(islice(made, size)):
        yield batch


def rebuilding(folder: Path) -> str:
    """From SQLite, and how long it takes to add one run that has just been stored."""
    store = SqliteStore(folder / "runs.sqlite3")
    runs = list(line(STORED + REPEATS + 1, measurements=20))
    for run in runs[:STORED]:
        store.save(whole_report(run))
    with FiguresIndex(folder / "rebuilt.duckdb") as index:
        begun, busy = time.perf_counter(), time.process_time()
        follow(index, store)
        rate = STORED / (time.perf_counter() - begun)
        work = (time.process_time() - busy) / STORED * 1e6
        taken = []
        for run in runs[STORED:]:
            store.save(whole_report(run))
            begun = time.perf_counter()
            follow(index, store)
            taken.append((time.perf_counter() - begun) * 1000)
    store.close()
    return f"{rate:,.0f} runs/s, {work:.0f} us of processors a run; adding one run: {min(taken):.0f} ms"


IN_SQLITE = {
    "yield: by stand and day": """
        SELECT stand, date(start_time, 'unixepoch'), count(*), sum(status = 'passed')
        FROM runs WHERE judged GROUP BY 1, 2""",
    "first-pass yield: by stand": """
        SELECT stand, count(*), sum(status = 'passed') FROM (
            SELECT stand, status, row_number() OVER (
                PARTITION BY sequence, part_number, serial_number ORDER BY start_time, id) AS place
            FROM runs WHERE judged) WHERE place = 1 GROUP BY 1""",
    "failures: by case": """
        SELECT title, count(DISTINCT run), count(DISTINCT serial_number) FROM failures JOIN runs USING (run)
        WHERE counted GROUP BY 1 ORDER BY 2 DESC""",
    "capability: all measurements": """
        SELECT series, count(*), avg(value), avg(value * value), avg(abs(step)) FROM (
            SELECT series, value,
                   value - lag(value) OVER (PARTITION BY series ORDER BY start_time, id, position) AS step
            FROM measurements JOIN runs USING (run) WHERE counted) GROUP BY 1""",
    "time: all cases": """
        SELECT title, count(*), avg(seconds) FROM cases JOIN runs USING (run) WHERE counted GROUP BY 1""",
}


def in_sqlite(folder: Path, index: Path) -> None:
    """The same tables with indexes, and the same questions as far as SQLite can answer them (it has no quantiles)."""
    with sqlite3.connect(folder / "figures.sqlite3") as connection, FiguresIndex(index) as figures:
        for table in ("runs", "cases", "measurements", "failures"):
            columns = [
                str(name)
                for (name,) in figures.ask(
                    "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND column_name != 'began'", [table]
                )
            ]
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            connection.executemany(
                f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})",
                figures.ask(f"SELECT {', '.join(columns)} FROM {table}"),
            )
        connection.execute("CREATE UNIQUE INDEX by_run ON runs (run)")
        connection.execute("CREATE INDEX values_by_run ON measurements (run)")
        connection.execute("CREATE INDEX by_unit ON runs (sequence, part_number, serial_number, start_time, id)")
        connection.commit()
        print(f"\nSQLite {sqlite3.sqlite_version}:\n{HEADING}")
        for name, question in IN_SQLITE.items():
            print(timed(name, lambda question=question: connection.execute(question).fetchall()))
    print(f"file: {(folder / 'figures.sqlite3').stat().st_size / 1e6:.0f} MB")


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[100_000])
    parser.add_argument("--sqlite", action="store_true", help="ask the same of SQLite")
    chosen = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print(f"rebuilding from SQLite: {rebuilding(folder)}")
        for count in chosen.runs:
            file = folder / f"{count}.duckdb"
            with FiguresIndex(file) as index:
                print(f"\n{count:,} runs, added at {filled(index, count):,.0f} runs/s")
                print(HEADING)
                for name, call in asked(index).items():
                    print(timed(name, call))
            print(f"file: {file.stat().st_size / 1e6:.0f} MB")
        if chosen.sqlite:
            in_sqlite(folder, folder / f"{min(chosen.runs)}.duckdb")
    print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
