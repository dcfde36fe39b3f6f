"""The file of the project that an ``exec`` names: its program, or the script that an interpreter is to run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath, PureWindowsPath

from sequencer.expressions.expression import has_expression
from sequencer.steps.base import StepReader
from sequencer.vocabulary.tree import MappingNode

_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*|pyw?|node|perl|ruby|(?:ba|da|k|z)?sh|pwsh|powershell")
_SCRIPTS = frozenset({".py", ".pyw", ".js", ".mjs", ".pl", ".rb", ".sh", ".ps1"})
_FLAGS = re.compile(r"-[bBdEiIOPqsSuvx]+")
"""Options of Python that take nothing after them."""


def check_file(node: MappingNode, reader: StepReader, key: str = "exec") -> None:
    """Warns when the file is not there; it is no error, as a step before may make it."""
    folder = node.get("folder", "")
    index = None if has_expression(folder) else _file_of(node[key])
    if index is None:
        return
    path = reader.project / folder / node[key][index]
    try:
        there = path.exists() or (not path.suffix and path.with_suffix(".exe").exists())
    except (OSError, ValueError):
        there = False
    if not there:
        where = f"the folder {folder}" if folder else "the project folder"
        place = node[key].item_place(index)
        reader.problem("missing-file", f"there is no such file in {where}", place, severity="warning")


def _file_of(command: Sequence[object]) -> int | None:
    """Which part of the command names a file of the project, as far as that is sure."""
    program = command[0]
    if not isinstance(program, str) or has_expression(program):
        return None
    if len(PureWindowsPath(program).parts) > 1:
        return 0 if _is_relative(program) else None
    if _INTERPRETER.fullmatch(program.lower().removesuffix(".exe")) is None:
        return None
    for index, argument in enumerate(command[1:], start=1):
        if not isinstance(argument, str) or has_expression(argument):
            return None
        if _FLAGS.fullmatch(argument) is None:
            is_script = PurePath(argument).suffix.lower() in _SCRIPTS and not argument.startswith("-")
            return index if is_script and _is_relative(argument) else None
    return None


def _is_relative(name: str) -> bool:
    return not (PureWindowsPath(name).anchor or PurePath(name).is_absolute())
