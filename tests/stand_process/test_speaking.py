"""Shared drivers that say something: what they do reaches the slot whose call it is, and no other."""

from __future__ import annotations

from queue import SimpleQueue

import pytest

from sequencer.protocol.shared_values import load_value
from sequencer.protocol.stand import Said, StandAnswer
from sequencer.stand_process.speaking import Voice
from sequencer.vocabulary.failure import StepError
from tests.stand_process.conftest import Listener, Stand, wait_for

TALKER = """
import logging
import threading
import time

from sequencer.api import step

logger = logging.getLogger("acme.talker")


class Talker:
    def __init__(self):
        print("opening")

    def talk(self, slot):
        print("for", slot)
        print("half a line", end="")
        logger.warning("%s is warm", slot)
        step().progress(1, 4, slot)
        step().message(slot, key="slot")
        step().measure("rail", 5.0, "V", [4.8, 5.2])
        step().attach("trace.txt", slot)

    def keep(self):
        self.said = step()

    def late(self):
        self.said.progress(1)
        self.said.measure("late", 1)

    def odd(self):
        try:
            step().measure("odd", threading.Lock())
        except Exception:
            pass

    def flood(self, lines):
        for number in range(lines):
            print("line", number)

    def drone(self):
        while True:
            print("still here")
"""


@pytest.fixture
def talking(stand: Stand) -> Stand:
    """With a driver that says a lot."""
    (stand.folder / "bench.py").write_text(TALKER)
    return stand


def test_each_slot_hears_what_its_calls_say(talking: Stand) -> None:
    """Printed, logged, and said of the step; in the order in which it was said, and before the answer."""
    heard = {}
    for slot in ("left", "right"):
        listener = Listener()
        talker: object = talking.client(slot, ["left", "right"], listener=listener).open(
            talking.source("talker", "Talker")
        )
        talker.talk(slot)  # type: ignore[attr-defined]
        heard[slot] = listener.heard
    said = {
        slot: [
            ("line", ("info", f"for {slot}", "talker")),
            ("line", ("warning", f"{slot} is warm", "acme.talker")),
            ("progress", (1.0, 4.0, slot)),
            ("message", (slot, "slot")),
            ("measure", ("rail", 5.0, "V", [4.8, 5.2])),
            ("attach", ("trace.txt", slot.encode(), None)),
            ("line", ("info", "half a line", "talker")),
        ]
        for slot in heard
    }
    assert heard == {"left": [("line", ("info", "opening", "talker")), *said["left"]], "right": said["right"]}
    wait_for(lambda: "talker: for right" in talking.printed)


def test_what_cannot_be_said(talking: Stand) -> None:
    """A step that is over takes nothing more, and a value that cannot be recorded is an error of the step."""
    listener = Listener()
    talker: object = talking.client(listener=listener).open(talking.source("talker", "Talker"))
    listener.heard.clear()
    talker.keep()  # type: ignore[attr-defined]
    with pytest.raises(StepError, match="was recorded while no step called its driver"):
        talker.late()  # type: ignore[attr-defined]
    assert listener.heard == []
    talker.odd()  # type: ignore[attr-defined]
    ((what, (reason,)),) = listener.heard
    assert (what, "lock" in str(reason)) == ("error", True)


def test_a_flood_and_its_end(talking: Stand) -> None:
    """All of it arrives; a call that is given up in the middle of it ends, and the connection is whole."""
    listener = Listener()
    client = talking.client(listener=listener)
    talker: object = client.open(talking.source("talker", "Talker"))
    listener.heard.clear()
    talker.flood(3000)  # type: ignore[attr-defined]
    assert [arguments[1] for _, arguments in listener.heard] == [f"line {number}" for number in range(3000)]
    other = talking.client("right", ["left", "right"])
    for _ in range(20):
        gone = talking.client()
        drone: object = gone.open(talking.source("talker", "Talker"))
        talking.apart(drone.drone)  # type: ignore[attr-defined]
        wait_for(lambda: talking.printed and talking.printed[-1] == "talker: still here")
        gone.close()
        again: object = other.open(talking.source("talker", "Talker"))
        again.flood(3)  # type: ignore[attr-defined]


def test_a_slot_that_hears_nothing_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer does not wait for what was said, once that takes long."""
    monkeypatch.setattr("sequencer.stand_process.speaking.PATIENCE_SECONDS", 0.05)
    taken: list[StandAnswer] = []

    class Asker:
        def send(self, answer: StandAnswer) -> None:
            taken.append(answer)
            gate.get()

    class Turn:
        asker = Asker()
        number = 7
        withdrawn = False

    gate: SimpleQueue[None] = SimpleQueue()
    voice, turn = Voice("meter"), Turn()
    assert not voice.line("info", "between two calls")
    voice.begin(turn)
    assert voice.line("info", "one")
    assert voice.line("info", "two")
    voice.end()
    assert not voice.line("info", "behind")
    gate.put(None)
    gate.put(None)
    wait_for(lambda: len(taken) == 2)
    said = [load_value(each.payload, lambda *_: None) for each in taken if isinstance(each, Said)]
    assert said == [("info", "one", "meter"), ("info", "two", "meter")]
