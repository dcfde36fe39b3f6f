"""Whatever a driver does that is called by hand, the panel goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sequencer.app import instrument_desk
from sequencer.app.instrument_desk import InstrumentDesk
from sequencer.panel.refusals import ActionRefused, InvalidRequest

DRIVER = """\
import os
import sys
import time


class Meter:
    def __init__(self, address="COM1"):
        if address == "DEAD":
            raise ConnectionError("nobody answers")

    def read(self):
        print("what a driver prints")
        os.write(1, b'what a library prints\\n{"neither": \\n')
        return 5

    def die(self):
        os._exit(3)

    def hang(self):
        time.sleep(60)
"""
SEQUENCE = """\
name: Desk
drivers: {meter: meter.Meter, dead: {use: meter.Meter, with: {address: DEAD}}}
modules: {m: {cases: {c: {steps: [{call: meter.read}, {call: dead.read}]}}}}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InstrumentDesk]:
    """That of a small project."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    for name, text in {"sequences/a.yaml": SEQUENCE, "drivers/meter.py": DRIVER}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    made = InstrumentDesk(lambda: tmp_path / "sequences" / "a.yaml")
    yield made
    made.end()


def test_a_process_that_ends_or_hangs(desk: InstrumentDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told, and the next call has another one; what is printed past Python is no answer."""
    assert desk.call("meter", "read", {})["value"] == 5
    with pytest.raises(ActionRefused, match="the process of the instruments has ended"):
        desk.call("meter", "die", {})
    assert desk.call("meter", "read", {})["value"] == 5
    monkeypatch.setattr(instrument_desk, "PATIENCE", 0.3)
    with pytest.raises(ActionRefused, match=r"has not answered for 0\.3 s"):
        desk.call("meter", "hang", {})
    monkeypatch.undo()
    assert desk.call("meter", "read", {})["value"] == 5


def test_a_start_does_not_wait_for_a_call(desk: InstrumentDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does another question: it is refused, and the end of all cuts the call short."""
    monkeypatch.setattr(instrument_desk, "QUIET", 0.05)
    told: list[str] = []

    def hang() -> None:
        with pytest.raises(ActionRefused) as refused:
            desk.call("meter", "hang", {})
        told.append(refused.value.code)

    desk.open("meter")
    caller = threading.Thread(target=hang)
    caller.start()
    while True:
        try:
            desk.instruments()
        except ActionRefused as busy:
            assert busy.code == "busy"
            break
    desk.end()
    caller.join(30)
    assert told == ["no-answer"]


def test_what_cannot_be_done(desk: InstrumentDesk) -> None:
    """A driver that cannot be opened, and calls that there are not."""
    with pytest.raises(ActionRefused, match="could not be opened: ConnectionError: nobody answers") as refused:
        desk.open("dead")
    assert refused.value.code == "in-use"
    with pytest.raises(InvalidRequest, match="has no method or property"):
        desk.call("meter", "raed", {})
    with pytest.raises(InvalidRequest, match="there is no driver 'metre'"):
        desk.close_one("metre")
