"""The folder of Parquet files: what other programs read is what the index has, whatever happens while it is written."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sequencer.figures.index import FiguresIndex, NewRun
from sequencer.figures.parquet import TABLES, ParquetPart, file_name, parts, write_part
from sequencer.figures.parquet_folder import FolderRefused, keep_folder
from sequencer.figures.rows import RunRows
from tests.figures.line import filled, line

ROOT = Path(__file__).parents[2]


class IndexParts:
    """The files of an index."""

    def __init__(self, index: FiguresIndex, store: str = "line") -> None:
        self.store = store
        self._index = index
        self.written: list[str] = []

    def parts(self) -> list[ParquetPart]:
        return parts(self._index.ask)

    def write(self, part: ParquetPart, file: Path) -> None:
        self.written.append(part.file)
        write_part(self._index.ask, part, file)


@pytest.fixture
def index() -> Iterator[FiguresIndex]:
    """With 400 runs of the line, over two months."""
    with FiguresIndex(None) as index:
        filled(index, line(400, measurements=4))
        yield index


def kept(folder: Path, index: FiguresIndex) -> list[str]:
    """Brings the folder up to date; the files that were written."""
    source = IndexParts(index)
    keep_folder(folder, source, lambda done, left: None)
    return source.written


def read(folder: Path, question: str) -> list[tuple[object, ...]]:
    """What another program finds: ``TABLE`` is all files of one."""
    return duckdb.sql(question.replace("FOLDER", str(folder))).fetchall()


FROM = "read_parquet('FOLDER/{}/**/*.parquet')"


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    return {table: read(folder, f"SELECT * FROM {FROM.format(table)} ORDER BY ALL") for table in TABLES}


@pytest.mark.slow
def test_what_is_read_is_what_ran(tmp_path: Path, index: FiguresIndex) -> None:
    """Runs, cases, measurements, failures and units, by any program that reads Parquet."""
    kept(tmp_path / "out", index)
    rows = list(line(400, measurements=4))
    found = read(
        tmp_path / "out",
        "SELECT run, epoch(start_time), stand, status, serial_number, counted, judged, error_code "
        f"FROM {FROM.format('runs')} ORDER BY run",
    )
    assert found == [
        (
            *(one.run.id, pytest.approx(one.run.start_time), one.run.stand, one.run.status, one.run.serial_number),
            *(one.run.counted, one.run.judged, one.run.error_code),
        )
        for one in rows
    ]
    taken = (
        f'SELECT run, "case", measurement, unit, value, lower, upper FROM {FROM.format("measurements")} ORDER BY ALL'
    )
    assert read(tmp_path / "out", taken) == sorted(
        (one.run.id, *taken[:2], *taken[2:6]) for one in rows for taken in one.measurements
    )
    cases = read(
        tmp_path / "out", f'SELECT run, "case", title, status, seconds FROM {FROM.format("cases")} ORDER BY ALL'
    )
    assert cases == sorted((one.run.id, *case[:4]) for one in rows for case in one.cases)
    failures = read(tmp_path / "out", f'SELECT run, "case", measurement FROM {FROM.format("failures")} ORDER BY ALL')
    assert {*failures} == {(one.run.id, *failure) for one in rows for failure in one.failures}
    units = read(tmp_path / "out", f"SELECT count(*), count(*) FILTER (first_passed) FROM {FROM.format('units')}")
    assert units == index.ask("SELECT count(*), count(*) FILTER (first_passed) FROM units")


def _later(rows: RunRows, seconds: float) -> RunRows:
    run = rows.run
    assert run.began is not None
    moved = run._replace(
        id=f"{seconds} {run.id}",
        start_time=run.start_time + seconds,
        began=run.began + int(seconds * 1e6),
        stop_time=None,
    )
    return rows._replace(run=moved)


@pytest.mark.slow
def test_only_what_changed_is_written(tmp_path: Path, index: FiguresIndex) -> None:
    """A run rewrites the files of its month and stand, a second call nothing; what the index has no more is removed."""
    folder = tmp_path / "out"
    assert len(kept(folder, index)) == 5 * 4 * 3  # tables, stands, months
    assert kept(folder, index) == []
    last = list(line(400, measurements=4))[-1]
    new = _later(last, 60.0)
    index.add("line", "", [NewRun("new", new)])
    runs = {f"{table}/2026-06/{last.run.stand}.parquet" for table in TABLES if table != "units"}
    assert {*kept(folder, index)} - {f"units/2026-06/{last.run.stand}.parquet"} == runs
    strange = _later(last, 40 * 86_400.0)
    index.add("line", "", [NewRun("strange", strange)])
    assert len(kept(folder, index)) == 4  # its unit was tested before
    (folder / f"runs/2026-06/{last.run.stand}.parquet").unlink()
    assert kept(folder, index) == [f"runs/2026-06/{last.run.stand}.parquet"]
    with FiguresIndex(None) as less:
        filled(less, list(line(400, measurements=4))[:50])
        kept(folder, less)
        assert not list(folder.glob("*/2026-06"))
        assert len(contents(folder)["runs"]) == 50


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_any_instant_the_folder_is_whole(tmp_path: Path) -> None:
    """Each file can be read, runs have all of their cases, and the next call leaves what an undisturbed one does."""
    file, folder = tmp_path / "figures.duckdb", tmp_path / "out"
    with FiguresIndex(file) as index:
        filled(index, line(100, measurements=4))
    dice = random.Random(1)
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", CHILD, str(file), str(folder)], cwd=ROOT, stdout=-1) as child:
            assert child.stdout is not None
            for _ in range(dice.randrange(1, 30)):
                child.stdout.readline()
            child.kill()  # wherever it is by now
        names = {name for name in TABLES if list((folder / name).glob("**/*.parquet"))}
        for name in names:
            read(folder, f"SELECT count(*) FROM {FROM.format(name)}")
        if "runs" in names:
            lost = (
                f"SELECT count(*) FROM {FROM.format('runs')} WHERE run NOT IN (SELECT run FROM {FROM.format('cases')})"
            )
            assert read(folder, lost) == [(0,)]
    with FiguresIndex(file) as index:
        kept(folder, index)
        kept(tmp_path / "fresh", index)
    assert contents(folder) == contents(tmp_path / "fresh")
    assert not list(folder.glob("**/*.new"))


CHILD = """
import sys
from pathlib import Path
from sequencer.figures.index import FiguresIndex
from sequencer.figures.parquet_folder import keep_folder
from tests.figures.test_parquet import IndexParts
with FiguresIndex(Path(sys.argv[1])) as index:
    keep_folder(Path(sys.argv[2]), IndexParts(index), lambda done, left: print(done, flush=True))
