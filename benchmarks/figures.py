"""The figures index: how fast it is filled, and what each question costs, at 100,000 and at 1,000,000 runs.

    python benchmarks/figures.py                        100,000 runs
    python benchmarks/figures.py --runs 100000 1000000  and a million
    python benchmarks/figures.py --write                and puts the tables into docs/benchmarks.md
    python benchmarks/figures.py --sqlite               and the same questions in SQLite (at most 100,000)
    python benchmarks/figures.py --couchdb tests        and a centre with forty stands (or http://user:password@host:5984)

A line of four stands with four nests each, twenty measurements a run (``tests/figures/line.py``). Milliseconds are
those of twenty calls after one to warm up, and the least that all processors did for one. Then a panel has the smallest
of these: how long its control calls take while sixteen clients ask.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).parents[1]))

from figures_centre import Asked, at_the_centre
from machine import describe
from tables import write_into

from sequencer.figures import daily, durations
from sequencer.figures.catalogue import QUESTIONS, answer
from sequencer.figures.follow import follow
from sequencer.figures.index import FiguresIndex, NewRun
from sequencer.figures.runs import RunsChoice, runs, totals
from sequencer.figures.scope import Scope
from sequencer.figures.tables import REFRESH_UNITS, SORTED, SORTED_AT_ONCE, TABLES
from sequencer.store.sqlite.store import SqliteStore
from tests.figures.line import DAY, END, line, whole_report

STORED = 4_000
"""Runs of the store that an index is rebuilt from."""
MADE = 50_000
"""Runs that are made one by one; more are copies of these."""
REPEATS = 20
LONG = 20.0
"""Seconds after which a question that takes long is not asked again."""
YEAR = 365
"""Days: however many runs there are, they are those of a year."""


HEADING = "| ms | best | median | 95th percentile | processors |\n| --- | ---: | ---: | ---: | ---: |"


class Timing(NamedTuple):
    """Milliseconds of several calls, and the least work of all processors."""

    best: float
    median: float
    p95: float
    processors: float

    def row(self, name: str) -> str:
        """Of a table with ``HEADING``."""
        return f"| {name} | {' | '.join(f'{one:,.0f}' for one in self)} |"


def timed(call: Callable[[], object]) -> Timing:
    """After one to warm up."""
    call()
    taken: list[float] = []
    work: list[float] = []
    while len(taken) < 3 or (len(taken) < REPEATS and sum(taken) < LONG * 1000):
        begun, busy = time.perf_counter(), time.process_time()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
        work.append((time.process_time() - busy) * 1000)
    return Timing(min(taken), median(taken), quantiles(taken, n=20, method="inclusive")[-1], min(work))


def side_by_side(measured: Mapping[int, Mapping[str, Timing]]) -> str:
    """The table of the page: of each number of runs the median, the 95th percentile and the processors' work."""
    heads = [f"{count:,} runs | 95th percentile | processors" for count in measured]
    lines = [f"| ms | {' | '.join(heads)} |", f"| --- {'| ---: ' * 3 * len(heads)}|"]
    for name in next(iter(measured.values())):
        cells = [f"{one:,.0f}" for timings in measured.values() for one in timings[name][1:]]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


_RAIL = {"case": "main::voltage", "measurement": "Voltage"}


def _of_one(scope: Scope) -> Asked:
    """What the page of one measurement asks, in its order."""
    other = {"other_case": "main::current", "other_measurement": "Current", "other_unit": "A"}
    at_once = [(name, scope, _RAIL) for name in ("capability", "values", "histogram")]
    boxes = ("box", scope._replace(by=("stand",)), _RAIL)
    return [
        *at_once,
        boxes,
        *((name, scope, _RAIL) for name in ("control", "correlations", "limits")),
        ("scatter", scope, {**_RAIL, **other}),
    ]


PAGES: Mapping[str, Asked] = {
    "Overview": [
        ("overview", Scope(), {}),
        ("overview", Scope(since=END - 30 * DAY, span="day"), {}),
        ("overview", Scope(by=("stand",), span="week"), {}),
        ("choices", Scope(), {}),
    ],
    "Failures": [
        ("failures", Scope(), {}),
        ("failures", Scope(by=("measurement",)), {}),
        ("new-failures", Scope(since=END - 7 * DAY), {}),
    ],
    "Measurements": [("measurements", Scope(), {})],
    "Measurements, a month": [("measurements", Scope(since=END - 30 * DAY), {})],
    "One measurement": _of_one(Scope()),
    "One measurement, a month": _of_one(Scope(since=END - 30 * DAY)),
    "Time": [("cases", Scope(), {})],
    "Time, a month": [("cases", Scope(since=END - 30 * DAY), {})],
}
"""What each page asks, of all runs where nothing else is said."""
AT_ONCE = 6
"""Questions that a panel answers at a time."""
IN_TURN = ("box", "control", "correlations", "limits", "scatter")
"""Those that their page asks two at a time, once it has the answers to the others."""
UNIT = ("unit-history", "unit")
"""What the page of a unit asks."""
SINGLE: Sequence[tuple[str, str, Scope]] = (
    ("yield: by day", "yield", Scope(span="day")),
    ("yield: by stand and day", "yield", Scope(by=("stand",), span="day")),
    ("capability: all measurements", "capability", Scope()),
    ("capability: all measurements by stand", "capability", Scope(by=("stand",))),
    ("time: all cases", "time", Scope()),
    ("time: all cases by stand", "time", Scope(by=("stand",))),
)


