"""The stand process of a panel: one for the sequence that is chosen, from run to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sequencer.app.shared_stand import PanelStand
from sequencer.compiler.project import Compiled
from sequencer.project.project_folder import Project, open_project
from sequencer.protocol.request import JointStart, StandInUse
from sequencer.runtime.deadline import Interrupts
from sequencer.runtime.stand_client import StandClient
from tests.stand_process.conftest import Listener, Stand


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """An empty one."""
    monkeypatch.delenv("HARDSEQ_STATE_DIR", raising=False)
    return open_project(tmp_path)


def compiled(manifest: str, *, uses_stand: bool = True) -> Compiled:
    """A sequence as it was compiled."""
    return Compiled(Path(), manifest, "s", (), (), fresh=False, uses_stand=uses_stand)


@pytest.mark.slow
def test_what_is_shared_stays_until_the_sequence_changes(stand: Stand, project: Project) -> None:
    """The same process for each run of a sequence, another one for another; what it knows of ended slots it is told."""
    panel = PanelStand(stand.printed.append)
    modules = {Path("bench.py"): 1.0}
    first = panel.address(project, compiled("a"), modules)
    assert first == panel.address(project, compiled("a"), dict(modules))
    assert first is not None
    client = StandClient(first, Interrupts(), Listener(), start="1", slot="left", slots=["left", "right"])
    assert stand.meter(client, log=str(stand.folder / "log")).add(1) == 1
    panel.end_slot(JointStart("1", ["left", "right"]), "right")
    with client.sync("seq.yaml:1:1", "hot") as meeting:
        assert not meeting.chosen
    with pytest.raises(StandInUse, match="a run is in progress"):
        panel.address(project, compiled("b"), modules)
    assert stand.meter(client, log=str(stand.folder / "log")).add(1) == 2
    client.close()
    assert (second := panel.address(project, compiled("b"), modules)) not in (first, None)
    assert panel.address(project, compiled("b"), {Path("bench.py"): 2.0}) != second
    assert (stand.folder / "log").read_text() == "closed A\n"
    assert panel.address(project, compiled("c", uses_stand=False), modules) is None
    panel.close()
