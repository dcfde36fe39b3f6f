"""Codes of slots that could be the numbers of products: whoever scans such a product means a slot to the page."""

from __future__ import annotations

from collections.abc import Iterable

from sequencer.project.settings import Settings
from sequencer.project.toml_places import toml_places
from sequencer.vocabulary.model import Param
from sequencer.vocabulary.problem import Place, Problem
from sequencer.vocabulary.regex import compile_pattern


def slot_code_problems(text: str, file: str, settings: Settings, params: Iterable[Param]) -> list[Problem]:
    """Warns of codes that match the pattern of what is scanned from each product. ``text`` is that of the TOML
    ``file``; without a pattern nothing tells the two apart, and nothing is said."""
    places = toml_places(text.replace("\r\n", "\n"))
    scanned = [param for param in params if param.each_run and param.pattern]
    problems = []
    for slot in settings.slots.places:
        taken = [param for param in scanned if slot.code and compile_pattern(param.pattern or "").search(slot.code)]
        if taken:
            message = f"`{taken[0].name}` takes {slot.code!r}, the code of slot `{slot.name}`: no product can have it"
            hint = f"choose a code that does not match its pattern, {taken[0].pattern}"
            place = Place(file, *places["slots", slot.name, "code"].value)
            problems.append(Problem("slot-code", message, place, hint, "warning"))
    return problems
