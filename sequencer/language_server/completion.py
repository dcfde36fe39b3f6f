"""What can be written where the cursor stands: keys, verbs, drivers, methods, arguments, names, cases, units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lsprotocol import types

from sequencer.expressions.expression import CONSTANTS, FUNCTIONS
from sequencer.language.drivers.files import DriverFolders
from sequencer.language.drivers.source import DriverSource, DriverTarget, Member, WrittenCode
from sequencer.language.mentions import Mention, Mentions
from sequencer.language.problems import Problems
from sequencer.language.scope import ALWAYS, VariableNames
from sequencer.language.shapes.schema_parts import DEPENDS_PATTERN, USE_PATTERN
from sequencer.language_server.cursor import ITEM, Cursor, find_cursor
from sequencer.language_server.names import ProjectNames, members
from sequencer.language_server.schemas import (
    alternatives,
    description,
    is_blocks_text,
    is_step,
    properties,
    schemas_at,
    value_schemas,
    verbs,
)
from sequencer.steps.keys import CALL, MARK, PROPERTY, Schema
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.extension import UnusableExtension

UNITS = (
    "V",
    "mV",
    "µV",
    "kV",
    "A",
    "mA",
    "µA",
    "nA",
    "W",
    "mW",
    "Ω",
    "mΩ",
    "kΩ",
    "MΩ",
    "F",
    "µF",
    "nF",
    "pF",
    "H",
    "mH",
)
FURTHER_UNITS = (
    "Hz",
    "kHz",
    "MHz",
    "GHz",
    "s",
    "ms",
    "µs",
    "°C",
    "K",
    "%",
    "dB",
    "dBm",
    "rpm",
    "m",
    "mm",
    "g",
    "N",
    "Nm",
    "bar",
)
"""What is measured in electronics; any other unit can be written as well."""

_UNIT = re.compile(r"\bunit:\s*[\"']?([^\s,}\"'#]+)")
_WORD = re.compile(r"[\w.]*\Z")
_NAME = re.compile(r"[\w-]*\Z")
_DEPENDED = re.compile(r"[\w:]*\Z")
_PLAIN = re.compile(r"[^\s\"'\[\]{},]*\Z")

Kind = types.CompletionItemKind


@dataclass(frozen=True, slots=True)
class Proposal:
    """What can be written: ``text`` in place of what of it is written already; ``detail`` and ``said`` explain it."""

    text: str
    kind: types.CompletionItemKind
    detail: str = ""
    said: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Proposals:
    """All that can be written in place of the last ``length`` letters before the cursor."""

    length: int
    found: list[Proposal]


class Completion:
    """Answers for one file. ``names`` are those of the sequences that it is a part of."""

    def __init__(self, path: Path, text: str, lines: list[str], names: ProjectNames, project: Path) -> None:
        self._path = path
        self._text = text
        self._lines = lines
        self._names = names
        self._project = project

    def at(self, line: int, column: int) -> Proposals:
        """What can be written before letter ``column`` of ``line``, from 1."""
        cursor = find_cursor(self._lines, line, column)
        written = self._lines[line - 1][: column - 1] if line <= len(self._lines) else ""
        expression = _open_expression(written if cursor.in_text else cursor.before)
        if expression is not None:
            return self._expression(expression, cursor, line)
        if cursor.in_text:
            return Proposals(0, [])
        blocks = is_blocks_text(self._text)
        schemas = schemas_at(cursor.levels, cursor.key, blocks=blocks)
        if cursor.key is None:
            values = self._values(cursor, schemas) if cursor.is_item else Proposals(0, [])
            return values if values.found else _matching(_NAME, cursor.before, self._keys(cursor, schemas))
        schemas = value_schemas(schemas, cursor.key)
        if any(schema.get(MARK) == "expression" for schema in schemas):
            return self._expression(cursor.before, cursor, line)
        return self._values(cursor, schemas)

    def _keys(self, cursor: Cursor, schemas: list[Schema]) -> Iterator[Proposal]:
        if cursor.path[-1:] == ("with",):
            yield from self._arguments(cursor)
            return
        if cursor.path[:1] == ("variants",) and len(cursor.path) == 2:
            yield from self._of_other_variants(cursor)
            return
        if not is_step(schemas) or any(verb in verbs() for verb in cursor.entries):
            for key, schema in properties(schemas).items():
                if key not in cursor.entries:
                    yield Proposal(_key(key, schema), Kind.Property, _short(schema), description(schema), key)
        if is_step(schemas):
            yield from self._verbs(cursor)

    def _verbs(self, cursor: Cursor) -> Iterator[Proposal]:
        """The verbs that what the step has already can be keys of: `call` stands in a `measure` as well."""
        for verb, schema in verbs().items():
            if verb not in cursor.entries and cursor.entries.keys() <= schema["properties"].keys():
                said = description(schema["properties"][verb])
                yield Proposal(_key(verb, schema["properties"][verb]), Kind.Keyword, "verb", said, verb)

    def _of_other_variants(self, cursor: Cursor) -> Iterator[Proposal]:
        for mention in self._names.declared("variable"):
            line = self._lines[mention.place.line - 1] if mention.place.line <= len(self._lines) else ""
            if mention.within == "" and mention.name not in cursor.entries and "variant" not in mention.name:
                yield Proposal(f"{mention.name}: ", Kind.Variable, line.strip(), label=mention.name)

    def _arguments(self, cursor: Cursor) -> Iterator[Proposal]:
        """The names under ``with``: of a call, of a driver's constructor, of a block."""
        owner = cursor.levels[-2].entries if len(cursor.levels) > 1 else {}
        written, signature = None, None
        if cursor.path[:1] == ("drivers",) and len(cursor.path) == 3:
            # By what is written, too: in braces that are still open nothing else is known of the driver.
            target = self._target(_unquoted(owner.get("use", ""))) or self._names.driver(cursor.path[1])
            if target is not None:
                signature = target.signature
                initial = target.members.get("__init__")
                written = initial.written if initial is not None and initial.written is not None else target.written
        elif "use" in owner:
            yield from self._block_parameters(_unquoted(owner["use"]), cursor)
            return
        else:
            called = next((_unquoted(owner[key]) for key in ("call", "measure", "assign") if key in owner), "")
            called = _unquoted(owner.get("call", called))
            member = self._names.member(called)
            target = self._names.driver(called)
            if member is not None:
                signature, written = member.signature, member.written
            elif target is not None:
                signature, written = target.signature, target.written
        for name in () if signature is None else signature.names:
            if name not in cursor.entries:
                needed = "required" if signature is not None and name in signature.required else ""
                yield Proposal(f"{name}: ", Kind.Field, needed, said_of(written), name)

    def _block_parameters(self, used: str, cursor: Cursor) -> Iterator[Proposal]:
        name = used.rpartition(".")[2]
        for path, mentions in self._names.mentions.items():
            for each in mentions:
                of_block = each.kind == "variable" and each.is_declaration and each.within == f"block {name}"
                if of_block and each.name not in cursor.entries:
                    yield Proposal(f"{each.name}: ", Kind.Field, path.name, label=each.name)

    def _values(self, cursor: Cursor, schemas: list[Schema]) -> Proposals:
        before = cursor.before.lstrip("\"'")
        patterns = {str(schema["pattern"]) for schema in schemas if "pattern" in schema}
        key = cursor.key or (cursor.path[-2] if len(cursor.path) > 1 else "")
        if patterns & {CALL["pattern"], PROPERTY["pattern"]}:
            return _matching(_WORD, before, self._calls(before))
        if USE_PATTERN in patterns:
            return _matching(_WORD, before, self._classes(before))
        if DEPENDS_PATTERN in patterns:
            return _matching(_DEPENDED, before, self._cases(cursor))
        return self._named_values(key, cursor, before) or _matching(_NAME, before, _constants(schemas))

    def _named_values(self, key: str, cursor: Cursor, before: str) -> Proposals | None:
        """What can stand under keys whose values are names; ``None`` under all others."""
        if key == "unit":
            units = dict.fromkeys([*_UNIT.findall(self._text), *UNITS, *FURTHER_UNITS])
            return _matching(_PLAIN, before, (Proposal(unit, Kind.Unit) for unit in units))
        if key in ("csv", "file") or cursor.path[:1] == ("include",):
            return _matching(_PLAIN, before, self._files(key))
        if key == "use":
            return _matching(_WORD, before, self._used_blocks())
        if key == "hold":
            return _matching(
                _NAME, before, (Proposal(each.name, Kind.Variable) for each in self._names.declared("driver"))
            )
        if key == "table":
            return _matching(
                _NAME, before, (Proposal(each.name, Kind.Struct) for each in self._names.declared("table"))
            )
        return None

    def _calls(self, before: str) -> Iterator[Proposal]:
        """Drivers, and once one is written its methods and what it holds."""
        name, dot, _ = before.rpartition(".")
        if not dot:
            for each in self._names.declared("driver"):
                target = self._names.driver(each.name)
                said = said_of(None if target is None else target.written)
                yield Proposal(each.name, Kind.Variable, "" if target is None else target.name, said)
            return
        target = self._names.driver(name)
        if target is None and (held := self._names.member(name)) is not None and held.inside is not None:
            target = held.inside()
        for part, member in members(target).items() if target is not None else ():
            yield Proposal(f"{name}.{part}", _kind(member), _signature(member.written), said_of(member.written))

    def _classes(self, before: str) -> Iterator[Proposal]:
        """Driver files, and once one is written the classes and functions in it."""
        module, dot, _ = before.rpartition(".")
        if not dot:
            folders = DriverFolders(self._path.parent, self._project)
            yield from (Proposal(name, Kind.Module) for name in dict.fromkeys(folders.known()))
            return
        source = self._source(module)
        if source is None:
            return
        for name in source.names:
            found = source.target(name)
            written = None if found is None else found.written
            yield Proposal(f"{module}.{name}", Kind.Class, _signature(written), said_of(written))

    def _source(self, module: str) -> DriverSource | None:
        """A driver's file as it is on the disk; ``None`` when it is not there or cannot be read."""
        try:
            located = DriverFolders(self._path.parent, self._project).locate(module)
            if located is None or located.path is None:
                return None
            return DriverSource(located.path.read_bytes(), located.path.name)
        except (OSError, ValueError, SyntaxError, UnusableExtension):
            return None

    def _target(self, use: str) -> DriverTarget | None:
        """The class or function that ``file.Class`` names, as far as its own file tells."""
        module, _, name = use.rpartition(".")
        source = self._source(module) if module else None
        return None if source is None else source.target(name)

    def _cases(self, cursor: Cursor) -> Iterator[Proposal]:
        own = cursor.path[1] if cursor.path[:1] == ("modules",) and len(cursor.path) > 1 else None
        case = cursor.path[3] if len(cursor.path) > 3 and cursor.path[2] == "cases" else None
        for each in self._names.declared("case"):
            if each.within == own and each.name != case:
                yield Proposal(f"::{each.name}", Kind.Reference, "a case of this module")
            elif each.within != own:
                yield Proposal(f"{each.within}::{each.name}", Kind.Reference, "a case")
        for each in self._names.declared("module"):
            if each.name != own:
                yield Proposal(each.name, Kind.Module, "a whole module")

    def _used_blocks(self) -> Iterator[Proposal]:
        aliases = dict(
            re.findall(r"^  ([a-z]\w*)\s*:\s*[\"']?([^\s\"'#]+)", _section(self._text, "include"), re.MULTILINE)
        )
        aliases.update(re.findall(r"([a-z]\w*)\s*:\s*[\"']?([^\s\"',}]+)", _section_line(self._text, "include")))
        names = {(self._path.parent / file).name: alias for alias, file in aliases.items()}
        for path, mentions in self._names.mentions.items():
            for each in mentions:
                if each.kind == "block" and each.is_declaration:
                    alias = names.get(path.name)
                    yield Proposal(f"{alias}.{each.name}" if alias else each.name, Kind.Function, path.name)

    def _files(self, key: str) -> Iterator[Proposal]:
        patterns = (
            ("*.csv", "*.yaml", "*.yml") if key == "file" else ("*.csv",) if key == "csv" else ("*.yaml", "*.yml")
        )
        for pattern in patterns:
            for file in sorted(self._path.parent.glob(pattern)):
                if file != self._path:
                    yield Proposal(file.name, Kind.File)

    def _expression(self, before: str, cursor: Cursor, line: int) -> Proposals:
        """The names that an expression may use here; ``before`` is what of it is written."""
        found = _WORD.search(before)
        owner, dot, _ = (found[0] if found else "").rpartition(".")
        if dot:
            params = frozenset(each.name for each in self._names.declared("param"))
            fields = VariableNames(Problems(), Mentions(), params).fields(owner) or frozenset()
            return _matching(_WORD, before, (Proposal(f"{owner}.{each}", Kind.Field) for each in sorted(fields)))
        return _matching(_WORD, before, self._in_scope(cursor, line))

    def _in_scope(self, cursor: Cursor, line: int) -> Iterator[Proposal]:
        variables: dict[str, Mention] = {}
        for each in self._names.declared("variable"):
            if self._can_be_read(each, cursor, line):
                variables.setdefault(each.name, each)
        for name, each in variables.items():
            yield Proposal(name, Kind.Variable, f"line {each.place.line} of {each.place.file}")
        for name in (*ALWAYS, "attempt") if cursor.path[:1] != ("after_run",) else (*ALWAYS, "verdict", "report"):
            yield Proposal(name, Kind.Module)
        for name in sorted(FUNCTIONS):
            yield Proposal(f"{name}(", Kind.Function, label=name)
        for name in (*CONSTANTS, "true", "false", "and", "or", "not", "in"):
            yield Proposal(name, Kind.Keyword)

    def _can_be_read(self, variable: Mention, cursor: Cursor, line: int) -> bool:
        path = cursor.path
        module = path[1] if path[:1] == ("modules",) and len(path) > 1 else None
        case = f"{module}::{path[3]}" if module and len(path) > 3 and path[2] == "cases" else None
        if variable.within == "":
            return True
        own = any(variable in mentions for each, mentions in self._names.mentions.items() if each == self._path)
        if own and variable.place.line >= line:
            return False
        return variable.within in (module, case) or (module is None and own)


