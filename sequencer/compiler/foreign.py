"""Whether what the step of another package writes is Python in which text of the sequence is never code."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from textwrap import dedent
from typing import Any

from sequencer.vocabulary.model import DriverCall, Step

_WORD = re.compile(r"[A-Za-z0-9_.]*")
"""Such text is the same whether it stands in quotes or not: names of drivers, methods and variables among it."""
_OTHER = "'\"\\\n{}#"


def with_other_text(step: Step) -> Step:
    """The same step with something added to every text that is more than a word; the steps inside it stay."""
    kept = ("verb", "place")
    return replace(
        step, **{each.name: _other(getattr(step, each.name)) for each in fields(step) if each.name not in kept}
    )


def _other(value: Any) -> Any:
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) else value + _OTHER
    if isinstance(value, Mapping):
        return {_other(key): _other(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_other, value))
    if isinstance(value, DriverCall):
        return replace(value, arguments=_other(value.arguments))
    return value


def code_problem(lines: list[str], other: list[str]) -> str | None:
    """What is wrong with the code ``lines`` of a step, ``other`` being that of the same step with other text."""
    try:
        code = _structure(lines)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"it writes what is not Python: {error}"
    try:
        same = code == _structure(other)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        same = False
    return None if same else "it writes text of the sequence as code, and not by `construct`, `value` or `call`"


def _structure(lines: list[str]) -> str:
    """The code with all text taken out of its literals."""
    tree = ast.parse(dedent("\n".join(lines)))
    if not tree.body:
        raise SyntaxError("there is no statement in it")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)
