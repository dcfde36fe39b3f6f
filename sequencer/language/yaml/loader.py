"""A YAML file as nodes that know their places, read from PyYAML's events; whatever is wrong becomes a ``Problem``.

Events instead of PyYAML's own node graph: with libyaml they cost an eighth of a full load, and they carry the exact
place of every key and value. Anchors are shared, not copied, and how much aliases would expand to is counted, so that a
"billion laughs" file is refused before anything grows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from sequencer.language.yaml.reader import EventReader, YamlRefused
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place, Problem, split_lines
from sequencer.vocabulary.tree import MappingNode, SequenceNode, Span

MAX_BYTES = 32 * 1024 * 1024
"""A larger file is no sequence that a person wrote: one of 10,000 cases has about 2 MB."""

_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufeff\uff00-\ufffd\U00010000-\U0010ffff]|\ufeff")
_OTHER_BREAKS = {"\x85": "NEL", "\u2028": "LS", "\u2029": "PS"}


@dataclass(slots=True)
class Document:
    """A file that was read. ``root`` is ``None`` when nothing of it can be used, or when the file is a list and may be
    one (``listed``): then that is ``rows``.

    ``written`` keeps, for numbers whose text differs from how Python shows them (``1.10``, ``1e5``), the text that
    stands in the file, by the number's span.
    """

    file: str
    source: str
    data: bytes = b""
    root: MappingNode | None = None
    rows: SequenceNode | None = None
    listed: bool = False
    written: dict[Span, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def display_path(path: Path, project: Path | None) -> str:
    """``path`` as people see it: relative to the project folder where it lies inside, with ``/``."""
    if project is not None:
        try:
            return path.resolve().relative_to(project.resolve()).as_posix()
        except ValueError:
            pass
    return path.as_posix()


def read_document(
    path: Path, project: Path | None = None, *, listed: bool = False, unsaved: Mapping[Path, bytes] | None = None
) -> Document:
    """Reads a YAML file. Never raises for what the file holds: ``Document.problems`` says what is wrong.

    ``unsaved`` is what an editor has of files, by their resolved paths: it counts instead of what the disk has.
    """
    file = display_path(path, project)
    document = Document(file, "", listed=listed)
    written = unsaved.get(path.resolve()) if unsaved else None
    try:
        size = path.stat().st_size if written is None else len(written)
        if size > MAX_BYTES:
            return _refuse(document, "file-too-large", f"the file has {size:,} bytes; {MAX_BYTES:,} is the maximum")
        document.data = path.read_bytes() if written is None else written
    except OSError as error:
        return _refuse(document, "unreadable-file", f"the file cannot be read: {error.strerror or error}")
    return parse_document(document)


def parse_document(document: Document) -> Document:
    """Fills ``source``, ``root`` and ``problems`` from ``data``."""
    try:
        document.source = _decode(document.data)
    except UnicodeDecodeError as error:
        document.source = document.data.decode(error.encoding, "replace")
        before = document.data[: error.start].decode(error.encoding, "replace")
        place = _place_after(document.file, before)
        hint = "save the file as UTF-8"
        return _refuse(document, "not-utf-8", f"this byte is not valid {error.encoding.upper()}", place, hint)
    unprintable = _UNPRINTABLE.search(document.source)
    if unprintable is not None:
        place = _place_after(document.file, document.source[: unprintable.start()])
        message = f"the character U+{ord(unprintable[0]):04X} is not allowed in YAML"
        hint = f'remove it, or write it as "\\u{ord(unprintable[0]):04X}" inside double quotes'
        return _refuse(document, "forbidden-character", message, place, hint)
    _build(document)
    return document


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8").removeprefix("\ufeff")


def _place_after(file: str, before: str) -> Place:
    lines = split_lines(before)
    return Place(file, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)


def _refuse(
    document: Document, code: str, message: str, place: Place | None = None, hint: str | None = None
) -> Document:
    document.problems.append(Problem(code, message, place or Place(document.file, 1, 1, 1, 2), hint))
    return document


def _build(document: Document) -> None:
    source, restore = _hide_other_breaks(document.source)
    reader = EventReader(source, document.file, document.problems, document.written, restore)
    try:
        root: object = reader.document()
    except YamlRefused as refused:
        document.problems.append(refused.problem)
        return
    if isinstance(root, MappingNode):
        document.root = root
    elif isinstance(root, SequenceNode) and document.listed:
        document.rows = root
    elif root is None:
        _refuse(document, "empty-file", "the file is empty")
    else:
        hint = "write keys and values, one `key: value` per line"
        _refuse(document, "not-a-mapping", "the file must be a mapping", Place(document.file, *reader.span), hint)


def _hide_other_breaks(source: str) -> tuple[str, dict[int, str]]:
    """Puts placeholders where YAML 1.1, and so PyYAML, sees line breaks that YAML 1.2 and editors do not."""
    found = [letter for letter in _OTHER_BREAKS if letter in source]
    if not found:
        return source, {}
    free = (chr(code) for code in range(0xE000, 0xF8FF) if chr(code) not in source)
    hidden = {letter: next(free) for letter in found}
    return source.translate({ord(letter): other for letter, other in hidden.items()}), {
        ord(other): letter for letter, other in hidden.items()
    }
