"""Which drivers a generated project declares, as its fixtures themselves say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import FunctionType
from typing import TYPE_CHECKING, Required, TypedDict, Unpack

from sequencer.runtime.driver_modules import DriverOrigin
from sequencer.runtime.pytest_private import argument_names
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass

if TYPE_CHECKING:
    import pytest


class OpeningOptions(TypedDict, total=False):
    """See ``vocabulary.model.DriverOpening``."""

    when: str
    timeout: float
    times: int
    delay: float


class DriverOptions(DriverOrigin, total=False):
    """The arguments of ``run.driver(...)``; see ``drivers.OpenDriver``."""

    place: Required[str]
    scope: str
    simulate: DriverOrigin | None
    require: Mapping[str, Data] | None
    reopen: str
    opening: OpeningOptions | None
    shared: bool
    factory: bool
    makes: bool


@dataclass(frozen=True, slots=True)
class DriverDeclaration:
    """A driver with the arguments of its ``run.driver(...)``."""

    name: str
    how: DriverOptions

    def is_used(self, items: Iterable[pytest.Item]) -> bool:
        """Whether one of the tests asks for it."""
        return any(self.name in argument_names(item) for item in items)


class _DeclarationRecorder:
    """Stands in for the run while a fixture is asked what it would open."""

    def __init__(self) -> None:
        self.noted: DriverDeclaration | None = None

    def driver(self, name: str, **how: Unpack[DriverOptions]) -> AbstractContextManager[None]:
        """Opens nothing."""
        self.noted = DriverDeclaration(name, how)
        return nullcontext()


def declared_drivers(conftest: object) -> list[DriverDeclaration]:
    """In the order in which they are declared. The fixtures themselves say it, so that it stands in one place only."""
    fixtures = (getattr(each, "__wrapped__", None) for each in vars(conftest).values())
    asked = (_ask(fixture) for fixture in fixtures if isinstance(fixture, FunctionType) and _takes_run(fixture))
    return [declared for declared in asked if declared is not None]


def _takes_run(function: FunctionType) -> bool:
    code = function.__code__
    return code.co_varnames[: code.co_argcount] == ("run",)


def _ask(fixture: Callable[[_DeclarationRecorder], object]) -> DriverDeclaration | None:
    notes = _DeclarationRecorder()
    opening = fixture(notes)
    if isinstance(opening, Iterator):
        for _ in opening:
            pass
    return notes.noted
