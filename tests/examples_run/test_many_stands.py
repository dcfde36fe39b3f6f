"""docs/how-to/many-stands.md works as it is written: its configurations and commands, in its order."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from sequencer.report.fold import fold
from sequencer.store.base import StoreUnavailable
from sequencer.store.couchdb.store import CouchStore
from tests.store.conftest import make_events, run_server

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "many-stands.md"


def blocks(language: str, **instead: str) -> list[str]:
    """The page's blocks in a language, with other texts in the place of its examples."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for text, other in instead.items():
        found = [block.replace(text, other) for block in found]
    return found


def hardseq(command: str, folder: Path, **environment: str) -> str:
    """Carries a command of the page out; what it said."""
    words = shlex.split(command)
    assert words[0] == "hardseq"
    done = subprocess.run(
        [sys.executable, "-m", "sequencer", *words[1:]],
        cwd=folder,
        env={**os.environ, "HARDSEQ_STATE_DIR": str(folder / "state"), **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def served(command: str, folder: Path, **environment: str) -> Iterator[str]:
    """Carries a command of the page out that serves pages until it is told to end; their address."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "sequencer", *shlex.split(command)[1:]],
        cwd=folder,
        env={**os.environ, "HARDSEQ_STATE_DIR": str(folder / "state"), **environment},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            assert process.wait(60) == 0


def test_the_page_leads_to_one_history(tmp_path: Path) -> None:
    """From two empty servers to a reader's list of a stand's run, which neither stand nor reader can change."""
    with run_server() as stand, run_server() as central:
        instead = {"https://central.example:6984": central.url}
        centre, each, reading = blocks("toml", **instead)
        init, replicate, serve, show = blocks("sh", **instead)
        for name, text in (("centre", centre), ("reader", reading)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "hardseq.toml").write_text(text)
        (tmp_path / "stand").mkdir()
        own = f'[database]\nurl = "{stand.url}"\nuser = "{stand.user}"\nname = "runs"\n'
        (tmp_path / "stand" / "hardseq.toml").write_text(own + each)

        admin = {"HARDSEQ_DATABASE_PASSWORD": central.password}
        told = hardseq(init, tmp_path / "centre", **admin)
        passwords = dict(re.findall(r"  (\S+): HARDSEQ_\w+_PASSWORD=(\S+)", told))
        assert [*passwords] == ["stand-7", "reader"]
        assert hardseq(init, tmp_path / "centre", **admin).count("its password stays") == 2
        secrets = {
            "HARDSEQ_DATABASE_PASSWORD": stand.password,
            "HARDSEQ_REPLICATION_PASSWORD": passwords["stand-7"],
        }
        hardseq(replicate, tmp_path / "stand", **secrets)

        saved = fold(make_events(stand="Stand 7", serial_number="SN000042"))
        store = CouchStore(stand.connect(), "runs")
        store.save(saved)
        store.close()
        deadline = time.monotonic() + 120
        reader = {"HARDSEQ_DATABASE_PASSWORD": passwords["reader"]}
        while "SN000042" not in hardseq(show, tmp_path / "reader", **reader):
            assert time.monotonic() < deadline, "the run never came"
            time.sleep(0.2)
        with served(f"{serve} --port 0", tmp_path / "reader", **reader) as url, urlopen(f"{url}api/runs") as answer:
            assert [run["id"] for run in json.load(answer)["runs"]] == [saved["id"]]

        for user, password in passwords.items():
            couch = central.connect(user=user, password=password)
            stored = couch.get("factory", saved["id"])
            changed = {**stored, "summary": {**stored["summary"], "status": "failed"}}
            with pytest.raises(StoreUnavailable, match="\\(403\\)"):
                couch.put("factory", saved["id"], body=changed)
            if user == "reader":
                assert CouchStore(couch, "factory").statistics().passed == 1
            couch.close()
