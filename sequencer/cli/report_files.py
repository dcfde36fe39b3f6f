"""Where ``--report`` puts what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli.run_options import STANDARD_OUTPUT

if TYPE_CHECKING:
    from sequencer.protocol.request import Slot

_IN_NAME = "{slot}"


def report_file(report: Path, slots: Sequence[Slot]) -> Path:
    """Where ``--report`` puts the report of a single run. Raises ``Refusal`` for a folder."""
    if slots and report != STANDARD_OUTPUT:
        report = report_files(report, slots)[slots[0].name]
    if report.is_dir():
        raise Refusal(f"--report {report} is a folder", hint="name a file in it")
    return report


def report_files(report: Path, slots: Sequence[Slot]) -> dict[str, Path]:
    """Where ``--report`` puts each slot's report: in a folder, or where ``{slot}`` stands in its name.

    Raises ``Refusal`` for a single file of several slots, and for a file where a folder is to be.
    """
    text = str(report)
    if _IN_NAME in text:
        return {slot.name: Path(text.replace(_IN_NAME, slot.name)) for slot in slots}
    if report.suffix == ".json":
        if len(slots) > 1:
            named = report.with_stem(f"{report.stem}-{_IN_NAME}")
            raise Refusal(
                f"--report {report}: each slot has a report of its own", hint=f"--report {named}, or a folder"
            )
        return {slots[0].name: report}
    if report.exists() and not report.is_dir():
        raise Refusal(f"--report {report} is not a folder", hint="each slot's report is a file in a folder")
    return {slot.name: report / f"{slot.name}.json" for slot in slots}


def write_report(file: Path, parts: Iterable[str]) -> None:
    """Writes a report as ``--report`` asks. Raises ``Refusal`` when that cannot be done."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="\n") as opened:
            opened.writelines(parts)
    except OSError as error:
        raise Refusal(f"--report {file}: {error.strerror}", code=ExitCode.BROKEN) from None