def _open_expression(before: str) -> str | None:
    """What is written of the ``${{ expression }}`` that the cursor is in."""
    _, opening, expression = before.rpartition("${{")
    return expression if opening and "}}" not in expression else None


def _matching(pattern: re.Pattern[str], before: str, found: Iterable[Proposal]) -> Proposals:
    """Those that begin as the word before the cursor does, in place of it."""
    word = pattern.search(before)
    written = word[0] if word is not None else ""
    # An editor narrows the list further by itself; what it gets is what it can show.
    kept = {each.label or each.text: each for each in found if _begins(each.label or each.text, written)}
    return Proposals(len(written), list(kept.values()))


def _begins(name: str, written: str) -> bool:
    return not written or name.lower().startswith(written.lower()) or written.lower() in name.lower()


def _constants(schemas: Iterable[Schema]) -> Iterator[Proposal]:
    for schema in schemas:
        kinds = schema.get("type", ())
        if "enum" in schema:
            yield from (Proposal(str(each), Kind.EnumMember, said=description(schema)) for each in schema["enum"])
        elif "boolean" in ([kinds] if isinstance(kinds, str) else kinds):
            yield from (Proposal(each, Kind.Keyword, said=description(schema)) for each in ("true", "false"))
        for each in schema.get("examples", ()):
            if isinstance(each, str) and "duration" in description(schema).lower() + str(schema.get("pattern", "")):
                yield Proposal(each, Kind.Value, "such as", description(schema))


