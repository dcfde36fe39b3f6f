"""Compares hardseq with pytest, OpenHTF, TesterKit, testium and HardPy on the same work, as whole processes.

    python benchmarks/run.py                              everything: less than 25 minutes on an idle machine
    python benchmarks/run.py --quick                      whether all of it works: two sizes, one round
    python benchmarks/run.py --sizes 1,1000 --rounds 3    less
    python benchmarks/run.py --write                      and puts the tables into docs/benchmarks.md

Every tool gets its own virtual environment from PyPI, made once in the cache folder. Tools take turns, so that a busy
minute of the machine hits all of them; the first round warms up and does not count; a figure is the median of the rest.
Tools that take several times as long as the others take part in the first three rounds. Once ``--minutes`` are over,
what is left gets one round.
Every run is checked by the tool's own report: all cases must have passed. ``--busy`` are sizes that are run once more
with an instrument whose calls take 2 ms, as those of real ones do at least.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import processes
from machine import describe
from peers.base import BUSY_METER, METER_FILE, Peer
from peers.hardpy import HardPy
from peers.hardseq import SEQUENCE, HardSeq, HardSeqWithPage
from peers.openhtf import OpenHtf
from peers.plain_pytest import KeepingPytest, LeanPytest, PlainPytest
from peers.testerkit import TesterKit
from peers.testium import Testium
from results import Figures
from tables import CheckFigures, markdown, write_into

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "benchmarks.md"
ROUNDS = {1: 9, 100: 7, 300: 3, 1_000: 7, 5_000: 5, 10_000: 2}
SIZES = [1, 100, 300, 1_000, 5_000, 10_000]
BUSY_SIZES = [100, 1_000]
BUSY_ROUNDS = 3
MINUTES = 21.0
"""After which what is left gets one round each: at most three minutes more, on an idle machine."""
PEERS = ["hardseq", "pytest", "openhtf", "testerkit", "testium", "hardpy"]
CHECKED_CASES = 10_000
LOAD = (
    "import sys, time, yaml; text = open(sys.argv[1], encoding='utf-8').read(); started = time.perf_counter(); "
    "yaml.load(text, yaml.CSafeLoader); print(time.perf_counter() - started)"
)


def main() -> int:
    """Measures, prints, and with ``--write`` updates the page."""
    options = arguments()
    options.cache.mkdir(parents=True, exist_ok=True)
    (options.cache / ".gitignore").write_text("*\n")
    checkout = checkout_copy(options.cache)
    ours: list[Peer] = [HardSeq(checkout), HardSeqWithPage(checkout)]
    known = [*ours, PlainPytest(), LeanPytest(), KeepingPytest(), OpenHtf(), TesterKit(), Testium(), HardPy()]
    peers = [peer for peer in known if peer.environment in options.peers]
    pythons: dict[str, Path] = {}
    for peer in peers:
        if peer.environment not in pythons:
            pythons[peer.environment] = interpreter(peer, options)
    machine = describe()
    figures, busy = Figures(), Figures()
    plan = Plan(peers, pythons, options.cache, time.monotonic() + options.minutes * 60)
    for cases in options.sizes:
        measure(plan, cases, options.rounds or ROUNDS.get(cases, 3), figures)
    for cases in options.busy:
        measure_busy(plan, cases, options.rounds or BUSY_ROUNDS, busy)
    check = None
    if options.check and "hardseq" in pythons:
        check = measure_check(pythons["hardseq"], options.rounds or 5, options.cache)
    text = markdown(machine, figures, check, busy)
    print(text)
    if options.write:
        write_into(PAGE, text)
    return 0


def arguments() -> argparse.Namespace:
    """What the person asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default=SIZES, help="cases: 1,100,1000")
    parser.add_argument("--busy", type=numbers, default=BUSY_SIZES, help="cases whose driver calls take 2 ms")
    parser.add_argument("--rounds", type=int, help="timed rounds for each size")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="after which nothing gets further rounds")
    parser.add_argument("--quick", action="store_true", help="1 and 100 cases, 50 busy ones, one round, no check")
    parser.add_argument("--peers", type=names, default=PEERS, help=f"some of {','.join(PEERS)}")
    parser.add_argument("--no-check", dest="check", action="store_false", help="leave `hardseq check` out")
    parser.add_argument("--hardseq-python", type=Path, help="an interpreter that has hardseq, to install none")
    parser.add_argument("--cache", type=Path, default=CHECKOUT / "benchmarks" / ".cache")
    parser.add_argument("--write", action="store_true", help="update docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.sizes, options.busy, options.rounds, options.check = [1, 100], [50], 1, False
    return options


def numbers(text: str) -> list[int]:
    """``1,100`` as numbers; none for nothing."""
    return [int(part) for part in text.split(",") if part]


def names(text: str) -> list[str]:
    """``hardseq,pytest`` as names."""
    return text.split(",")


def checkout_copy(cache: Path) -> Path:
    """What pip needs of this checkout, copied, so that building leaves nothing in it."""
    copy = cache / "checkout"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        if (CHECKOUT / name).exists():
            shutil.copy(CHECKOUT / name, copy)
    for name in ("sequencer", "schemas"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def interpreter(peer: Peer, options: argparse.Namespace) -> Path:
    """The Python of the tool's own environment, made when it is missing; hardseq is installed anew every time."""
    if peer.environment == "hardseq" and options.hardseq_python is not None:
        return Path(options.hardseq_python)
    folder = options.cache / "environments" / peer.environment
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    fresh = not python.exists()
    if fresh:
        say(f"making an environment for {peer.environment}")
        venv.create(folder, with_pip=True)
    if fresh or peer.environment == "hardseq":
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        processes.run([*pip, *peer.requirements], options.cache)
        if not fresh:
            processes.run([*pip, "--force-reinstall", "--no-deps", *peer.requirements], options.cache)
    return python


@dataclass(frozen=True)
class Plan:
    """Who is measured with which interpreter, where the projects lie, and until when further rounds begin."""

    peers: list[Peer]
    pythons: dict[str, Path]
    cache: Path
    until: float

    def taking_part(self, cases: int) -> list[Peer]:
        """The tools that run so many cases."""
        return [peer for peer in self.peers if peer.most_cases is None or cases <= peer.most_cases]

    def rounds(self, cases: int, rounds: int) -> Iterator[tuple[int, list[Peer]]]:
        """Each round with the tools in it; round 0 warms up."""
        for number in range(rounds + 1):
            if number > 1 and time.monotonic() > self.until:
                say(f"{cases} cases: no time is left for round {number} and more")
                return
            say(f"{cases} cases, round {number} of {rounds}" + (" (warm-up)" if number == 0 else ""))
            yield (
                number,
                [peer for peer in self.taking_part(cases) if peer.most_rounds is None or number <= peer.most_rounds],
            )


def measure(plan: Plan, cases: int, rounds: int, figures: Figures) -> None:
    """Times first and unchanged runs of every tool in turn."""
    for peer in plan.taking_part(cases):
        fresh_project(peer, cases, plan.cache)
    for number, peers in plan.rounds(cases, rounds):
        for peer in peers:
            python, folder = plan.pythons[peer.environment], project_folder(peer, cases, plan.cache)
            command = peer.command(python)
            peer.forget(folder)
            first = processes.run(command, folder)
            again = processes.run(command, folder)
            if number == 0:
                prove(peer, folder, python, again.output, cases)
                figures.add_memory(peer.name, cases, processes.run(command, folder, sample_memory=True))
            else:
                figures.add(peer.name, cases, first, again)


def measure_busy(plan: Plan, cases: int, rounds: int, figures: Figures) -> None:
    """Times unchanged runs with an instrument that is as fast as real ones get."""
    for peer in plan.taking_part(cases):
        fresh_project(peer, cases, plan.cache)
        for file in project_folder(peer, cases, plan.cache).rglob(METER_FILE):
            file.write_text(BUSY_METER)
    for number, peers in plan.rounds(cases, rounds):
        for peer in peers:
            python, folder = plan.pythons[peer.environment], project_folder(peer, cases, plan.cache)
            taken = processes.run(peer.command(python), folder)
            if number == 0:
                prove(peer, folder, python, taken.output, cases)
            else:
                figures.add(peer.name, cases, None, taken)


def fresh_project(peer: Peer, cases: int, cache: Path) -> None:
    """Writes the tool's project anew."""
    folder = project_folder(peer, cases, cache)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    peer.write(folder, cases)


def project_folder(peer: Peer, cases: int, cache: Path) -> Path:
    """Where the tool's project of that size lies."""
    return cache / "projects" / f"{peer.name.replace(' ', '_')}_{cases}"


def prove(peer: Peer, folder: Path, python: Path, output: str, cases: int) -> None:
    """Raises ``RuntimeError`` when the tool did not do the whole work."""
    passed = peer.passed(folder, python, output)
    if passed != cases:
        raise RuntimeError(f"{peer.name} passed {passed} of {cases} cases:\n{output[-2000:]}")


def measure_check(python: Path, rounds: int, cache: Path) -> CheckFigures:
    """``hardseq check`` on a large file against PyYAML's C loader alone on the same file."""
    peer = HardSeq(cache)
    fresh_project(peer, CHECKED_CASES, cache)
    folder = project_folder(peer, CHECKED_CASES, cache)
    checks, loads = [], []
    for number in range(rounds + 1):
        say(f"check of {CHECKED_CASES} cases, round {number} of {rounds}" + (" (warm-up)" if number == 0 else ""))
        load = processes.run([str(python), "-c", LOAD, SEQUENCE], folder)
        check = processes.run([str(python), "-m", "sequencer", "check", SEQUENCE], folder)
        if number:
            loads.append(float(load.output))
            checks.append(check.seconds)
    lines = (folder / SEQUENCE).read_text().count("\n")
    return CheckFigures(CHECKED_CASES, lines, loads, checks)


def say(text: str) -> None:
    """Progress, beside the result."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
