"""The figures index: columnar tables of all stored runs in one file, on DuckDB.

It holds nothing that the store does not: a file that is missing, damaged or of another version is begun anew, and
filled again from the store (:mod:`sequencer.figures.follow`). One process at a time has it open. Why DuckDB, and at
what cost, stands in ``docs/decisions/0020-figures-index.md``.

Whatever is added is added whole or not at all, with the place in the store up to which that goes: a process may die at
any instant. Runs have a number of their own here, ``run``; titles of cases and the names of measurements are in tables
of their own, as they are the same in each run. ``units`` has each unit with the facts of its first judged run.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Condition
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from sequencer.figures import daily, durations
from sequencer.figures.cells import known as known_number
from sequencer.figures.cells import number
from sequencer.figures.circumstances import CircumstanceNumbers, circumstances_of
from sequencer.figures.insertion import OWN, RowsOfRuns, insert, turned
from sequencer.figures.rows import CaseRow, MeasurementRow, RunRows
from sequencer.figures.scope import Ask
from sequencer.figures.tables import (
    INDEXES,
    OF_RUNS,
    REFRESH_UNITS,
    SCHEMA,
    SORTED,
    SORTED_AT_ONCE,
    TABLES,
    TOUCHED,
    UNIT,
)
from sequencer.project.locks import ProcessLock, described

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MB"
THREADS = 2

_Plan = tuple[str, tuple[tuple[object, ...], ...]]
"""A sequence, and column by column what its cases or measurements are called in some runs."""
_MOST_PLANS = 1_000


class FiguresUnavailable(Exception):
    """The index cannot be used just now. The text is for people."""


class IndexInUse(FiguresUnavailable):
    """Another process has it open."""


class IndexDamaged(FiguresUnavailable):
    """The file cannot be read: whoever has the index open closes it, removes the file and begins anew."""


class NewRun(NamedTuple):
    """A run to be added: ``digest`` is the store's of its report."""

    digest: str
    rows: RunRows


class UnreadableRun(NamedTuple):
    """A run whose report cannot be read, and why."""

    id: str
    digest: str
    reason: str


