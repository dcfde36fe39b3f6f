"""The runs of a start on one time axis, and what one more of what they waited for would save."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.report import event as events
from sequencer.report.event import Event, Stamped
from sequencer.report.fold import fold
from sequencer.report.model import RunReport
from sequencer.report.start_timeline import first_in_queue, start_timeline
from sequencer.terminal.lines import plain
from sequencer.terminal.timeline_lines import timeline_lines

PLAN = [
    {
        "id": "main",
        "name": "Main",
        "group": "main",
        "description": None,
        "cases": [
            {
                "id": name,
                "name": name.title(),
                "group": "main",
                "description": None,
                "place": "board.yaml:1:1",
                "critical": False,
                "tags": [],
                "attempts": 1,
                "timeout": None,
            }
            for name in ("rails", "soak")
        ],
    }
]


def run(slot: str, number: int, told: Sequence[tuple[float, Event]], *, begin: float = 100.0) -> RunReport:
    """The report of one slot's run."""
    started = events.RunStarted(
        f"run-{slot}",
        {"name": "Board"},
        PLAN,
        "1",
        {},
        record={"dut": {"serial_number": f"SN-{slot}"}},
        slot={"name": slot, "number": number},
        start={"id": "start-1", "slots": ["left", "right"]},
    )
    stream = [(begin, started), *told]
    return fold(Stamped(seq, time, event) for seq, (time, event) in enumerate(stream, 1))


def case(name: str, begin: float, end: float, status: Any = "passed") -> list[tuple[float, Event]]:
    """A case that ran from ``begin`` to ``end``."""
    full = f"main::{name}"
    return [(begin, events.CaseStarted(full)), (end, events.CaseFinished(full, status))]


def waited(name: str, kind: Any, names: list[str], begin: float, end: float) -> tuple[float, Event]:
    """What a case told when it had waited."""
    return end, events.WaitFinished(f"main::{name}", "board.yaml:2:1", kind, names, end - begin)


def two_slots() -> list[RunReport]:
    """Left uses the meter from 100 to 102; right waits for it from 101 on, then both meet at a point."""
    left_start, left_end = case("rails", 100, 102)
    soak_start, soak_end = case("soak", 102, 104)
    left = [left_start, left_end, soak_start, waited("soak", "sync", ["hot"], 102, 103), soak_end]
    right_start, right_end = case("rails", 101, 103, "failed")
    right = [right_start, waited("rails", "hold", ["meter"], 101, 102), right_end]
    over = events.RunFinished("passed")
    return [
        run("right", 2, [*right, (103.0, events.RunFinished("failed"))], begin=101.0),
        run("left", 1, [*left, (104.0, over)]),
    ]


def test_slots_stand_side_by_side_with_their_cases_and_waits() -> None:
    """In the order of their numbers, in seconds since the first began; waits by what they were for."""
    timeline = start_timeline("start-1", two_slots())
    assert (timeline.begin, timeline.seconds) == (100.0, 4.0)
    assert [(row.slot, row.serial_number, row.outcome, row.begin, row.end) for row in timeline.rows] == [
        ("left", "SN-left", "passed", 0.0, 4.0),
        ("right", "SN-right", "failed", 1.0, 3.0),
    ]
    assert [(bar.name, bar.status, bar.begin, bar.end) for bar in timeline.rows[1].cases] == [
        ("main::rails", "failed", 1.0, 3.0)
    ]
    assert [(each.kind, each.names, each.times, each.seconds, each.by_slot) for each in timeline.waiting] == [
        ("sync", ("hot",), 1, 1.0, (1.0, 0.0)),
        ("hold", ("meter",), 1, 1.0, (0.0, 1.0)),
    ]
    assert timeline.waiting[0].share == pytest.approx(1 / 6)
    # Another meter lets the right one end earlier; the left one, which ends last, it does not help.
    assert [each.saved for each in timeline.waiting] == [0.0, 0.0]


def test_one_more_saves_what_the_last_run_waited_as_the_first_in_the_queue() -> None:
    """Whoever waits behind another one would still have waited."""
    over = events.RunFinished("passed")
    start, end = case("rails", 100, 110)
    runs = [run("left", 1, [start, waited("rails", "call", ["meter"], 101, 104), end, (110.0, over)])]
    runs.append(run("right", 2, [start, waited("rails", "call", ["meter"], 102, 107), end, (110.0, over)]))
    found = start_timeline("start-1", runs).waiting[0]
    assert (found.seconds, found.times) == (8.0, 2)
    # The left one waits for 3 s as the first, the right one after that for 3 s.
    assert found.saved == 3.0


def test_a_run_that_was_cut_off_reaches_to_what_is_known_of_it() -> None:
    """Its bar ends with its last word; a start without a run is none."""
    begun = [(100.0, events.CaseStarted("main::rails")), waited("rails", "hold", ["meter"], 100, 102)]
    timeline = start_timeline("start-1", [run("left", 1, begun)])
    assert timeline.rows[0].cases[0].end == timeline.seconds == 2.0
    with pytest.raises(ValueError, match="at least"):
        start_timeline("start-1", [])


SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda span: (float(span[0]), float(sum(span)))), max_size=4
)


@given(st.lists(SPANS, min_size=1, max_size=4))
def test_the_first_in_the_queue_is_the_one_that_looking_at_each_moment_finds(
    waits: list[list[tuple[float, float]]],
) -> None:
    """Second by second, whoever of those that wait came first would have been served."""
    waits = [separate(mine) for mine in waits]
    expected = [0.0] * len(waits)
    for second in range(40):
        here = [
            (begin, end, member)
            for member, mine in enumerate(waits)
            for begin, end in mine
            if begin <= second and second + 1 <= end
        ]
        if here:
            expected[min(here)[2]] += 1.0
    assert first_in_queue(waits) == expected


def separate(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """One slot waits for one thing at a time."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if not found or begin >= found[-1][1]:
            found.append((begin, end))
    return found


def test_a_terminal_shows_the_slots_their_bars_and_what_they_waited_for() -> None:
    """A failure is seen in the bar whatever lies beside it; waiting has a sign of its own; the table names the slot."""
    shown = [plain(line) for line in timeline_lines(start_timeline("start-1", two_slots()), 100)]
    assert shown[0] == "start     start-1"
    assert shown[4].split() == ["left", "(1)", "passed", "SN-left", "4.0", "s", "run-left"]
    assert shown[5].split()[:4] == ["right", "(2)", "failed", "SN-right"]
    left, right = (line for line in shown if "█" in line or "×" in line if "passed" not in line)
    assert left.startswith("left   █") and "░" in left
    assert right.startswith("right  ") and "×" in right
    assert any(line.startswith("hold meter") and "right, 1.0 s" in line for line in shown)
    assert all(len(line) <= 100 for line in shown[3:])
