"""Drivers that several slots share: opened once, called in turns, and in all else like a slot's own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

import pytest

from sequencer.expressions.value import measured
from sequencer.protocol.shared_values import dump_value
from sequencer.protocol.stand import OpenShared, Raised, StandAnswer
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.driver_modules import DriverModules
from sequencer.runtime.drivers import DriverNotOpened
from sequencer.runtime.failures import driver_traceback, reason_of
from sequencer.runtime.shared_object import refer_to
from sequencer.stand_process.holds import HoldRequest, SlotOwner
from sequencer.stand_process.shared_driver import DriverTurn, SharedDriver
from sequencer.vocabulary.failure import SharedDriverError, StepError, StepFailed, Stopped
from tests.stand_process.conftest import Listener, Stand, wait_for


def test_all_slots_have_one_driver_in_another_process(stand: Stand) -> None:
    """It is opened once, in a process and in one thread of its own, and closed when that process ends."""
    slots = ["left", "right"]
    left, right = (stand.meter(stand.client(slot, slots), log=str(stand.folder / "log")) for slot in slots)
    assert left.pid == right.pid == stand.process.pid != os.getpid()
    assert [left.add(1), right.add(2), left.add(3)] == [1, 3, 6]
    assert left.generation() == 1
    assert left.thread() == right.thread()
    stand.close()
    assert (stand.folder / "log").read_text() == "closed A\n"


def test_calls_take_turns(stand: Stand) -> None:
    """Sixty-four slots that call at once: no two calls overlap, and none is lost."""
    slots = [f"s{number}" for number in range(64)]

    def work(slot: str) -> int:
        meter = stand.meter(stand.client(slot, slots))
        most: int = max(meter.overlap() for _ in range(3))
        meter.add(1)
        return most

    assert stand.process.address()
    working = [stand.apart(lambda slot=slot: work(slot)) for slot in slots]
    assert {each.result() for each in working} == {1}
    assert stand.meter(stand.client()).add(0) == 64


def test_drivers_of_one_file_are_opened_at_the_same_time(stand: Stand) -> None:
    """Each in its own thread: who comes while the file is being imported waits for that, and finds all of it."""
    importing, gate = stand.folder / "importing", stand.folder / "gate"
    waits = f"""
import os, time
open({str(importing)!r}, "a").close()
while not os.path.exists({str(gate)!r}):
    time.sleep(0.005)
"""
    (stand.folder / "bench.py").write_text(waits + (stand.folder / "bench.py").read_text())
    slots = ["left", "right"]
    left, right = (stand.client(slot, slots) for slot in slots)
    opening = stand.apart(lambda: stand.meter(left))
    wait_for(importing.exists)
    other = stand.apart(lambda: right.open(stand.source("volts", "volts")))
    third = stand.apart(lambda: stand.client("right", slots).open(stand.source("other", "volts")))
    with suppress(TimeoutError):
        # What goes wrong does so at once, and is told below; what waits goes on waiting.
        third.exception(0.3)
    gate.touch()
    assert opening.result().add(1) == 1
    assert other.result()() == third.result()() == 2.5  # type: ignore[operator]  # they are functions


def test_a_slot_leaves_while_another_one_looks_who_uses_a_driver() -> None:
    """Whoever wants it differently is told of those that are there."""

    class Slot:
        def __init__(self, look: Callable[[], object] = lambda: None) -> None:
            self._look = look

        @property
        def slot(self) -> str:
            self._look()
            return "second"

        def send(self, answer: StandAnswer) -> None:
            answers.append(answer)

        def keep(self, value: object) -> int:
            raise AssertionError(value)

        def kept(self, number: int) -> object:
            raise AssertionError(number)

    answers: list[StandAnswer] = []
    over: SimpleQueue[DriverTurn] = SimpleQueue()
    driver = SharedDriver("time", over.put, lambda question: DriverModules(Path(), []))
    gone, asking = Slot(), Slot()
    looked_at = Slot(lambda: driver.forget(gone))

    def open_as(asker: Slot, target: str) -> None:
        payload = dump_value(((), {}), refer_to("time"))
        question = OpenShared(1, "time", "seq.yaml:1:1", ".", [], None, "time", target, payload, False)
        request = HoldRequest(SlotOwner("1", "x", 1), frozenset(["time"]), "seq.yaml:1:1", call=True)
        driver.take(DriverTurn(asker, question, request, 0.0))
        over.get()

    for asker in (looked_at, gone):
        open_as(asker, "monotonic")
    open_as(asking, "time")
    driver.end()
    assert driver.join(60.0)
    assert isinstance(answers[2], Raised), answers
    assert "'second'" in answers[2].text


def test_attributes_and_functions(stand: Stand) -> None:
    """Attributes are read and set; one that is not there is missed as ever; a function is the driver itself."""
    client = stand.client()
    meter = stand.meter(client)
    assert meter.level == 3
    meter.level = 7
    assert meter.level == 7
    assert getattr(meter, "identify", None) is None
    assert "add" in dir(meter)
    assert "Meter" in repr(meter)
    volts = client.open(stand.source("volts", "volts", scale=2.0))
    assert volts() == 5.0
    assert volts(scale=1.0) == 2.5


def test_values_arrive_as_data(stand: Stand) -> None:
    """What a step would make of a driver's values is what it gets: enumerations, records, arrays."""
    meter = stand.meter(stand.client())
    assert meter.values() == {
        "enum": "low",
        "pair": {"low": 1.0, "high": 2.0},
        "reading": {"volts": 1.5, "range": "low"},
        "array": [1.5, 2.5],
        "trace": [1.5, 2.5],
    }
    data = {"a": [1, 2.5, None, "x", b"y"], "path": Path("x")}
    assert meter.echo(data) == data