"""


@pytest.mark.slow
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, index: FiguresIndex) -> None:
    """One with other files, and one with the figures of another store, are refused, with what to do instead."""
    (tmp_path / "own.txt").write_text("mine")
    with pytest.raises(FolderRefused, match="give a new folder"):
        kept(tmp_path, index)
    folder = tmp_path / "out"
    kept(folder, index)
    with pytest.raises(FolderRefused, match="holds the figures of line: give another folder for those of another"):
        keep_folder(folder, IndexParts(index, "another"), lambda done, left: None)
    (folder / "hardseq-figures.json").write_text(
        '{"store": "line", "files": {"runs/../../own.txt": "x", "own.txt": ""}}'
    )
    kept(folder, index)
    assert (tmp_path / "own.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_full_disk_is_told_and_harms_nothing(tmp_path: Path, index: FiguresIndex) -> None:
    """What cannot be written whole does not take the place of what is there."""
    folder = tmp_path / "out"
    kept(folder, index)
    before = contents(folder)
    filled(index, [_later(rows, 1.0) for rows in line(50, measurements=4)])

    class Full(IndexParts):
        def write(self, part: ParquetPart, file: Path) -> None:
            super().write(part, file)
            if len(self.written) == 7:
                file.write_bytes(b"half")
                raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        keep_folder(folder, Full(index), lambda done, left: None)
    assert not list(folder.glob("**/*.new"))
    assert len(contents(folder)["cases"]) > len(before["cases"])
    kept(folder, index)
    assert len(contents(folder)["runs"]) == 450


STANDS = [
    None,
    "no stand",
    "Stand 1",
    "STAND 1",
    "a/b",
    "a\\b",
    "..",
    "con",
    "nul.txt",
    "_x",
    " x",
    "x" * 300,
    "Ω" * 60,
    "😀" * 40,
]


def test_any_name_of_a_stand_is_a_file(tmp_path: Path) -> None:
    """Whatever a stand is called, Windows and Linux take the name of its file; names that differ by case share one."""
    runs = list(line(len(STANDS), measurements=3))
    with FiguresIndex(None) as index:
        filled(
            index,
            [rows._replace(run=rows.run._replace(stand=stand)) for rows, stand in zip(runs, STANDS, strict=True)],
        )
        written = kept(tmp_path / "out", index)
    found = read(tmp_path / "out", f"SELECT stand FROM {FROM.format('runs')}")
    assert sorted(map(str, STANDS)) == sorted(str(stand) for (stand,) in found)
    assert len({Path(name).name for name in written if name.startswith("runs/")}) == len(STANDS) - 2
    for stand in STANDS:
        name = file_name(stand)
        assert (
            len(f"{name}.parquet.new".encode()) <= 255
            and not set(name) & set('<>:"/\\|?*')
            and name.lstrip("._ ").rstrip(" .") == name
        )
