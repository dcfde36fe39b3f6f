"""What a slot cannot have of its own: arguments of a driver that is there once for all slots."""

from __future__ import annotations

from collections.abc import Collection

from sequencer.project.settings import Settings
from sequencer.project.toml_places import toml_places
from sequencer.vocabulary.problem import Place, Problem


def shared_driver_problems(text: str, file: str, settings: Settings, shared: Collection[str]) -> list[Problem]:
    """The tables of slots for the ``shared`` drivers of a sequence, in ``text`` of the TOML ``file``."""
    found = [(slot.name, name) for slot in settings.slots.places for name in slot.drivers if name in shared]
    if not found:
        return []
    places = toml_places(text.replace("\r\n", "\n"))
    problems = []
    for slot, name in found:
        message = f"`{name}` is shared by all slots: `{slot}` cannot give it arguments of its own"
        hint = f"give them in [drivers.{name}], or leave out its `shared: true` if each slot has one"
        place = Place(file, *places["slots", slot, "drivers", name].key)
        problems.append(Problem("shared-arguments", message, place, hint))
    return problems
