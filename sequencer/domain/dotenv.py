"""Reads the text of a ``.env`` file: ``NAME=value`` lines, in the form that shells and most tools agree on."""

from __future__ import annotations

import re

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_DOUBLE_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"')
_SINGLE_QUOTED = re.compile(r"'([^']*)'")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_ESCAPE = re.compile(r"\\(.)")


def parse_dotenv(text: str) -> dict[str, str]:
    """The variables by name; comments, ``export`` and quotes are understood, lines of any other form are ignored."""
    matches = (_LINE.match(line) for line in text.removeprefix("\ufeff").splitlines())
    return {match[1]: _value(match[2]) for match in matches if match}


def _value(written: str) -> str:
    if double := _DOUBLE_QUOTED.match(written):
        return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], double[1])
    if single := _SINGLE_QUOTED.match(written):
        return single[1]
    return _COMMENT.sub("", written).strip()
