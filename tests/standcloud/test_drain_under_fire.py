"""Many waiting reports, a server that fails in every way, drains that are killed: nothing lost, memory flat."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sequencer.project.settings import Secret
from sequencer.report.model import RunReport
from sequencer.standcloud.delivery import STAND_CLOUD, Delivery, DeliveryTarget
from sequencer.standcloud.job import drain
from sequencer.standcloud.outbox import Outbox
from tests.effort import examples

pytestmark = pytest.mark.slow

QUEUED = int(os.environ.get("HARDSEQ_TEST_QUEUED") or examples(500))
"""How many reports wait; the promise is 10,000, which takes about a minute (`HARDSEQ_TEST_EFFORT=thorough`)."""

KILLS = 8
"""How often a drain dies."""

DRAIN = """
import os, sys, time
from pathlib import Path
from sequencer.project.settings import Secret
from sequencer.standcloud.job import drain
from sequencer.standcloud.outbox import Outbox
from sequencer.standcloud.client import StandCloud
from sequencer.standcloud.targets import stand_cloud_target

outbox = Outbox(Path(sys.argv[1]), lease=1.0)
target = stand_cloud_target(StandCloud(sys.argv[2], Secret(os.environ["HARDSEQ_SC_API_KEY"])), automatic=True)
while outbox.counts(target.name).waiting:
    result = drain(outbox, target, every=True)
    time.sleep(0.05)
"""


def start_drain(database: Path, address: str, key: Secret) -> subprocess.Popen[bytes]:
    """A process that drains until nothing waits."""
    environment = {**os.environ, "HARDSEQ_SC_API_KEY": key.reveal()}
    return subprocess.Popen([sys.executable, "-P", "-c", DRAIN, str(database), address], env=environment)


@pytest.mark.skipif(sys.platform == "win32", reason="kills with SIGKILL; Windows ends processes the same way always")
def test_nothing_is_lost_through_failures_and_sudden_death(
    start_standin: Callable[..., Any], report: Callable[..., RunReport], key: Secret, tmp_path: Path
) -> None:
    """Drops, 500, 429 with Retry-After, lost answers and killed drains: every report arrives, the bad one is parked."""
    standin = start_standin()
    database = tmp_path / "hardseq.sqlite3"
    outbox = Outbox(database)
    run = report()
    names = [f"{number:08d}" for number in range(QUEUED)]
    for name in names:
        outbox.put(name, STAND_CLOUD, {**run, "id": name})
    standin.fail(status=422, text="never", run=names[QUEUED // 2])
    standin.fail(drop="before", every=19)
    standin.fail(drop="after", every=23)
    standin.fail(status=500, every=29)
    standin.fail(status=429, retry_after=1, every=QUEUED // 4)
    chance = random.Random(7)
    drains = [start_drain(database, standin.address, key) for _ in range(2)]
    for kill in range(1, KILLS + 1):
        # By what has arrived, not by the clock: on any machine they die in the middle of it.
        while outbox.counts(STAND_CLOUD).delivered < kill * QUEUED // (KILLS + 2):
            assert any(process.poll() is None for process in drains)
            time.sleep(0.01)
        victim = chance.randrange(2)
        drains[victim].send_signal(signal.SIGKILL)
        drains[victim].wait()
        drains[victim] = start_drain(database, standin.address, key)
    assert [process.wait(240) for process in drains] == [0, 0]
    counts = outbox.counts(STAND_CLOUD)
    [parked] = outbox.entries(STAND_CLOUD, state="parked")
    outbox.close()
    assert (counts.waiting, counts.delivered, counts.parked) == (0, QUEUED - 1, 1)
    assert parked.run == names[QUEUED // 2] and parked.text == "never"
    copies = standin.copies
    assert set(copies) == set(names) - {parked.run}


def test_memory_does_not_grow_with_what_waits(report: Callable[..., RunReport], tmp_path: Path) -> None:
    """The peak while draining 500 reports is that of draining 50."""

    def peak(number: int) -> int:
        outbox = Outbox(tmp_path / f"{number}.sqlite3")
        run = report(cases=20)
        for index in range(number):
            outbox.put(str(index), "cloud", {**run, "id": str(index)})
        target = DeliveryTarget(
            name="cloud", deliver=lambda document: Delivery(verdict="delivered", status=201, reason="ok")
        )
        tracemalloc.start()
        try:
            assert drain(outbox, target).delivered == number
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            outbox.close()

    peak(5)  # what is imported and compiled once counts for none
    assert peak(500) < peak(50) * 1.2 + 50_000