class FiguresIndex:
    """The index in the file ``path``; without one it is in memory. Used by one thread, but for :meth:`reading`.

    ``lock`` is the file that says who has it open.
    """

    def __init__(self, path: Path | None, lock: Path | None = None) -> None:
        self._path = path
        self._lock = None if lock is None else ProcessLock(lock)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._reading: set[duckdb.DuckDBPyConnection] = set()
        self._readers = Condition()
        self._next = 1
        self._titles: dict[tuple[str, str], tuple[int, float, str]] = {}
        self._plans: dict[_Plan, list[int]] = {}
        self._new_titles: set[tuple[str, str]] = set()
        self._series: dict[tuple[str, str, str, object], int] = {}
        self._circumstances = CircumstanceNumbers()

    def __enter__(self) -> Self:
        """Opens it, anew where the file is damaged or of another version.

        Raises :class:`IndexInUse`, :class:`FiguresUnavailable`.
        """
        try:
            holder = None if self._lock is None else self._lock.take()
        except OSError as error:
            raise FiguresUnavailable(f"{self._path} cannot be used: {error.strerror or error}") from error
        if holder is not None:
            raise IndexInUse(f"{self._path} is in use by {described(holder)}")
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets another process have it. Closing twice is harmless; whoever reads is interrupted."""
        try:
            self._disconnect()
        finally:
            if self._lock is not None:
                self._lock.release()

    def clear(self) -> None:
        """Takes everything out, and begins a new file; whoever reads is interrupted."""
        with suppress(Exception):  # what is damaged may not close either
            self._disconnect()
        self._remove_file()
        self._connect()

    def _disconnect(self) -> None:
        with self._readers:
            connection, self._connection = self._connection, None
            for reader in self._reading:
                reader.interrupt()
            self._readers.wait_for(lambda: not self._reading)
            if connection is not None:
                connection.close()

    @contextmanager
    def reading(self) -> Iterator[Ask]:
        """Answers SQL from what is in the index now, whatever is added meanwhile; for any thread.

        What it gives raises :class:`FiguresUnavailable`, of which a damaged file is one.
        """
        with self._readers:
            connection = self._open_connection()
            cursor = connection.cursor()
            self._reading.add(cursor)
        try:
            with _plain_errors(self._path):
                cursor.execute("BEGIN")

            def ask(question: str, values: Sequence[object]) -> list[tuple[object, ...]]:
                if self._connection is not connection:
                    raise FiguresUnavailable("the figures are closed or begun anew")
                with _plain_errors(self._path):
                    found: list[tuple[object, ...]] = cursor.execute(question, list(values)).fetchall()
                return found

            yield ask
        finally:
            with self._readers:
                self._reading.discard(cursor)
                with suppress(Exception):  # what is damaged may not close either
                    cursor.close()
                self._readers.notify_all()

    @property
    def checkpoint(self) -> tuple[str, str | None]:
        """The store that the runs are from, empty before the first one, and up to which place in it they are here."""
        ((store, checkpoint),) = self.ask("SELECT store, checkpoint FROM place")
        return str(store), None if checkpoint is None else str(checkpoint)

    def counts(self) -> tuple[int, int]:
        """How many runs are in it, and how many reports are left out as they cannot be read."""
        ((runs, unreadable),) = self.ask("SELECT count(*), (SELECT count(*) FROM unreadable) FROM runs")
        return number(runs), number(unreadable)

    def changed_reports(self) -> int:
        """How many of the runs that are in it have a report that was changed in the store."""
        ((changed,),) = self.ask("SELECT count(*) FROM runs WHERE changed")
        return number(changed)

    def known_otherwise(self, unchanged: Mapping[str, bool]) -> list[str]:
        """Those of these runs of which it is not known here whether their reports are ``unchanged``."""
        known = self.ask(
            "SELECT id, NOT changed FROM runs WHERE id IN (SELECT unnest($1)) "
            "UNION ALL SELECT id, FALSE FROM unreadable WHERE id IN (SELECT unnest($1))",
            [list(unchanged)],
        )
        return [str(run) for run, said in known if unchanged[str(run)] != bool(said)]

    def add(
        self, store: str, checkpoint: str, runs: Sequence[NewRun], unreadable: Sequence[UnreadableRun] = ()
    ) -> None:
        """Adds runs, all or none, and says up to which place in the store they go.

        A run that is here already is replaced, but never a complete one by an aborted one; one that cannot be read any
        more is left out.
        """
        with self._transaction() as connection:
            self._delete("unreadable", "id", [*(new.rows.run.id for new in runs), *(one.id for one in unreadable)])
            insert(connection, "unreadable", turned(unreadable))
            taken, times = self._replacing(_each_once(runs), [one.id for one in unreadable])
            first = self._next
            self._insert(taken)
            self._save_titles()
            for whole in range(first // SORTED_AT_ONCE, self._next // SORTED_AT_ONCE):
                self._sort(whole * SORTED_AT_ONCE, (whole + 1) * SORTED_AT_ONCE)
            connection.execute(REFRESH_UNITS)
            times += [new.rows.run.start_time for new in taken if new.rows.run.counted]
            daily.refresh(self.ask, times)
            durations.refresh(self.ask, times)
            connection.execute("DELETE FROM touched")
            connection.execute("UPDATE place SET store = ?, checkpoint = ?", [store, checkpoint])

    def ask(self, question: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """The rows that SQL finds. Raises :class:`FiguresUnavailable`, of which a damaged file is one."""
        with _plain_errors(self._path):
            found: list[tuple[object, ...]] = self._open_connection().execute(question, list(values)).fetchall()
        return found

    def _open_connection(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise FiguresUnavailable("the figures are closed")
        return self._connection

    def _open(self) -> None:
        try:
            self._connect()
        except IndexDamaged:
            self.clear()

    def _connect(self) -> None:
        # Imported here: it takes a tenth of a second, which no run waits for.
        import duckdb

        if self._path is not None and not self._path.exists():
            self._remove_file()  # what may be left of one
        with _plain_errors(self._path):
            self._connection = connection = duckdb.connect(
                ":memory:" if self._path is None else str(self._path),
                config={"memory_limit": MEMORY, "threads": THREADS, "preserve_insertion_order": "false"},
            )
            found = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            if not found:
                self._create(connection)
            elif not self._is_of_this_version(connection):
                raise IndexDamaged(f"{self._path} is of another version")
            connection.execute(f"CREATE TEMP TABLE touched ({_columns(TOUCHED)})")
            self._remember()

    def _is_of_this_version(self, connection: duckdb.DuckDBPyConnection) -> bool:
        import duckdb

        try:
            return bool(connection.execute("SELECT schema FROM place").fetchall() == [(SCHEMA,)])
        except duckdb.ProgrammingError:  # another program's
            return False

    def _create(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("BEGIN")
        for table, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {table} ({_columns(columns)})")
        for table, column in INDEXES.items():
            connection.execute(f"CREATE INDEX {table}_by_{column} ON {table} ({column})")
        connection.execute("INSERT INTO place VALUES (?, '', NULL)", [SCHEMA])
        connection.execute("COMMIT")

    def _remember(self) -> None:
        """What each added run needs, as it stands in the file."""
        ask = self._open_connection().execute
        self._next = int(ask("SELECT coalesce(max(run), 0) + 1 FROM runs").fetchall()[0][0])
        titles = ask("SELECT sequence, name, title, since, said FROM titles").fetchall()
        self._titles = {(sequence, name): (title, since, said) for sequence, name, title, since, said in titles}
        series = ask("SELECT sequence, name, measurement, unit, series FROM series").fetchall()
        self._new_titles.clear()
        self._plans.clear()
        self._circumstances.forget()
        self._series = {(sequence, name, taken, unit): number for sequence, name, taken, unit, number in series}

    def _remove_file(self) -> None:
        if self._path is not None:
            try:
                for file in (self._path, self._path.with_name(f"{self._path.name}.wal")):
                    file.unlink(missing_ok=True)
            except OSError as error:
                raise FiguresUnavailable(f"{self._path} cannot be made: {error.strerror or error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._open_connection()
        with _plain_errors(self._path):
            connection.execute("BEGIN")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(Exception):  # what failed is told
                    connection.execute("ROLLBACK")
                    self._remember()
                raise

    def _replacing(self, new: dict[str, NewRun], gone: Sequence[str]) -> tuple[list[NewRun], list[float]]:
        """Those of these runs that are to be added, and when those began that they replace or that are ``gone``.

        These are out then, and their units are noted.
        """
        ids = [*new, *gone]
        known = self.ask("SELECT run, id, aborted, start_time FROM runs WHERE id IN (SELECT unnest(?))", [ids])
        aborted_now = {run for run, one in new.items() if one.rows.run.aborted}
        kept = {run for _, run, aborted, _ in known if not aborted and run in aborted_now}
        taken = [one for run, one in new.items() if run not in kept]
        old = [number for number, run, *_ in known if run not in kept]
        if old:
            self._open_connection().execute(
                f"INSERT INTO touched SELECT {', '.join(UNIT)} FROM runs "
                "WHERE serial_number IS NOT NULL AND run IN (SELECT unnest(?))",
                [old],
            )
            for table in OF_RUNS:
                self._delete(table, "run", old)
        return taken, [known_number(time) for _, run, _, time in known if run not in kept]

    def _insert(self, runs: Sequence[NewRun]) -> None:
        """Their rows, the measurements that are new, and the units that are touched."""
        of_runs = {table: RowsOfRuns(table) for table in OWN}
        rows: dict[str, list[Sequence[object]]] = {"runs": [], "failures": [], "sub_units": []}
        known = len(self._series)
        newest: dict[_Plan, float] = {}
        circumstances = self._circumstances.of(self._open_connection(), [new.rows.run for new in runs])
        for new in runs:
            run, _, _, failures, sub_units = new.rows
            of_index = {"run": self._next, "digest": new.digest, "circumstance": circumstances[circumstances_of(run)]}
            fields = {**run._asdict(), **of_index}
            rows["runs"].append([fields[name] for name in TABLES["runs"]])
            titles = self._take_in(new.rows, fields, of_runs, newest)
            different = dict.fromkeys((titles[case], measurement) for case, measurement in failures)
            rows["failures"] += [(self._next, *failure) for failure in different]
            rows["sub_units"] += [(self._next, *unit) for unit in sub_units]
            self._next += 1
        for (sequence, (names, said)), time in newest.items():
            for name, title in zip(names, said, strict=True):
                self._name_case(sequence, str(name), time, str(title))
        rows["series"] = [(number, *key) for key, number in self._series.items() if number > known]
        units = {(run.sequence, run.part_number, run.serial_number) for _, (run, *_) in runs}
        rows["touched"] = [unit for unit in units if unit[-1] is not None]
        connection = self._open_connection()
        for table, found in rows.items():
            insert(connection, table, turned(found))
        for those in of_runs.values():
            those.insert(connection)

    def _take_in(
        self,
        rows: RunRows,
        fields: Mapping[str, object],
        of_runs: Mapping[str, RowsOfRuns],
        newest: dict[_Plan, float],
    ) -> dict[object, int]:
        """The cases and measurements of a run with these ``fields``; returns the numbers of its cases."""
        run, cases, measurements, _, _ = rows
        titles: dict[object, int] = {}
        if cases:
            columns = dict(zip(CaseRow._fields, zip(*cases, strict=True), strict=True))
            plan = run.sequence, (columns["name"], columns["title"])
            newest[plan] = max(run.start_time, newest.get(plan, -math.inf))
            numbers = self._titles_of(plan)
            of_runs["cases"].add(fields, {**columns, "title": numbers})
            titles = dict(zip(columns["name"], numbers, strict=True))
        if measurements:
            columns = dict(zip(MeasurementRow._fields, zip(*measurements, strict=True), strict=True))
            series = self._series_of((run.sequence, (columns["case"], columns["name"], columns["unit"])))
            places = range(len(measurements))
            of_runs["measurements"].add(fields, {**columns, "series": series, "position": places})
        return titles

    def _titles_of(self, plan: _Plan) -> list[int]:
        """The numbers of a run's cases; runs of one version have the same ones."""
        if (found := self._plans.get(plan)) is None:
            sequence, (names, said) = plan
            pairs = zip(names, said, strict=True)
            found = [self._name_case(sequence, str(name), -math.inf, str(title)) for name, title in pairs]
            self._keep(plan, found)
        return found

    def _name_case(self, sequence: str, case: str, time: float, title: str) -> int:
        """The number of a case, whose title is the newest."""
        known = self._titles.get((sequence, case))
        if known is None or known[1:] < (time, title):
            known = self._titles[sequence, case] = (len(self._titles) + 1 if known is None else known[0], time, title)
            self._new_titles.add((sequence, case))
        return known[0]

    def _series_of(self, plan: _Plan) -> list[int]:
        """The numbers of a run's measurements."""
        if (found := self._plans.get(plan)) is None:
            sequence, columns = plan
            found = [
                self._series.setdefault((sequence, str(case), str(name), unit), len(self._series) + 1)
                for case, name, unit in zip(*columns, strict=True)
            ]
            self._keep(plan, found)
        return found

    def _keep(self, plan: _Plan, numbers: list[int]) -> None:
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[plan] = numbers

    def _save_titles(self) -> None:
        """Those that are new, or other ones than before."""
        new = [(number, *key, said, since) for key in self._new_titles for number, since, said in [self._titles[key]]]
        self._delete("titles", "title", [row[0] for row in new])
        insert(self._open_connection(), "titles", turned(new))
        self._new_titles.clear()

    def _sort(self, first: int, end: int) -> None:
        """What there is of the runs from ``first`` to before ``end``."""
        execute = self._open_connection().execute
        for table, order in SORTED.items():
            execute(f"CREATE TEMP TABLE unsorted AS FROM {table} WHERE run >= {first} AND run < {end}")
            execute(f"DELETE FROM {table} WHERE run >= {first} AND run < {end}")
            execute(f"INSERT INTO {table} FROM unsorted ORDER BY {order}")
            execute("DROP TABLE unsorted")

    def _delete(self, table: str, column: str, values: Sequence[object]) -> None:
        if values:
            self._open_connection().execute(f"DELETE FROM {table} WHERE {column} IN (SELECT unnest(?))", [list(values)])


