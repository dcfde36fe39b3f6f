"""What the command line says about a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.vocabulary.dataclass import dataclass

if TYPE_CHECKING:
    from sequencer.protocol.request import StartRequest

STANDARD_OUTPUT = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the command line says: what to run and how, where to write the report, and what to show meanwhile.

    ``answers`` is the file with prepared answers to dialogs.
    ``slots`` names those that run, all of the stand's when it names none. ``report`` is a folder where there are slots.
    """

    path: Path
    request: StartRequest
    slots: tuple[str, ...] = ()
    report: Path | None = None
    panel: bool = True
    open_page: bool = False
    answers: Path | None = None