def asked(index: FiguresIndex) -> dict[str, Callable[[], object]]:
    """The questions of each page, at once as a browser asks them; then some by themselves."""

    def one(name: str, scope: Scope, given: Mapping[str, str]) -> object:
        with index.reading() as ask:
            return answer(ask, QUESTIONS[name], scope, given)

    def together(questions: Asked) -> Callable[[], object]:
        at_once = [each for each in questions if each[0] not in IN_TURN]
        in_turn = [each for each in questions if each[0] in IN_TURN]

        def page() -> None:
            for asked_now, most in ((at_once, AT_ONCE), (in_turn, 2)):
                with ThreadPoolExecutor(most) as browser:
                    for answered in [browser.submit(one, *each) for each in asked_now]:
                        answered.result()

        return page

    of_pages = {f"page {page}": together(questions) for page, questions in PAGES.items()}
    of_pages["page Unit"] = together([(name, Scope(), {"serial_number": tested_most(index)}) for name in UNIT])
    of_pages["page Runs"] = lambda: [runs(index.ask, Scope()), totals(index.ask, Scope())]
    of_pages["page Runs: part of a text, sorted"] = lambda: [
        runs(index.ask, Scope(), RunsChoice(text="0012"), sort="serial_number"),
        totals(index.ask, Scope(), RunsChoice(text="0012")),
    ]
    return {**of_pages, **{words: together([(name, scope, {})]) for words, name, scope in SINGLE}}


def tested_most(index: FiguresIndex) -> str:
    """The serial number of the unit with the most runs."""
    ((serial_number,),) = index.ask(
        "SELECT serial_number FROM runs WHERE serial_number IS NOT NULL "
        "GROUP BY serial_number ORDER BY count(*) DESC, serial_number LIMIT 1"
    )
    return str(serial_number)


