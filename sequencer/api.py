"""What drivers may use of hardseq: to say something of the step that calls them, to read the report of the current run,
and to send it to StandCloud themselves.

Everything else that a run needs is in its sequence; a sequence that only wants its report sent has
``upload: stand_cloud`` under ``after_run``. Nothing of hardseq imports this module.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from sequencer.report.model import RunReport
    from sequencer.runtime.spoken import SpokenStep
    from sequencer.stand_process.speaking import SharedStep
    from sequencer.standcloud.client import Health
    from sequencer.standcloud.delivery import Delivery

__all__ = [
    "CurrentStep",
    "Delivery",
    "Health",
    "RunReport",
    "StandCloudError",
    "StandCloudLoader",
    "current_report",
    "step",
]

_ELSEWHERE = {
    "Delivery": "sequencer.standcloud.delivery",
    "Health": "sequencer.standcloud.client",
    "RunReport": "sequencer.report.model",
}
"""Loaded when they are asked for: a driver that only says how far it is needs nothing of StandCloud."""


def __getattr__(name: str) -> object:
    if name in _ELSEWHERE:
        return getattr(import_module(_ELSEWHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class CurrentStep:
    """What a driver says of the step that calls it; made by ``step()``. Outside of a run nothing happens."""

    def __init__(self, spoken: SpokenStep | SharedStep | None) -> None:
        self._spoken = spoken

    def progress(self, value: float, maximum: float = 100.0, label: str | None = None) -> None:
        """Shows a bar beside the case: ``value`` of ``maximum``. Raises ``ValueError`` for any other number."""
        if self._spoken is not None:
            self._spoken.progress(value, maximum, label)

    def message(self, text: str, key: str = "") -> None:
        """Shows ``text`` beside the case; a later one with the same ``key`` replaces it."""
        if self._spoken is not None:
            self._spoken.message(text, key)

    def measure(
        self,
        name: str,
        value: object,
        unit: str | None = None,
        limits: Sequence[object] | Mapping[str, object] | None = None,
    ) -> None:
        """Records a measurement, judged by ``limits`` as they are in a sequence: ``[4.8, 5.2]``, ``{"ge": 4.8}``.

        A missed limit lets the driver go on, and its step fails at its end. Raises an exception for what cannot be
        recorded, by which the step fails as well.
        """
        if self._spoken is not None:
            self._spoken.measure(name, value, unit, limits)

    def attach(self, name: str, data: bytes | str | Path, media_type: str | None = None) -> None:
        """Keeps ``data`` with the report as the file ``name``: bytes, a text, or the file that a path leads to.

        Raises ``OSError`` for a file that cannot be read.
        """
        content = data.read_bytes() if isinstance(data, Path) else data
        if self._spoken is not None:
            self._spoken.attach(name, content if isinstance(content, bytes) else content.encode(), media_type)


def step() -> CurrentStep:
    """The step that is under way. Outside of a run, and between two cases, it is one that takes no notice."""
    # In a stand process: the step of the slot that calls the driver.
    if "sequencer.stand_process.speaking" in sys.modules:
        from sequencer.stand_process.speaking import shared_step

        if (shared := shared_step()) is not None:
            return CurrentStep(shared)
    # Outside of a test process there is no such module.
    if "sequencer.runtime.under_way" not in sys.modules:
        return CurrentStep(None)
    from sequencer.runtime.under_way import attempt_under_way

    attempt = attempt_under_way()
    if attempt is None:
        return CurrentStep(None)
    from sequencer.runtime.spoken import SpokenStep

    return CurrentStep(SpokenStep(attempt))


JOURNAL = "HARDSEQ_JOURNAL"
"""The environment variable that names the journal of the run, set in test processes and so in what drivers start."""


class StandCloudError(Exception):
    """StandCloud cannot be used with this configuration; the text says why and contains no secret."""


def current_report() -> RunReport | None:
    """The report of the current run, with everything that was recorded until now; ``None`` outside a run.

    While cases are left its ``status`` is ``run``; once all have ended it is the verdict that they give. Each call
    reads the run's journal again, which for a run of 10,000 cases takes about a second.
    """
    name = os.environ.get(JOURNAL)
    if not name:
        return None
    from sequencer.report.fold import Fold, read_journal
    from sequencer.vocabulary.status import FINAL_STATUSES

    state = Fold(Path(name).stem)
    last = 0.0
    try:
        with Path(name).open("rb") as lines:
            for stamped in read_journal(lines):
                state.apply(stamped)
                last = stamped.time
    except OSError:
        return None
    report = state.begun()
    statuses = [case["status"] for module in report["modules"] for case in module["cases"]]
    if report["status"] not in FINAL_STATUSES and statuses and all(status in FINAL_STATUSES for status in statuses):
        report["status"], report["untested"] = state.verdict_so_far()
        report["stop_time"] = last
    return report


class StandCloudLoader:
    """Sends reports to StandCloud directly: what is not accepted does not wait in the outbox; the caller decides.

    Without arguments it uses ``[stand_cloud]`` of the project in whose folder the test process works; ``address`` and
    ``api_key`` replace what is configured. Raises ``StandCloudError`` when either is missing or unusable.
    """

    def __init__(self, *, address: str | None = None, api_key: str | None = None) -> None:
        from sequencer.project.project_folder import open_project
        from sequencer.project.secrets import ProcessSecrets
        from sequencer.project.settings import Secret, StandCloudSettings
        from sequencer.standcloud.targets import NotConfigured, open_stand_cloud

        project = open_project(Path.cwd(), {**os.environ, **ProcessSecrets.variables})
        configured = project.settings.stand_cloud
        self._partial_too = configured.send_partial
        settings = StandCloudSettings(
            address=address or configured.address,
            api_key=configured.api_key if api_key is None else Secret(api_key),
            ca_bundle=configured.ca_bundle,
        )
        # Raised outside of the handler and without arguments among its variables: the key may be one of them.
        del api_key
        problem = ""
        try:
            self._client = open_stand_cloud(settings, project.folder)
        except NotConfigured as error:
            problem = str(error)
        if problem:
            raise StandCloudError(problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; the next call opens a new one."""
        self._client.close()

    def health(self) -> Health:
        """Whether StandCloud can be reached: ``up``, and ``text`` with the reason when not."""
        return self._client.health()

    def load(self, report: RunReport) -> Delivery:
        """Sends a report: ``delivered``, ``status`` (201 is success, ``None`` without an answer) and ``text``.

        Nothing is raised for errors of a server or a network. The report of a simulated run is not sent, that of a
        partial or debugged one only where ``send_partial`` says so.
        """
        from sequencer.report.evidence import withheld
        from sequencer.standcloud.delivery import Delivery
        from sequencer.standcloud.targets import not_sent, stand_cloud_target

        if (mark := withheld(report, partial_too=self._partial_too)) is not None:
            return Delivery(verdict="parked", reason=not_sent(mark))
        return stand_cloud_target(self._client, automatic=False).deliver(report)
