"""The lines that a run writes: text with the meaning of each piece; a terminal colours it, a pipe need not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from sequencer.report.model import MeasurementReport
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.shown import LINE_END, shown_value
from sequencer.vocabulary.status import LogLevel, Status
from sequencer.vocabulary.times import shown_seconds

Style = Literal["", "bold", "dim", "passed", "failed", "error", "stopped", "skipped", "notice"]
Line = Sequence[tuple[str, Style]]

_ANSI: dict[str, str] = {
    "": "",
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "passed": "\x1b[32m",
    "failed": "\x1b[31m",
    "error": "\x1b[35m",
    "stopped": "\x1b[33m",
    "skipped": "\x1b[2m",
    "notice": "\x1b[36m",
}
STATUS_WIDTH = 9


def plain(line: Line) -> str:
    """The line without colours."""
    return "".join(text for text, _ in line).rstrip()


def coloured(line: Line) -> str:
    """The line with the escape sequences of a terminal."""
    return "".join(f"{_ANSI[style]}{text}\x1b[0m" if style and text else text for text, style in line)


def clean(text: str) -> str:
    """The text without control characters: nothing that a product or a sequence says may command the terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else _shown_control(letter) for letter in text)


def one_line(text: str) -> str:
    """The same for a piece of a line: a line end in it is a sign."""
    return clean(text).replace("\n", LINE_END)


def _shown_control(letter: str) -> str:
    if letter == "\t":
        return "    "
    return "" if letter == "\r" else f"\\x{ord(letter):02x}" if ord(letter) < 256 else "\N{REPLACEMENT CHARACTER}"


def status_style(status: Status) -> Style:
    """The colour of a status."""
    match status:
        case "ready" | "run":
            return "notice"
        case _:
            return status


def case_line(full_name: str, name: str, status: Status, seconds: float | None, note: str = "") -> Line:
    """``PASSED  main::minute_parity  Minute check  0.12 s``"""
    pieces: list[tuple[str, Style]] = [(f"{status.upper():<{STATUS_WIDTH}}", status_style(status)), (full_name, "")]
    if name and name != full_name:
        pieces.append((f"  {one_line(name)}", "bold"))
    if seconds is not None:
        pieces.append((f"  {shown_seconds(seconds)}", "dim"))
    if note:
        pieces.append((f"  {one_line(note)}", "dim"))
    return pieces


def measurement_line(measured: MeasurementReport) -> Line:
    """``  5 V rail = 5.01 V   4.8 V to 5.2 V   ok``"""
    superseded = measured.get("superseded", False)
    value = one_line(shown_value(measured["value"], measured["unit"]))
    pieces: list[tuple[str, Style]] = [(" " * (STATUS_WIDTH) + one_line(measured["name"]), ""), (" = ", "dim")]
    style: Style = "" if measured["result"] is None else "passed" if measured["result"] else "failed"
    missed: Style = "failed"
    warning = measured.get("warning")
    if warning:
        style = "stopped"
    if superseded:
        style = missed = "dim"
    pieces.append((value, style))
    if measured["limits"] is not None:
        pieces.append((f"   {shown_limits(measured['limits'], measured['unit'])}", "dim"))
    if measured["result"] is False and measured["reason"]:
        pieces.append((f"   {one_line(measured['reason'])}", missed))
    if warning and not superseded:
        pieces.append((f"   warning: {one_line(warning)}", "stopped"))
    if superseded:
        pieces.append(("   tried again", "dim"))
    return pieces


def try_text(number: int, message: str) -> str:
    """What is said of a failed try."""
    return f"try {number} failed: {message}"


def log_text(level: LogLevel, text: str, source: str | None) -> str:
    """A line of a case's log."""
    said = f"{source}: {text}" if source else text
    return said if level == "info" else f"{level}: {said}"


def log_style(level: LogLevel) -> Style:
    """How it is written."""
    return _LOG_STYLES.get(level, "dim")


_LOG_STYLES: dict[str, Style] = {"warning": "stopped", "error": "error"}


def indented(text: str, style: Style = "", *, by: int = STATUS_WIDTH) -> list[Line]:
    """Each line of a text, set in."""
    return [[(" " * by + part, style)] for part in clean(text).rstrip("\n").split("\n")]


def shown_limits(limits: Data, unit: str | None) -> str:
    """Limits in words; as written when they cannot be read."""
    return _limits_text(repr(limits), unit)


@lru_cache(maxsize=1000)
def _limits_text(written: str, unit: str | None) -> str:
    from ast import literal_eval

    from sequencer.limits import parse_limits

    limits: object = literal_eval(written)
    try:
        return clean(parse_limits(limits, unit).describe(unit))
    except ValueError:
        return clean(str(limits))


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: East Asian letters two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_letter_columns(letter) for letter in text)


def cut(line: Line, width: int) -> Line:
    """The line, no wider than ``width`` columns."""
    shown: list[tuple[str, Style]] = []
    left = width
    for text, style in line:
        if columns(text) <= left:
            shown.append((text, style))
            left -= columns(text)
            continue
        shown.append((_first_columns(text, left), style))
        break
    return shown


def _first_columns(text: str, width: int) -> str:
    kept = ""
    for letter in text:
        if columns(kept) + _letter_columns(letter) >= width:
            return kept + "…" if width > 0 else ""
        kept += letter
    return kept


def _letter_columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def joined(lines: Iterable[Line], *, colour: bool) -> str:
    """The lines as one text that ends in a newline; empty for no lines."""
    form = coloured if colour else plain
    return "".join(form(line) + "\n" for line in lines)


def output_lines(text: str) -> list[Line]:
    """What a driver printed, set off from what hardseq says."""
    return [[("  | ", "dim"), (clean(line), "")] for line in text.rstrip("\n").split("\n")]
