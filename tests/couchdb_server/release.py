"""Starts a real CouchDB from the folder that it is installed in, with data, configuration and node of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

CONFIGURATION = """\
[couchdb]
single_node = true
database_dir = {data}
view_index_dir = {data}
[admins]
{user} = {password}
[chttpd]
bind_address = 127.0.0.1
port = {port}
[log]
writer = file
file = {data}/couch.log
"""
PATIENCE = 120.0
"""Seconds until it answers."""


@contextmanager
def run_release(installed: Path, port: int, user: str, password: str) -> Iterator[str]:
    """The address of the CouchDB while the block runs; port 0 takes a free one. Its data are gone afterwards."""
    port = port or _free_port()
    with tempfile.TemporaryDirectory(prefix="couchdb-", ignore_cleanup_errors=True) as folder:
        own, arguments = Path(folder, "own.ini"), Path(folder, "vm.args")
        own.write_text(CONFIGURATION.format(data=folder, user=user, password=password, port=port), encoding="utf-8")
        usual = (installed / "etc" / "vm.args").read_text("utf-8")
        named = re.sub(r"(?m)^-name .*", f"-name test{port}@127.0.0.1", usual)
        arguments.write_text(f"{named}\n-setcookie test\n", encoding="utf-8")
        environment = {
            **os.environ,
            "COUCHDB_INI_FILES": f"{installed / 'etc' / 'default.ini'} {own}",
            "COUCHDB_ARGS_FILE": str(arguments),
        }
        silent = subprocess.DEVNULL
        with subprocess.Popen(
            [installed / "bin" / "couchdb"], stdin=silent, stdout=silent, stderr=silent, env=environment
        ) as process:
            try:
                _await(f"http://127.0.0.1:{port}/_up", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.kill()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            assert process.poll() is None, "the CouchDB did not start"
            assert time.monotonic() < deadline, "the CouchDB does not answer"
            time.sleep(0.1)
