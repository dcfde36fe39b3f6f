"""The CouchDB example against a server that speaks CouchDB's HTTP."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def run_server() -> Callable[[int], AbstractContextManager[Any]]:
    """What starts the server, as the tests of the store have it."""
    spec = importlib.util.spec_from_file_location("couchdb_of_the_tests", ROOT / "tests" / "store" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    started: Callable[[int], AbstractContextManager[Any]] = module.run_server
    return started


@pytest.fixture
def example(tmp_path: Path, free_port: int) -> tuple[Path, int]:
    """A copy of the example, set to a free port, and that port."""
    folder = Path(shutil.copytree(ROOT / "examples" / "couchdb", tmp_path / "couchdb"))
    settings = (folder / "hardseq.toml").read_text()
    assert "port = 5984" in settings
    settings = settings.replace("port = 5984", f"port = {free_port}")
    settings = settings.replace('host = "localhost"', 'host = "127.0.0.1"')
    (folder / "hardseq.toml").write_text(settings.replace('user = "dev"', 'user = "admin"'))
    return folder, free_port


def hardseq(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command with the server's password in the environment, as the README says it can be."""
    return subprocess.run(
        [sys.executable, "-m", "sequencer", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HARDSEQ_DATABASE_PASSWORD": "secret"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


def test_a_report_waits_for_couchdb_and_arrives(example: tuple[Path, int]) -> None:
    """A run without CouchDB passes; `hardseq sync` delivers its report once there is one, and it can be listed."""
    folder, port = example
    run = hardseq(folder, "run", "couchdb.yaml", "--no-panel", "--report", "report.json")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "waiting" in run.stdout
    identity = json.loads((folder / "report.json").read_text())["id"]
    with run_server()(port):
        sync = hardseq(folder, "sync")
        assert sync.returncode == 0, sync.stdout + sync.stderr
        listed = hardseq(folder, "runs", "list")
        assert listed.returncode == 0, listed.stdout + listed.stderr
        exported = hardseq(folder, "runs", "export", "latest", "--format", "json")
        assert json.loads(exported.stdout)["id"] == identity
        second = hardseq(folder, "run", "couchdb.yaml", "--no-panel")
        assert (second.returncode, "waiting" in second.stdout) == (0, False), second.stdout + second.stderr


def test_a_required_couchdb_that_is_away_refuses_the_run(example: tuple[Path, int]) -> None:
    """With `required = true` nothing is tested that could not be stored; the exit code is 4."""
    folder, _ = example
    settings = (folder / "hardseq.toml").read_text()
    (folder / "hardseq.toml").write_text(settings + "required = true\n")
    run = hardseq(folder, "run", "couchdb.yaml", "--no-panel")
    assert run.returncode == 4, run.stdout + run.stderr
    assert "secret" not in run.stdout + run.stderr
