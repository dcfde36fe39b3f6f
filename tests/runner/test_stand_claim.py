"""The runs of one owner's slots share the stand; nobody else may use it meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sequencer.project.locks import ProcessLock
from sequencer.project.state_folder import StateFolder
from sequencer.protocol.request import RunNotPossible, StandInUse, StartRequest
from sequencer.runner import claim
from sequencer.runner.claim import RunClaim, StandClaim
from sequencer.runner.run import Run
from sequencer.runtime.journal import Journal
from sequencer.store.recovery import worked_on
from tests.effort import examples

RUNS = st.sampled_from(["one", "two", "three"])


class TwoOwners(RuleBasedStateMachine):
    """Two owners begin and end runs in any order: the stand belongs to the one that has runs, until its last ends."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.state = StateFolder(Path(self.folder.name))
        self.claims = [StandClaim(self.state), StandClaim(self.state)]
        self.running: list[set[str]] = [set(), set()]

    @rule(owner=st.booleans(), run=RUNS)
    def take(self, owner: bool, run: str) -> None:
        """Refused exactly while the other owner has a run."""
        if self.running[not owner]:
            with pytest.raises(StandInUse):
                self.claims[owner].take(run)
        else:
            self.claims[owner].take(run)
            self.running[owner].add(run)

    @rule(owner=st.booleans(), run=RUNS, wholly=st.booleans())
    def end(self, owner: bool, run: str, wholly: bool) -> None:
        """Also of a run that never began, or ended before."""
        (self.claims[owner].forget if wholly else self.claims[owner].free)(run)
        self.running[owner].discard(run)

    @invariant()
    def the_lock_is_held_while_there_are_runs(self) -> None:
        """Whoever asks the lock itself sees the same."""
        asked = ProcessLock(self.state.run_lock)
        assert (asked.take() is None) == (not any(self.running))
        asked.release()

    def teardown(self) -> None:
        """Nothing stays open."""
        for mine, owner in zip(self.running, self.claims, strict=True):
            for run in list(mine):
                owner.forget(run)
        self.folder.cleanup()


TestTwoOwners = TwoOwners.TestCase
TestTwoOwners.settings = settings(max_examples=examples(30), stateful_step_count=12, deadline=None)


def test_the_journals_of_the_own_slots_keep_no_slot_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slot's report is still being kept while the next slot starts: that is no run of somebody else."""
    monkeypatch.setattr(claim, "PATIENCE", 0.0)
    state = StateFolder(tmp_path)
    stand = StandClaim(state)
    left, right = RunClaim(state, stand), RunClaim(state, stand)
    journal = left.take("left")
    journal.write_bytes(b"{}\n")
    left.free_stand()
    assert worked_on(state) == "left"
    right.take("right")
    right.close()
    left.close()
    # Of another owner it is one.
    foreign = Journal(journal, "child")
    with pytest.raises(StandInUse, match="is still closing its instruments"):
        RunClaim(state, stand).take("next")
    foreign.close()
    again = RunClaim(state, stand)
    again.take("next")
    again.close()


def test_a_journal_that_cannot_be_opened_frees_only_its_own_share(tmp_path: Path) -> None:
    """The other slots go on, and the stand stays theirs."""
    state = StateFolder(tmp_path)
    stand = StandClaim(state)
    left, right = RunClaim(state, stand), RunClaim(state, stand)
    left.take("left")
    state.journal("right").mkdir()
    with pytest.raises(RunNotPossible, match="journal"):
        right.take("right")
    with pytest.raises(StandInUse):
        RunClaim(state).take("other")
    left.close()
    other = RunClaim(state)
    other.take("other")
    other.close()


def test_runs_of_one_owner_overlap_and_others_are_refused(project: Any, make_run: Callable[..., Run]) -> None:
    """Two slots run at once; a run of another owner begins once both are over."""
    project.module("main", project.case("a", project.call("hold")))
    stand = StandClaim(project.state)
    runs = [Run(project.write(), project.state, stand=stand) for _ in range(2)]
    other = make_run()
    try:
        ids = {run.start(StartRequest()) for run in runs}
        assert len(ids) == 2
        with pytest.raises(StandInUse, match="another run uses this stand"):
            other.start(StartRequest())
        project.go()
        reports = [run.wait(30) for run in runs]
        assert [report["status"] for report in reports if report is not None] == ["passed", "passed"]
    finally:
        for run in runs:
            run.close()
    other.start(StartRequest())
    report = other.wait(30)
    assert report is not None and report["status"] == "passed"


OWNER = """
import sys
from pathlib import Path
from sequencer.project.state_folder import StateFolder
from sequencer.runner.claim import StandClaim

stand = StandClaim(StateFolder(Path(sys.argv[1])))
stand.take("one")
stand.take("two")
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name == "nt", reason="ends a process with SIGKILL")
def test_a_killed_owner_leaves_the_stand_free(tmp_path: Path) -> None:
    """However many runs it had."""
    command = [sys.executable, "-P", "-c", OWNER, str(tmp_path)]
    owner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"taken\n"
    stand = StandClaim(StateFolder(tmp_path))
    with pytest.raises(StandInUse, match=f"process {owner.pid}"):
        stand.take("mine")
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    stand.take("mine")
    stand.forget("mine")
