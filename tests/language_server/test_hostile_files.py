"""A project that nobody should trust: nothing of it runs, and the server goes on whatever its files hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.language_server.conftest import DRIVER, SEQUENCE
from tests.language_server.editor import Editor

LAUGHS = "x-a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"x-{one}: &{one} [{', '.join([f'*{before}'] * 10)}]\n" for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = {
    "aliases that grow": (LAUGHS + SEQUENCE, "too-many-aliases"),
    "nesting": ("x-a: " + "[" * 5000 + "\n" + SEQUENCE, "nested-too-deeply"),
    "a line of blanks": (SEQUENCE + "x-a: b" + " " * 200_000 + "c\n", ""),
    "a control character": ("\x00" + SEQUENCE, "forbidden-character"),
    "half a character": (SEQUENCE.replace("Rails", "\ud83d"), "not-utf-8"),
    "a path with a NUL": (SEQUENCE.replace("vars:", 'include: "a\\0b.yaml"\nvars:'), "missing-file"),
    "a path out of the project": (SEQUENCE.replace("vars:", "include: ../../../../../etc/passwd\nvars:"), ""),
    "a pattern that takes for ever": (SEQUENCE.replace("type: string", "pattern: '^(a+)+$'"), ""),
    "nothing": ("", "empty-file"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_server_goes_on(editor: Editor, project: Path, name: str) -> None:
    """What is wrong is told, everything asked is answered, and the sequence that is typed next is a good one."""
    text, code = TEXTS[name]
    path = project / "sequences" / "rail.yaml"
    editor.open(path)
    editor.type(path, text)
    codes = {each[4] for each in editor.problems(path)}
    assert code in codes or not code
    last = text.count("\n")
    editor.completion(path, last, len(text.rpartition("\n")[2]))
    editor.completion(path, max(last - 1, 0), 100_000)
    editor.symbols(path)
    editor.folds(path)
    editor.type(path, SEQUENCE)
    assert editor.problems(path) == []
    assert editor.hover(path, "limits") is not None


def test_no_driver_runs(editor: Editor, project: Path) -> None:
    """Not even its file is imported, whatever is asked of it."""
    ran = project / "ran"
    driver = project / "drivers" / "bench.py"
    driver.write_text(f"open({str(ran)!r}, 'w').close()\nprint('noise')\n{DRIVER}")
    path = project / "sequences" / "rail.yaml"
    editor.open(path)
    assert editor.problems(path) == []
    assert "The voltage of a channel." in (editor.hover(path, "read_voltage") or "")
    assert editor.definition(path, "read_voltage") == [(driver, 11)]
    assert editor.references(path, "meter: bench") != []
    assert not ran.exists()


def test_a_docstring_is_text(editor: Editor, project: Path) -> None:
    """What a driver says of itself becomes no link, no picture and no markup of the editor's."""
    driver = project / "drivers" / "bench.py"
    driver.write_text(
        DRIVER.replace("The voltage of a channel.", "![x](http://x.invalid/p.png) <img src=x> [a](command:b)")
    )
    path = project / "sequences" / "rail.yaml"
    editor.open(path)
    editor.problems(path)
    at = editor.raw_hover(path, "read_voltage") or ""
    assert "\\!\\[x\\]\\(http" in at
    assert "\\<img" in at


def test_a_file_that_is_nowhere_is_read_from_the_editor(editor: Editor, tmp_path: Path) -> None:
    """A new file in a folder that is not there yet."""
    path = tmp_path.resolve() / "new" / "sequences" / "rail.yaml"
    editor.open(path, SEQUENCE)
    editor.problems(path)
    assert "measure" in editor.completion(path, 15, 12)


@pytest.mark.slow
@pytest.mark.real_start
def test_the_server_ends_with_its_editor() -> None:
    """When the editor is gone without a goodbye."""
    server = subprocess.run(
        [sys.executable, "-m", "sequencer", "lsp"], stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    assert server.returncode is not None
