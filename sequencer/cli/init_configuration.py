"""The options of ``hardseq init``, one for each setting, and the ``hardseq.toml`` and ``.env`` that they make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, fields
from typing import Any

import click

from sequencer.project.settings import Settings
from sequencer.project.settings_reader import JSON_HINT
from sequencer.vocabulary.dataclass import dataclass

SettingPath = tuple[str, ...]

_PREFIXES: Mapping[SettingPath, str] = {
    (): "",
    ("database",): "database-",
    ("frontend",): "frontend-",
    ("frontend", "modal_result"): "modal-result-",
    ("stand_cloud",): "sc-",
    ("stand",): "stand-",
    ("replication",): "replication-",
    ("label",): "label-",
    ("journals",): "journals-",
}
_ALWAYS_WRITTEN: frozenset[SettingPath] = frozenset(
    {("database",), ("frontend",), ("frontend", "modal_result"), ("stand_cloud",)}
)
_NOT_OFFERED: frozenset[SettingPath] = frozenset(
    {("title",), ("current_test_config",), ("slots",), ("webhook",), ("mail",)}
)
_FIRST_VALUES: Mapping[SettingPath, object] = {
    # What a new project says where the program's own default is silence.
    ("stand_cloud", "address"): "standcloud.io",
    ("frontend", "sound_on"): True,
    ("frontend", "modal_result", "enable"): True,
}


@dataclass(frozen=True, slots=True)
class SettingOption:
    """One command-line option: ``path`` is the setting's, ``secret`` the environment variable a secret goes to."""

    path: SettingPath
    name: str
    schema: Mapping[str, Any]
    secret: str | None

    @property
    def argument(self) -> str:
        """The name of the command function's argument."""
        return "_".join(self.path)


def setting_options() -> list[SettingOption]:
    """The options, one for every setting that is a plain value."""
    return list(_options(Settings, ()))


def _options(kind: type[Any], path: SettingPath) -> Iterator[SettingOption]:
    for field in fields(kind):
        inner = (*path, field.name)
        if inner in _NOT_OFFERED:
            continue
        if "section" in field.metadata:
            if not field.metadata["many"]:
                yield from _options(field.metadata["section"], inner)
        elif field.metadata["schema"]["type"] not in ("object", "array"):
            yield SettingOption(inner, _option_name(path, field), field.metadata["schema"], field.metadata["env"])


def _option_name(path: SettingPath, field: Field[object]) -> str:
    if field.name == "storage_type":
        return "--storage-type"
    return f"--{_PREFIXES[path]}{field.name.replace('_', '-')}"


def with_setting_options(command: Callable[..., object]) -> Callable[..., object]:
    """Adds the options to a click command."""
    for option in reversed(setting_options()):
        flag = option.schema["type"] == "boolean"
        names = f"{option.name}/--no-{option.name[2:]}" if flag else option.name
        kind = {"integer": int, "number": float}.get(option.schema["type"], str)
        choices = option.schema.get("enum")
        parameter: object = None if flag else _Choice(choices) if choices else kind
        help_text = option.schema["description"].replace("`", "")
        decorate = click.option(names, option.argument, type=parameter, default=None, help=help_text)
        command = decorate(command)
    return command


class _Choice(click.Choice[str]):
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Says what takes the place of a storage that HardPy has and hardseq has not."""
        if value == "json" and "embedded" in self.choices:
            self.fail(f"reports cannot be stored as JSON files: {JSON_HINT}", param, ctx)
        return super().convert(value, param, ctx)


def configuration_text(title: str, given: Mapping[SettingPath, object]) -> str:
    """The text of ``hardseq.toml``: the sections everybody needs in full, of the others what was given. No secrets."""
    lines = ["#:schema ./schemas/config.schema.json", f"title = {_toml(title)}"]
    lines += _table_lines(Settings, (), given)
    return "\n".join(lines) + "\n"


def slots_text(count: int) -> str:
    """The tables of ``count`` slots for ``hardseq.toml``, each with an example of what it has of its own."""
    if not count:
        return ""
    lines = ["", "# Places for products that are tested at the same time, each in a run of its own."]
    for number in range(1, count + 1):
        lines += [
            f"[slots.slot_{number}]",
            f"number = {number}",
            f"# [slots.slot_{number}.drivers.board]   # its own arguments for a driver `board` of the sequence",
            f'# port = "/dev/ttyUSB{number - 1}"',
            "",
        ]
    return "\n".join(lines)


def dotenv_text(given: Mapping[SettingPath, object]) -> str:
    """The text of ``.env`` with the secrets that were given, and the user that ``docker-compose.yaml`` makes."""
    options = setting_options()
    secrets = {option.secret: given[option.path] for option in options if option.secret and option.path in given}
    if uses_couchdb(given):
        secrets["HARDSEQ_DATABASE_USER"] = given["database", "user"]
    if not secrets:
        return ""
    lines = [f"{name}={_quoted(str(value))}" for name, value in secrets.items()]
    return "\n".join(["# Secrets of this stand: not for version control.", *lines]) + "\n"


def _table_lines(kind: type[Any], path: SettingPath, given: Mapping[SettingPath, Any]) -> list[str]:
    values: list[str] = []
    tables: list[str] = []
    for field in fields(kind):
        inner = (*path, field.name)
        if not field.metadata or "named" in field.metadata:
            continue
        if "section" in field.metadata:
            tables += [] if field.metadata["many"] else _table_lines(field.metadata["section"], inner, given)
        elif inner in given and not field.metadata["env"]:
            values.append(f"{field.name} = {_toml(given[inner])}")
        elif not _left_out(inner, given):
            first = _FIRST_VALUES.get(inner, field.default)
            if isinstance(first, bool | int | float | str):
                values.append(f"{field.name} = {_toml(first)}")
    head = ["", "[" + ".".join(path) + "]"] if path and values else []
    return head + values + tables


def _left_out(path: SettingPath, given: Mapping[SettingPath, object]) -> bool:
    """Whether a setting that was not given would say nothing here, or name CouchDB where it is not meant."""
    if path[:-1] not in _ALWAYS_WRITTEN:
        return True
    if path[0] != "database" or path[-1] == "storage_type":
        return False
    return not uses_couchdb(given) or (("database", "url") in given and path[-1] in ("host", "port"))


def uses_couchdb(given: Mapping[SettingPath, object]) -> bool:
    """Whether the given settings send reports to CouchDB."""
    if ("database", "storage_type") in given:
        return bool(given["database", "storage_type"] == "couchdb")
    return ("database", "host") in given or ("database", "url") in given


def _toml(value: bool | int | float | str) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return text if text.isascii() and text.replace("-", "").replace("_", "").isalnum() else f'"{escaped}"'
