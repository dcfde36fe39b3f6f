"""docs/how-to/many-stands.md works as it is written: its configurations and commands, in its order."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from sequencer.report.fold import fold
from sequencer.store.base import StoreUnavailable
from sequencer.store.couchdb.store import CouchStore
from tests.store.conftest import NOON, Server, make_events, run_server

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


class Stand:
    """A stand with a CouchDB of its own, set up as the page says."""

    def __init__(self, name: str, server: Server, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self._server = server

    def configure(self, text: str) -> None:
        """Its project: the server of its own, and what the page adds to that."""
        own = f'[database]\nurl = "{self._server.url}"\nuser = "{self._server.user}"\nname = "runs"\n'
        self.folder.mkdir()
        (self.folder / "hardseq.toml").write_text(own + text)

    def replicate(self, command: str, password: str) -> None:
        """Has its runs copied."""
        secrets = {"HARDSEQ_DATABASE_PASSWORD": self._server.password, "HARDSEQ_REPLICATION_PASSWORD": password}
        hardseq(command, self.folder, **secrets)

    def test(self, statuses: Sequence[str], *, start: float) -> None:
        """Runs with these verdicts, of which the live document tells, too; and a panel that says that it lives."""
        store = CouchStore(self._server.connect(), "runs")
        live = store.live_state()
        for number, status in enumerate(statuses):
            events = make_events(
                stand=self.name, serial_number=f"SN{number}", status=status, start=start + number, part_number=self.name
            )
            for event in events:
                live(event)
            store.save(fold(events))
        live.close(60)
        beating = store.heartbeat(lambda: {"stand": self.name, "state": "ready", "hardseq": "1.0", "waiting": 0})
        beating.start()
        assert beating.written.wait(60)
        beating.close(60)
        store.close()


def shown(url: str, path: str, whole: Callable[[Any], bool]) -> Any:
    """What the factory's service answers once all is there."""
    deadline = time.monotonic() + 120
    while True:
        with urlopen(url + path) as answer:
            found = json.load(answer)
        if whole(found):
            return found
        assert time.monotonic() < deadline, json.dumps(found)
        time.sleep(0.2)


def test_the_page_leads_to_one_history(tmp_path: Path) -> None:
    """From three empty servers to both stands on the factory's pages, whose figures are the sum of what each has, and
    whose runs neither stand nor reader can change."""
    with run_server() as one, run_server() as other, run_server() as central:
        stands = [Stand("Stand 7", one, tmp_path / "7"), Stand("Stand 8", other, tmp_path / "8")]
        instead = {"https://central.example:6984": central.url}
        centre, each, reading = blocks("toml", **instead)
        init, replicate, serve, show = blocks("sh", **instead)
        for name, text in (("centre", centre), ("reader", reading)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "hardseq.toml").write_text(text)
        admin = {"HARDSEQ_DATABASE_PASSWORD": central.password}
        passwords: dict[str, str] = {}
        for stand in stands:
            account = stand.name.lower().replace(" ", "-")
            told = hardseq(init.replace("stand-7", account), tmp_path / "centre", **admin)
            passwords |= dict(re.findall(r"  (\S+): HARDSEQ_\w+_PASSWORD=(\S+)", told))
            stand.configure(each.replace("stand-7", account).replace("Stand 7", stand.name))
            stand.replicate(replicate, passwords[account])
        assert [*passwords] == ["stand-7", "reader", "stand-8"]
        assert hardseq(init, tmp_path / "centre", **admin).count("its password stays") == 2

        stands[0].test(["passed", "failed", "passed"], start=NOON)
        stands[1].test(["passed", "error"], start=NOON + 60)
        reader = {"HARDSEQ_DATABASE_PASSWORD": passwords["reader"]}
        with served(f"{serve} --port 0", tmp_path / "reader", **reader) as url:
            found = shown(
                url, "api/figures/yield?by=stand", lambda found: sum(row["runs"] for row in found["rows"]) == 5
            )
            assert {row["by"]["stand"]: (row["runs"], row["passed"]) for row in found["rows"]} == {
                "Stand 7": (3, 2),
                "Stand 8": (2, 1),
            }
            (total,) = shown(url, "api/figures/yield", lambda found: True)["rows"]
            assert (total["runs"], total["passed"], total["units"]) == (5, 3, 5)
            known = shown(
                url,
                "api/stands",
                lambda found: (
                    [stand["condition"] for stand in found["stands"]] == ["off", "off"]
                    and all(stand["slots"] for stand in found["stands"])
                    and all(
                        slot["status"] not in ("ready", "run") for stand in found["stands"] for slot in stand["slots"]
                    )
                ),
            )
            assert [(stand["name"], stand["slots"][0]["status"]) for stand in known["stands"]] == [
                ("Stand 7", "passed"),
                ("Stand 8", "error"),
            ]
        listed = hardseq(show, tmp_path / "reader", **reader)
        assert "Stand 7" in listed
        assert "Stand 8" in listed

        for user, password in passwords.items():
            couch = central.connect(user=user, password=password)
            (run, *_) = CouchStore(couch, "factory").find().runs
            stored = couch.get("factory", run.id)
            changed = {**stored, "summary": {**stored["summary"], "status": "failed"}}
            with pytest.raises(StoreUnavailable, match="\\(403\\)"):
                couch.put("factory", run.id, body=changed)
            couch.close()
