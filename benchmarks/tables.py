"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from results import Figures, ratio

END = "<!-- end of figures -->"
BASE = "pytest"
OURS = "hardseq --no-panel"
WITH_PAGE = "hardseq"
LEAN = "lean pytest"
KEEPING = "lean pytest with a journal"

Rounds = Callable[[str, int], list[float]]


@dataclass(frozen=True)
class CheckFigures:
    """``hardseq check`` as a whole command against the bare loading of the same text, in seconds."""

    cases: int
    lines: int
    loads: list[float]
    checks: list[float]

    @property
    def ratio(self) -> float:
        """How many times longer the check takes."""
        return median(self.checks) / median(self.loads)


def markdown(machine: str, figures: Figures, check: CheckFigures | None, busy: Figures) -> str:
    """All tables."""
    rounds = ", ".join(f"{figures.rounds(cases)} at {cases:,}" for cases in figures.sizes)
    parts = [
        f"Machine: {machine}. Medians of rounds: {rounds}. "
        "In brackets: the median of the rounds' ratios to plain pytest.",
        "### Seconds, tests unchanged since the last run",
        _table(figures, figures.again),
        "### Seconds, first run",
        _table(figures, figures.first),
        "### Processor seconds, tests unchanged, all processes together",
        _table(figures, figures.processor),
        *_busy(busy),
        "### Peak memory: largest process / all processes together",
        _memory_table(figures),
    ]
    goals = list(_goals(figures, check))
    if goals:
        parts += ["### Goals", "| goal | at most | measured | |\n| --- | --- | --- | --- |\n" + "\n".join(goals)]
    return "\n\n".join(parts) + "\n"


def write_into(page: Path, text: str, script: str = "run") -> None:
    """Replaces the figures of a script in the page, between two comments. Raises ``ValueError`` when it lacks those."""
    mark = f"<!-- figures: written by benchmarks/{script}.py -->"
    written = page.read_text(encoding="utf-8")
    before, begin, rest = written.partition(mark)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} lacks the lines {mark} and {END}")
    page.write_text(f"{before}{mark}\n\n{text}\n{END}{after}", encoding="utf-8")


@dataclass(frozen=True)
class Goal:
    """What is to be reached: at most ``most``; ``measured`` is ``None`` where it cannot be."""

    name: str
    most: float
    measured: float | None


def goal_table(goals: Iterable[Goal]) -> str:
    """The goals with what was measured."""
    rows = [_goal(goal.name, goal.most, goal.measured) for goal in goals]
    return "\n".join(["| goal | at most | measured | |", "| --- | --- | --- | --- |", *filter(None, rows)])


def _table(figures: Figures, rounds: Rounds) -> str:
    lines = [_row("cases", *figures.tools), _row(*["---:"] * (len(figures.tools) + 1))]
    for cases in figures.sizes:
        bases = rounds(BASE, cases)
        lines.append(_row(f"{cases:,}", *(_cell(rounds(tool, cases), bases) for tool in figures.tools)))
    return "\n".join(lines)


def _busy(busy: Figures) -> list[str]:
    if not busy.sizes:
        return []
    return ["### Seconds, tests unchanged, each driver call takes 2 ms", _table(busy, busy.again)]


def _memory_table(figures: Figures) -> str:
    lines = [_row("cases", *figures.tools), _row(*["---:"] * (len(figures.tools) + 1))]
    for cases in figures.sizes:
        cells = [" / ".join(_megabytes(size) for size in figures.memory(tool, cases)) for tool in figures.tools]
        lines.append(_row(f"{cases:,}", *cells))
    return "\n".join(lines)


def _goals(figures: Figures, check: CheckFigures | None) -> list[str]:
    first, again = figures.first, figures.again
    thousand = again(OURS, 1_000)
    rows = [
        _against(figures, "one case unchanged, against plain pytest", 1.1, 1, BASE),
        _against(figures, "100 cases unchanged, against openhtf", 1.0, 100, "openhtf"),
        _against(figures, "1,000 cases unchanged, against lean pytest", 1.15, 1_000, LEAN),
        _against(figures, "5,000 cases unchanged, against lean pytest", 1.05, 5_000, LEAN),
        _goal("one case with the page, against without it", 1.02, ratio(again(WITH_PAGE, 1), again(OURS, 1))),
        _goal(
            "processor time of one case with the page, against without it",
            1.05,
            ratio(figures.processor(WITH_PAGE, 1), figures.processor(OURS, 1)),
        ),
        _goal("1,000 cases with the page, against without it", 1.02, ratio(again(WITH_PAGE, 1_000), thousand)),
        _goal(
            "processor time of 1,000 cases with the page, against without it",
            1.05,
            ratio(figures.processor(WITH_PAGE, 1_000), figures.processor(OURS, 1_000)),
        ),
        _goal("1,000 cases unchanged, against plain pytest", 1.0, ratio(thousand, again(BASE, 1_000))),
        _goal("1,000 cases unchanged, against openhtf", 1.0, ratio(thousand, again("openhtf", 1_000))),
        _goal(
            "1,000 cases, first run, against plain pytest's first run",
            1.5,
            ratio(first(OURS, 1_000), first(BASE, 1_000)),
        ),
        _goal(
            "1,000 cases, first run, against plain pytest's unchanged run",
            1.5,
            ratio(first(OURS, 1_000), again(BASE, 1_000)),
        ),
        _goal("cost of a case at 10,000 against that at 1,000, start of the command taken off", 1.2, _growth(figures)),
        _goal("peak memory at 10,000, largest process, MB", 250, _in_megabytes(*figures.memory(OURS, 10_000))),
        _goal("check of 10,000 cases against PyYAML's C loader alone", 6.0, None if check is None else check.ratio),
    ]
    return [row for row in rows if row is not None]


def _against(figures: Figures, name: str, most: float, cases: int, base: str) -> str | None:
    """Unchanged runs against another tool's, beside what the least that keeps results takes."""
    bases = figures.again(base, cases)
    return _goal(name, most, ratio(figures.again(OURS, cases), bases), ratio(figures.again(KEEPING, cases), bases))


def _goal(name: str, most: float, measured: float | None, floor: float | None = None) -> str | None:
    if measured is None:
        return None
    missed = "missed" if floor is None else f"missed; {KEEPING}: {floor:.2f}"
    return _row(name, f"{most:g}", f"{measured:.2f}", "reached" if measured <= most else missed)


def _growth(figures: Figures) -> float | None:
    """Seconds a case at 10,000 over those at 1,000, the start of the command (one case) taken off both."""
    rounds = [figures.again(OURS, cases) for cases in (1, 1_000, 10_000)]
    if not all(rounds):
        return None
    one, thousand, ten = (median(each) for each in rounds)
    return ((ten - one) / 9_999) / ((thousand - one) / 999)


def _cell(values: list[float], bases: list[float]) -> str:
    against = ratio(values, bases)
    if not values:
        return ""
    return _seconds(median(values)) + ("" if against is None else f" ({against:.2f})")


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _in_megabytes(largest: int | None = None, together: int | None = None) -> float | None:
    return None if largest is None else largest / 1e6


def _megabytes(size: int | None) -> str:
    return "?" if size is None else f"{size / 1e6:.0f} MB"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
