"""How long a run waits to be stored while ``hardseq runs prune`` is at work.

    python benchmarks/prune.py --runs 20000

A store is filled as ``benchmarks/stores.py`` does it, but for a log of 8 kB with each run. Another process stores a run
every 20 ms; all but a tenth of the old runs are pruned, and the space is given back: in small steps, and, for a file as
an earlier version made it, by writing the file anew.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.stores import BEGIN, SECONDS_BETWEEN_RUNS, run_report
from sequencer.app.prune import prune
from sequencer.store.sqlite.store import SqliteStore

LATER = 10_000_000
"""The number of the first run that is stored meanwhile."""


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--save", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.save is not None:
        return keep_saving(given.save)
    for old in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder) / "hardseq.sqlite3", given.runs, old=old)
    return None


def measure(file: Path, runs: int, *, old: bool) -> None:
    """Fills a file and prunes it."""
    import random

    with closing(SqliteStore(file)) as store:
        dice = random.Random(1)
        for number in range(runs):
            report = run_report(number)
            report["stand"]["info"] = {"log": dice.randbytes(4_000).hex()}
            store.save(report)
    if old:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.executescript("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
    before = BEGIN + 0.9 * runs * SECONDS_BETWEEN_RUNS
    with closing(SqliteStore(file)) as store:
        print(f"{runs} runs, {file.stat().st_size / 1e6:.0f} MB{', of an earlier version' if old else ''}")
        told("nothing else", file, lambda: time.sleep(3.0))
        told("pruning", file, lambda: prune(store, before, keep_failed=False, undelivered=set, dry_run=False))
        told("giving space back", file, lambda: store.compact(alone=True))
        print(f"  then {file.stat().st_size / 1e6:.0f} MB")


def told(what: str, file: Path, work: Callable[[], object]) -> None:
    """Prints how long each run waited while the work was done."""
    saving = subprocess.Popen([sys.executable, __file__, "--save", str(file)], stdin=-1, stdout=-1, text=True)
    assert saving.stdout is not None and saving.stdin is not None
    saving.stdout.readline()
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    waits = sorted(float(word) for word in saving.communicate("\n")[0].split())
    middle, most = waits[len(waits) // 2], waits[-1]
    high = waits[int(len(waits) * 0.95)]
    print(f"  {what}: {seconds:.1f} s; {len(waits)} runs, median {middle:.1f} ms, 95 % {high:.1f}, longest {most:.1f}")


def keep_saving(file: Path) -> None:
    """Stores runs until something comes in, and says how long each took."""
    import threading

    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()
    waits, first = list[float](), LATER + int(time.time() * 1000) % 10_000_000 * 1_000
    with closing(SqliteStore(file, busy_seconds=60.0)) as store:
        while not over.wait(0.02):
            report = run_report(first + len(waits), start=time.time())
            begun = time.perf_counter()
            store.save(report)
            waits.append((time.perf_counter() - begun) * 1000)
            if len(waits) == 1:
                print(flush=True)
    print(*waits)


if __name__ == "__main__":
    main()
