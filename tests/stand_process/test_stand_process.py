"""Holds and sync points with real processes: whatever ends, hangs or is stopped, nobody waits for it forever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sequencer.protocol.request import JointStart, StandAddress
from sequencer.runner import stand_process
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.stand_client import StandClient
from sequencer.vocabulary.failure import StepError, StepFailed, Stopped
from tests.stand_process.conftest import Listener, Stand, is_alive, wait_for

ROOT = Path(__file__).resolve().parents[2]

SLOT = """
import sys
from sequencer.protocol.request import StandAddress
from sequencer.runner import stand_process
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.stand_client import StandClient

class Listener:
    place = "seq.yaml:7:7"
    def wait_started(self, kind, names): pass
    def wait_finished(self, kind, names, seconds): pass

address, key, what = sys.argv[1:]
client = StandClient(
    StandAddress(address=bytes.fromhex(address).decode(), key=key), Interrupts(), Listener(),
    start="1", slot="left", slots=["left", "right"],
)
if what == "hold":
    with client.hold("seq.yaml:7:7", ["meter", "matrix"]):
        print("there", flush=True)
        sys.stdin.read()
else:
    with client.sync("seq.yaml:7:7", "hot", once=True) as meeting:
        print("once" if meeting.chosen else "there", flush=True)
        sys.stdin.read()
"""


def slot_process(address: StandAddress, what: str) -> subprocess.Popen[bytes]:
    """The slot ``left`` in a process of its own, which stays in a hold, or in what it does once for all."""
    told = address.address.encode().hex()
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"import sys; sys.path.append({str(ROOT)!r})\n{SLOT}", told, address.key, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_a_slot_that_is_killed_while_it_holds_gives_all_back(stand: Stand) -> None:
    """The next one has it as soon as the process is gone."""
    with slot_process(stand.process.address(), "hold") as left:
        assert left.stdout is not None
        assert left.stdout.readline() == b"there\n"
        right = stand.client("right", ["left", "right"])
        with pytest.raises(StepError) as caught, right.hold("seq.yaml:1:1", ["meter"], timeout=0.05):
            pass
        assert str(caught.value) == "after 0.05 s these were still in use by slot left: meter"
        waiting = stand.apart(lambda: hold(right, "meter"))
        left.kill()
        assert waiting.result() is None


def hold(client: StandClient, *names: str) -> None:
    """Has the drivers for a moment."""
    with client.hold("seq.yaml:1:1", names):
        pass


def sync(client: StandClient, point: str, *, once: bool = False, timeout: float | None = None) -> bool:
    """Comes to a sync point; whether it was the one that did what is done once."""
    with client.sync("seq.yaml:1:1", point, timeout, once=once) as meeting:
        return meeting.chosen


def test_a_slot_that_is_killed_while_it_does_something_for_all_fails_all(stand: Stand) -> None:
    """The chamber may be anything now."""
    address = stand.process.address()
    with slot_process(address, "sync") as left:
        right = stand.client("right", ["left", "right"])
        waiting = stand.apart(lambda: sync(right, "hot", once=True))
        assert left.stdout is not None
        assert left.stdout.readline() == b"once\n"
        left.kill()
        with pytest.raises(StepError, match="slot 'left' ended before it had done for all slots"):
            waiting.result()


def test_nobody_else_uses_what_is_held(stand: Stand) -> None:
    """Calls of others wait until the hold ends; one's own go on at once, and a hold of less inside of it."""
    slots, listener = ["left", "right"], Listener()
    left, right = stand.client("left", slots), stand.client("right", slots, listener=listener)
    meter, other = stand.meter(left), stand.meter(right)
    with left.hold("seq.yaml:1:1", ["meter", "matrix"]):
        waiting = stand.apart(lambda: other.add(10))
        wait_for(lambda: listener.started)
        assert meter.add(1) == 1
        with left.hold("seq.yaml:1:1", ["meter"]):
            assert meter.add(1) == 2
        with pytest.raises(StepError, match="this slot holds matrix, meter"), left.hold("seq.yaml:1:1", ["chamber"]):
            pass
    assert waiting.result() == 12
    assert listener.started == [("call", ["meter"])]


