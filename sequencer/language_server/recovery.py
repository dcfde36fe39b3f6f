"""A text in the middle of being written, as far as it is YAML: no line moves, what is broken is left out.

Lines that the parser stops at keep their key, so that what stands below still has its place in the structure.
"""

from __future__ import annotations

import re

from sequencer.language.yaml.loader import Document, parse_document

MOST_BROKEN_LINES = 30
"""A text with more broken lines is given up: nobody asks what a name in it is."""

_END = re.compile(r"(\r\n|\r|\n)")
_BEGINNING = re.compile(r"^(\s*(?:- +)*)([A-Za-z_][\w-]*)?")


def recovered(text: str) -> str | None:
    """The text with its broken lines shortened or emptied; ``None`` when that leads nowhere."""
    for _ in range(MOST_BROKEN_LINES):
        document = parse_document(Document("", "", data=text.encode("utf-8", "surrogatepass")))
        if document.root is not None:
            return text
        if not document.problems:
            return None
        shorter = _without(text, document.problems[-1].place.line)
        if shorter is None:
            return None
        text = shorter
    return None


def lines_with_ends(text: str) -> list[str]:
    """The lines as places count them (``split_lines``), each with its end."""
    parts = [*_END.split(text), ""]
    return [line + end for line, end in zip(parts[::2], parts[1::2], strict=True)]


def _without(text: str, line: int) -> str | None:
    """The text with less in ``line``, or in the last line before it that has anything."""
    lines = lines_with_ends(text)
    for index in range(min(line, len(lines)) - 1, -1, -1):
        written = lines[index].rstrip("\r\n")
        if written.strip():
            lines[index] = _shorter(written) + lines[index][len(written) :]
            return "".join(lines)
    return None


def _shorter(written: str) -> str:
    found = _BEGINNING.match(written)
    if found is None or not found[2]:
        return ""
    kept = f"{found[1]}{found[2]}:"
    return kept if kept != written.rstrip() else ""
