"""``hardseq import hardpy``: small HardPy projects, whose reports by HardPy itself were recorded, come over whole."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequencer.language.read import read_sequence
from sequencer.migration.hardpy_project import NothingToImport, import_hardpy
from sequencer.report.version1 import lower
from tests.cli.test_run_command import hardseq
from tests.migration.recorded import (
    HARDPY_PYTHON,
    HERE,
    PROJECTS,
    answers,
    comparable,
    recorded_report,
    run_hardpy,
    write_project,
)

PAGE = HERE.parents[1] / "docs" / "how-to" / "from-hardpy.md"


def imported(project: str, folder: Path) -> Path:
    """The imported project, in ``new``."""
    write_project(project, folder / "old")
    done = hardseq("import", "hardpy", "old", "-o", "new", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "new"


def sequences(folder: Path, **files: str) -> tuple[str, str]:
    """The sequence made of Python files, and the notes."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    found = import_hardpy(folder, folder / "new")
    (text,) = (text for name, text in found.texts.items() if name.startswith("sequences/"))
    return text, found.findings.page("it")


def as_hardseq_says(project: str, report: Any) -> Any:
    """HardPy's report with the differences that the page names."""
    for module in report["modules"].values():
        for case in module["cases"].values():
            case["name"] = case["name"].replace("${{", "$ {{")
    if project == "supply":
        report["modules"]["test_10_last"]["cases"]["test_not_here"]["assertion_msg"] = None
    if project == "line":
        cases = report["modules"]["check_line"]["cases"]
        cases["test_off"] = cases.pop("test_Off")
        cases["test_off"]["name"] = "test_off"
    return report


