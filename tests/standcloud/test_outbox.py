"""The outbox on its own: who may send what and when."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sequencer.standcloud.delivery import Delivery, DeliveryTarget, OutboxUnavailable
from sequencer.standcloud.job import attempt, drain, send_one
from sequencer.standcloud.outbox import LEASE, Outbox
from sequencer.vocabulary.reason import Reason

DELIVERED = Delivery(verdict="delivered", status=201, reason="receipt")
AWAY = Delivery(verdict="again", reason="no connection")
BROKEN = Delivery(verdict="again", status=500, reason="server error")
PARKED = Delivery(verdict="parked", status=422, reason="wrong unit")


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(tmp_path: Path, clock: Clock) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "state" / "hardseq.sqlite3", clock=clock, chance=lambda: 0.5)
    yield opened
    opened.close()


def target(*answers: Delivery, key: str = "key") -> tuple[DeliveryTarget, list[str]]:
    """A target that gives these answers in turn, the last one for ever, and the runs that it was sent."""
    seen: list[str] = []

    def deliver(document: object) -> Delivery:
        assert isinstance(document, dict)
        seen.append(document["id"])
        return answers[min(len(seen), len(answers)) - 1]

    return DeliveryTarget(name="cloud", deliver=deliver, fingerprint=lambda salt: f"{salt.hex()}{key}"), seen


def put(outbox: Outbox, *runs: str) -> None:
    """Puts a small report for each run."""
    for run in runs:
        outbox.put(run, "cloud", {"id": run})


def sql(folder: Path, statement: str) -> list[tuple[object, ...]]:
    """What another program sees of the database."""
    with closing(sqlite3.connect(folder / "state" / "hardseq.sqlite3", isolation_level=None)) as database:
        return database.execute(statement).fetchall()


def states(outbox: Outbox) -> dict[str, str]:
    """Run to state."""
    return {entry.run: entry.state for entry in outbox.entries("cloud")}


def test_a_delivered_report_leaves_its_receipt_and_no_copy(outbox: Outbox, tmp_path: Path) -> None:
    """After success the receipt stays, the document goes, and nothing is sent a second time."""
    put(outbox, "a")
    cloud, seen = target(DELIVERED)
    assert drain(outbox, cloud).delivered == 1
    put(outbox, "a")
    assert drain(outbox, cloud).delivered == 0
    assert seen == ["a"]
    [entry] = outbox.entries("cloud")
    assert (entry.state, entry.text, entry.attempts, entry.next_try) == ("delivered", "receipt", 1, None)
    assert sql(tmp_path, "SELECT document FROM outbox") == [(None,)]


def test_putting_twice_keeps_one_row_and_the_newer_document(outbox: Outbox) -> None:
    """Putting is idempotent, and the last version is the one that is sent."""
    outbox.put("a", "cloud", {"id": "a", "version": 1})
    outbox.put("a", "cloud", {"id": "a", "version": 2, "text": "\udc80 ü"})
    claim = outbox.claim("cloud", "me")
    assert claim is not None and claim.document == {"id": "a", "version": 2, "text": "\udc80 ü"}
    assert outbox.counts("cloud").waiting == 1


def test_what_was_delivered_can_be_delivered_anew(outbox: Outbox) -> None:
    """An amended report goes to the store that had the first one, also when that is away at the moment."""
    put(outbox, "a")
    cloud, seen = target(DELIVERED)
    drain(outbox, cloud)
    outbox.put("a", "cloud", {"id": "a", "version": 2}, anew=True)
    assert states(outbox) == {"a": "waiting"}
    assert drain(outbox, cloud).delivered == 1
    assert seen == ["a", "a"]


def test_targets_do_not_touch_each_other(outbox: Outbox) -> None:
    """One run waits for two targets independently."""
    outbox.put("a", "couchdb", {"id": "a"})
    put(outbox, "a")
    drain(outbox, target(DELIVERED)[0])
    assert outbox.counts("cloud").delivered == 1
    assert outbox.counts("couchdb").waiting == 1
    assert outbox.targets() == ["cloud", "couchdb"]


def test_a_claimed_report_is_nobody_elses_until_its_lease_ends(outbox: Outbox, clock: Clock) -> None:
    """Two drains never hold one report; a drain that died gives it up by the lease."""
    put(outbox, "a")
    assert outbox.claim("cloud", "first") is not None
    assert outbox.claim("cloud", "second", every=True) is None
    clock.now += LEASE + 1
    second = outbox.claim("cloud", "second", every=True)
    assert second is not None and second.attempts == 2


def test_a_late_success_counts_and_a_late_failure_does_not(outbox: Outbox, clock: Clock) -> None:
    """Whoever lost the lease may still report success, but not undo what the new holder did."""
    put(outbox, "a", "b")
    cloud, _ = target(DELIVERED)
    late = outbox.claim("cloud", "late", run="a")
    late_too = outbox.claim("cloud", "late", run="b")
    assert late is not None and late_too is not None
    clock.now += LEASE + 1
    drain(outbox, cloud, every=True)
    outbox.settle(late, cloud, BROKEN)
    assert states(outbox) == {"a": "delivered", "b": "delivered"}
    put(outbox, "c")
    lost = outbox.claim("cloud", "late", run="c")
    clock.now += LEASE + 1
    holder = outbox.claim("cloud", "new", run="c")
    assert lost is not None and holder is not None
    outbox.settle(lost, cloud, PARKED)
    assert states(outbox)["c"] == "waiting"
    outbox.settle(lost, cloud, DELIVERED)
    assert states(outbox)["c"] == "delivered"


def test_a_failed_report_waits_later_and_later(outbox: Outbox, clock: Clock) -> None:
    """A 500 is tried again after one minute, two, four, and not before."""
    put(outbox, "a")
    cloud, seen = target(BROKEN)
    for pause in (60, 120, 240):
        drain(outbox, cloud)
        tries = len(seen)
        clock.now += pause - 1
        drain(outbox, cloud)
        assert len(seen) == tries
        clock.now += 1
    drain(outbox, cloud)
    assert len(seen) == 4


def test_retry_after_is_honoured(outbox: Outbox, clock: Clock) -> None:
    """With 429 and Retry-After nothing at all is sent until the time is over, not even by a drain of everything."""
    put(outbox, "a", "b")
    busy = Delivery(verdict="again", status=429, reason="slow down", retry_after=900.0)
    cloud, seen = target(busy, DELIVERED)
    result = drain(outbox, cloud)
    assert (seen, result.ending, result.status) == (["a"], "paused", 429)
    clock.now += 800
    assert drain(outbox, cloud, every=True).ending == "paused"
    clock.now += 100
    drain(outbox, cloud, every=True)
    assert sorted(seen) == ["a", "a", "b"]


def test_why_nobody_answered_keeps_its_code(outbox: Outbox) -> None:
    """Pages say it in their language; what the server says has no code; a delivery that follows takes both away."""
    silent = Reason("no_answer_within", host="cloud", seconds=20.0)
    put(outbox, "a", "b")
    cloud, _ = target(Delivery(verdict="again", reason=silent), PARKED)
    drain(outbox, cloud, every=True)
    first, second = outbox.entries("cloud")
    assert (first.text, first.coded_reason, first.reason) == (str(silent), silent.document(), silent)
    assert (second.text, second.coded_reason, second.reason) == ("wrong unit", None, "wrong unit")
    cloud, _ = target(DELIVERED)
    drain(outbox, cloud, every=True)
    assert [(entry.text, entry.coded_reason) for entry in outbox.entries("cloud", state="delivered")] == [
        ("receipt", None)
    ]


def test_what_holds_up_a_target_keeps_its_code(outbox: Outbox) -> None:
    """A redirected upload with a time to wait is told by its reason, also to whoever sends one report by hand."""
    moved = Reason("redirected", detail="moved")
    put(outbox, "a")
    cloud, _ = target(Delivery(verdict="again", status=503, reason=moved, retry_after=900.0))
    drain(outbox, cloud)
    held, sent = outbox.block_of(cloud), send_one(outbox, cloud, "a")
    assert held is not None and held.coded_reason == moved.document()
    assert sent is not None and sent.reason == moved


def test_an_outbox_of_before_reasons_had_codes_is_used_on(tmp_path: Path, clock: Clock) -> None:
    """Its rows have their texts, and what is written from now on has codes."""
    file = tmp_path / "state" / "hardseq.sqlite3"
    with closing(Outbox(file, clock=clock)) as before:
        put(before, "a")
        cloud, _ = target(Delivery(verdict="refused", status=401, reason="unknown key"))
        drain(before, cloud)
    for table in ("outbox", "outbox_targets"):
        sql(tmp_path, f"ALTER TABLE {table} DROP COLUMN code")
    with closing(Outbox(file, clock=clock)) as outbox:
        [entry] = outbox.entries("cloud")
        held = outbox.block_of(cloud)
        assert (entry.reason, held and held.said) == ("unknown key", "unknown key")
        outbox.clear_block("cloud")
        gone = Reason("connection_closed", host="cloud")
        drain(outbox, target(Delivery(verdict="again", reason=gone))[0], every=True)
        assert outbox.entries("cloud")[0].reason == gone


def test_a_short_wish_to_wait_is_waited_out(outbox: Outbox, clock: Clock) -> None:
    """A drain that may wait does so and goes on by itself."""

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            clock.now += timeout or 0
            return False

    put(outbox, "a", "b")
    busy = Delivery(verdict="again", status=503, reason="", retry_after=5.0)
    cloud, seen = target(busy, DELIVERED)
    result = drain(outbox, cloud, stop=Stop())
    assert (seen, result.delivered, result.ending) == (["a", "b", "a"], 2, "done")


def test_a_refused_key_stops_everything_until_it_changes(outbox: Outbox, clock: Clock) -> None:
    """After 401 nothing is tried, today or next year, until another key is configured."""
    put(outbox, "a", "b")
    refusing, seen = target(Delivery(verdict="refused", status=401, reason="unknown key"))
    assert drain(outbox, refusing).ending == "refused"
    clock.now += 366 * 86_400
    result = drain(outbox, refusing, every=True)
    sent = send_one(outbox, refusing, "b")
    assert (seen, result.ending, result.status, result.text) == (["a"], "refused", 401, "unknown key")
    assert sent is not None and (sent.verdict, sent.status) == ("refused", 401)
    assert outbox.counts("cloud").blocked == 2
    assert states(outbox) == {"a": "blocked", "b": "blocked"}
    accepting, seen = target(DELIVERED, key="new key")
    assert drain(outbox, accepting, every=True).delivered == 2
    assert outbox.counts("cloud").blocked == 0


def test_a_person_may_insist_on_a_refused_key(outbox: Outbox) -> None:
    """The key may have been accepted again at the other end: lifting the hold is possible."""
    put(outbox, "a")
    cloud, _ = target(Delivery(verdict="refused", status=403, reason=""), DELIVERED)
    drain(outbox, cloud)
    outbox.clear_block("cloud")
    assert drain(outbox, cloud, every=True).delivered == 1


def test_the_outbox_keeps_no_key(outbox: Outbox, tmp_path: Path) -> None:
    """Of a refused key only a salted hash is kept, another one at every refusal."""
    put(outbox, "a")
    hashes = set()
    for _ in range(2):
        drain(outbox, target(Delivery(verdict="refused", status=401))[0], every=True)
        hashes.update(sql(tmp_path, "SELECT refused_key FROM outbox_targets"))
        outbox.clear_block("cloud")
    assert len(hashes) == 2


def test_a_parked_report_stays_until_it_is_sent_again(outbox: Outbox) -> None:
    """A 422 is not tried again by itself, is never deleted, and goes when a person wants it to."""
    put(outbox, "a", "b")
    cloud, seen = target(PARKED, DELIVERED)
    result = drain(outbox, cloud)
    assert (result.parked, result.delivered) == (1, 1)
    drain(outbox, cloud, every=True)
    assert seen == ["a", "b"]
    [entry] = outbox.entries("cloud", state="parked")
    assert (entry.run, entry.status, entry.text) == ("a", 422, "wrong unit")
    assert outbox.resend("cloud", "no such run") == 0
    assert outbox.resend("cloud", "a") == 1
    assert drain(outbox, cloud).delivered == 1


def test_bad_reports_never_hold_up_the_others(outbox: Outbox, clock: Clock) -> None:
    """Reports that make the server fall silent end a drain, but the next drains begin with the others."""
    poison = [f"poison {number}" for number in range(7)]
    good = [f"good {number}" for number in range(20)]
    put(outbox, *poison, *good)
    arrived = []

    def deliver(document: object) -> Delivery:
        assert isinstance(document, dict)
        if document["id"].startswith("poison"):
            return AWAY
        arrived.append(document["id"])
        return DELIVERED

    cloud = DeliveryTarget(name="cloud", deliver=deliver)
    for _ in range(4):
        drain(outbox, cloud, every=True)
        clock.now += 1
    assert sorted(arrived) == sorted(good)
    assert outbox.counts("cloud").waiting == len(poison)


def test_a_target_that_is_away_costs_three_tries_a_drain(outbox: Outbox) -> None:
    """Nobody knocks 10,000 times at a door that nobody opens."""
    put(outbox, *(str(number) for number in range(50)))
    cloud, seen = target(AWAY)
    result = drain(outbox, cloud)
    assert (len(seen), result.ending, result.text) == (3, "away", "no connection")


def test_what_met_nobody_goes_as_soon_as_somebody_answers(outbox: Outbox, clock: Clock) -> None:
    """One success makes due what only failed because the target was away, but not what the server could not digest."""
    put(outbox, "a", "b")
    drain(outbox, target(AWAY)[0])
    put(outbox, "broken")
    drain(outbox, target(BROKEN)[0])
    put(outbox, "fresh")
    back, seen = target(DELIVERED)
    drain(outbox, back)
    assert seen == ["fresh", "a", "b"]


def test_a_damaged_copy_is_parked_and_the_rest_goes(outbox: Outbox, tmp_path: Path) -> None:
    """A document that cannot be read any more is told of, not a reason to stop."""
    put(outbox, "a", "b")
    sql(tmp_path, "UPDATE outbox SET document = x'00ff' WHERE run = 'a'")
    result = drain(outbox, target(DELIVERED)[0])
    assert (result.delivered, result.parked) == (1, 1)
    assert "damaged" in outbox.entries("cloud", state="parked")[0].text


def test_an_unforeseen_exception_parks_one_report_without_its_text(outbox: Outbox) -> None:
    """A report that cannot be lowered is parked; what the exception says could hold anything and is not kept."""
    put(outbox, "a")

    def deliver(document: object) -> Delivery:
        raise KeyError("top secret")

    assert drain(outbox, DeliveryTarget(name="cloud", deliver=deliver)).parked == 1
    [entry] = outbox.entries("cloud")
    assert "KeyError" in entry.text and "secret" not in entry.text


def test_an_interruption_gives_the_report_back(outbox: Outbox) -> None:
    """Ctrl-C in the middle of a try leaves the report due at once for the next drain."""
    put(outbox, "a")

    def deliver(document: object) -> Delivery:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drain(outbox, DeliveryTarget(name="cloud", deliver=deliver))
    assert drain(outbox, target(DELIVERED)[0]).delivered == 1


def test_a_stop_ends_a_drain_between_two_reports(outbox: Outbox) -> None:
    """What was not begun stays as it was."""
    put(outbox, "a", "b", "c")
    stop = threading.Event()
    cloud, seen = target(DELIVERED)
    result = drain(outbox, cloud, stop=stop, progress=lambda _: stop.set())
    assert (seen, result.ending, outbox.counts("cloud").waiting) == (["a"], "interrupted", 2)


def test_a_clock_that_was_set_back_does_not_silence_the_outbox(outbox: Outbox, clock: Clock) -> None:
    """A stand whose clock jumps back by years still sends: what lies far in the future counts for nothing."""
    put(outbox, "a", "b")
    busy = Delivery(verdict="again", status=429, retry_after=3600.0)
    drain(outbox, target(busy)[0])
    assert outbox.claim("cloud", "dead", run="b") is not None
    clock.now -= 5 * 366 * 86_400
    assert drain(outbox, target(DELIVERED)[0]).delivered == 2


def test_drains_in_threads_send_each_report_once(outbox: Outbox) -> None:
    """Four drains at once share the work and never the report."""
    put(outbox, *(str(number) for number in range(200)))
    seen: list[str] = []

    def deliver(document: object) -> Delivery:
        assert isinstance(document, dict)
        seen.append(document["id"])
        return DELIVERED

    cloud = DeliveryTarget(name="cloud", deliver=deliver)
    threads = [threading.Thread(target=drain, args=(outbox, cloud)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen, key=int) == [str(number) for number in range(200)]


OPEN_AND_PUT = """
import sys
from pathlib import Path
from sequencer.standcloud.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
for number in range(20):
    outbox.put(f"{sys.argv[2]}-{number}", "cloud", {"id": number})
