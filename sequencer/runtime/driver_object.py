"""The object of a driver: built with its arguments, and closed by ``close()`` or as a context manager."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any


class DriverObject:
    """At most one object at a time; ``opened`` is what opening gave. A function is the driver itself."""

    def __init__(self) -> None:
        self.opened: object = None
        self._object: object = None
        self._is_context = False

    @property
    def needs_closing(self) -> bool:
        """Whether there is an object, which a function does not have."""
        return self._object is not None

    @property
    def is_plain(self) -> bool:
        """Whether it has nothing to reopen: a function, or a number or a text that a context manager gave."""
        return self._object is None or type(self.opened).__module__ == "builtins"

    def open(
        self, target: object, arguments: Mapping[str, object], *, factory: bool = False, makes: bool = False
    ) -> object:
        """Builds ``target``, a class, or binds the arguments of a function. Raises what it raises.

        ``factory``: a function is called with its arguments, and what it returns is the object. ``makes``: a class is
        taken for the function that makes its objects.
        """
        assert callable(target)
        if makes or not (isinstance(target, type) or factory):
            self.opened = functools.partial(target, **arguments) if arguments else target
            return self.opened
        built = self._object = target(**arguments)
        self._is_context = hasattr(type(built), "__enter__") and hasattr(type(built), "__exit__")
        self.opened = built.__enter__() if self._is_context else built
        return self.opened

    def take(self) -> Callable[[], None] | None:
        """What closes it, and raises what that raises; from now on there is no object. ``None`` where there is none."""
        built, self._object = self._object, None
        return None if built is None else functools.partial(_close, built, self._is_context)


def _close(built: Any, is_context: bool) -> None:
    if is_context:
        built.__exit__(None, None, None)
    elif callable(close := _attribute(built, "close")):
        close()


def _attribute(opened: object, name: str) -> object:
    # Not plain getattr: a proxy answers to every name, and would ask the instrument for a method called `close`.
    if name in getattr(opened, "__dict__", ()) or hasattr(type(opened), name):
        return getattr(opened, name, None)
    return None