def test_two_slots_at_different_points_fail_at_once(stand: Stand) -> None:
    """Both read where the other one waits; what was to wait for minutes is over in a moment."""
    slots = ["left", "right"]
    left, right = (stand.client(slot, slots) for slot in slots)
    waiting = stand.apart(lambda: sync(left, "hot", timeout=600.0))
    with pytest.raises(StepError, match="slot 'left' waits for sync 'hot' at"):
        wait_for(lambda: not sync(right, "cold", timeout=600.0))
    with pytest.raises(StepError, match="slot 'right' waits for sync 'cold'"):
        waiting.result()


def test_once_is_done_by_one_of_sixty_four(stand: Stand) -> None:
    """All go on together, and before nobody does."""
    slots = [f"s{number}" for number in range(64)]
    assert stand.process.address()
    clients = [stand.client(slot, slots) for slot in slots]
    going = [stand.apart(lambda client=client: sync(client, "hot", once=True)) for client in clients]
    assert sum(each.result() for each in going) == 1


@pytest.mark.parametrize(
    ("failure", "told", "text"),
    [
        (ValueError("too hot"), StepError, "ValueError: too hot"),
        (StepError("no answer"), StepError, "no answer"),
        (StepFailed("85 is above 80"), StepFailed, "85 is above 80"),
    ],
)
def test_once_that_fails_fails_for_all(stand: Stand, failure: Exception, told: type[Exception], text: str) -> None:
    """The others are told why: an error is one of theirs, and what the product missed it missed there as well."""
    slots = ["left", "right"]
    left, right = (stand.client(slot, slots) for slot in slots)
    waiting = stand.apart(lambda: sync(right, "hot", once=True))
    with pytest.raises(type(failure)), left.sync("seq.yaml:1:1", "hot", once=True) as meeting:
        assert meeting.chosen
        raise failure
    with pytest.raises(told) as caught:
        waiting.result()
    assert type(caught.value) is told
    assert str(caught.value) == f"what slot 'left' did for all slots at sync 'hot' failed: {text}"


def test_a_slot_that_is_stopped_before_a_sync_point_is_not_waited_for(stand: Stand, interrupts: Interrupts) -> None:
    """Whether it waits there itself when it is stopped, or says that it will not come, or just ends."""
    slots = ["left", "right", "third", "never"]
    left, right = stand.client("left", slots, interrupts), stand.client("right", slots)
    third = stand.client("third", slots)
    third.connect()
    stand.process.end_slot(JointStart("1", slots), "never")
    listener = Listener()
    waiting = stand.apart(lambda: sync(stand.client("right", slots, listener=listener), "hot"))
    wait_for(lambda: listener.started)
    interrupts.stop("enough")
    error = interrupts.run(lambda: sync(left, "hot"))
    assert isinstance(error, Stopped)
    interrupts.stoppable = False
    left.leave(["hot"])
    third.close()
    assert waiting.result() is False
    right.close()


def test_a_timeout_at_a_sync_point_names_who_did_not_come(stand: Stand) -> None:
    """As it is then, not as it was when the waiting began."""
    slots = ["left", "right", "third"]
    left, right = stand.client("left", slots), stand.client("right", slots)
    waiting = stand.apart(lambda: sync(right, "hot"))
    with pytest.raises(StepError) as caught:
        wait_for(lambda: not sync(left, "hot", timeout=0.3))
    assert str(caught.value) == "within 0.3 s these slots did not come to sync 'hot': third"
    stand.process.end_slot(JointStart("1", slots), "third")
    left.close()
    assert waiting.result() is False


@pytest.mark.parametrize("counts", [False, True])
def test_what_is_waited_for_does_not_count_for_timeouts(stand: Stand, interrupts: Interrupts, counts: bool) -> None:
    """A case of 0.1 s may wait for others for longer, unless it says that waiting counts."""
    slots = ["left", "right"]
    left, right = stand.client("left", slots, interrupts), stand.client("right", slots)
    left.counts_waiting = counts

    def come_late() -> bool:
        time.sleep(0.3)
        return sync(right, "hot")

    left.connect()
    going = stand.apart(come_late)
    interrupts.begin(left, "case", 0.1)
    error = interrupts.run(lambda: sync(left, "hot"))
    late = interrupts.end(left)
    assert (error is late is not None) == counts
    left.leave(["hot"])
    assert going.result() is False