"""


def test_processes_may_open_and_fill_a_new_outbox_at_once(tmp_path: Path) -> None:
    """Six processes that create the same database at the same moment lose nothing."""
    path = tmp_path / "hardseq.sqlite3"
    processes = [
        subprocess.Popen([sys.executable, "-P", "-c", OPEN_AND_PUT, str(path), str(number)]) for number in range(6)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0] * 6
    outbox = Outbox(path)
    assert outbox.counts("cloud").waiting == 120
    outbox.close()


def test_a_database_that_cannot_be_used_is_said_in_one_way(tmp_path: Path, outbox: Outbox) -> None:
    """A file that is no database and a closed connection both raise ``OutboxUnavailable``."""
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"this is no database, however long you look at it" * 50)
    with pytest.raises(OutboxUnavailable):
        Outbox(broken)
    outbox.close()
    with pytest.raises(OutboxUnavailable):
        outbox.counts("cloud")


def test_one_attempt_is_settled_whatever_comes(outbox: Outbox) -> None:
    """``attempt`` writes the outcome of its claim and answers it."""
    put(outbox, "a")
    claim = outbox.claim("cloud", "me")
    assert claim is not None
    assert attempt(outbox, target(PARKED)[0], claim) == PARKED
    assert states(outbox) == {"a": "parked"}
