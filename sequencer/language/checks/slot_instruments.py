"""One instrument that several slots would open, each for itself: nobody would know whose product it measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sequencer.expressions.expression import has_expression
from sequencer.language.drivers.declared import NO_ARGUMENTS
from sequencer.language.shapes.wording import listed
from sequencer.project.settings import Settings
from sequencer.project.toml_places import toml_places
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.model import Driver
from sequencer.vocabulary.problem import Place, Problem

_ADDRESSES = frozenset({"address", "device", "port", "resource", "serial_number", "tty", "visa"})
"""Arguments that say which instrument is meant; an `url` or a `host` serves many at a time."""


def same_instrument_problems(text: str, file: str, settings: Settings, drivers: Iterable[Driver]) -> list[Problem]:
    """Warns of ``drivers`` that are not shared and to which several slots give the same arguments, an address among
    them. ``text`` is that of the TOML ``file``."""
    slots = settings.slots.places
    problems: dict[tuple[str, str], Problem] = {}
    places = toml_places(text.replace("\r\n", "\n"))
    for driver in drivers:
        if driver.shared or not driver.is_class:
            continue
        alike: dict[str, list[str]] = {}
        for slot in slots:
            arguments = {
                **driver.arguments,
                **settings.drivers.get(driver.name, {}),
                **slot.drivers.get(driver.name, {}),
            }
            if (which := _which(arguments)) is not None:
                alike.setdefault(which, []).append(slot.name)
        for which, names in alike.items():
            if len(names) > 1:
                more = [f"{len(names) - 3} more"] if len(names) > 4 else []
                several = listed([*(f"`{name}`" for name in names[: 3 if more else 4]), *more], "and")
                message = f"the slots {several} open the same instrument as `{driver.name}`: {which}"
                hint = (
                    f"give each its own in [slots.NAME.drivers.{driver.name}]; where there is one, say `shared: true`"
                )
                place = Place(file, *places["slots", names[1]].key)
                problems.setdefault((driver.name, which), Problem("same-instrument", message, place, hint, "warning"))
    return list(problems.values())


def _which(arguments: Mapping[str, Data]) -> str | None:
    """The arguments as a text to compare and to read, where they name an instrument and are the same in each run."""
    if has_expression(dict(arguments)) or not any(isinstance(arguments.get(name), str) for name in _ADDRESSES):
        return None
    return ", ".join(f"{name} = {value!r}" for name, value in sorted(arguments.items()) if name not in NO_ARGUMENTS)
