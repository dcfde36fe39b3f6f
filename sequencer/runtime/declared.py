"""The drivers that a generated project declares, known before any of them is opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

from sequencer.runtime.pytest_private import argument_names

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True, slots=True)
class Declared:
    """A driver with the arguments of its ``run.driver(...)``."""

    name: str
    how: Mapping[str, Any]

    def is_used(self, items: Iterable[pytest.Item]) -> bool:
        """Whether one of the tests asks for it."""
        return any(self.name in argument_names(item) for item in items)


class _Notes:
    """Stands in for the run while a fixture is asked what it would open."""

    def __init__(self) -> None:
        self.noted: Declared | None = None

    def driver(self, name: str, **how: Any) -> AbstractContextManager[None]:
        """Opens nothing."""
        self.noted = Declared(name, how)
        return nullcontext()


def declared_drivers(conftest: object) -> list[Declared]:
    """In the order in which they are declared. The fixtures themselves say it, so that it stands in one place only."""
    fixtures = (getattr(each, "__wrapped__", None) for each in vars(conftest).values())
    asked = (_ask(fixture) for fixture in fixtures if isinstance(fixture, FunctionType) and _takes_run(fixture))
    return [declared for declared in asked if declared is not None]


def _takes_run(function: FunctionType) -> bool:
    code = function.__code__
    return code.co_varnames[: code.co_argcount] == ("run",)


def _ask(fixture: Any) -> Declared | None:
    notes = _Notes()
    opening = fixture(notes)
    if isinstance(opening, Iterator):
        for _ in opening:
            pass
    return notes.noted
