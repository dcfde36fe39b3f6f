"""PyYAML's syntax errors in words that help, the same ones for libyaml and for the pure Python parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sequencer.vocabulary.problem import Place, Problem, split_lines

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

_CODE = "yaml-syntax"

MAX_DEPTH = 60
"""How many levels of a file may stand inside each other."""


class _Wording(NamedTuple):
    pattern: str
    message: str
    hint: str | None = None
    at_context: bool = False
    """Whether the place is where the broken construct began instead of where the parser gave up."""


_WORDINGS = (
    _Wording(
        r"mapping values are not allowed",
        "a `:` is not allowed here",
        "quote the string if the `:` is part of it, or check the indentation of this line and the one above",
    ),
    _Wording(r"sequence entries are not allowed", "a list item cannot stand here", "put each `- item` on its own line"),
    _Wording(r"could not find expected ':'", "a key without `:`", "write `key: value`", at_context=True),
    _Wording(
        r"unexpected (end of stream|document (indicator|separator))", "this quoted text is never closed", None, True
    ),
    _Wording(r"unknown escape character", "YAML does not know this escape sequence", "use single quotes, or `\\\\`"),
    _Wording(
        r"hexdec|hexadecimal|invalid Unicode character escape",
        "an escape sequence with a wrong number",
        "write `\\x` and two, or `\\u` and four hexadecimal digits",
    ),
    _Wording(r"',' or '\]'", "this `[` is never closed", "separate items with `,` and close with `]`", True),
    _Wording(r"',' or '\}'", "this `{` is never closed", "separate entries with `,` and close with `}`", True),
    _Wording(
        r"node content",
        "a value is expected here",
        "quote the string if it begins with `:`, `]`, `}` or `,`",
    ),
    _Wording(
        r"expected key|<block end>, but found '(<scalar>|<block mapping start>|<anchor>|:)'",
        "this line does not fit the lines above it",
        "check its indentation and the quotes before it",
    ),
    _Wording(
        r"'-' indicator|<block end>, but found",
        "a list item is expected here",
        "begin it with `- ` in the column of the items above",
    ),
    _Wording(r"incompatible YAML document", "only YAML 1.x is supported"),
    _Wording(r"unknown directive", "an unknown YAML directive", "remove the line that begins with `%`"),
    _Wording(r"undefined tag handle", "a tag is not allowed here", "quote the string if it begins with `!`"),
    _Wording(r"tag URI|expected URI", "a tag is not allowed here", "quote the string if it begins with `!`", True),
    _Wording(
        r"alphabetic or numeric character",
        "an anchor or alias without a name",
        "quote the string if it begins with `&` or `*`",
        True,
    ),
    _Wording(r"document start", "only one document is allowed per file"),
    _Wording(
        r"comment or line break|chomping or indentation",
        "only a comment may follow `|` or `>` on the same line",
        "begin the text on the next line",
    ),
    _Wording(r"tab character", "a tab cannot be used for indentation", "use spaces"),
)


def too_deep(place: Place) -> Problem:
    """The problem of a file that nests deeper than ``MAX_DEPTH``, whichever limit strikes first."""
    return Problem("nested-too-deeply", f"more than {MAX_DEPTH} levels of nesting", place)


def yaml_problem(error: MarkedYAMLError, file: str, source: str) -> Problem:
    """The problem for an error of PyYAML's scanner or parser."""
    mark = error.problem_mark or error.context_mark
    lines = split_lines(source)
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    problem = error.problem or "this is not valid YAML"
    if "nesting depth" in problem:  # libyaml's own limit, since 0.2.6: it reads ahead and can strike before ours
        return too_deep(Place(file, line, column, line, column + 1))
    special = _special(lines, line, column, problem)
    if special is not None:
        message, hint, line, column = special
        return _problem(file, lines, (line, column), message, hint)
    for wording in _WORDINGS:
        if re.search(wording.pattern, f"{error.context or ''}: {problem}"):
            if wording.at_context and error.context_mark is not None:
                line, column = error.context_mark.line + 1, error.context_mark.column + 1
            return _problem(file, lines, (line, column), wording.message, wording.hint)
    return _problem(file, lines, (line, column), problem, None)


def _special(lines: list[str], line: int, column: int, problem: str) -> tuple[str, str | None, int, int] | None:
    """What the text around the place explains better than the parser does."""
    text = lines[line - 1] if line <= len(lines) else ""
    before, at = text[: column - 1], text[column - 1 : column]
    if before.endswith("$") and text.startswith("{{", column - 1):
        return *_UNQUOTED, line, column - 1
    if at in ("[", "{") and re.search(_UNCLOSED, problem) and before.rstrip()[-1:] not in ("", *",[{:"):
        return *_broken_off(at), line, column
    if at and re.search(_UNCLOSED, problem) and before.rstrip()[-1:] in ("'", '"'):
        return "a string ends with its closing quote, and something follows", "quote all of it", line, column
    broken_off = _bracket_in_text(before) if re.search(r"cannot start any token|alphabetic or num", problem) else None
    if broken_off is not None:
        # The scanner reads ahead: what it could not read only stands there because a text broke off before it.
        inside = text.startswith("${{", broken_off - 1)
        message, hint = _UNQUOTED if inside else _broken_off(before[broken_off])
        return message, hint, line, broken_off + (not inside)
    if "node content" in problem and not "".join(lines[line - 1 :])[column - 1 :].strip():
        return "the file ends inside `[...]` or `{...}`", "close it with `]` or `}`", line, column
    if "cannot start any token" in problem or "tab character" in problem:
        if at == "\t":
            return "a tab cannot be used for indentation", "use spaces", line, column
        return f"an unquoted string cannot begin with {at!r}", "quote it", line, column
    return None


_UNCLOSED = r"',' or '[]}]'"
_UNQUOTED = "an ${{ expression }} inside `{...}` or `[...]` needs quotes", 'write it as "${{ ... }}"'


def _broken_off(bracket: str) -> tuple[str, str]:
    message = f"an unquoted string inside `{{...}}` or `[...]` ends where a `{bracket}` begins"
    return message, "quote the whole string if the bracket is part of it"


_PIECE = re.compile(r"""'(?:[^']|'')*'?|"(?:[^"\\]|\\.)*"?|:(?=[\s,\[\]{}]|$)|-(?=\s)|\s\#.*|\s+|.""")
"""A quoted text, an indicator, a comment, blanks, or a letter."""


def _bracket_in_text(line: str) -> int | None:
    """Where a bracket stands in the middle of an unquoted text inside of ``{...}`` or ``[...]``; ``None`` for nowhere.

    ``line`` is looked at by itself: what was opened on lines before it is not known.
    """
    depth, begins = 0, True
    for piece in _PIECE.finditer(line):
        text = piece[0]
        if text in ("[", "{"):
            if not begins and depth:
                return piece.start()
            depth += begins
        elif text in ("]", "}"):
            depth, begins = max(0, depth - 1), False
        elif text == ":" or (text == "," and depth):
            begins = True
        elif text == "-" and begins:
            continue
        elif not text.isspace():
            begins = False
    return None


def _problem(file: str, lines: list[str], at: tuple[int, int], message: str, hint: str | None) -> Problem:
    """At the end of the file, the place moves back to the last line that has text."""
    line, column = at
    if line > len(lines) or (line == len(lines) and not lines[-1]):
        written = [number for number, text in enumerate(lines, 1) if text.strip()]
        line = written[-1] if written else 1
        column = len(lines[line - 1].rstrip()) + 1
    return Problem(_CODE, message, Place(file, line, column, line, column + 1), hint)