def _key(key: str, schema: Schema) -> str:
    """A key as it is written before its value: what is a block goes on in the next line."""
    kinds = [schema_type for each in alternatives(schema) for schema_type in _types(each)]
    return f"{key}:" if kinds and set(kinds) <= {"object", "array"} else f"{key}: "


def _types(schema: Mapping[str, object]) -> list[str]:
    kinds = schema.get("type", ())
    return (
        [kinds] if isinstance(kinds, str) else [str(each) for each in kinds] if isinstance(kinds, list | tuple) else []
    )


def _short(schema: Schema) -> str:
    """What a value is, in a word or two."""
    values = [str(each) for option in alternatives(schema) for each in option.get("enum", ())]
    return ", ".join(values) or " or ".join(
        dict.fromkeys(kind for each in alternatives(schema) for kind in _types(each))
    )


def _kind(member: Member) -> types.CompletionItemKind:
    return Kind.Method if member.kind == "method" else Kind.Property


def _signature(written: WrittenCode | None) -> str:
    return "" if written is None else written.signature()


def said_of(written: WrittenCode | None) -> str:
    """Signature and docstring, as Markdown; what stands there cannot become anything but text and code."""
    if written is None:
        return ""
    said = written.docstring()
    signature = written.signature().replace("```", "'''")
    return f"```python\n{signature}\n```" + (f"\n\n{plain(said)}" if said else "")


def plain(text: str) -> str:
    """A text in Markdown that shows it as it is written, with no links, pictures or markup of its own."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~&-])", r"\\\1", text).replace("\n", "  \n")


def _unquoted(text: str) -> str:
    return text.split(" #")[0].strip().strip("\"'")


def _section(text: str, key: str) -> str:
    """The lines of a section at the top."""
    found = re.search(rf"^{key}[ \t]*:.*\n((?:[ \t]+.*\n?|\s*\n)*)", text, re.MULTILINE)
    return found[1] if found is not None else ""


def _section_line(text: str, key: str) -> str:
    found = re.search(rf"^{key}[ \t]*:(.*)$", text, re.MULTILINE)
    return found[1] if found is not None else ""


__all__ = ["ITEM", "Completion", "Proposal", "Proposals", "plain", "said_of"]
