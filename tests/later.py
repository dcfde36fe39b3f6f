"""Modules that few tests use and that take long to load: each test process collects all tests."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """A module that is loaded when something of it is used for the first time."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # whoever collects tests asks for these
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)
