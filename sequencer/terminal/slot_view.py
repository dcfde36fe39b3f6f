"""What a terminal shows of one slot, kept from the events of its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sequencer.report import event as events
from sequencer.report.event import Stamped
from sequencer.terminal.lines import Line, Style, clean, one_line
from sequencer.terminal.state import TerminalRunView
from sequencer.vocabulary.status import BAD_STATUSES

NAME_COLUMNS = 16
"""What a slot's name gets at most beside what happens there."""


class SlotView:
    """What a terminal shows of one slot; ``asks``: somebody has to answer there."""

    def __init__(self, name: str, detailed_up_to: int) -> None:
        self.name = name
        self.run = TerminalRunView(detailed_up_to, names_slot=False)
        self.ended: events.RunFinished | None = None
        self.problem = ""
        self._questions: dict[str, str] = {}

    def apply(self, stamped: Stamped) -> list[Line]:
        """The lines that the event writes."""
        match stamped.event:
            case events.DialogAsked(id=identity, dialog=dialog):
                self._questions[identity] = one_line(str(dialog.get("title") or dialog.get("text") or "a question"))
            case events.DialogAnswered(id=identity):
                self._questions.pop(identity, None)
            case events.RunFinished() as event:
                self.ended = event
        return self.run.apply(stamped)

    @property
    def asks(self) -> str:
        """What it asks, if it does."""
        return next(iter(self._questions.values()), "")

    @property
    def style(self) -> Style:
        """The colour of how it is going."""
        if self.problem:
            return "error"
        if self.ended is not None:
            return ended_style(self.ended.status)
        return "failed" if any(self.run.counts[status] for status in BAD_STATUSES) else "passed"


def ended_style(status: str) -> Style:
    """The colour of how a run ended."""
    styles: Mapping[str, Style] = {"passed": "passed", "failed": "failed", "error": "error"}
    return styles.get(status, "stopped")


def beside(slots: Sequence[str]) -> Callable[[str, Sequence[Line]], list[Line]]:
    """Puts a slot's name before each of its lines."""
    width = max(map(len, slots))

    def lines(slot: str, written: Sequence[Line]) -> list[Line]:
        return [[(f"{slot:<{width}}  ", "dim"), *line] for line in written]

    return lines


def lost_lines(problem: str) -> list[Line]:
    """Why there is no run."""
    return [[("ERROR    ", "error"), (line, "")] for line in clean(f"it did not begin: {problem}").split("\n")]