@pytest.mark.slow
@pytest.mark.parametrize("project", PROJECTS)
def test_an_imported_project_gives_the_reports_of_hardpy(project: str, tmp_path: Path) -> None:
    """Ids, names, statuses, measurements, charts, facts, messages and error codes are those that HardPy recorded."""
    new = imported(project, tmp_path)
    checked = hardseq("check", "new", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    prepared = []
    if (given := answers(project, "hardseq")) is not None:
        (tmp_path / "answers.yaml").write_text(json.dumps(given), encoding="utf-8")
        prepared = ["--answers", tmp_path / "answers.yaml"]
    hardseq("run", "--no-panel", ".", "--report", tmp_path / "report.json", *prepared, cwd=new)
    report = lower(json.loads((tmp_path / "report.json").read_text("utf-8")))
    assert comparable(report) == comparable(as_hardseq_says(project, recorded_report(project)))


@pytest.mark.skipif(HARDPY_PYTHON is None, reason="HARDSEQ_HARDPY_PYTHON names no Python with HardPy")
@pytest.mark.parametrize("project", PROJECTS)
def test_hardpy_still_gives_the_recorded_reports(project: str, tmp_path: Path) -> None:
    """What was recorded is what HardPy does."""
    write_project(project, tmp_path)
    assert HARDPY_PYTHON is not None
    report = run_hardpy(project, tmp_path, HARDPY_PYTHON)
    assert comparable(report) == comparable(recorded_report(project))


@pytest.mark.slow
def test_the_page_is_right(tmp_path: Path) -> None:
    """The example of the page, its commands, and the sequence that they make."""
    page = PAGE.read_text("utf-8")
    example = page[page.index("## An example") : page.index("## What corresponds")]
    code = dict(
        zip(
            ("meter.py", "conftest.py", "test_rails.py"), re.findall(r"```python\n(.*?)```", example, re.S), strict=True
        )
    )
    (settings,) = re.findall(r"```toml\n(.*?)```", example, re.S)
    (tmp_path / "rails").mkdir()
    for name, text in {**code, "hardpy.toml": settings}.items():
        (tmp_path / "rails" / name).write_text(text, encoding="utf-8")
    commands = re.findall(r"^\$ hardseq (.+)$", example, re.M)
    assert len(commands) == 3
    for command in commands:
        extra = ["--no-panel"] if command.startswith("run") else []
        done = hardseq(*shlex.split(command), *extra, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    (shown,) = re.findall(r"```yaml\n(.*?)```", example, re.S)
    assert (tmp_path / "line" / "sequences" / "rails.yaml").read_text("utf-8") == shown


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where one file is there already, nothing is written, and the exit code says so; nor into the old project."""
    write_project("operator", tmp_path / "old")
    (tmp_path / "new" / "sequences").mkdir(parents=True)
    mine = tmp_path / "new" / "sequences" / "at_the_bench.yaml"
    mine.write_text("mine", encoding="utf-8")
    done = hardseq("import", "hardpy", "old", "-o", "new", cwd=tmp_path)
    assert done.returncode == 2
    assert "new already has sequences/at_the_bench.yaml" in done.stderr
    assert [path for path in (tmp_path / "new").rglob("*") if path.is_file()] == [mine]
    assert mine.read_text("utf-8") == "mine"
    same = hardseq("import", "hardpy", "old", "-o", "old", cwd=tmp_path)
    assert (same.returncode, "is the HardPy project itself" in same.stderr) == (2, True)


def test_a_folder_without_tests_is_refused(tmp_path: Path) -> None:
    """Nothing is made of nothing."""
    (tmp_path / "old").mkdir()
    done = hardseq("import", "hardpy", "old", cwd=tmp_path)
    assert (done.returncode, "old has no tests" in done.stderr) == (2, True)
    assert not (tmp_path / "old_hardseq").exists()


def test_secrets_go_to_a_file_of_their_own(tmp_path: Path) -> None:
    """Password and key are in ``.env``, and nowhere else; what hardseq has no setting for is named."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "test_a.py").write_text("def test_a():\n    assert True\n", encoding="utf-8")
    (tmp_path / "old" / "hardpy.toml").write_text(
        'tests_name = "A"\n[database]\nstorage_type = "couchdb"\nuser = "dev"\npassword = "pw-1"\nodd = 1\n'
        '[stand_cloud]\napi_key = "key-1"\n',
        encoding="utf-8",
    )
    done = hardseq("import", "hardpy", "old", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    new = tmp_path / "old_hardseq"
    holding = [
        path.name for path in new.rglob("*") if path.is_file() and re.search("pw-1|key-1", path.read_text("utf-8"))
    ]
    assert holding == [".env"]
    if sys.platform != "win32":
        assert (new / ".env").stat().st_mode & 0o777 == 0o600
    assert "hardseq has no setting `database.odd`" in (new / "import-notes.md").read_text("utf-8")
    assert "pw-1" not in done.stdout + done.stderr


def test_what_is_not_understood_is_told_and_cannot_pass(tmp_path: Path) -> None:
    """With file, line, column and caret; where it stood, the case has an error; a file that is no Python is told."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "test_a.py").write_text(
        "from hardpy import run_dialog_box, DialogBox\n\n\ndef test_a():\n    while True:\n"
        '        if run_dialog_box(DialogBox("Ready?")):\n            break\n',
        encoding="utf-8",
    )
    (tmp_path / "old" / "test_b.py").write_text("def test_b(:\n    pass\n", encoding="utf-8")
    done = hardseq("import", "hardpy", "old", "-o", "new", cwd=tmp_path)
    assert done.returncode == 1
    said = done.stderr + done.stdout
    assert "old/test_a.py:6:12: error: this cannot be a step: steps have no such statement; nor can it be" in said
    assert "there is no `run_dialog_box` [not-imported]" in said
    assert "   6 |         if run_dialog_box(" in said
    assert "     |            ^^^^^^^^^^^^^^" in said
    assert "old/test_b.py:1:12: error: this file is not valid Python" in said
    assert said.count("[not-imported]") == 2
    assert "test_a.py:6:12" in (tmp_path / "new" / "import-notes.md").read_text("utf-8")
    assert hardseq("check", "new", cwd=tmp_path).returncode == 0
    run = hardseq("run", "--no-panel", "new", "--report", "report.json", cwd=tmp_path)
    assert run.returncode == 1
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["status"] == "error"


def test_each_test_configuration_is_a_sequence(tmp_path: Path) -> None:
    """With its name, its description and its tests; the files that named these are not missed."""
    old = tmp_path / "old"
    old.mkdir()
    for number in (1, 2):
        (old / f"test_{number}.py").write_text(f"def test_it():\n    assert {number} == 1\n")
    (old / "short.ini").write_text("[pytest]\npython_files = test_1.py\n")
    (old / "long.ini").write_text("[pytest]\npython_files = test_*.py\n")
    configurations = [("Short", "", "short.ini"), ("Long", 'All of "it"', "long.ini")]
    tables = (
        f"[[test_configs]]\nname = {json.dumps(name)}\ndescription = {json.dumps(said)}\nfile = '{file}'\n"
        for name, said, file in configurations
    )
    (old / "hardpy.toml").write_text("".join(tables))
    done = hardseq("import", "hardpy", "old", "-o", "new", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    chosen = tomllib.loads((tmp_path / "new/hardseq.toml").read_text())["test_configs"]
    assert chosen == [
        {"name": "Short", "file": "sequences/short.yaml"},
        {"name": "Long", "file": "sequences/long.yaml", "description": 'All of "it"'},
    ]
    assert "not copied" not in (tmp_path / "new/import-notes.md").read_text()
    runs = [hardseq("run", f"sequences/{name}.yaml", "--no-panel", cwd=tmp_path / "new") for name in ("short", "long")]
    assert [run.returncode for run in runs] == [0, 1]


def test_files_that_are_not_copied_are_named(tmp_path: Path) -> None:
    """A table that a test opens: the notes say that it stayed behind; of many the first fifty are named."""
    (tmp_path / "limits.csv").write_text("name,low\n")
    _, notes = sequences(tmp_path, test_a="def test_a():\n    pass\n")
    assert "limits.csv:1:1: note: this file was not copied: copy it if a test or a driver opens it" in notes
    for number in range(60):
        (tmp_path / f"x{number:02}.bin").touch()
    _, notes = sequences(tmp_path)
    assert notes.count("this file was not copied") == 50
    assert "x49.bin:1:1: note: nor were 11 other files, this is the first of them" in notes


def test_what_is_nested_too_deeply_is_told(tmp_path: Path) -> None:
    """Python that only a machine writes: a finding at the test, or a refusal, and never a traceback."""
    (tmp_path / "old").mkdir()
    deep = "1" + "+1" * 3000
    (tmp_path / "old" / "test_a.py").write_text(
        f"X = {deep}\n\n\ndef test_a():\n    y = {deep}\n    assert y == X\n", encoding="utf-8"
    )
    done = hardseq("import", "hardpy", "old", "-o", "new", cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert "nested too deeply" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_the_old_project_is_never_run(tmp_path: Path) -> None:
    """Code at the top of a file, and what a decorator would do, does nothing."""
    trap = f"open({str(tmp_path / 'trap')!r}, 'w').close()\n"
    text, _ = sequences(tmp_path, conftest=trap, test_a=trap + "def test_a(x=open('no')):\n    assert True\n")
    assert "test_a" in text
    assert not (tmp_path / "trap").exists()


def test_an_instrument_is_opened_once(tmp_path: Path) -> None:
    """Two fixtures that use the same one share what it opened, as they do in pytest."""
    new = imported("packages", tmp_path)
    done = hardseq("run", "--no-panel", ".", cwd=new)
    assert (done.stdout + done.stderr).count("opened COM1") == 1


def test_a_name_of_the_test_hides_that_of_the_file(tmp_path: Path) -> None:
    """A constant, a function and a module of the file are not meant where the test has something of that name."""
    head = "import math\nLIMIT = 5\n\n\ndef read():\n    return 1\n\n\n"
    text, notes = sequences(
        tmp_path,
        test_a=head
        + "def test_a(LIMIT, read):\n    assert LIMIT == 5\n    math = read()\n    assert math.sqrt(4) == 2\n",
    )
    assert "LIMIT" not in text.replace("`LIMIT`", "")
    assert "sqrt(4)" not in text
    assert text.count("- error:") == 4
    assert notes.count("[not-imported]") >= 4


def test_what_an_early_return_leaves_out_is_left_out(tmp_path: Path) -> None:
    """What follows an ``if`` that ends the test is done only where it does not."""
    body = "def test_a():\n    x = 1 + 1\n    if x > 1:\n        return\n    assert x == 7\n"
    text, _ = sequences(tmp_path, test_a=body)
    assert "- check: x == 7\n            if: not (x > 1)\n" in text


STEPS = {
    "assert 1 <= x < 5": 'check: "1 <= x < 5"',
    "assert x is None": "check: x is none",
    "assert not x": "check: not x",
    "assert x == 1 or x == 2": "check: x == 1 or x == 2",
    "assert -(x ** 2) < 0": 'check: "-(x ** 2) < 0"',
    "assert (x + 1) * 2 - (3 - 1) == 4": "check: (x + 1) * 2 - (3 - 1) == 4",
    "assert round(x, 1) in [1, 2]": "check: round(x, 1) in [1, 2]",
    "hardpy.set_message('a' if x else 'b')": "message: ${{ 'a' if not not x else 'b' }}",
    "hardpy.set_message(f'{x:.2f}')": "message: ${{ '{:.2f}'.format(x) }}",
    "time.sleep(0.25)": "wait: 250 ms",
    "time.sleep(x)": "wait: ${{ x }}",
    "pytest.fail('bad')": "fail: bad",
    "print('a', 'b')": "kept in Python",
    "assert False, hardpy.ErrorCode(3, 'no')": "fail: 'no'|fail: \"no\"",
    "x += 2": 'set: {x: "${{ x + 2 }}"}',
    "hardpy.clear_operator_message()": "operator_message: {key: operator, clear: true}",
}


@pytest.mark.parametrize("statement", list(STEPS))
def test_a_statement_becomes_a_step(statement: str, tmp_path: Path) -> None:
    """What Python says in one line, a step says in one line."""
    first = "x = hardpy.get_current_attempt() + 0"
    body = f"import time\nimport hardpy\nimport pytest\n\n\ndef test_a():\n    {first}\n    {statement}\n"
    text, _ = sequences(tmp_path, test_a=body)
    assert any(wanted in text for wanted in STEPS[statement].split("|")), text


def check_clean(folder: Path) -> None:
    """Imports the project in ``folder``; whatever it holds, what comes out is Python and sequences without errors."""
    try:
        project = import_hardpy(folder, folder / "new")
    except NothingToImport:
        return
    for name, text in project.texts.items():
        (folder / "new" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "new" / name).write_text(text, encoding="utf-8")
        if name.endswith(".py"):
            ast.parse(text)
    for name, source in project.copies.items():
        (folder / "new" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "new" / name).write_bytes(source.read_bytes())
    for name in project.texts:
        if name.startswith("sequences/") and "/blocks/" not in name:
            problems = read_sequence(folder / "new" / name, project=folder / "new").problems
            assert [each for each in problems if each.severity == "error"] == [], project.texts[name]


PIECES = [part for name in PROJECTS for part in (HERE / "projects" / f"{name}.txt").read_text("utf-8").split("\n=== ")]
SOURCES = [part.partition("\n")[2] for part in PIECES if ".py\n" in part]
NOISE = st.sampled_from([*"():\n\"'#\t\x000é", "", "    ", "${{", "}}", "{%", "await "])


@given(data=st.data())
def test_no_python_file_breaks_the_import(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Files that were cut, mixed and damaged in random places: no exception, and a result without errors."""
    lines = data.draw(st.sampled_from(SOURCES)).split("\n")
    others = data.draw(st.sampled_from(SOURCES)).split("\n")
    first, second = (data.draw(st.integers(0, len(each))) for each in (lines, others))
    text = "\n".join(lines[:first] + others[second:])
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(NOISE) + text[at + data.draw(st.integers(0, 8)) :]
    folder = tmp_path_factory.mktemp("project")
    (folder / "test_a.py").write_text(text, encoding="utf-8")
    (folder / "conftest.py").write_text(data.draw(st.sampled_from(SOURCES)), encoding="utf-8")
    check_clean(folder)


@given(text=st.text(min_size=1, max_size=30), name=st.text(min_size=1, max_size=30))
def test_no_text_becomes_an_expression(text: str, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever letters a text has: it is written as itself."""
    folder = tmp_path_factory.mktemp("project")
    quoted, called = (ascii(each + "${{ 1 }}") for each in (text, name))
    (folder / "test_a.py").write_text(
        f"import hardpy, pytest\n\n\n@pytest.mark.case_name({called})\ndef test_a():\n"
        f"    hardpy.set_message({quoted})\n"
        f"    hardpy.set_case_artifact({{{quoted}: [{quoted}]}})\n    assert {quoted} != 'x', {quoted}\n",
        encoding="utf-8",
    )
    check_clean(folder)
