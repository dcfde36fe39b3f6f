"""One value in a TOML text set, and everything else left as it is: comments, order, blank lines."""

from __future__ import annotations

import json
import tomllib

from sequencer.project.toml_places import toml_places


def with_text_value(text: str, path: tuple[str, ...], value: str) -> str:
    """``text`` with the string ``value`` at ``path``, a key in a table. Tables that are missing are made.

    Raises ``ValueError`` where the text is not TOML, or writes the table in a form that takes no further line.
    """
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"it is not valid TOML: {error}") from None
    table: dict[str, object] = wanted
    for name in path[:-1]:
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{name} is not a table")
        table = inner
    table[path[-1]] = value
    literal = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    edited = _edited(text.replace("\r\n", "\n"), path, literal)
    try:
        found = tomllib.loads(edited)
    except tomllib.TOMLDecodeError:
        found = {}
    if found != wanted:
        raise ValueError(f"[{'.'.join(path[:-1])}] is written in a form that takes no further line")
    return edited.replace("\n", "\r\n") if "\r\n" in text else edited


def _edited(text: str, path: tuple[str, ...], literal: str) -> str:
    places = toml_places(text)
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    key = _key(path[-1])
    if path in places:
        line, column, end_line, end_column = places[path].value
        before = "".join(lines[: line - 1]) + lines[line - 1][: column - 1]
        after = lines[end_line - 1][end_column - 1 :] + "".join(lines[end_line:])
        return before + literal + after
    if path[:-1] in places:
        line, column, end_line, _ = places[path[:-1]].value
        first = lines[line - 1]
        if first[column - 1] == "{":
            separator = "" if first[column:].lstrip().startswith("}") else ", "
            lines[line - 1] = f"{first[:column]}{key} = {literal}{separator}{first[column:].lstrip()}"
            return "".join(lines)
        lines[end_line - 1] = lines[end_line - 1].rstrip("\n") + "\n"
        return "".join([*lines[:end_line], f"{key} = {literal}\n", *lines[end_line:]])
    ended = text if not text or text.endswith("\n") else text + "\n"
    blank = "\n" if ended.strip() else ""
    return f"{ended}{blank}[{'.'.join(map(_key, path[:-1]))}]\n{key} = {literal}\n"


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if plain else json.dumps(name, ensure_ascii=False)