def test_its_own_objects_stay_where_they_are(stand: Stand) -> None:
    """A channel is called in the process of its driver, can be given back to that, and is let go when nobody has it."""
    meter = stand.meter(stand.client())
    channel = meter.channel(5)
    assert channel.read() == 5
    assert channel.number == 5
    assert meter.number_of(channel) == 5
    assert meter.itself().add(1) == 6
    assert meter.unpicklable()[0] == 1
    assert meter.function()(1) == 2
    del channel
    meter.add(0)
    assert meter.freed == 1


def test_objects_of_a_slot_that_is_gone_are_let_go(stand: Stand) -> None:
    """Also those that it still had."""
    slots = ["left", "right"]
    gone, there = (stand.client(slot, slots) for slot in slots)
    channel = stand.meter(gone).channel(1)
    meter = stand.meter(there)
    assert channel.read() == 1
    gone.close()
    wait_for(lambda: meter.freed == 1)


def test_a_function_that_was_never_called_is_told_as_ever(stand: Stand) -> None:
    """Whoever measures a method, or a function that a driver returned, forgot to call it."""
    meter = stand.meter(stand.client())
    for value in (meter.add, meter.function()):
        with pytest.raises(StepError, match="was never called"):
            measured(value)


@pytest.mark.parametrize(("method", "told"), [("steps", "generator"), ("later", "async")])
def test_what_cannot_be_passed_back_is_an_error_that_says_so(stand: Stand, method: str, told: str) -> None:
    """A generator, a coroutine: nothing of it was carried out."""
    meter = stand.meter(stand.client())
    with pytest.raises(StepError, match=told):
        getattr(meter, method)()
    assert meter.generation() == 1


def test_what_cannot_be_passed_to_it_is_an_error_that_says_so(stand: Stand) -> None:
    """Functions, objects of this process, those of another shared driver: the argument is named."""
    client = stand.client()
    meter = stand.meter(client)
    other = client.open(stand.source("other"))
    for value, told in [
        (print, "the argument value cannot be passed to the shared driver 'meter': a function of this process"),
        (threading.Lock(), "an object of the class lock"),
        (other, "an object of the shared driver 'other'"),
    ]:
        with pytest.raises(StepError) as caught:
            meter.echo(value=value)
        assert told in str(caught.value)
    with pytest.raises(StepError, match="argument 2"):
        meter.echo(1, print)
    with pytest.raises(StepError, match="argument log"):
        client.open(stand.source("third", log=print))


def test_what_it_raises_arrives_with_its_traceback(stand: Stand) -> None:
    """The exception's name and text, its error code, and the place in the driver, as of a slot's own driver."""
    meter = stand.meter(stand.client())
    with pytest.raises(SharedDriverError) as caught:
        meter.fail()
    assert str(reason_of(caught.value)) == "OddError: no answer and no echo"
    assert caught.value.error_code == 42
    trace = driver_traceback(caught.value, None)
    assert trace is not None
    assert f'File "{stand.folder / "bench.py"}"' in trace
    assert "in fail" in trace
    assert "shared_driver.py" not in trace


def test_a_judgement_of_the_driver_is_one(stand: Stand) -> None:
    """``StepFailed`` says that the product missed something, and is no doubt about the driver."""
    meter = stand.meter(stand.client())
    with pytest.raises(StepFailed) as caught:
        meter.judge()
    assert (str(caught.value), caught.value.error_code) == ("too low", 7)
    assert meter.generation() == 1


def test_after_an_error_it_is_opened_again(stand: Stand) -> None:
    """By whoever uses it next, unless it must not be; who opened it is asked whether it is still the right one."""
    slots = ["left", "right"]
    left, right = (stand.client(slot, slots) for slot in slots)
    seen: list[int] = []
    meter = left.open(stand.source(), check=lambda opened: seen.append(opened.generation()))
    other = stand.meter(right)
    with pytest.raises(SharedDriverError):
        other.fail()
    assert meter.generation() == 2
    assert other.generation() == 2
    assert seen == [2]
    kept = left.open(stand.source("kept", reopens=False))
    with pytest.raises(SharedDriverError):
        kept.fail()
    assert kept.generation() == 3
    assert kept.add(0) == 0


def test_one_that_cannot_be_opened_says_why_to_each(stand: Stand) -> None:
    """With the driver's traceback; another attempt opens it again."""
    client = stand.client()
    for _ in range(2):
        with pytest.raises(SharedDriverError, match="no such port") as caught:
            client.open(stand.source(port="broken"))
        assert "bench.py" in str(caught.value.traceback)
    assert stand.meter(client).generation() == 3


