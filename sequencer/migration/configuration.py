"""The configuration of a HardPy project: ``hardpy.toml``, ``pytest.ini``, ``pyproject.toml``."""

from __future__ import annotations

import ast
import configparser
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from sequencer.migration.findings import CHANGED, LEFT_OUT, NOT_IMPORTED, Findings
from sequencer.migration.python_source import PythonFile, option_name
from sequencer.migration.scope import identifier, unique
from sequencer.project.project_folder import FOREIGN_CONFIGURATION
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass

_NO_MEANING = frozenset(["title", "current_test_config", "test_configs"])
_ELSEWHERE = frozenset([("database", "storage_path"), ("database", "url")])


@dataclass(frozen=True, slots=True)
class PytestOptions:
    """What pytest collects, and the options that it is started with."""

    files: Sequence[str] = ("test_*.py", "*_test.py")
    functions: Sequence[str] = ("test",)
    classes: Sequence[str] = ("Test",)
    paths: Sequence[str] = ()
    options: Sequence[str] = ()

    def collects(self, name: str) -> bool:
        """Whether a file holds tests."""
        inside = not self.paths or any(path in (".", "") or _inside(name, path) for path in self.paths)
        return inside and any(fnmatch(name.rpartition("/")[2], pattern) for pattern in self.files)

    def is_test(self, name: str) -> bool:
        """Whether a function is a test."""
        return _matches(name, self.functions)

    def is_class(self, name: str) -> bool:
        """Whether a class holds tests."""
        return _matches(name, self.classes)


@dataclass(frozen=True, slots=True)
class TestConfiguration:
    """One of the choices that the operator has."""

    name: str
    description: str
    file: str

    __test__ = False


@dataclass(frozen=True, slots=True)
class HardPyConfiguration:
    """``hardpy.toml``: ``settings`` by their paths, as ``hardseq.toml`` has them."""

    settings: Mapping[tuple[str, ...], object]
    choices: Sequence[TestConfiguration] = ()
    extra: Mapping[str, object] | None = None


def _inside(name: str, path: str) -> bool:
    return name == path or name.startswith(path.strip("./").rstrip("/") + "/")


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(name.startswith(each) or fnmatch(name, each) for each in patterns)


def read_hardpy_toml(folder: Path, findings: Findings) -> HardPyConfiguration:
    """Reads ``hardpy.toml``; one that cannot be read is told, and is like none."""
    file = folder / FOREIGN_CONFIGURATION
    try:
        content = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return HardPyConfiguration({})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        findings.at_line(NOT_IMPORTED, FOREIGN_CONFIGURATION, f"the configuration cannot be read: {reason}")
        return HardPyConfiguration({})
    if chosen := content.get("current_test_config"):
        message = f"{str(chosen)!r} is chosen here; hardseq.toml chooses it by `current_test_config`"
        findings.at_line(CHANGED, FOREIGN_CONFIGURATION, message)
    choices = content.get("test_configs")
    return HardPyConfiguration(
        dict(_settings(content, ())), list(_choices(choices if isinstance(choices, list) else []))
    )


def _settings(table: Mapping[str, object], path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], object]]:
    for key, value in table.items():
        inner = (*path, key)
        if isinstance(value, dict):
            yield from _settings(value, inner)
        elif len(inner) > 1 or key not in _NO_MEANING:
            yield inner, value


def _choices(tables: Sequence[object]) -> Iterable[TestConfiguration]:
    for table in tables:
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield TestConfiguration(table["name"], str(table.get("description") or ""), str(table.get("file") or ""))


def usable(
    configuration: HardPyConfiguration, known: Iterable[tuple[str, ...]], findings: Findings
) -> dict[tuple[str, ...], object]:
    """The settings that hardseq has, too; each other one is told."""
    paths = set(known)
    found: dict[tuple[str, ...], object] = {}
    for path, value in configuration.settings.items():
        name = ".".join(path)
        if path == ("database", "storage_type") and value == "json":
            message = "reports are kept in an embedded database; `hardseq run --report` writes a JSON file"
            findings.at_line(CHANGED, FOREIGN_CONFIGURATION, message)
            found[path] = "embedded"
        elif path in paths and isinstance(value, bool | int | float | str):
            found[path] = value
        elif path not in _ELSEWHERE:
            message = f"hardseq has no setting `{name}`: it was left out"
            findings.at_line(
                CHANGED if path[0] in ("database", "frontend", "stand_cloud") else NOT_IMPORTED,
                FOREIGN_CONFIGURATION,
                message,
            )
        else:
            findings.at_line(LEFT_OUT, FOREIGN_CONFIGURATION, f"hardseq has no use for `{name}`")
    return found


