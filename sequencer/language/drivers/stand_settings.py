"""What a stand's configuration says of drivers, ``[drivers.NAME]``, held against the drivers of its sequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sequencer.language.drivers.source import Target
from sequencer.language.shapes.wording import did_you_mean, known_here
from sequencer.project.toml_places import toml_places
from sequencer.vocabulary.problem import Place, Problem

NO_ARGUMENTS = ("require", "reopen")
"""What stands among a driver's arguments and is none."""


def stand_driver_problems(
    text: str,
    file: str,
    drivers: Mapping[str, Mapping[str, Any]],
    declared: Iterable[Mapping[str, Target | None]],
) -> list[Problem]:
    """What is wrong with ``drivers``, the arguments by driver that ``text`` of the TOML ``file`` gives.

    ``declared`` are the drivers of each sequence (``Reading.drivers``). A name that no sequence declares is a warning,
    since a sequence may lie elsewhere; an argument that a driver does not take is an error: it would not open.
    """
    places = toml_places(text.replace("\r\n", "\n"))

    def place(*path: str) -> Place:
        return Place(file, *places[path].key) if path in places else Place(file, 1, 1, 1, 1)

    targets: dict[str, list[Target]] = {}
    for sequence in declared:
        for name, target in sequence.items():
            targets.setdefault(name, []).extend([target] if target is not None else [])
    problems = []
    for name, arguments in drivers.items():
        if name not in targets:
            message = f"no sequence here has a driver `{name}`"
            hint = did_you_mean(name, targets) or known_here(targets)
            problems.append(Problem("unknown-driver", message, place("drivers", name), hint, "warning"))
            continue
        for argument in (key for key in arguments if key not in NO_ARGUMENTS):
            if wrong := next((target for target in targets[name] if not _takes(target, argument)), None):
                names = wrong.signature.names
                hint = did_you_mean(argument, names) or known_here(names) or "it takes no arguments"
                message = f"`{wrong.name}` has no argument `{argument}`"
                at = place("drivers", name, argument)
                problems.append(Problem("unknown-argument", message, at, hint.replace("known here", "it takes")))
    return problems


def _takes(target: Target, argument: str) -> bool:
    return target.signature.others or argument in target.signature.names
