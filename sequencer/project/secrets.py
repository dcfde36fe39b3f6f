"""Secrets of hardseq itself: which variables hold them, and how they are kept out of what is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import ClassVar

SHORTEST = 6
"""Characters. A shorter secret would take half of every report with it: it is taken from the environment only."""
_PREFIXES = ("HARDSEQ_", "HARDPY_")
_SUFFIXES = ("_KEY", "_PASSWORD", "_TOKEN", "_SECRET", "_WEBHOOK_URL")


def is_secret(name: str) -> bool:
    """Whether an environment variable of this name holds a secret of hardseq's."""
    name = name.upper()
    return name.startswith(_PREFIXES) and name.endswith(_SUFFIXES)


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """For processes that run what others wrote."""
    return {name: value for name, value in environment.items() if not is_secret(name)}


class Redactor:
    """Puts stars in the place of secrets: as they are, and as JSON, Python, URLs and base64 write them."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {value for value in values if len(value) >= SHORTEST}
        # The longest first, as one may be part of another.
        self._texts = sorted({form for value in known for form in _forms(value)}, key=len, reverse=True)
        self._bytes = [text.encode("utf-8", "backslashreplace") for text in self._texts]

    def text(self, text: str) -> str:
        """A line that somebody printed."""
        for form in self._texts:
            if form in text:
                text = text.replace(form, "***")
        return text

    def line(self, line: bytes) -> bytes:
        """An encoded message or event."""
        for form in self._bytes:
            if form in line:
                line = line.replace(form, b"***")
        return line

    def file(self, data: bytes) -> bytes:
        """The contents of a file, whose length stays."""
        for form in self._bytes:
            if form in data:
                data = data.replace(form, b"*" * len(form))
        return data


def _forms(value: str) -> set[str]:
    # Imported here: the test process is started before anything else is loaded.
    import base64
    from urllib.parse import quote, quote_plus

    data = value.encode("utf-8", "surrogateescape")
    forms = {value, quote(data, safe=""), quote_plus(data), repr(value)[1:-1], base64.b64encode(data).decode()}
    # What stands in a line of the journal is JSON, and may quote JSON itself.
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in forms for ascii_only in (True, False)}
    return {form for form in forms if len(form) >= SHORTEST}


class ProcessSecrets:
    """The secrets that this process was told, and not by its environment. One per process, as that is."""

    variables: ClassVar[Mapping[str, str]] = {}
    redactor: ClassVar[Redactor] = Redactor()

    @classmethod
    def take(cls, variables: Mapping[str, str], values: Iterable[str]) -> None:
        """``variables`` by the name they had in the environment; ``values`` are all secrets that are known."""
        cls.variables, cls.redactor = dict(variables), Redactor([*variables.values(), *values])