def read_pytest_options(folder: Path, name: str | None, findings: Findings) -> PytestOptions:
    """Reads ``name``, or ``pytest.ini`` or else ``pyproject.toml``; what cannot be read is told."""
    for file in [name] if name else ["pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini"]:
        path = folder / file
        if not path.is_file():
            continue
        try:
            found = _sections(path.read_bytes().decode("utf-8-sig"), file)
        except (OSError, UnicodeDecodeError, configparser.Error, tomllib.TOMLDecodeError) as error:
            findings.at_line(NOT_IMPORTED, file, f"it cannot be read: {' '.join(str(error).split())}")
            continue
        if found is not None:
            return _options(found)
    return PytestOptions()


def _sections(text: str, file: str) -> Mapping[str, object] | None:
    if file == "pyproject.toml":
        options = tomllib.loads(text).get("tool", {}).get("pytest", {}).get("ini_options")
        return options if isinstance(options, dict) else None
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    parser.read_string(text)
    section = "tool:pytest" if file == "setup.cfg" else "pytest"
    return dict(parser[section]) if parser.has_section(section) else None


def _options(values: Mapping[str, object]) -> PytestOptions:
    def listed(key: str, default: Sequence[str]) -> Sequence[str]:
        value = values.get(key)
        words = value if isinstance(value, list) else str(value or "").split()
        return [str(word) for word in words] or default

    plain = PytestOptions()
    given = values.get("addopts") or ""
    try:
        options = given if isinstance(given, list) else shlex.split(str(given), comments=True)
    except ValueError:
        options = str(given).split()
    return PytestOptions(
        listed("python_files", plain.files),
        listed("python_functions", plain.functions),
        listed("python_classes", plain.classes),
        listed("testpaths", ()),
        [str(each) for each in options],
    )


class StartParameters:
    """The start arguments of HardPy, and the options of pytest, as parameters of the sequence."""

    def __init__(self, options: Sequence[str]) -> None:
        self.names: dict[str, str] = {}
        self.declared: dict[str, dict[str, Data]] = {}
        self._options = options
        self._given = dict(self._start_arguments())

    def read(self, file: PythonFile) -> None:
        """Finds the arguments that a file asks for."""
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                self._asked(node.value, node.slice, None, required=True)
            elif isinstance(node, ast.Call):
                self._call(file, node)

    def _call(self, file: PythonFile, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
            self._asked(node.func.value, node.args[0], node.args[1] if len(node.args) > 1 else None, required=False)
        option = option_name(node)
        if option is not None:
            self.declared.setdefault(option, self._parameter(self._option_value(option), required=False))
        if isinstance(node.func, ast.Attribute) and node.func.attr == "addoption" and node.args:
            self._added(node)

    def _asked(self, owner: ast.expr, key: ast.expr, default: ast.expr | None, *, required: bool) -> None:
        if not isinstance(owner, ast.Name) or owner.id != "hardpy_start_args":
            return
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            return
        written = key.value
        name = self.names.setdefault(written, unique(identifier(written, "argument"), self.declared))
        value = self._given.get(written)
        if value is None and isinstance(default, ast.Constant) and isinstance(default.value, str):
            value = default.value
        self.declared.setdefault(name, self._parameter(value, required=required))

    def _added(self, node: ast.Call) -> None:
        """``parser.addoption("--my-opt", default=...)``."""
        first = node.args[0]
        written = first.value if isinstance(first, ast.Constant) else ""
        name = str(written).lstrip("-").replace("-", "_").lower()
        default = next((each.value for each in node.keywords if each.arg == "default"), None)
        if not name.isidentifier() or not name.isascii() or not name[0].isalpha():
            return
        value = default.value if isinstance(default, ast.Constant) and isinstance(default.value, str) else None
        self.declared[name] = self._parameter(self._option_value(name) or value, required=False)

    def _parameter(self, value: str | None, *, required: bool) -> dict[str, Data]:
        parameter: dict[str, Data] = {"type": "string"}
        if value is not None:
            return {**parameter, "default": value}
        return parameter if required else {**parameter, "required": False}

    def _start_arguments(self) -> Iterable[tuple[str, str]]:
        for position, option in enumerate(self._options):
            given = option.partition("=")[2] if option.startswith("--hardpy-start-arg=") else None
            if option == "--hardpy-start-arg" and position + 1 < len(self._options):
                given = self._options[position + 1]
            if given and "=" in given:
                name, _, value = given.partition("=")
                yield name, value

    def _option_value(self, name: str) -> str | None:
        written = "--" + name.replace("_", "-")
        for position, option in enumerate(self._options):
            if option in (written, f"--{name}") and position + 1 < len(self._options):
                return self._options[position + 1]
            if option.startswith((f"{written}=", f"--{name}=")):
                return option.partition("=")[2]
        return None