def test_one_that_cannot_be_opened_again_says_so(stand: Stand) -> None:
    """Its file is gone in the meantime."""
    client = stand.client()
    meter = stand.meter(client)
    client.open(stand.source(), check=lambda opened: opened.fail())
    with pytest.raises(SharedDriverError):
        meter.fail()
    with pytest.raises(DriverNotOpened, match="'meter' could not be opened again: OddError"):
        meter.add(1)


def test_other_arguments_while_it_is_used_are_an_error(stand: Stand) -> None:
    """Both sets are named; once nobody else uses it, it is closed and opened with the new ones."""
    slots = ["left", "right"]
    left, right = (stand.client(slot, slots) for slot in slots)
    stand.meter(left, port="A", log=str(stand.folder / "log"))
    with pytest.raises(StepError) as caught:
        stand.meter(right, port="B", log=str(stand.folder / "log"))
    assert str(caught.value) == ("the shared driver 'meter' is open for slot 'left' with port = 'A', not 'B'")
    left.close()

    def opened() -> bool:
        try:
            return bool(stand.meter(right, port="B", log=str(stand.folder / "log")).port == "B")
        except StepError:
            return False

    wait_for(opened)
    assert (stand.folder / "log").read_text() == "closed A\n"


def test_it_stays_open_from_run_to_run(stand: Stand) -> None:
    """As long as its process does."""
    first = stand.client()
    stand.meter(first).add(1)
    first.close()
    assert stand.meter(stand.client()).add(0) == 1


def test_what_it_prints_has_its_name(stand: Stand) -> None:
    """Each line, whichever slot called."""
    stand.meter(stand.client()).say("one\ntwo")
    wait_for(lambda: stand.printed[-2:] == ["meter: one", "meter: two"])


def test_waiting_for_another_slots_call_is_told(stand: Stand) -> None:
    """For what and how long; whoever need not wait tells nothing."""
    slots, listener = ["left", "right"], Listener()
    left, right = stand.client("left", slots), stand.client("right", slots, listener=listener)
    meter, other = stand.meter(left), stand.meter(right)
    log, gate = stand.folder / "log", stand.folder / "gate"
    assert other.add(1) == 1
    assert listener.finished == []
    going = stand.apart(lambda: meter.wait_for(str(log), str(gate)))
    wait_for(log.exists)
    waiting = stand.apart(lambda: other.add(1))
    wait_for(lambda: listener.started)
    gate.touch()
    going.result()
    assert waiting.result() == 2
    assert listener.started == [("call", ["meter"])]
    [(kind, names, seconds)] = listener.finished
    assert (kind, names) == ("call", ["meter"])
    assert seconds > 0


def test_a_call_that_is_stopped_ends_in_the_driver(stand: Stand, interrupts: Interrupts) -> None:
    """What the driver does in Python ends, and switches off what it had switched on; then it is opened again."""
    log = stand.folder / "log"
    meter = stand.meter(stand.client(interrupts=interrupts))
    stand.apart(lambda: (wait_for(log.exists), interrupts.stop("enough")))
    error = interrupts.run(lambda: meter.poll(str(log)))
    assert isinstance(error, Stopped)
    assert error.driver_traceback is not None
    assert f'{stand.folder / "bench.py"}", line' in error.driver_traceback
    assert "in poll" in error.driver_traceback
    assert error.driver_traceback.endswith("Stopped: enough")
    wait_for(lambda: log.read_text() == "on\noff\n")
    assert meter.generation() == 2


def test_a_call_that_hangs_is_told_to_all_and_its_process_is_replaced(stand: Stand, interrupts: Interrupts) -> None:
    """Its caller's timeout ends the waiting; whoever needs the driver fails, others do not; later there is another."""
    slots = ["left", "right", "third"]
    log, fifo = stand.folder / "log", stand.folder / "fifo"
    os.mkfifo(fifo)
    left, right, third = stand.client("left", slots, interrupts), stand.client("right", slots), stand.client("third")
    meter, waiting, other = stand.meter(left), stand.meter(right), third.open(stand.source("other"))
    before = stand.process.pid
    stand.apart(lambda: (wait_for(log.exists), interrupts.end_step(0, "enough")))
    error = interrupts.run(lambda: meter.hang(str(log), str(fifo)))
    assert isinstance(error, Stopped)
    with left.hold("seq.yaml:2:2", ["other"]):
        pass  # what hangs is no hold, beside which there could be no other

    def fail() -> str:
        with pytest.raises(StepError) as caught:
            waiting.add(1)
        return str(caught.value)

    failing = stand.apart(fail)
    assert other.add(1) == 1
    assert failing.result() == "the shared driver 'meter' hangs in a call of slot 'left', made at seq.yaml:1:1"
    with pytest.raises(StepError, match="hangs in a call"), right.hold("seq.yaml:1:1", ["other", "meter"]):
        pass
    for each in (left, right, third):
        each.close()
    assert stand.meter(stand.client()).generation() == 1
    assert stand.process.pid != before
    assert any("hangs" in line for line in stand.printed)
