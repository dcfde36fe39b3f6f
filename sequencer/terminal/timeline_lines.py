"""The runs of a start as lines of a terminal: side by side, on one time axis, and what they waited for."""

from __future__ import annotations

from collections.abc import Iterator

from sequencer.report.outcome import outcome_text
from sequencer.report.start_timeline import SharedWaiting, SlotRow, StartTimeline
from sequencer.terminal.lines import Line, Style, one_line, status_style
from sequencer.terminal.output import Column, table
from sequencer.vocabulary.status import BAD_STATUSES, Status
from sequencer.vocabulary.times import shown_seconds, shown_time

LEAST_WIDTH = 20
"""Signs of a bar in the narrowest terminal."""
_SIGNS: dict[Status, str] = {
    "passed": "█",
    "failed": "×",
    "error": "!",
    "stopped": "■",
    "run": "▒",
    "ready": " ",
    "skipped": " ",
}
_WAITING = "░"


def timeline_lines(timeline: StartTimeline, width: int) -> Iterator[Line]:
    """The slots with their verdicts, a bar for each, and the waits, the longest first; ``width`` in columns."""
    yield [("start     ", "dim"), (timeline.id, "")]
    yield [("began     ", "dim"), (f"{shown_time(timeline.begin)}, {shown_seconds(timeline.seconds)} in all", "")]
    yield []
    yield from table(_HEADS, [_slot(row) for row in timeline.rows], width)
    yield []
    yield from _bars(timeline, width)
    if timeline.waiting:
        yield []
        yield from table(_WAIT_HEADS, [_wait(each, timeline) for each in timeline.waiting], width)


_HEADS = [
    Column("slot"),
    Column("verdict"),
    Column("serial number", 1),
    Column("took", 3),
    Column("failed in", 2),
    Column("id"),
]
_WAIT_HEADS = [
    Column("waited for"),
    Column("times"),
    Column("in all"),
    Column("of the time"),
    Column("longest in", 2),
    Column("one more saves", 1),
]


def _slot(row: SlotRow) -> list[tuple[str, Style]]:
    bad = [bar.name for bar in row.cases if bar.status in BAD_STATUSES]
    return [
        (f"{row.slot} ({row.number})", "bold"),
        (outcome_text(row.outcome), status_style(_status(row))),
        (row.serial_number or "", ""),
        (shown_seconds(row.end - row.begin), "dim"),
        (", ".join(dict.fromkeys(bad)), "failed"),
        (row.run, "dim"),
    ]


def _wait(each: SharedWaiting, timeline: StartTimeline) -> list[tuple[str, Style]]:
    longest = max(range(len(each.by_slot)), key=each.by_slot.__getitem__)
    return [
        (f"{each.kind} {', '.join(each.names)}", "bold"),
        (str(each.times), ""),
        (shown_seconds(each.seconds), ""),
        (f"{each.share:.0%}", ""),
        (f"{timeline.rows[longest].slot}, {shown_seconds(each.by_slot[longest])}", "dim"),
        ("" if each.kind == "sync" else shown_seconds(each.saved), ""),
    ]


def _bars(timeline: StartTimeline, width: int) -> Iterator[Line]:
    names = max(len(row.slot) for row in timeline.rows)
    signs = max(LEAST_WIDTH, width - names - 2)
    for row in timeline.rows:
        yield [(f"{one_line(row.slot):<{names}}  ", "bold"), *_pieces(row, timeline.seconds, signs)]
    end = shown_seconds(timeline.seconds)
    yield [(" " * (names + 2), ""), (f"0 s{end:>{signs - 3}}", "dim")]
    yield [(" " * (names + 2), ""), ("█ passed  × failed  ! error  ■ stopped  ░ waiting", "dim")]


def _pieces(row: SlotRow, seconds: float, signs: int) -> list[tuple[str, Style]]:
    """The bar, a sign for each piece of time: what was worst in it, else whether the slot mostly waited."""
    pieces: list[tuple[str, Style]] = []
    for at in range(signs):
        begin, end = seconds * at / signs, seconds * (at + 1) / signs
        sign, style = _sign(row, begin, end)
        if pieces and pieces[-1][1] == style:
            pieces[-1] = (pieces[-1][0] + sign, style)
        else:
            pieces.append((sign, style))
    return pieces


def _sign(row: SlotRow, begin: float, end: float) -> tuple[str, Style]:
    here = [bar for bar in row.cases if bar.begin < end and (bar.end > begin or begin <= bar.begin)]
    if not here:
        return " ", ""
    waiting = sum(max(0.0, min(wait.end, end) - max(wait.begin, begin)) for wait in row.waits)
    bad = [bar.status for bar in here if bar.status in BAD_STATUSES]
    if not bad and waiting * 2 > end - begin:
        return _WAITING, "skipped"
    status = bad[0] if bad else here[0].status
    return _SIGNS[status], status_style(status)


def _status(row: SlotRow) -> Status:
    match row.outcome:
        case "nothing_tested" | "incomplete":
            return "skipped"
        case status:
            return status
