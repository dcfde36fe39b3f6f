"""A project of HardPy, read without being run, as the files of a project of hardseq."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sequencer.migration.after_run import after_run
from sequencer.migration.case_writer import ProjectContext
from sequencer.migration.cases import CaseImport, ImportedModule, Naming, TestFunction, natural_order, tests_of
from sequencer.migration.configuration import (
    HardPyConfiguration,
    PytestOptions,
    StartParameters,
    TestConfiguration,
    read_hardpy_toml,
    read_pytest_options,
)
from sequencer.migration.driver_calls import Drivers, ProjectCode
from sequencer.migration.findings import CHANGED, LEFT_OUT, NOT_IMPORTED, Findings
from sequencer.migration.fixtures import Fixtures
from sequencer.migration.python_functions import PythonFunctions
from sequencer.migration.python_source import NotExpressible, PythonFile, Unreadable, read_python
from sequencer.migration.scope import identifier, unique
from sequencer.migration.yaml_text import document
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Problem

_NOT_LOOKED_INTO = frozenset(
    ["__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist", "reports", "result"]
)
_READ_OTHERWISE = frozenset(["hardpy.toml", "pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"])
MOST_FILES = 5_000
MOST_OTHERS = 50
"""Files that are no Python are named, up to so many."""


@dataclass(slots=True)
class ImportedProject:
    """What the import gives: ``texts`` and ``copies`` (from the old folder) by the path of the new file."""

    title: str
    texts: dict[str, str]
    copies: dict[str, Path]
    configuration: HardPyConfiguration
    choices: list[TestConfiguration]
    findings: Findings
    cases: int

    def choices_text(self) -> str:
        """The test configurations for ``hardseq.toml``."""
        lines: list[str] = []
        for choice in self.choices:
            lines += ["", "[[test_configs]]", f"name = {_quoted(choice.name)}", f"file = {_quoted(choice.file)}"]
            lines += [f"description = {_quoted(choice.description)}"] if choice.description else []
        return "".join(f"{line}\n" for line in lines)


class NothingToImport(Exception):
    """There is no test in the folder; the text says what was looked for, ``problems`` what could not be read."""

    def __init__(self, patterns: str, problems: list[Problem]) -> None:
        super().__init__(patterns)
        self.problems = problems


def import_hardpy(folder: Path, without: Path) -> ImportedProject:
    """Imports the project in ``folder``, but for what lies in ``without``. Raises ``NothingToImport``."""
    needed: set[str] = set()
    while True:
        before = set(needed)
        project = _Import(folder, without, needed)
        found = project.carry_out()
        if needed <= before:
            return found


class _Import:
    """One pass over a project; fixtures in ``needed`` are given whole."""

    def __init__(self, folder: Path, without: Path, needed: set[str]) -> None:
        self.folder = folder
        self.findings = Findings()
        self.configuration = read_hardpy_toml(folder, self.findings)
        self.options = read_pytest_options(folder, None, self.findings)
        self._others: list[str] = []
        self.files = list(self._read(without))
        self.code = ProjectCode(self.files)
        self.drivers = Drivers()
        self.copies: dict[str, Path] = {}
        self._functions: dict[str, PythonFunctions] = {}
        self.needed = needed
        self.fixtures = Fixtures(self.code, self.drivers, self.findings, set(needed))
        self.project = ProjectContext(self.findings, self.code, self.drivers, self._functions_of, self._picture, needed)

    def carry_out(self) -> ImportedProject:
        """The new project. Raises ``NothingToImport``."""
        files = [choice.file for choice in self.configuration.choices if choice.file]
        wanted = [self.options, *(read_pytest_options(self.folder, file, self.findings) for file in files)]
        tests = [(file, self._tests(file, wanted)) for file in self.files]
        tests = [each for each in tests if each[1]]
        if not tests:
            raise NothingToImport(", ".join(self.options.files), self.findings.problems)
        tests.sort(key=lambda each: natural_order(each[0].name))
        parameters = StartParameters(self.options.options)
        for file in self.files:
            parameters.read(file)
        cases = CaseImport(self.project, self.fixtures, Naming(), parameters)
        modules = [cases.module(file, found) for file, found in tests]
        title = self._title()
        head: dict[str, Data] = {"name": title}
        if parameters.declared:
            head["params"] = dict(parameters.declared)
        end = after_run(self.project, self.fixtures)
        used = self._used([*(module.content for module in modules), {"steps": end}])
        sequences = self._sequences(title, head, modules, end, used)
        texts = dict(sequences)
        texts.update(self._driver_files(used))
        self._copy_code({file.name for file, _ in tests})
        self._tell_of_others()
        choices = self._choices()
        if choices:
            self.configuration = replace(self.configuration, choices=(), settings=_without_name(self.configuration))
        return ImportedProject(
            title, texts, self.copies, self.configuration, choices, self.findings, sum(len(f) for _, f in tests)
        )

    def _tests(self, file: PythonFile, wanted: Sequence[PytestOptions]) -> list[TestFunction]:
        options = next((each for each in wanted if each.collects(file.name)), None)
        return [] if options is None else list(tests_of(file, options.is_test, options.is_class))

    def _title(self) -> str:
        name = self.configuration.settings.get(("tests_name",))
        title = name if isinstance(name, str) and name.strip() else self.folder.absolute().name or "Imported"
        return title.replace("${{", "$ {{")

    def _read(self, without: Path) -> Iterator[PythonFile]:
        for name in self._names(without):
            try:
                yield read_python(self.folder, name)
            except Unreadable as error:
                self.findings.at_line(NOT_IMPORTED, name, f"this file {error}", error.line, error.column)

    def _names(self, without: Path) -> list[str]:
        found: list[str] = []
        for folder, inner, names in os.walk(self.folder):
            inner[:] = sorted(
                each
                for each in inner
                if not each.startswith(".")
                and each not in _NOT_LOOKED_INTO
                and (Path(folder) / each).absolute() != without.absolute()
                and not (Path(folder) / each / "pyvenv.cfg").exists()
            )
            here = Path(folder).relative_to(self.folder)
            files = [(here / name).as_posix() for name in sorted(names) if not name.startswith(".")]
            found += [file for file in files if file.endswith(".py")]
            self._others += [file for file in files if not file.endswith((".py", ".pyc"))]
            if len(found) > MOST_FILES:
                message = f"more than {MOST_FILES} Python files: only the first were read"
                self.findings.at_line(NOT_IMPORTED, found[MOST_FILES], message)
                return found[:MOST_FILES]
        return found

    def _functions_of(self, file: PythonFile) -> PythonFunctions:
        if file.name not in self._functions:
            taken = {each.module for each in self._functions.values()} | {each.stem for each in self.files}
            module = unique(f"{identifier(file.stem, 'tests')}_functions", taken)
            self._functions[file.name] = PythonFunctions(file, module)
        return self._functions[file.name]

    def _picture(self, file: PythonFile, node: ast.expr, address: str) -> str:
        """The picture's file in the new project, to which it is copied."""
        path = PurePosixPath(address.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[:1] or not (self.folder / path).is_file():
            raise NotExpressible(node, f"the project has no picture `{path.name}`")
        self.copies[path.as_posix()] = self.folder / path
        return path.as_posix()

    def _driver_files(self, used: set[str]) -> dict[str, str]:
        uses = {driver.use for name, driver in self.drivers.declared.items() if name in used}
        for functions in self._functions.values():
            functions.keep({use.rpartition(".")[2] for use in uses if use.startswith(f"{functions.module}.")})
        found = {f"drivers/{each.module}.py": each.text() for each in self._functions.values()}
        return {name: text for name, text in found.items() if text is not None}

    def _copy_code(self, tests: set[str]) -> None:
        """Takes the other Python files of the project along as they are."""
        for file in self.files:
            if file.name in tests or file.name.rpartition("/")[2] == "conftest.py":
                continue
            self.copies[f"drivers/{file.name}"] = self.folder / file.name
            if any(each.partition(".")[0] == "hardpy" for each in file.imports.values()):
                message = "this file uses HardPy: it was copied as it is, and works only where HardPy is installed"
                self.findings.at_line(NOT_IMPORTED, file.name, message)

    def _tell_of_others(self) -> None:
        """What else lies in the project: a test may open it, and would not find it in the new one."""
        read = {*_READ_OTHERWISE, *(choice.file for choice in self.configuration.choices)}
        others = [each for each in self._others if each not in self.copies and each not in read]
        for name in others[:MOST_OTHERS]:
            message = "this file was not copied: copy it if a test or a driver opens it"
            self.findings.at_line(LEFT_OUT, name, message)
        if len(others) > MOST_OTHERS:
            message = f"nor were {len(others) - MOST_OTHERS} other files, this is the first of them"
            self.findings.at_line(LEFT_OUT, others[MOST_OTHERS], message)

    def _sequences(
        self,
        title: str,
        head: Mapping[str, Data],
        modules: Sequence[ImportedModule],
        end: list[dict[str, Data]],
        used: set[str],
    ) -> dict[str, str]:
        """One sequence, or, where there are several choices, one for each and a file that they share."""
        drivers = {name: self.drivers.declared[name].written() for name in self.drivers.declared if name in used}
        beginning: dict[str, Data] = {**head, **({"drivers": drivers} if drivers else {})}
        ending: dict[str, Data] = {"after_run": end} if end else {}
        content = {module.id: module.content for module in modules}
        names = self._choices()
        if not names:
            return {f"sequences/{_file_name(title)}.yaml": document({**beginning, "modules": content, **ending})}
        shared = f"{identifier(title, 'tests')}_modules.yaml"
        texts = {f"sequences/blocks/{shared}": document({"name": title, "modules": content})}
        for choice, new in zip(self._with_files(), names, strict=True):
            options = read_pytest_options(self.folder, choice.file, self.findings)
            chosen = {m.id: {"use": m.id} for m in modules if options.collects(m.file.name)}
            whole: dict[str, Data] = {**beginning, "name": f"{title} {new.name}", "include": f"blocks/{shared}"}
            texts[new.file] = document({**whole, "modules": chosen, **ending})
        return texts

    def _with_files(self) -> list[TestConfiguration]:
        return [choice for choice in self.configuration.choices if choice.file]

    def _choices(self) -> list[TestConfiguration]:
        """The choices with the sequences that they are now."""
        taken: set[str] = set()
        found: list[TestConfiguration] = []
        for choice in self.configuration.choices:
            if not choice.file:
                message = f"the test configuration `{choice.name}` names no file"
                self.findings.at_line(LEFT_OUT, "hardpy.toml", message)
                continue
            name = unique(_file_name(choice.name), taken)
            taken.add(name)
            found.append(replace(choice, file=f"sequences/{name}.yaml"))
        return found

    def _used(self, content: object) -> set[str]:
        """The drivers that steps name."""
        if isinstance(content, Mapping):
            own = {
                str(content[key]).partition(".")[0] for key in ("call", "assign") if isinstance(content.get(key), str)
            }
            return own.union(*(self._used(each) for each in content.values()))
        if isinstance(content, list):
            return set().union(*map(self._used, content))
        return set()


def _file_name(title: str) -> str:
    """A file's name without its ending; Windows has devices of some names."""
    name = identifier(title, "tests")[:60]
    return f"{name}_tests" if re.fullmatch("con|prn|aux|nul|com[0-9]|lpt[0-9]", name) else name


def _quoted(text: str) -> str:
    """As TOML: its basic strings are JSON's, but for U+007F."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _without_name(configuration: HardPyConfiguration) -> Mapping[tuple[str, ...], object]:
    """The settings without the name of the tests: where there are several, each sequence has its own."""
    return {path: value for path, value in configuration.settings.items() if path != ("tests_name",)}


__all__ = ["CHANGED", "ImportedProject", "NothingToImport", "import_hardpy"]
