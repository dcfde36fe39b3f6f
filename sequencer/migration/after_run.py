"""HardPy's functions after a run as the steps of ``after_run``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from sequencer.migration.case_writer import CaseWriter, ProjectContext
from sequencer.migration.findings import CHANGED, LEFT_OUT, NOT_IMPORTED
from sequencer.migration.fixtures import POST_RUN, Fixture, Fixtures
from sequencer.migration.hardpy_calls import Fields
from sequencer.migration.python_source import NotExpressible, PythonFile
from sequencer.migration.statements import Statements

_LOADERS = {"hardpy.CouchdbLoader": "CouchDB", "hardpy.JsonLoader": "files"}


def after_run(project: ProjectContext, fixtures: Fixtures) -> list[Fields]:
    """The steps after the run; what cannot be one is told."""
    steps: list[Fields] = []
    for fixture in fixtures.post_run():
        for function in _appended(project, fixture):
            steps += _steps(project, fixture.file, function)
    return steps


def _appended(project: ProjectContext, fixture: Fixture) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.Module(body=fixture.function.body, type_ignores=[])):
        if not isinstance(node, ast.Call) or ast.unparse(node.func) != f"{POST_RUN}.append" or len(node.args) != 1:
            continue
        argument = node.args[0]
        found = fixture.file.functions.get(argument.id) if isinstance(argument, ast.Name) else None
        if found is None:
            project.findings.tell(
                NOT_IMPORTED, fixture.file, node, "which function runs after a run, is not written here"
            )
        else:
            yield found


def _steps(project: ProjectContext, file: PythonFile, function: ast.FunctionDef) -> list[Fields]:
    writer = CaseWriter(project, file, function)
    statements = Statements(writer)
    loader = _loader(file, function)
    if loader in _LOADERS:
        message = (
            f"hardseq keeps every report itself: `{function.name}`, which wrote it to {_LOADERS[loader]}, was left out"
        )
        project.findings.tell(LEFT_OUT, file, function, message)
    elif loader is not None:
        writer.emit({"upload": "stand_cloud", "if": "run.evidence"})
        message = f"`{function.name}` became the step `upload`; read what else it does"
        project.findings.tell(CHANGED, file, function, message)
    for node, certain in _messages(file, function.body, True):
        _message(statements, node, certain and loader is None)
    if loader is None and not writer.steps:
        project.findings.tell(NOT_IMPORTED, file, function, f"`{function.name}` runs after a run: write its steps")
    return writer.steps


def _message(statements: Statements, node: ast.Call, certain: bool) -> None:
    writer = statements.writer
    if not certain:
        message = "this message after the run depends on how the report was kept: it was left out"
        writer.project.findings.tell(CHANGED, writer.file, node, message)
        return
    try:
        writer.emit(writer.dialogs.operator_message(node))
    except NotExpressible as why:
        writer.project.findings.tell(NOT_IMPORTED, writer.file, node, f"this cannot be a step: {why.why}")


def _loader(file: PythonFile, function: ast.FunctionDef) -> str | None:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            dotted = file.dotted(node.func)
            if dotted in (*_LOADERS, "hardpy.StandCloudLoader"):
                return dotted
    return None


def _messages(file: PythonFile, body: Sequence[ast.stmt], certain: bool) -> Iterator[tuple[ast.Call, bool]]:
    """The operator messages, and whether each is surely shown."""
    for statement in body:
        plain = isinstance(statement, ast.Expr)
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and file.dotted(node.func) == "hardpy.set_operator_message":
                yield node, certain and plain
