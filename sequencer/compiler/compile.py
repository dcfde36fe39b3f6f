"""From the frozen model to the text of a pytest project. Pure: the same sequence gives the same bytes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from sequencer import __version__
from sequencer.compiler.emitter import FunctionEmitter, StepClasses, literal
from sequencer.compiler.file_name import short_name
from sequencer.protocol.manifest import digest
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.model import Case, Driver, DriverCall, LimitRow, Module, Param, SequenceDefinition, Step
from sequencer.vocabulary.status import GROUPS

if TYPE_CHECKING:
    from jinja2 import Environment

_FIXTURE_SCOPES = {"stand": "session", "run": "session", "module": "module", "case": "function"}

CASES_PER_FILE = 2000

TABLES = "tables.json"
"""The limits of tables, beside the generated tests."""

PYTEST_INI = """\
[pytest]
addopts = -p sequencer.runtime.plugin --import-mode=importlib
python_files = test_*.py after_run.py
"""


def compile_sequence(sequence: SequenceDefinition, *, folder: Path, stepping: bool = False) -> dict[str, str]:
    """The files of the generated project, name to text.

    ``folder`` is where they will lie: driver files are named relative to it, so that a project can be moved together
    with its drivers. ``stepping`` makes code that can pause before each step of a case, for debugging. Nothing is read
    or written here. Raises ``InvalidInput`` when the step of another package makes code that cannot be used.
    """
    files = {"pytest.ini": PYTEST_INI, "conftest.py": _conftest(sequence, folder)}
    for module in sequence.modules:
        parts = _parts(sequence, module)
        for number, cases in enumerate(parts, 1):
            # No id holds a hyphen, and pytest collects the parts in the order of their names.
            part = f"-{number:02}" if len(parts) > 1 else ""
            files[f"test_{short_name(module.id)}{part}.py"] = _test_module(sequence, module, cases, stepping)
    if sequence.tables:
        files[TABLES] = _tables(sequence)
    if sequence.after_run:
        files["after_run.py"] = _after_run(sequence)
    return files


def _conftest(sequence: SequenceDefinition, folder: Path) -> str:
    header = {
        "name": sequence.name,
        "version": sequence.version,
        "description": sequence.description,
        "file": sequence.file,
        "sha256": sequence.sha256,
        "on_fail": sequence.on_fail,
        "params": {param.name: _param(param) for param in sequence.params},
        "vars": sequence.variables,
        **({"tables": {"file": TABLES, "sha256": digest(_tables(sequence).encode())}} if sequence.tables else {}),
        **({} if sequence.variants is None else {"variants": asdict(sequence.variants)}),
        "record": sequence.record,
        "modules": [module.id for module in sequence.modules],
        "plan": _plan(sequence),
        "driver_folders": [_relative(path, folder) for path in sequence.driver_folders],
        **({"extensions": dict(sequence.extensions)} if sequence.extensions else {}),
    }
    drivers = [_driver_fixture(driver, folder) for driver in sequence.drivers]
    return _render("conftest.py.j2", title=sequence.name, sequence=sequence, header=header, drivers=drivers)


def _plan(sequence: SequenceDefinition) -> list[str]:
    """What has to be collected, in running order: full names of cases, and ``after_run`` for each step that follows."""
    cases = (
        case
        for module in sorted(sequence.modules, key=lambda module: GROUPS.index(module.group))
        for case in sorted(module.cases, key=lambda case: GROUPS.index(case.group))
    )
    return [*(case.full_name for case in cases), *["after_run"] * len(sequence.after_run)]


def _tables(sequence: SequenceDefinition) -> str:
    """The limit tables as JSON, a row a line."""
    tables = []
    for table in sequence.tables:
        about = {"file": table.file, "sha256": table.sha256, "key": table.key}
        rows = map(_table_row, table.rows)
        head = json.dumps(about)[:-1]
        tables.append(f'{json.dumps(table.name)}: {head}, "rows": [\n' + ",\n".join(rows) + "\n]}")
    return "{" + ",\n".join(tables) + "}\n"


def _table_row(row: LimitRow) -> str:
    said = {"key": row.key, "row": row.place.line, "limits": row.limits, "unit": row.unit}
    said |= {"converted": dict(row.converted)} if row.converted else {}
    said |= {"warn_limits": row.warn_limits} if row.warn_limits is not None else {}
    said |= {"warn_converted": dict(row.warn_converted)} if row.warn_converted else {}
    return json.dumps(said)


_NOT_WRITTEN = frozenset({"name", "each_run", "variant_by", "variants"})
"""Nobody fills in a form in the test process; it is told of variants once."""


def _param(param: Param) -> dict[str, object]:
    names = [field.name for field in fields(param) if field.name not in _NOT_WRITTEN]
    written = {name: getattr(param, name) for name in names}
    return {**written, "one_of": list(param.one_of)}


@dataclass(frozen=True, slots=True)
class _DriverFixture:
    name: str
    place: str
    fixture_scope: str
    keywords: Mapping[str, object]


def _driver_fixture(driver: Driver, folder: Path) -> _DriverFixture:
    keywords = {"place": str(driver.place), "scope": driver.scope, **_driver_source(driver, folder)}
    if driver.simulate is not None:
        keywords["simulate"] = _driver_source(driver.simulate, folder)
    if driver.reopen != "after_error":
        keywords["reopen"] = driver.reopen
    if driver.opening is not None:
        keywords["opening"] = {name: value for name, value in asdict(driver.opening).items() if value is not None}
    if driver.require:
        keywords["require"] = dict(driver.require)
    if driver.shared:
        keywords["shared"] = True
    if driver.factory:
        keywords["factory"] = True
    if driver.makes:
        keywords["makes"] = True
    return _DriverFixture(driver.name, str(driver.place), _FIXTURE_SCOPES[driver.scope], keywords)


def _driver_source(driver: Driver, folder: Path) -> dict[str, object]:
    where = {"module": driver.module} if driver.file is None else {"file": _relative(driver.file, folder)}
    return {**where, "target": driver.target, "arguments": driver.arguments}


def _relative(path: str, folder: Path) -> str:
    try:
        return PurePath(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return PurePath(path).as_posix()


@dataclass(frozen=True, slots=True)
class _CaseFunction:
    function: str
    name: str
    place: str
    dependency: str | None
    marks: str
    fixtures: str
    body: str


def _parts(sequence: SequenceDefinition, module: Module) -> list[tuple[Case, ...]]:
    """The cases of a module, file by file: Python takes 30 kB of memory for each function of a file it compiles.

    A driver that lives as long as its module keeps the module in one file.
    """
    cases = module.cases
    scopes = {driver.name: driver.scope for driver in sequence.drivers}
    if any(scopes[name] == "module" for case in cases for name in case.drivers):
        return [cases]
    return [cases[start : start + CASES_PER_FILE] for start in range(0, len(cases), CASES_PER_FILE)] or [cases]


def _test_module(sequence: SequenceDefinition, module: Module, part: tuple[Case, ...], stepping: bool) -> str:
    classes = StepClasses()
    functions: dict[str, str] = {}
    for case in part:
        _name_function(case.id, functions)
    needed = {name for each in sequence.modules for case in each.cases for name in case.depends}
    cases = [_case_function(case, name, classes, needed, stepping) for case, name in zip(part, functions, strict=True)]
    marks = _keywords(
        module.id,
        group=module.group,
        description=module.description,
        critical=module.critical or None,
        when=module.when,
        when_place=None if module.when_place is None else str(module.when_place),
    )
    return _render(
        "test_module.py.j2",
        title=module.name,
        file=sequence.file,
        imports=classes.imports(),
        module=module,
        marks=marks,
        cases=cases,
    )


def _name_function(case_id: str, taken: dict[str, str]) -> None:
    """Adds ``test_voltage_5V`` for the row ``voltage[5V]`` of a matrix; names that would be the same are numbered."""
    name = plain = "test_" + re.sub(r"\W", "_", case_id, flags=re.ASCII).rstrip("_")
    number = 1
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    taken[name] = case_id


def _case_function(
    case: Case, function: str, classes: StepClasses, needed: Collection[str], stepping: bool
) -> _CaseFunction:
    """``needed`` are the cases that others depend on."""
    body = _body(case.steps, classes, stepping)
    marks = _keywords(
        case.id,
        place=str(case.place),
        description=case.description,
        group=None if case.group == "main" else case.group,
        critical=case.critical or None,
        when=case.when,
        when_place=None if case.when_place is None else str(case.when_place),
        or_left_out=list(case.or_left_out) or None,
        tags=list(case.tags) or None,
        attempts=None if case.attempts == 1 else case.attempts,
        attempt_delay=case.attempt_delay or None,
        timeout=case.timeout,
        timeout_counts_waiting=case.timeout_counts_waiting or None,
        sync_points=list(case.sync_points) or None,
        on_fail=case.on_fail,
        judges=case.judges or None,
        limited=case.limited or None,
    )
    return _CaseFunction(
        function=function,
        name=case.name,
        place=str(case.place),
        dependency=_dependency(case) if case.depends or case.full_name in needed else None,
        marks=marks,
        fixtures=", ".join(["case", *case.drivers]),
        body=body,
    )


def _dependency(case: Case) -> str:
    depends = f"depends={literal(list(case.depends))}, " if case.depends else ""
    return f'name={literal(case.full_name)}, {depends}scope="session"'


def _body(steps: Iterable[Step], classes: StepClasses, stepping: bool = False) -> str:
    emitter = FunctionEmitter(classes, stepping=stepping)
    emitter.steps(steps)
    return "\n".join(emitter.body)


def _after_run(sequence: SequenceDefinition) -> str:
    classes = StepClasses()
    steps = [
        {
            "marks": _keywords_of_step(number, step),
            "fixtures": ", ".join(["case", *sorted(set(_drivers(step)))]),
            "body": _body([step], classes),
        }
        for number, step in enumerate(sequence.after_run, 1)
    ]
    return _render("after_run.py.j2", file=sequence.file, imports=classes.imports(), steps=steps)


def _keywords_of_step(number: int, step: Step) -> str:
    return f"{number}, on_fail='stop'" if step.on_fail == "stop" else str(number)


def called_drivers(sequence: SequenceDefinition) -> set[str]:
    """The drivers that a case, or a step after the run, calls: no other one is ever opened."""
    cases = (case for module in sequence.modules for case in module.cases)
    after = (name for step in sequence.after_run for name in _drivers(step))
    return {*(name for case in cases for name in case.drivers), *after}


def _drivers(step: Step) -> Iterator[str]:
    """The drivers that a step, or one inside it, calls."""
    for field in fields(step):
        value = getattr(step, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, DriverCall):
                yield part.driver
            elif isinstance(part, Step):
                yield from _drivers(part)


def _keywords(first: str, **keywords: object) -> str:
    return ", ".join(
        [literal(first), *(f"{key}={literal(value)}" for key, value in keywords.items() if value is not None)]
    )


def _remark(text: str) -> str:
    """Text as it may stand in a comment or docstring: on one line, printable, unable to end it."""
    line = " ".join(text.split()).replace("\\", "/").replace('"', "'")
    return "".join(letter for letter in line if letter.isprintable()) or "Sequence"


def _render(template: str, **values: object) -> str:
    text = _environment().get_template(template).render(version=__version__, **values)
    return text.rstrip("\n") + "\n"


@cache
def _environment() -> Environment:
    # Imported here because an unchanged sequence runs without compiling anything.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # The output is Python, not markup: autoescaping would spoil it. What keeps text from becoming code is `literal`.
    environment = Environment(
        loader=PackageLoader("sequencer.compiler"),
        autoescape=False,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    filters: dict[str, Callable[..., object]] = {"literal": literal, "remark": _remark}
    environment.filters.update(filters)
    return environment
