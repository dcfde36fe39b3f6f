"""The label of a unit in ZPL: a template of the project, filled with what a report says.

A template is ZPL II (Zebra, "ZPL II Programming Guide") with ``{{names}}`` inside ``^FD ... ^FS``. Values get there as
the hexadecimal UTF-8 of ``^FH``, so that no letter of a serial number can be a command of the printer, and in a Code
128 as the invocation codes of ``^BC``, so that the bar code holds what the value says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sequencer.report.evidence import is_evidence
from sequencer.report.model import RunReport
from sequencer.report.outcome import verdict_word
from sequencer.vocabulary.failure import UnusableValue
from sequencer.vocabulary.reason import Reason

NAMES = (
    *("serial_number", "part_number", "name", "type", "revision", "batch"),
    *("stand", "user", "sequence", "version", "verdict", "run", "date", "time"),
)
"""What a template may name beside ``param.NAME`` and ``info.NAME``."""

_SLOT = re.compile(r"\{\{\s*([\w.-]*)\s*\}\}")
_NO_SLOT = re.compile(r"\{\{[ \t]*([^\n}^]*)")
"""Once the slots are taken out: what would be printed as it is, braces and all."""
_NAMED = re.compile(r"(?:param|info)\.[\w.-]+")
_FIELD = re.compile(r"\^FD([^^~]*)(?=\^FS)", re.IGNORECASE)
_OTHER_SIGNS = re.compile(r"[\^~]C[CTD]", re.IGNORECASE)
_HEX = re.compile(r"\^FH", re.IGNORECASE)
_BEGIN = re.compile(r"\^XA", re.IGNORECASE)
_FIELD_END = re.compile(r"\^FS", re.IGNORECASE)
_BAR_CODE = re.compile(r"\^(B(?!Y)[A-Z0-9])([^^~]*)", re.IGNORECASE)
_CODE_128 = str.maketrans({">": ">0", "^": "><", "~": ">="})
"""Characters that ``^BC`` takes for the beginning of an invocation code, or not at all (table "Code 128 Invocation
Characters")."""
_PLAIN = re.compile(r"[^A-Za-z0-9 .,:;/()+*=#-]")


class NoLabel(UnusableValue):
    """Why there is no label: what is wrong with the template, or what the report lacks."""


def check_template(template: str) -> None:
    """Raises ``NoLabel`` for a template that cannot be filled safely."""
    if _BEGIN.search(template) is None:
        raise NoLabel(Reason("label_no_zpl"))
    if _OTHER_SIGNS.search(template) or _HEX.search(template):
        raise NoLabel(Reason("label_forbidden"))
    inside = "".join(found[1] for found in _FIELD.finditer(template))
    if inside.count("{{") != template.count("{{"):
        raise NoLabel(Reason("label_outside"))
    named = [found[1] for found in _SLOT.finditer(template)]
    unknown = [name for name in named if name not in NAMES and _NAMED.fullmatch(name) is None]
    for name in (*unknown, *_NO_SLOT.findall(_SLOT.sub("", template))):
        raise NoLabel(Reason("label_unknown", name=name, names=list(NAMES)))


def is_wanted(report: RunReport) -> bool:
    """Whether the unit has earned a label by itself: it passed, and the run is evidence."""
    return report["status"] == "passed" and is_evidence(report) and not report["aborted"]


def label(template: str, report: RunReport) -> bytes:
    """One label. Raises ``NoLabel``, also for a unit that has not earned one by a template that would not say so."""
    check_template(template)
    if not is_wanted(report) and "verdict" not in {found[1] for found in _SLOT.finditer(template)}:
        raise NoLabel(Reason("label_not_passed"))
    values = _values(report)

    def value(slot: re.Match[str]) -> str:
        found = values.get(slot[1])
        if found in (None, ""):
            raise NoLabel(Reason("label_lacks", name=slot[1]))
        return str(found)

    def field(found: re.Match[str]) -> str:
        if "{{" not in found[1]:
            return found[0]
        signs = _CODE_128 if _invokes(template[: found.start()]) else {}
        content = _SLOT.sub(lambda slot: value(slot).translate(signs), found[1])
        return "^FH_^FD" + _PLAIN.sub(_escaped, content)

    filled = _FIELD.sub(field, template)
    return _BEGIN.sub("^XA^CI28", filled).encode()


def _invokes(before: str) -> bool:
    """Whether the field that follows is a Code 128 with invocation codes, which mode A (automatic) lacks."""
    bar_codes = _BAR_CODE.findall(_FIELD_END.split(before)[-1])
    if not bar_codes or bar_codes[-1][0].upper() != "BC":
        return False
    orientation_to_mode = bar_codes[-1][1].split(",")
    return len(orientation_to_mode) < 6 or orientation_to_mode[5].strip().upper() != "A"


def _escaped(letter: re.Match[str]) -> str:
    return "".join(f"_{byte:02X}" for byte in letter[0].encode("utf-8", "replace"))


def _values(report: RunReport) -> Mapping[str, object]:
    dut = report["dut"]
    ended = datetime.fromtimestamp(report["stop_time"] or report["start_time"])
    return {
        **{name: dut.get(name) for name in ("serial_number", "part_number", "name", "type", "revision")},
        "batch": report["batch"].get("serial_number"),
        "stand": report["stand"].get("name"),
        "user": report["user"],
        "sequence": report["sequence"]["name"],
        "version": report["sequence"]["version"],
        "variant": report.get("variant"),
        "verdict": verdict_word(report),
        "run": report["id"],
        "date": f"{ended:%Y-%m-%d}",
        "time": f"{ended:%H:%M}",
        **{f"param.{name}": value for name, value in report["params"].items()},
        **{f"info.{name}": value for name, value in (dut.get("info") or {}).items()},
    }