def filled(index: FiguresIndex, count: int) -> str:
    """Fills the index with ``MADE`` runs as they come, and says how fast; with more of them by copying these."""
    spent = 0.0
    first = min(count, MADE)
    days = max(1, YEAR * first // count)
    made = (NewRun(rows.run.id, rows) for rows in line(first, measurements=20, days=days))
    for batch in chunks(made, 2_000):
        begun = time.perf_counter()
        index.add("benchmark", batch[-1].digest, batch)
        spent += time.perf_counter() - begun
    copies = count // first - 1
    if copies > 0:
        grow(index, first, copies, days * DAY)
    return f"{first / spent:,.0f} runs/s"


def grow(index: FiguresIndex, runs: int, copies: int, seconds: float) -> None:
    """Adds ``copies`` of what is there, each ``seconds`` before the one after it, with units of their own."""
    for table in ("runs", "cases", "measurements", "failures", "sub_units"):
        columns = {name: f"t.{name}" for name in TABLES[table]}
        columns["run"] = f"(t.run + c.copy * {runs})::UINTEGER"
        if table == "runs":
            columns |= {
                "id": "t.id || '-' || c.copy",
                "start_time": f"t.start_time - c.copy * {seconds}",
                "stop_time": f"t.stop_time - c.copy * {seconds}",
                "began": f"t.began - to_seconds(c.copy * {seconds})",
                "serial_number": "t.serial_number || '-' || c.copy",
            }
        if table == "measurements":
            columns["start_time"] = f"t.start_time - c.copy * {seconds}"
        order = "c.copy DESC, t.run"
        if table in SORTED:
            order = f"c.copy DESC, {columns['run']} // {SORTED_AT_ONCE}, {SORTED[table]}"
        index.ask(
            f"INSERT INTO {table} SELECT {', '.join(columns.values())} "
            f"FROM {table} t, (SELECT unnest(range(1, {copies + 1})) AS copy) c ORDER BY {order}"
        )
    index.ask(
        "INSERT INTO touched SELECT DISTINCT sequence, part_number, serial_number FROM runs "
        "WHERE serial_number IS NOT NULL"
    )
    index.ask(REFRESH_UNITS)
    index.ask("DELETE FROM touched")
    days = index.ask("SELECT DISTINCT floor(start_time / 86400) * 86400 FROM runs")
    for one in (daily, durations):
        one.refresh(index.ask, [float(str(day)) for (day,) in days])


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
            print(timed(lambda question=question: connection.execute(question).fetchall()).row(name))
    print(f"file: {(folder / 'figures.sqlite3').stat().st_size / 1e6:.0f} MB")


ASKING = 16
"""Clients that ask without a pause."""
SEQUENCE = (
    "name: Board test\nmodules:\n  m:\n    name: M\n    cases:\n      c: {name: C, steps: [{measure: One, value: 1}]}\n"
)


def held_up(folder: Path, index: Path) -> Iterator[str]:
    """Rows: the time of a panel's control calls, without and with ``ASKING`` clients that ask about all runs."""
    project = folder / "project"
    state = project / ".hardseq"
    state.mkdir(parents=True)
    (project / "hardseq.toml").touch()
    (project / "board.yaml").write_text(SEQUENCE)
    SqliteStore(state / "hardseq.sqlite3").close()
    shutil.copyfile(index, state / "figures.duckdb")
    with FiguresIndex(state / "figures.duckdb") as figures:
        figures.add(str(state / "hardseq.sqlite3"), "", [])
    command = [sys.executable, "-m", "sequencer", "panel", str(project), "--port", "0"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL) as panel:
        try:
            while not (state / "panel.json").exists() and panel.poll() is None:
                time.sleep(0.05)
            known = json.loads((state / "panel.json").read_text())
            calls = (("state", "GET", "/api/state"), ("stop", "POST", "/api/stop"))
            ask(known, "GET", "/api/figures/yield")
            for words, method, path in calls:
                yield called(f"{words}, nobody asks", lambda method=method, path=path: ask(known, method, path))
            ended = threading.Event()
            questions = ("measurements", "measurements?by=stand", "cases", "overview?by=stand&span=day")

            def go_on(number: int) -> int:
                asked = 0
                while not ended.is_set():
                    ask(known, "GET", f"/api/figures/{questions[(number + asked) % len(questions)]}")
                    asked += 1
                return asked

            with ThreadPoolExecutor(ASKING) as clients:
                asking = [clients.submit(go_on, number) for number in range(ASKING)]
                time.sleep(1.0)
                for words, method, path in calls:
                    yield called(f"{words}, {ASKING} ask", lambda method=method, path=path: ask(known, method, path))
                ended.set()
                yield f"answered meanwhile: {sum(one.result() for one in asking)} questions"
        finally:
            panel.terminate()


def ask(known: Mapping[str, str], method: str, path: str) -> None:
    """A call of the panel, whatever it answers."""
    data = None if method == "GET" else b"{}"
    headers = {"X-Hardseq-Token": known["token"], "Content-Type": "application/json"}
    with suppress(HTTPError):  # nothing runs that could be stopped
        urlopen(Request(known["address"].rstrip("/") + path, data, headers, method=method), timeout=120).read()


def called(name: str, call: Callable[[], object]) -> str:
    """A row: the median and the 95th percentile of two hundred calls, in milliseconds."""
    taken = []
    for _ in range(200):
        begun = time.perf_counter()
        call()
        taken.append((time.perf_counter() - begun) * 1000)
    return f"| {name} | {median(taken):.1f} | {quantiles(taken, n=20)[-1]:.1f} |"


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[100_000])
    parser.add_argument("--sqlite", action="store_true", help="ask the same of SQLite")
    parser.add_argument("--couchdb", metavar="URL", help="forty stands and a centre; `tests` starts the suite's server")
    parser.add_argument("--write", action="store_true", help="update docs/benchmarks.md")
    parser.add_argument("--seconds", type=int, default=60, help="how long the stands store runs")
    chosen = parser.parse_args()
    said = [f"Machine: {describe()}.", ""]
    measured: dict[int, dict[str, Timing]] = {}
    print(said[0])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        said.append(f"Made again from SQLite: {rebuilding(folder)}.")
        print(said[-1])
        for count in chosen.runs:
            file = folder / f"{count}.duckdb"
            with FiguresIndex(file) as index:
                print(f"\n{count:,} runs, added at {filled(index, count)}\n{HEADING}")
                measured[count] = {}
                for name, call in asked(index).items():
                    measured[count][name] = timed(call)
                    print(measured[count][name].row(name), flush=True)
            print(f"file: {file.stat().st_size / 1e6:.0f} MB")
        said += ["", side_by_side(measured)]
        print("\n| ms | median | 95th percentile |\n| --- | ---: | ---: |")
        for row in held_up(folder, folder / f"{min(chosen.runs)}.duckdb"):
            print(row)
        if chosen.sqlite:
            in_sqlite(folder, folder / f"{min(chosen.runs)}.duckdb")
        if chosen.couchdb:
            print()
            pages = {name: PAGES[name] for name in ("Overview", "Measurements", "One measurement")}
            said.append("")
            for row in at_the_centre(chosen.couchdb, folder / f"{min(chosen.runs)}.duckdb", pages, chosen.seconds):
                said += [row] if row.lstrip().startswith("|") else [row, ""]
                print(row, flush=True)
    if chosen.write:
        write_into(Path(__file__).parents[1] / "docs" / "benchmarks.md", "\n".join(said) + "\n", "figures")
    print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
