from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli.main import COMMANDS, CommandLine, command_line
from sequencer.store.base import StoreUnavailable
from sequencer.vocabulary.problem import InvalidInput, Place, Problem


def hardseq(*arguments: str) -> Result:
    return CliRunner().invoke(command_line, arguments)


def test_help_lists_every_command() -> None:
    """`hardseq --help` names each command with its summary."""
    result = hardseq("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.output for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """Each command has help that imports and prints."""
    result = hardseq(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: hardseq {name}")


def test_version() -> None:
    """`hardseq --version` is one line."""
    assert hardseq("--version").output.startswith("hardseq ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chekc"], "did you mean `hardseq check`?"),
        (["minute.yaml"], "`hardseq run minute.yaml` runs a sequence"),
        (["check", "--fromat", "json"], "No such option"),
        (["check", "nowhere.yaml"], "nowhere.yaml does not exist"),
        (["run", "nowhere.yaml"], "nowhere.yaml does not exist"),
        (["run", "--arg"], "requires an argument"),
        (["runs", "list", "--since", "yesterdayish"], "is not a valid time"),
        (["schema", "sequences"], "is not one of"),
    ],
)
def test_misuse_is_explained_with_exit_code_2(arguments: list[str], said: str) -> None:
    """A mistake on the command line is a sentence and exit code 2, never a traceback."""
    result = hardseq(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def raising(error: BaseException) -> CommandLine:
    group = CommandLine("hardseq")

    @click.command()
    def broken() -> None:
        raise error

    group.get_command = lambda ctx, cmd_name: broken  # type: ignore[method-assign]
    return group


PROBLEM = Problem("unknown-key", "unknown key `x`", Place("a.yaml", 3, 5, 3, 6))


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Refusal("cannot do that", hint="do this"), 2, "hint: do this"),
        (Refusal("not now", code=ExitCode.BROKEN), 4, "hardseq: not now"),
        (InvalidInput([PROBLEM]), 2, "a.yaml:3:5: error: unknown key `x`"),
        (StoreUnavailable("the database is away"), 4, "hardseq: the database is away"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 4, "hardseq: /x: Permission denied"),
        (KeyboardInterrupt(), 3, "stopped"),
        (click.Abort(), 3, "stopped"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_every_ending_has_its_exit_code(error: BaseException, code: int, said: str) -> None:
    """Whatever ends a command becomes its exit code and one sentence without a traceback."""
    result = CliRunner().invoke(raising(error), ["run"])
    assert result.exit_code == code
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_defect_of_hardseq_says_so() -> None:
    """An exception that nobody foresaw keeps its traceback, for the report of the defect, and is no verdict."""
    result = CliRunner().invoke(raising(ZeroDivisionError("oops")), ["run"])
    assert result.exit_code == 4
    assert "ZeroDivisionError: oops" in result.output
    assert "bug in hardseq" in result.output


@pytest.mark.parametrize("name", ["sequence", "config", "report"])
def test_schemas_are_printed_as_json(name: str) -> None:
    """`hardseq schema` prints each schema as one JSON document."""
    result = hardseq("schema", name)
    assert result.exit_code == 0
    assert json.loads(result.output)["$schema"].startswith("https://json-schema.org/")


def test_schemas_are_written_as_files(tmp_path: Path) -> None:
    """`hardseq schema -o` writes all three under the names that editors are told."""
    assert hardseq("schema", "-o", str(tmp_path / "out")).exit_code == 0
    written = {file.name for file in (tmp_path / "out").iterdir()}
    assert written == {"sequence.schema.json", "config.schema.json", "report.schema.json"}


@pytest.mark.real_start
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_starts_in_a_new_python(name: str, tmp_path: Path) -> None:
    """`python -m sequencer COMMAND --help` imports what it needs by itself, in whatever folder it is called."""
    done = subprocess.run([sys.executable, "-m", "sequencer", name, "--help"], cwd=tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(f"Usage: hardseq {name}".encode())


def test_the_real_command_survives_a_closed_pipe_and_a_poor_encoding() -> None:
    """`hardseq ... | head` ends quietly, and an ASCII-only output gets escapes instead of an exception."""
    command = [sys.executable, "-m", "sequencer", "schema"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
    whole = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert json.loads(whole.stdout.decode("ascii"))


def test_a_run_needs_only_what_it_uses() -> None:
    """Starting `hardseq run` imports neither panel nor templates nor schemas nor network clients."""
    heavy = ("flask", "rich", "jinja2", "jsonschema", "yaml", "requests", "couchdb", "apscheduler", "pint", "duckdb")
    code = f"import sys, sequencer.cli.main, sequencer.cli.run_session; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.real_start
def test_an_unchanged_run_loads_only_what_it_uses(tmp_path: Path) -> None:
    """The command itself needs neither the language nor the steps nor a network client when nothing has changed."""
    steps = "      a:\n        steps:\n          - check: 1 == 1\n"
    (tmp_path / "s.yaml").write_text(f"name: One\nmodules:\n  main:\n    cases:\n{steps}", "utf-8")

    # Whoever looks for a plugin by its name among all installed packages finds this one, and fails.
    (tmp_path / "other-1.0.dist-info").mkdir()
    (tmp_path / "other-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (tmp_path / "other-1.0.dist-info" / "entry_points.txt").write_text(
        "[pytest11]\nsequencer.runtime.plugin = nowhere\n"
    )

    def loaded_by(*command: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "PYTHONPATH": str(tmp_path)},
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}

    run = ("-m", "sequencer", "run", "s.yaml")
    loaded_by(*run, "--no-panel")
    loaded = loaded_by(*run, "--no-panel")
    assert "sequencer.app.project_report_store" in loaded
    heavy = {
        "flask",
        "jinja2",
        "jsonschema",
        "yaml",
        "requests",
        "couchdb",
        "apscheduler",
        "pint",
        "importlib.metadata",
    }
    # What most starts do without, and what costs them the most for it: libraries of Python's own among them.
    heavy |= {"bz2", "logging", "py_compile", "secrets", "shutil", "tempfile", "textwrap", "traceback"}
    own = {"sequencer.steps.base", "sequencer.vocabulary.model", "sequencer.compiler.emitter", "sequencer.panel.app"}
    own |= {f"sequencer.standcloud.{name}" for name in ("client", "job", "outbox")}
    own |= {"sequencer.compiler.generated_folder", "sequencer.limits", "sequencer.terminal.problem_output"}
    assert not loaded & (heavy | own)
    with_page = loaded_by(*run)
    # Nobody looks at its page: what shows it is not there yet, only what takes the first connection.
    assert "sequencer.panel.server" in with_page
    assert not with_page & ((heavy - {"secrets"}) | own | {"waitress", "sequencer.figures", "statistics"})
    exports = {f"sequencer.report.exports.{name}" for name in ("html_page", "json_text", "junit")}
    assert not with_page & {"sequencer.steps.base", "sequencer.vocabulary.model", "sequencer.panel.bundle", *exports}
    of_tests = loaded_by("-c", "import sequencer.runtime.child, sequencer.runtime.session")
    assert not of_tests & {
        "sequencer.report.model",
        "sequencer.report.dialog_answer",
        "sequencer.report.fold",
        "statistics",
    }


@pytest.mark.parametrize(("arguments", "order"), [(["run", "x.yaml"], ["child", "click"]), (["x"], ["click"])])
def test_the_test_process_begins_to_load_before_the_command_does(
    arguments: list[str], order: list[str], tmp_path: Path
) -> None:
    """It takes longer. The command ends without taking Python apart, after whatever was to be done at the end."""
    code = (
        "import atexit, subprocess, sys, threading, time\n"
        "order = []\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'click':\n            order.append(name)\n"
        "class Popen(subprocess.Popen):\n"
        "    def __init__(self, *arguments, **more):\n"
        "        order.append('child')\n        super().__init__(*arguments, **more)\n"
        "subprocess.Popen = Popen\n"
        "sys.meta_path.insert(0, Finder())\n"
        "atexit.register(lambda: print(*order, sep=','))\n"
        "def late():\n"
        "    time.sleep(0.05)\n    print('late')\n"
        "if sys.argv[1] != 'run':\n    atexit.register(print, 'at exit')\n    threading.Thread(target=late).start()\n"
        "from sequencer.__main__ import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode == ExitCode.INVALID, done.stderr
    assert done.stdout.split() == [*(["late", "at", "exit"] if arguments == ["x"] else []), ",".join(order)]


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
@pytest.mark.parametrize("loading", ["click", "sequencer.cli.run_session"])
def test_ctrl_c_while_the_command_is_loaded_is_a_stop(loading: str, tmp_path: Path) -> None:
    """Exit code 3 and one word, wherever in the imports it came."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever started the tests may ignore it
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {loading!r}:\n            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from sequencer.__main__ import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "run", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == ExitCode.STOPPED
    assert done.stderr.split() == ["stopped"]
