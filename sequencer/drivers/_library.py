"""The libraries that only some stands need."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def imported(name: str, title: str, extra: str) -> Any:
    """The imported library. Raises ``ImportError`` that names the extra of hardseq to install when it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"this instrument needs {title}: pip install 'hardseq[{extra}]' ({error})") from None