def known_digests(ask: Ask, runs: Sequence[str]) -> dict[str, str]:
    """The digests of those of these runs that are in the index, by id."""
    rows = ask(
        "SELECT id, digest FROM runs WHERE id IN (SELECT unnest($1)) "
        "UNION ALL SELECT id, digest FROM unreadable WHERE id IN (SELECT unnest($1))",
        [runs],
    )
    return {str(run): str(digest) for run, digest in rows}


def _each_once(runs: Iterable[NewRun]) -> dict[str, NewRun]:
    """By id; of a run that comes twice the later one, but a complete one rather than an aborted one."""
    found: dict[str, NewRun] = {}
    for new in runs:
        known = found.get(new.rows.run.id)
        if known is None or known.rows.run.aborted or not new.rows.run.aborted:
            found[new.rows.run.id] = new
    return found


def _columns(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


_BUSY = ("Could not set lock", "used by another process")
_NO_DAMAGE = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS))


@contextmanager
def _plain_errors(path: Path | None) -> Iterator[None]:
    """What DuckDB raises as one of the errors above. A mistake in a question stays what it is."""
    import duckdb

    try:
        yield
    except (duckdb.ProgrammingError, duckdb.DataError):
        raise
    except (duckdb.OutOfMemoryException, duckdb.InterruptException) as error:
        raise FiguresUnavailable(f"the figures cannot be worked out just now: {error}") from error
    except (duckdb.Error, UnicodeDecodeError) as error:
        text = str(error)
        if isinstance(error, duckdb.IOException) and any(word in text for word in _BUSY):
            raise IndexInUse(f"{path} is in use by another process") from error
        if any(word in text for word in _NO_DAMAGE):
            raise FiguresUnavailable(f"{path} cannot be used: {text}") from error
        raise IndexDamaged(f"{path} is damaged: {text}") from error
