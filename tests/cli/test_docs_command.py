"""`hardseq docs`: the documentation in a browser."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest
from click.testing import CliRunner

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.cli import docs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`hardseq docs` in the checkout, which builds the pages as they are now, and its address."""
    started = [sys.executable, "-m", "sequencer", "docs", "--no-browser"]
    with subprocess.Popen(started, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        assert lines[0] == "building the documentation ..."
        assert lines[2] == "Ctrl-C ends it"
        yield process, lines[1].split()[-1]
        process.kill()


def test_pages_and_search_index_are_served(serving: tuple[subprocess.Popen[str], str]) -> None:
    """A browser gets the pages, and the index that its search reads."""
    _, address = serving
    with urlopen(address) as home:
        assert home.headers["Content-Type"] == "text/html"
        assert "Test sequences in YAML" in home.read().decode()
    with urlopen(f"{address}search/search_index.json") as index:
        found = json.load(index)["docs"]
    assert "reference/limits.html" in {each["location"] for each in found}


def test_only_files_of_the_site_are_served(serving: tuple[subprocess.Popen[str], str]) -> None:
    """Neither a list of a folder nor a file beside the site reaches anybody."""
    _, address = serving
    port = int(address.rstrip("/").rpartition(":")[2])
    for path in ("assets/", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd"):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"GET /{path} HTTP/1.0\r\n\r\n".encode())
            assert b" 404 " in connection.makefile("rb").readline()
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{address}no_such_page.html")


def test_only_this_machine_reaches_it(serving: tuple[subprocess.Popen[str], str]) -> None:
    """Without `--host` nothing listens on an address that others reach."""
    process, _ = serving
    listening = [each for each in psutil.Process(process.pid).net_connections() if each.status == psutil.CONN_LISTEN]
    assert [each.laddr.ip for each in listening] == ["127.0.0.1"]


def test_ctrl_c_ends_it(serving: tuple[subprocess.Popen[str], str]) -> None:
    """Ctrl-C is how it is meant to end: exit code 0 and nothing more to read."""
    process, _ = serving
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", None)
    assert process.returncode == 0


def test_a_taken_port_is_refused() -> None:
    """A port that somebody else has is told with what can be done, before anything is built."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(docs.command, ["--port", str(port)])
    assert isinstance(result.exception, Refusal)
    assert result.exception.code == ExitCode.BROKEN
    assert f"the documentation server cannot listen on localhost:{port}: " in str(result.exception)
    assert "is another documentation server running?" in str(result.exception)
    assert result.exception.hint == "without --port a free one is taken"


@pytest.mark.parametrize(
    ("checkout", "message", "hint"),
    [
        (True, "is built with MkDocs, which is not installed", "pip install 'hardseq[docs]'"),
        (False, "this installation of hardseq has no documentation", "install hardseq from its wheel"),
    ],
)
def test_what_is_missing_is_named(
    checkout: bool, message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no site and none can be built, a person learns what to install."""
    if checkout:
        (tmp_path / "mkdocs.yml").write_text("site_name: x", encoding="utf-8")
    monkeypatch.setattr(docs, "PACKAGE", tmp_path / "sequencer")
    monkeypatch.setattr(docs, "find_spec", lambda name: None)
    result = CliRunner().invoke(docs.command, ["--no-browser"])
    assert isinstance(result.exception, Refusal)
    assert message in str(result.exception)
    assert result.exception.hint == hint
