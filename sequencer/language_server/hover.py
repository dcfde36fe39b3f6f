"""What a word of a sequence is: a key, a method, a driver, a variable, a case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sequencer.language.drivers.source import WrittenCode
from sequencer.language.mentions import Mention
from sequencer.language_server.completion import plain, said_of
from sequencer.language_server.cursor import find_cursor
from sequencer.language_server.names import ProjectNames
from sequencer.language_server.schemas import (
    alternatives,
    description,
    is_blocks_text,
    is_step,
    properties,
    schemas_at,
    verbs,
)
from sequencer.steps.keys import Schema
from sequencer.vocabulary.problem import split_lines

MOST_PLACES = 5
"""How many places are shown where a variable is set."""

_WORD_AFTER = re.compile(r"[\w-]*")


def hover(path: Path, text: str, at: tuple[int, int], names: ProjectNames, texts: Mapping[Path, str]) -> str | None:
    """What stands at the letter ``at`` (line and column, from 1), as Markdown; ``None`` where nothing is known."""
    for mention in names.at(path, *at):
        said = _named(path, mention, names, texts)
        if said:
            return said
    return _key(split_lines(text), *at, blocks=is_blocks_text(text))


def _named(path: Path, mention: Mention, names: ProjectNames, texts: Mapping[Path, str]) -> str:
    if mention.kind in ("method", "class", "driver"):
        member = names.member(mention.name) if mention.kind == "method" else None
        driver = names.driver(mention.name) if mention.kind == "driver" else None
        if member is not None:
            return said_of(member.written)
        if driver is not None:
            return said_of(driver.written)
        return said_of(_class(mention, names))
    places = names.declarations(path, mention)[:MOST_PLACES]
    lines = []
    for file, place in places:
        source = split_lines(texts.get(file, ""))
        if mention.kind != "file" and place.line <= len(source):
            written = source[place.line - 1].strip().replace("```", "'''")
            lines.append(f"{plain(place.file)}, line {place.line}:\n```yaml\n{written}\n```")
    return "\n".join([f"{mention.kind} `{mention.name}`".replace("\n", " "), *lines])


def _class(mention: Mention, names: ProjectNames) -> WrittenCode | None:
    for reading in names.readings:
        for target in reading.result.drivers.values():
            if target is not None and target.written is not None and target.written.place == mention.symbol:
                return target.written
    return None


def _key(lines: list[str], line: int, column: int, *, blocks: bool) -> str | None:
    if line > len(lines):
        return None
    written = lines[line - 1]
    found = _WORD_AFTER.match(written, column - 1)
    end = found.end() if found is not None else column - 1
    if not re.match(r"[\"']?\s*:(\s|$)", written[end:]):
        return None
    cursor = find_cursor(lines, line, end + 1)
    if cursor.key is not None or cursor.in_text:
        return None
    word = cursor.before.strip("\"'")
    schemas = schemas_at(cursor.levels, blocks=blocks)
    if is_step(schemas) and word in verbs() and not any(each in verbs() for each in cursor.entries):
        schemas = [verbs()[word]]
    schema = properties(schemas).get(word)
    return None if schema is None else _described(word, schema)


def _described(word: str, schema: Schema) -> str:
    values = [str(each) for option in alternatives(schema) for each in option.get("enum", ())]
    parts = [f"`{word}`", plain(description(schema))]
    if values:
        parts.append("one of " + ", ".join(f"`{each}`" for each in values))
    if "default" in schema:
        parts.append(f"default: `{schema['default']}`")
    return "\n\n".join(part for part in parts if part)
