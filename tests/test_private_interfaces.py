"""What hardseq uses of other packages beside their public interfaces: it is there, and one file alone touches it.

Another release may take any of it away. Then a test of this file fails and names it, before anything else does.
"""

from __future__ import annotations

import ast
import inspect
import socket
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import pytest_dependency  # type: ignore[import-untyped]  # it declares no types

from sequencer.runtime import pytest_private

ROOT = Path(__file__).parents[1]

USED = {
    "sequencer/runtime/pytest_private.py": [
        "pytest:Function._initrequest",
        "_pytest.runner:SetupState.setup",
        "_pytest.runner:SetupState.teardown_exact",
        "_pytest.fixtures:FixtureDef.finish",
        "_pytest.fixtures:FuncFixtureInfo.argnames",
        "_pytest.fixtures:FuncFixtureInfo.name2fixturedefs",
        "pytest_dependency:DependencyManager.getManager",
        "pytest_dependency:DependencyManager.addResult",
    ],
    "sequencer/expressions/jinja_private.py": [
        "jinja2.lexer:Lexer.tokeniter",
        "jinja2.lexer:Lexer.wrap",
        "jinja2.lexer:TokenStream.eos",
        "jinja2.parser:Parser.parse_expression",
        "jinja2.nodes:EvalContext",
        "jinja2.filters:make_attrgetter",
        "jinja2:Undefined._undefined_message",
        "jinja2:Undefined._undefined_hint",
        "jinja2:Undefined._undefined_name",
        "jinja2:Undefined._undefined_obj",
    ],
    "sequencer/__main__.py": ["atexit:_run_exitfuncs"],
    "sequencer/vocabulary/dataclass.py": ["dataclasses:_DataclassParams.frozen"],
    "sequencer/vocabulary/regex.py": ["re._parser:parse"],
    "tests/fork_server.py": ["subprocess:Popen._execute_child", "subprocess:Popen._try_wait"],
    "tests/panel/routing.py": ["werkzeug.routing:Rule._compile_builder"],
    "sequencer/panel/http_server.py": [
        "waitress.wasyncore:loop",
        "waitress.wasyncore:close_all",
        "waitress.server:create_server",
        "waitress.server:BaseWSGIServer.pull_trigger",
        "waitress.server:BaseWSGIServer.channel_class",
        "waitress.channel:HTTPChannel.task_class",
        "waitress.channel:HTTPChannel.error_task_class",
        "waitress.channel:HTTPChannel.total_outbufs_len",
        "waitress.channel:HTTPChannel.received",
        "waitress.channel:HTTPChannel.request",
        "waitress.channel:HTTPChannel.send",
        "waitress.channel:HTTPChannel.handle_close",
        "waitress.server:BaseWSGIServer.add_task",
        "waitress.task:ThreadedTaskDispatcher.add_task",
        "waitress.task:ThreadedTaskDispatcher.set_thread_count",
        "waitress.channel:HTTPChannel.will_close",
        "waitress.channel:HTTPChannel.last_activity",
        "waitress.task:ThreadedTaskDispatcher.shutdown",
        "waitress.task:WSGITask.get_environment",
        "waitress.task:WSGITask.finish",
        "waitress.task:ErrorTask.execute",
        "waitress.task:Task.set_close_on_finish",
    ],
}
"""Each file that uses such names, with them."""

PRIVATE = {
    "_run_exitfuncs": ["sequencer/__main__.py"],
    "_initrequest": ["sequencer/runtime/pytest_private.py"],
    "_request": ["sequencer/runtime/pytest_private.py"],
    "_fixtureinfo": ["sequencer/runtime/pytest_private.py"],
    "_setupstate": ["sequencer/runtime/pytest_private.py"],
    "name2fixturedefs": ["sequencer/runtime/pytest_private.py"],
    "cached_result": ["sequencer/runtime/pytest_private.py"],
    "pytest_dependency": ["sequencer/runtime/pytest_private.py"],
    "waitress": ["sequencer/panel/http_server.py"],
    "couchdb": ["sequencer/store/couchdb/client.py"],
    "_parser": ["sequencer/vocabulary/regex.py"],
    "TokenStream": ["sequencer/expressions/jinja_private.py"],
    "tokeniter": ["sequencer/expressions/jinja_private.py"],
    "EvalContext": ["sequencer/expressions/jinja_private.py"],
    "make_attrgetter": ["sequencer/expressions/jinja_private.py"],
    "_undefined_message": ["sequencer/expressions/jinja_private.py"],
    "_undefined_hint": ["sequencer/expressions/jinja_private.py"],
    "_undefined_name": ["sequencer/expressions/jinja_private.py"],
    "_undefined_obj": ["sequencer/expressions/jinja_private.py"],
}
"""Attributes and packages that these files alone may name."""


