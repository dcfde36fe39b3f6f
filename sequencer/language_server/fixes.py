"""What can be done about a problem at one key press: the correction that its hint names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsprotocol import types

from sequencer.language_server.diagnostics import HINT, SOURCE

_MEANT = re.compile(r"did you mean `([^`]+)`\?")
_WRITE = re.compile(r"(?:write|add a unit:|quote it:) (?:a list: )?`?([^`]+?)`?\Z")
_AS_WRITTEN = ("braces", "text-not-expression")
"""Problems whose hint says what to write in place of what stands there."""


def fixes(diagnostics: list[types.Diagnostic], lines: list[str], uri: str) -> list[types.CodeAction]:
    """The corrections of problems, each as an edit of the text that was checked."""
    return [
        types.CodeAction(
            title=f"Replace with `{replacement}`",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            is_preferred=True,
            edit=types.WorkspaceEdit(changes={uri: [types.TextEdit(diagnostic.range, replacement)]}),
        )
        for diagnostic in diagnostics
        for replacement in _replacements(diagnostic, lines)
    ]


def _replacements(diagnostic: types.Diagnostic, lines: list[str]) -> Iterator[str]:
    hint = diagnostic.message.partition(HINT)[2]
    start, end = diagnostic.range.start, diagnostic.range.end
    if diagnostic.source != SOURCE or not hint or start.line != end.line or start.line >= len(lines):
        return
    meant = _MEANT.search(hint)
    found = meant or (
        _WRITE.match(hint) if str(diagnostic.code) in (*_AS_WRITTEN, "wrong-type", "unknown-verb") else None
    )
    if found is None:
        return
    units = lines[start.line].encode("utf-16-le")
    written = units[2 * start.character : 2 * end.character].decode("utf-16-le", "replace")
    replacement = _before_the_rest(found[1], units[2 * end.character :].decode("utf-16-le", "replace"))
    quote = written[:1] if written[:1] in ("'", '"') and written[-1:] == written[:1] and len(written) > 1 else ""
    if replacement[:1] not in ("'", '"', "["):
        replacement = f"{quote}{replacement}{quote}"
    if replacement != written:
        yield replacement


def _before_the_rest(meant: str, rest: str) -> str:
    """A hint may say the whole of what is meant where its beginning alone is wrong: ``meter.read`` at ``metr``."""
    for index in range(1, len(meant)):
        if not meant[index].isalnum() and rest.startswith(meant[index:]):
            return meant[:index]
    return meant
