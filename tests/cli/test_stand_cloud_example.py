from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from sequencer.cli.init import project_files

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "stand_cloud"
README = (EXAMPLE / "README.md").read_text("utf-8")
STAND_IN = "python -m sequencer.standin --port 9000 --api-key example-key"
BY_ITSELF = "HARDSEQ_SC_API_KEY=example-key HARDSEQ_MINUTE=8 hardseq run sequences/minute.yaml"
SYNC = "HARDSEQ_SC_API_KEY=example-key hardseq sync"
BY_HAND = "HARDSEQ_SC_API_KEY=example-key hardseq run sequences/by_hand.yaml"


def command_line(command: str, *more: str) -> tuple[list[str], dict[str, str]]:
    """A command of the README as a process of this Python, with its environment."""
    assert f"\n    {command}\n" in README
    words = shlex.split(command)
    settings = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    program, *arguments = [word for word in words if not re.match(r"[A-Z_]+=", word)]
    module = ["-m", "sequencer"] if program == "hardseq" else []
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HARDSEQ_")}
    return [sys.executable, *module, *arguments, *more], {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        **settings,
    }


@contextlib.contextmanager
def stand_in(port: int) -> Iterator[str]:
    """The README's stand-in, on another port; its address."""
    arguments, environment = command_line(STAND_IN)
    arguments[arguments.index("9000")] = str(port)
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            assert ready.startswith("READY "), ready
            yield ready.split()[1]
        finally:
            process.kill()


def received(address: str) -> dict[str, Any]:
    """How often the stand-in has each report."""
    with urlopen(f"{address}/standin/reports", timeout=20) as answer:
        copies: dict[str, Any] = json.loads(answer.read())["reports"]
    return copies


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The example in a folder of its own, with a countdown that nobody has to read."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "stand_cloud", ignore=shutil.ignore_patterns(".hardseq")))
    sequence = folder / "sequences" / "minute.yaml"
    text = sequence.read_text("utf-8")
    assert "wait: 1 s" in text
    sequence.write_text(text.replace("wait: 1 s", "wait: 1 ms"), encoding="utf-8")
    return folder


def hardseq(folder: Path, command: str, expected: int = 0) -> str:
    arguments, environment = command_line(command, *(["--no-panel"] if " run " in command else []))
    done = subprocess.run(
        arguments, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == expected, done.stdout + done.stderr
    assert "example-key" not in done.stdout + done.stderr
    return done.stdout


def test_the_story_of_the_readme(copied: Path, free_port: int) -> None:
    """A report arrives by itself, one waits while StandCloud is away and is sent later, and one is sent by hand."""
    configuration = copied / "hardseq.toml"
    text = configuration.read_text("utf-8")
    with stand_in(free_port) as address:
        configuration.write_text(text.replace("http://127.0.0.1:9000", address), encoding="utf-8")
        assert "StandCloud" in hardseq(copied, BY_ITSELF)
        assert list(received(address).values()) == [1]
    assert "waiting for StandCloud" in hardseq(copied, BY_ITSELF)
    assert "Report not uploaded to StandCloud, status code: null" in hardseq(copied, BY_HAND)
    hardseq(copied, SYNC, expected=1)
    with stand_in(free_port) as address:
        assert "StandCloud: 2 sent" in hardseq(copied, SYNC)
        assert "not uploaded" not in hardseq(copied, BY_HAND)
        assert list(received(address).values()) == [1, 1, 1]


def test_the_example_is_what_init_makes() -> None:
    """The example's files are those of `hardseq init` with the stand-in's address, but for the schemas it shares.

    After a new setting: ``HARDSEQ_UPDATE_GOLDEN=1 pytest tests/cli/test_stand_cloud_example.py``.
    """
    given = {("stand_cloud", "address"): "http://127.0.0.1:9000", ("stand_cloud", "autosync"): True}
    made = project_files("StandCloud", given)
    for name in ("hardseq.toml", "sequences/minute.yaml", "drivers/minute_clock.py", ".gitignore"):
        expected = re.sub(
            r"(?<![./])(\.\.?)/schemas/", lambda found: "../" * (len(found[1]) + 1) + "schemas/", made[name]
        )
        if os.environ.get("HARDSEQ_UPDATE_GOLDEN"):
            (EXAMPLE / name).write_text(expected, encoding="utf-8", newline="\n")
        assert (EXAMPLE / name).read_text("utf-8") == expected, name