@pytest.mark.parametrize("name", [name for names in USED.values() for name in names])
def test_it_is_there(name: str) -> None:
    """The class, function or attribute exists in the installed version."""
    module, _, path = name.partition(":")
    found: object = import_module(module)
    for part in path.split("."):
        annotations = getattr(found, "__annotations__", {})
        assert hasattr(found, part) or part in annotations or part in getattr(found, "__slots__", ()), f"{name} is gone"
        found = getattr(found, part, None)


def item_of(request: pytest.FixtureRequest, function: object) -> pytest.Function:
    """An item as pytest collects it; it never runs."""
    item: pytest.Function = pytest.Function.from_parent(request.node.parent, name="collected", callobj=function)
    return item


def test_an_item_of_pytest_has_what_begins_it_anew(request: pytest.FixtureRequest) -> None:
    """A collected test has a request and fixture names, is spent once released, and begins anew."""
    item = item_of(request, lambda tmp_path: None)
    assert pytest_private.argument_names(item) == ("tmp_path",)
    assert not pytest_private.is_spent(item)
    pytest_private.release(item)
    assert pytest_private.is_spent(item)
    pytest_private.begin_anew(item)
    assert not pytest_private.is_spent(item)
    assert callable(item.session._setupstate.teardown_exact)


@pytest.fixture(scope="session")
def lasting() -> list[str]:
    """Something that only is itself."""
    return []


def test_an_item_takes_what_lasts_as_long_as_the_session(request: pytest.FixtureRequest, lasting: list[str]) -> None:
    """A fixture of the session that is set up gives its value to a further item; one of a test does not, nor one that
    was not set up. What pytest finds out about an item's fixtures serves another one."""
    item = item_of(request, lambda lasting, tmp_path, worker_id: None)
    pytest_private.take_lasting(item)
    assert item.funcargs.get("lasting") is lasting
    assert "tmp_path" not in item.funcargs
    same = pytest.Function.from_parent(
        request.node.parent, name="same", callobj=item.obj, fixtureinfo=pytest_private.fixture_info(item)
    )
    assert same.fixturenames == item.fixturenames


def test_whoever_prints_tests_listens_to_them(request: pytest.FixtureRequest) -> None:
    """A session of pytest as people start it has plugins that are told how tests run."""
    assert pytest_private.has_listeners(request.config)


def test_what_passed_elsewhere_counts_as_a_dependency_until_it_is_forgotten(request: pytest.FixtureRequest) -> None:
    """pytest-dependency takes a result that is told to it, and gives it up again."""
    item = item_of(request, lambda: None)
    item.add_marker(pytest.mark.dependency(depends=["m::a"], scope="session"))
    pytest_private.add_passed(item, "m::a")
    pytest_dependency.pytest_runtest_setup(item)
    pytest_private.forget_dependencies(item.session)
    with pytest.raises(pytest.skip.Exception):
        pytest_dependency.pytest_runtest_setup(item)


def test_a_connection_of_waitress_has_what_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that only an instance has: its server's list of connections, its address, its requests."""
    from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # it declares no types
    from waitress.server import create_server  # type: ignore[import-untyped]

    server = create_server(lambda environ, start: [], listen="127.0.0.1:0", map={}, _start=False)
    here, there = socket.socketpair()
    try:
        channel = HTTPChannel(server, here, ("127.0.0.1", 5), server.adj, map={})
        assert list(server.active_channels.values()) == [channel]
        assert (channel.addr, channel.requests, channel.request) == (("127.0.0.1", 5), [], None)
    finally:
        server.task_dispatcher.shutdown(timeout=1)
        for each in (here, there, server):
            each.close()


@pytest.mark.parametrize("name", PRIVATE)
def test_one_file_alone_names_it(name: str) -> None:
    """No other file of the package uses the private attribute, or imports the package."""
    guilty = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "sequencer").rglob("*.py")
        # Most files need no parsing: they do not have the word at all.
        if name in text_of(path)
        and name in foreign_names(path)
        and path.relative_to(ROOT).as_posix() not in PRIVATE[name]
    ]
    assert guilty == [], f"{name} belongs in {PRIVATE[name]} alone"


@cache
def text_of(path: Path) -> str:
    """A file of the package."""
    return path.read_text("utf-8")


@cache
def foreign_names(path: Path) -> set[str]:
    """Attributes that a file takes from something else than itself (`self`), and what it imports from where."""
    found = set()
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            found.add(node.attr)
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module.partition(".")[0], *(alias.name for alias in node.names)}
    return found


def test_the_list_is_of_files_that_exist() -> None:
    """Every file in the lists exists and says in its docstring that it is one of them."""
    for name in USED:
        docstring = inspect.cleandoc(ast.get_docstring(ast.parse((ROOT / name).read_text("utf-8"))) or "")
        assert "tests/test_private_interfaces.py" in docstring
