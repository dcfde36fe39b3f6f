"""Records in files and folders: which kind each is, read one after the other, with the place of what is wrong."""

from __future__ import annotations

import codecs
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sequencer.records.hardpy import is_hardpy, read_hardpy
from sequencer.records.hardseq_csv import is_heading, read_csv
from sequencer.records.hardseq_json import is_hardseq, read_hardseq
from sequencer.records.openhtf import is_openhtf, read_openhtf
from sequencer.records.record import Fields, ForeignRecord, JsonPath, Origin, UnusableRecord
from sequencer.vocabulary.problem import Place, Problem

SUFFIXES = frozenset({".json", ".jsonl", ".csv"})
"""Of the files in a folder these are read."""
LARGEST = 256 * 2**20
"""Bytes of a single JSON document, or line of a file."""
LOCATED = 4 * 2**20
"""Letters of a document up to which the place of what is wrong is looked for."""

_KINDS = (
    (is_hardseq, read_hardseq),
    (is_hardpy, read_hardpy),
    (is_openhtf, read_openhtf),
)
_HINT = "a record is a JSON report of HardPy, one that OpenHTF's OutputToJSON wrote, or a JSON or CSV export of hardseq"


class Found(NamedTuple):
    """A record, or what is wrong with it. ``run`` is the one that it is of then, where a store may have that."""

    record: ForeignRecord | None
    problem: Problem | None = None
    run: str | None = None


MakeOrigin = Callable[[str], Origin]
"""What is to be said of the runs in a file, by the file's name."""


def read_document(document: object, origin: Origin) -> ForeignRecord:
    """The run of one JSON document of whichever kind. Raises ``UnusableRecord``."""
    for is_kind, read in _KINDS:
        if is_kind(document):
            known: Any = document
            return read(known, origin)
    raise UnusableRecord("no-record", "this is no record of a test run", hint=_HINT)


def files_in(path: Path) -> Iterator[Path]:
    """The file itself, or those of a folder and its folders that may hold records, by name; hidden ones are left out.

    Raises ``OSError``.
    """
    if not path.is_dir():
        yield path
        return
    with os.scandir(path) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files_in(Path(entry.path))
        elif Path(entry.name).suffix.lower() in SUFFIXES and entry.is_file():
            yield Path(entry.path)


def records_in(path: Path, make_origin: MakeOrigin) -> Iterator[Found]:
    """The records of one file, each as soon as it is read."""
    origin = make_origin(path.name)
    try:
        yield from _read_file(path, origin)
    except UnicodeDecodeError as error:
        message = f"this is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}"
        yield Found(None, _problem(path, UnusableRecord("not-utf-8", message, hint=_HINT)))
    except OSError as error:
        yield Found(None, _problem(path, UnusableRecord("unreadable-file", f"{error.strerror or error}")))


def _read_file(path: Path, origin: Origin) -> Iterator[Found]:
    with path.open("rb") as binary:
        begin = binary.read(4)
    encoding = "utf-16" if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    with path.open(encoding=encoding, newline="") as file:
        first = file.readline(LARGEST)
        if is_heading(first.strip("\r\n").split(",")):
            for found in read_csv(itertools.chain([first], file), origin):
                yield found_of(found, lambda unusable: _problem(path, unusable))
            return
        try:
            document = _parsed(first)
        except ValueError:  # a document of several lines
            text = first + file.read(LARGEST)
            yield from _read_text(path, text, origin, more=bool(file.read(1)))
            return
        yield from _read_each(path, document, first, origin)
        yield from _read_lines(path, file, origin)


def _parsed(text: str) -> object:
    """JSON, with the numbers that it lacks as their names. Raises ``ValueError``."""
    try:
        return json.loads(text, parse_constant=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _read_lines(path: Path, lines: Iterable[str], origin: Origin) -> Iterator[Found]:
    """JSON Lines, after the first one."""
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        try:
            document = _parsed(line.rstrip())
        except ValueError as error:
            yield Found(None, _problem(path, _no_json(error), first_line=number))
            continue
        yield from _read_each(path, document, line, origin, first_line=number)


def _read_text(path: Path, text: str, origin: Origin, *, more: bool) -> Iterator[Found]:
    if more:
        unusable = UnusableRecord(
            "file-too-large", f"a document of more than {LARGEST // 2**20} MB", hint="write one run a line (JSON Lines)"
        )
        yield Found(None, _problem(path, unusable))
        return
    try:
        document = _parsed(text)
    except ValueError as error:
        yield Found(None, _problem(path, _no_json(error)))
        return
    yield from _read_each(path, document, text, origin)


def _no_json(error: ValueError) -> UnusableRecord:
    if isinstance(error, json.JSONDecodeError):
        unusable = UnusableRecord(
            "not-json", f"this is neither JSON nor a CSV export of hardseq: {error.msg}", hint=_HINT
        )
        unusable.line, unusable.column = error.lineno, error.colno
        return unusable
    return UnusableRecord("not-json", f"this is not valid JSON: {error}", hint=_HINT)


def _read_each(path: Path, document: object, text: str, origin: Origin, *, first_line: int = 1) -> Iterator[Found]:
    """The records in a document: itself, the entries of a list, of ``runs`` or ``docs``, or CouchDB's ``rows``."""
    for place, each in _documents(document):
        try:
            yield Found(read_document(each, origin))
        except UnusableRecord as unusable:
            unusable.path = (*place, *unusable.path)
            yield Found(None, _problem(path, unusable, text, first_line), unusable.run)


def _documents(document: object) -> Iterator[tuple[JsonPath, object]]:
    if isinstance(document, list):
        yield from (((index,), each) for index, each in enumerate(document))
    elif isinstance(document, dict) and isinstance(document.get("rows"), list):  # `_all_docs?include_docs=true`
        for index, row in enumerate(document["rows"]):
            if isinstance(row, dict) and not str(row.get("id", "")).startswith("_design/"):
                yield ("rows", index, "doc"), row.get("doc")
    elif isinstance(document, dict) and (key := _list_key(document)) is not None:
        yield from (((key, index), each) for index, each in enumerate(document[key]))
    else:
        yield (), document


def _list_key(document: Fields) -> str | None:
    return next((key for key in ("runs", "docs") if isinstance(document.get(key), list)), None)


def found_of(found: ForeignRecord | UnusableRecord, told: Callable[[UnusableRecord], Problem]) -> Found:
    """A record, or the problem that ``told`` makes of what kept it from being one."""
    return Found(None, told(found)) if isinstance(found, UnusableRecord) else Found(found)


def _problem(path: Path, unusable: UnusableRecord, text: str = "", first_line: int = 1) -> Problem:
    line, column = unusable.line or 1, unusable.column
    if unusable.line is None and unusable.path and len(text) <= LOCATED:
        line, column = _position(text, unusable.path)
    line += first_line - 1
    place = Place(path.as_posix(), line, column, line, column + 1)
    return Problem(unusable.code, unusable.message, place, unusable.hint)


def _position(text: str, path: JsonPath) -> tuple[int, int]:
    """Line and column of a part of a JSON text, which YAML reads as well; the beginning where it does not."""
    import yaml

    try:
        node: Any = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return 1, 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            following = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            following = node.value[part] if part < len(node.value) else None
        else:
            break
        if following is None:
            break
        node = following
    return (1, 1) if node is None else (node.start_mark.line + 1, node.start_mark.column + 1)
