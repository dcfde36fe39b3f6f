"""The panel owns the figures: it counts its runs, commands ask it, and questions hold up nothing else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any

import pytest
from click.testing import CliRunner

from sequencer.cli import figures
from sequencer.figures import service
from sequencer.figures.index import FiguresIndex, IndexInUse

ASKING = 16
"""At once; more than the panel has threads."""


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions wait for the newest run: a machine that is busy is slow, not wrong."""
    monkeypatch.setattr(service, "PATIENCE", 60.0)


@pytest.fixture(scope="module")
def panel(shared_stand: Any) -> Any:
    """Has run once."""
    opened = shared_stand.open()
    opened.wait_for("ready")
    opened.run()
    return opened


def test_commands_ask_the_panel(panel: Any) -> None:
    """It has the index open from its first run on; a command says the same as it, and nobody else can open the file."""
    state = panel.project.state
    panel.wait_until(lambda: panel.session.figures.state().runs == 1)
    with pytest.raises(IndexInUse), FiguresIndex(state.figures, state.figures_lock):
        pass

    def said(*arguments: str) -> str:
        found = CliRunner().invoke(
            figures.command, [*arguments, "--project", str(panel.project.folder)], standalone_mode=False
        )
        assert found.exception is None, found.exception
        return found.stdout

    rows = panel.ask("GET", "/api/figures/yield?by=stand&by=version&span=day").json["rows"]
    assert json.loads(said("yield", "--by", "stand", "--by", "version", "--span", "day", "--format", "json")) == rows
    assert [row["runs"] for row in rows] == [1]
    assert json.loads(said("yield", "--since", "2100-01-01", "--format", "json"))[0]["runs"] == 0
    assert "100.0 %" in said("yield")
    assert said("unit", "none", "--format", "json") == "[]\n"
    assert said("rebuild").startswith("1 runs in ")


def test_questions_hold_up_nothing_else(panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While sixteen wait for their answers, those about the present run, Stop and the history are answered."""
    held, begun = Event(), Semaphore(0)
    ask = panel.session.figures.ask

    def hold(*asked: Any) -> Any:
        begun.release()
        assert held.wait(60)
        return ask(*asked)

    monkeypatch.setattr(panel.session.figures, "ask", hold)
    with ThreadPoolExecutor(ASKING) as clients:
        try:
            answers = [clients.submit(panel.ask, "GET", "/api/figures/yield") for _ in range(ASKING)]
            assert begun.acquire(timeout=60)
            for method, path, status in (
                ("GET", "/api/state", 200),
                ("POST", "/api/stop", 409),
                ("GET", "/api/runs", 200),
                ("GET", "/", 200),
            ):
                assert panel.ask(method, path, {} if method == "POST" else None).status == status
            assert not any(answer.done() for answer in answers)
        finally:
            held.set()
        assert [answer.result().json["runs"] for answer in answers] == [1] * ASKING