@pytest.mark.parametrize("what", ["call", "hold", "sync"])
def test_the_stand_process_is_killed(stand: Stand, what: str) -> None:
    """Whoever waits for it fails at once; it is replaced, so that a teardown can switch off what is shared."""
    slots, listener = ["left", "right"], Listener()
    left, right = (stand.client(slot, slots, listener=listener) for slot in slots)
    meter, other = stand.meter(left), stand.meter(right)
    log, gate = stand.folder / "log", stand.folder / "gate"

    def wait() -> object:
        if what == "call":
            return meter.wait_for(str(log), str(gate))
        if what == "hold":
            with left.hold("seq.yaml:1:1", ["meter"]):
                return other.add(1)
        return sync(left, "hot")

    waiting = stand.apart(wait)
    wait_for(log.exists if what == "call" else lambda: listener.started)
    pid = stand.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(StepError, match="the process that holds what the slots share is gone"):
        waiting.result()

    def works() -> bool:
        # The system closes the connections of a process that was killed one after the other.
        with suppress(StepError):
            return bool(meter.generation() == 1)
        return False

    wait_for(works)
    assert stand.process.pid != pid
    assert any("is gone: it was ended by SIGKILL" in line for line in stand.printed)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGSTOP")
def test_a_process_that_gives_no_sign_of_life_is_replaced(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen as a whole, as by a driver that keeps it from running Python: the next start has another one."""
    monkeypatch.setattr(stand_process, "PING_SECONDS", 0.2)
    assert stand.meter(stand.client()).add(1) == 1
    pid = stand.process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert stand.process.address()
    assert stand.process.pid != pid
    assert not is_alive(pid)
    monkeypatch.undo()
    assert stand.meter(stand.client()).generation() == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_slots_that_start_while_the_process_is_replaced_all_have_the_new_one(stand: Stand) -> None:
    """Killed when eight slots ask where it is: each finds the one that took over, whoever noticed first."""
    slots = [f"s{number}" for number in range(8)]
    for _ in range(3):
        assert stand.process.address()
        pid = stand.process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        asking = [stand.apart(lambda slot=slot: stand.meter(stand.client(slot, slots)).pid) for slot in slots]
        assert {each.result() for each in asking} == {stand.process.pid}
        assert stand.process.pid != pid
        for client in stand.clients:
            client.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_what_a_driver_forked_does_not_keep_the_address(stand: Stand) -> None:
    """It ends with the process that it was copied from, and another one listens there."""
    meter = stand.meter(stand.client())
    for _ in range(3):
        with pytest.raises(StepError, match="is gone"):
            meter.fork_and_crash()
        assert stand.process.address()
        meter = stand.meter(stand.client("right"))
        assert meter.generation() == 1


def test_nothing_goes_on_in_a_hold_that_is_lost(stand: Stand) -> None:
    """Nobody knows who else uses it by now."""
    client = stand.client()
    meter = stand.meter(client)
    with client.hold("seq.yaml:1:1", ["meter"]):
        with pytest.raises(StepError, match="is gone"):
            meter.crash()
        with pytest.raises(StepError, match="is gone"):
            meter.add(1)
    assert meter.add(1) == 1


def test_it_ends_with_its_owner_after_the_slots(stand: Stand, tmp_path: Path) -> None:
    """A panel that was killed leaves no orphan: the slots finish, then drivers are closed, and the process is gone."""
    script = f"""
import sys
sys.path.append({str(ROOT)!r})
from sequencer.runner.stand_process import StandProcess
from pathlib import Path
process = StandProcess(lambda line: None, Path({str(tmp_path)!r}))
address = process.address()
print(address.address.encode().hex(), address.key, process.pid, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-P", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        told, key, pid = owner.stdout.readline().decode().split()
        address = StandAddress(address=bytes.fromhex(told).decode(), key=key)
        client = StandClient(address, Interrupts(), Listener(), start="1", slot="left", slots=["left"])
        meter = stand.meter(client, log=str(tmp_path / "log"))
        owner.kill()
    assert meter.add(1) == 1
    assert is_alive(int(pid))
    client.close()
    wait_for(lambda: not is_alive(int(pid)))
    assert (tmp_path / "log").read_text() == "closed A\n"


def test_nobody_without_the_key_gets_in(stand: Stand) -> None:
    """And whoever tries is no trouble for the others."""
    address = stand.process.address()
    stranger = StandClient(
        StandAddress(address=address.address, key="00" * 32), Interrupts(), Listener(), start="1", slot="x", slots=[]
    )
    with pytest.raises(StepError, match="is gone"):
        stranger.connect()
    assert stand.meter(stand.client()).add(1) == 1
