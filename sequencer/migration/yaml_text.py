"""YAML as a person writes it: blocks for the structure, one line for what is small, quotes where they are needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from sequencer.vocabulary.data import Data

WIDTH = 110
COMMENT = "#"
"""The key of a mapping under which the comment lines above it stand."""

_PLAIN = re.compile(
    r"(?:[0-9.]+ (?=[A-Za-zΩµ%°]))?[A-Za-z_/$(À-ɏ][^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]*\Z"
)
_FLOW_PLAIN = re.compile(r"(?:[0-9.]+ (?=[A-Za-z]))?[A-Za-z_][A-Za-z0-9_ ./%()°+-]*\Z")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off", "inf", "nan"])
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def document(content: Mapping[str, Data]) -> str:
    """The text of a file; a key ``#`` of any mapping holds the lines of a comment above it."""
    return "\n".join(_block(content, 0)) + "\n"


def _block(value: Mapping[str, Data], indent: int) -> Iterator[str]:
    space = " " * indent
    yield from _comment(value, indent)
    for number, (key, each) in enumerate(item for item in value.items() if item[0] != COMMENT):
        if number and (
            (indent == 0 and isinstance(each, Mapping | list))
            or (isinstance(each, Mapping) and ("cases" in each or "steps" in each))
        ):
            yield ""
        yield from _entry(f"{space}{_scalar(key, flow=False)}:", each, indent)


def _entry(head: str, value: Data, indent: int) -> Iterator[str]:
    """``key: value``, in one line where that is readable."""
    line = _one_line(value, flow=False)
    if line is not None and len(head) + len(line) < WIDTH and not (indent == 0 and _structured(value)):
        yield f"{head} {line}"
    elif isinstance(value, str):
        yield from _text(head, value, indent)
    elif isinstance(value, Mapping):
        yield head
        yield from _block(value, indent + 2)
    else:
        assert isinstance(value, Sequence)
        yield head
        for each in value:
            yield from _item(each, indent + 2)


def _item(value: Data, indent: int) -> Iterator[str]:
    space = " " * indent
    if isinstance(value, Mapping):
        yield from _comment(value, indent)
        lines = list(_block({key: each for key, each in value.items() if key != COMMENT}, indent + 2))
        yield f"{space}- {lines[0][indent + 2 :]}" if lines else f"{space}- {{}}"
        yield from lines[1:]
        return
    line = _one_line(value, flow=False)
    yield f"{space}- {_flow(value) if line is None else line}"


def _flow(value: Data) -> str:
    """The value in a line, however long it is."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key, flow=True)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value, flow=True)


def _comment(value: Mapping[str, Data], indent: int) -> Iterator[str]:
    for line in str(value.get(COMMENT) or "").splitlines():
        yield f"{' ' * indent}# {_UNPRINTABLE.sub('?', line)}".rstrip()


def _structured(value: Data) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _one_line(value: Data, *, flow: bool) -> str | None:
    """The value in a line; ``None`` where it has to be a block."""
    if isinstance(value, Mapping):
        if COMMENT in value or "steps" in value or "cases" in value:
            return None
        parts = [(_scalar(str(key), flow=True), _one_line(each, flow=True)) for key, each in value.items()]
        if any(each is None for _, each in parts):
            return None
        return "{" + ", ".join(f"{key}: {each}" for key, each in parts) + "}"
    if isinstance(value, list | tuple):
        if any(isinstance(each, Mapping) for each in value) and not flow:
            return None
        items = [_one_line(each, flow=True) for each in value]
        return None if any(each is None for each in items) else f"[{', '.join(filter(None, items))}]"
    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        return None
    return _scalar(value, flow=flow)


def _scalar(value: Data, *, flow: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    assert isinstance(value, str)
    plain = _FLOW_PLAIN if flow else _PLAIN
    hidden = ": " in value or " #" in value or value.endswith((":", " ")) or value.lower() in _WORDS
    if plain.match(value) and not hidden:
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    """In double quotes, as JSON and YAML agree on them; half a surrogate pair is no letter in either."""
    readable = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = json.dumps(readable, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _text(head: str, value: str, indent: int) -> Iterator[str]:
    """A long text, or one of several lines, as a literal block where that can hold it."""
    lines = value.split("\n")
    bad = (
        _UNPRINTABLE.search(value)
        or "\t" in value
        or value.lstrip("\n")[:1] == " "
        or any(x != x.rstrip() for x in lines)
    )
    if "\n" not in value or bad or value.endswith("\n\n"):
        yield f"{head} {_quoted(value)}"
        return
    yield f"{head} {'|' if value.endswith(chr(10)) else '|-'}"
    for line in value.removesuffix("\n").split("\n"):
        yield f"{' ' * (indent + 2)}{line}".rstrip()
