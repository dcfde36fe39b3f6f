"""Drivers that are opened before the first case, for a look at them, and then wait for their fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType


class _OpenedDriver:
    """A driver that is open already: entering gives it, leaving closes it."""

    def __init__(self, opening: AbstractContextManager[object], opened: object) -> None:
        self._opening = opening
        self._opened = opened

    def __enter__(self) -> object:
        return self._opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._opening.__exit__(kind, error, traceback)


class PreopenedDrivers:
    """Those that wait, by name."""

    def __init__(self) -> None:
        self._waiting: dict[str, _OpenedDriver] = {}

    @contextmanager
    def open(self, name: str, opening: AbstractContextManager[object], *, lasting: bool) -> Iterator[object]:
        """Opens for the block; a ``lasting`` driver stays open after it and waits. Raises what opening raises."""
        opened_driver = _OpenedDriver(opening, opening.__enter__())
        try:
            yield opened_driver.__enter__()
        finally:
            if lasting:
                self._waiting[name] = opened_driver
            else:
                opened_driver.__exit__(None, None, None)

    def take(self, name: str) -> AbstractContextManager[object] | None:
        """The driver, if it waits; closing it is from now on the taker's."""
        return self._waiting.pop(name, None)

    def close(self) -> None:
        """Closes those that nobody took, the last opened first."""
        while self._waiting:
            self._waiting.popitem()[1].__exit__(None, None, None)
