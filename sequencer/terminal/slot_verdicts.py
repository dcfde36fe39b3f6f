"""How the runs of several slots ended: what failed, slot by slot, and the verdicts side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sequencer.report.model import RunReport
from sequencer.report.outcome import WORDS, Outcome, outcome, outcome_text
from sequencer.terminal.lines import Line, Style, columns, cut, one_line
from sequencer.terminal.output import can_write, is_terminal
from sequencer.terminal.slot_view import ended_style, lost_lines
from sequencer.terminal.summary import Source, block_letters, failure_lines, painted, verdict_line
from sequencer.terminal.writer import Writer

_GAP = 2
_MARGIN = 2
_BLOCK_ROWS = 7
_ROWS_BELOW = 2
"""Rows of a terminal that are to stay free below the verdicts beside one for each report: for the prompt."""


class SlotVerdict(NamedTuple):
    """How a slot ended: with a report, or with the ``problem`` for which there was no run."""

    slot: str
    report: RunReport | None
    problem: str = ""

    @property
    def outcome(self) -> Outcome:
        """A slot without a run is an error."""
        return "error" if self.report is None else outcome(self.report)

    @property
    def unit(self) -> str:
        """The serial number, if there is one."""
        number = None if self.report is None else self.report["dut"].get("serial_number")
        return "" if number is None else one_line(str(number))


def end_slots(writer: Writer, ends: Sequence[SlotVerdict], source: Source) -> None:
    """What failed, slot by slot, a line for each verdict and, for a person, all of them as blocks or as a table."""
    writer.lines([*failures_by_slot(ends, source), *verdict_lines(ends)])
    if is_terminal(writer.stream):
        import shutil

        size = shutil.get_terminal_size()
        ink = "█" if can_write(writer.stream, "█") else "#"
        writer.text(verdict_blocks(ends, size.columns, size.lines, colour=writer.colour, ink=ink))


def failures_by_slot(ends: Sequence[SlotVerdict], source: Source) -> Iterator[Line]:
    """What there is to say of each slot that did not simply pass."""
    yield []
    for end in ends:
        said = lost_lines(end.problem) if end.report is None else list(failure_lines(end.report, source))
        if said:
            yield [(f"── {end.slot} ", "bold"), (end.unit, "")]
            yield from said
            yield []


def verdict_lines(ends: Sequence[SlotVerdict]) -> Iterator[Line]:
    """A line for each slot, and one that counts them."""
    width = max(len(end.slot) for end in ends)
    for end in ends:
        no_run: Line = [("verdict   ", "dim"), ("ERROR", "error")]
        label, *rest = no_run if end.report is None else verdict_line(end.report)
        unit: Line = [(f"  {end.unit}", "")] if end.unit else []
        yield [label, (f"{end.slot:<{width}}  ", "bold"), *rest, *unit]
    yield counts_line(ends)


def counts_line(ends: Sequence[SlotVerdict]) -> Line:
    """``slots     6 passed, 1 failed``"""
    counts = Counter(end.outcome for end in ends)
    pieces: list[tuple[str, Style]] = [("slots     ", "dim")]
    for at, (found, count) in enumerate(sorted(counts.items(), key=lambda each: list(WORDS).index(each[0]))):
        pieces += [(", " if at else "", ""), (f"{count} {outcome_text(found)}", ended_style(found))]
    return pieces


def verdict_blocks(ends: Sequence[SlotVerdict], width: int, height: int, *, colour: bool, ink: str = "█") -> str:
    """The verdicts side by side in large letters, in rows; a table of words where those would not fit the terminal."""
    letters = {each: block_letters(WORDS[each], ink=ink, dot=(1, 1)) for each in {end.outcome for end in ends}}
    wanted = max(len(rows[0]) for rows in letters.values()) + 2 * _MARGIN
    across, cell = _grid(len(ends), wanted, width)
    rows = -(-len(ends) // across)
    large = cell >= wanted - _MARGIN and rows * _BLOCK_ROWS + len(ends) + _ROWS_BELOW <= height
    if not large:
        across, cell = _grid(len(ends), max(len(_small(end)) for end in ends) + 1, width)
    text = ""
    for start in range(0, len(ends), across):
        chosen = ends[start : start + across]
        blocks = [
            [f"{end.slot} {end.unit}".rstrip(), *letters[end.outcome]] if large else [_small(end)] for end in chosen
        ]
        for number in range(len(blocks[0])):
            parts = [_cell(block[number], cell, centred=large) for block in blocks]
            text += _row(parts, [end.outcome for end in chosen], colour=colour)
        text += "\n" if large and start + across < len(ends) else ""
    return text


def _row(parts: Sequence[str], outcomes: Sequence[Outcome], *, colour: bool) -> str:
    shown = [painted(part, each) if colour else part for part, each in zip(parts, outcomes, strict=True)]
    return (" " * _GAP).join(shown).rstrip() + "\n"


def _small(end: SlotVerdict) -> str:
    return f"{end.slot} {WORDS[end.outcome]}"


def _grid(count: int, wanted: int, width: int) -> tuple[int, int]:
    """How many cells go side by side, and how wide each is."""
    across = min(count, max(1, (width + _GAP) // (wanted + _GAP)))
    return across, min((width + _GAP) // across - _GAP, max(wanted, 1) * 2)


def _cell(text: str, width: int, *, centred: bool) -> str:
    (shown, _), *_ = cut([(text, "")], width) or [("", "")]
    left = max(0, width - columns(shown))
    before = left // 2 if centred else 0
    return " " * before + shown + " " * (left - before)
