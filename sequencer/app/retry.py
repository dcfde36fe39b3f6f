"""Steps that follow a run, tried again later: the stored report is amended, its verdict stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sequencer.app.compiled import compile_for_stand
from sequencer.app.kept_drivers import hold_kept_drivers
from sequencer.app.start_request import for_stand
from sequencer.compiler.project import Compiled
from sequencer.project.project_folder import Project
from sequencer.protocol.request import RunRefused, StartRequest
from sequencer.report.after_run import left_to_do
from sequencer.report.event import Stamped
from sequencer.report.model import RunReport
from sequencer.runner.run import Run
from sequencer.standcloud.deliveries import Deliveries
from sequencer.store.base import Store, StoreConflict
from sequencer.vocabulary.reason import Reason, ReasonOrText

Listener = Callable[[Stamped], None]


class AfterRunRetry:
    """The steps that are left to do after the stored run ``run_id``: ``start``, ``wait``, ``close``.

    ``listeners`` are told every event, ``output`` each line that drivers print.
    """

    def __init__(
        self,
        run_id: str,
        project: Project,
        store: Store,
        deliveries: Deliveries,
        *,
        listeners: Sequence[Listener] = (),
        output: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._run_id = run_id
        self._project = project
        self._store = store
        self._deliveries = deliveries
        self._listeners = listeners
        self._output = output
        self._opened = ExitStack()
        self._run: Run | None = None

    def start(self) -> str:
        """Begins in a fresh test process. Raises ``RunRefused`` with the reason why there is nothing to do or it cannot
        be done, ``InvalidInput``, ``RunNotPossible``, ``StoreError``, and ``Refusal`` where another process has its
        drivers open; then nothing was done."""
        project = self._project
        stored = self._report()
        compiled = self._compiled(stored)
        kept = hold_kept_drivers(project, compiled, simulate=stored["simulated"])
        if kept is not None:
            self._opened.callback(kept.release)
        run = Run(
            compiled.folder,
            project.state,
            listeners=self._listeners,
            output=self._output,
            project=project.folder,
            manifest=compiled.manifest,
            secrets=project.secrets,
        )
        self._opened.callback(run.close)
        run.upload = self._deliveries.upload
        run.prepare()
        self._run = run
        return run.try_again(self._run_id, for_stand(project, StartRequest()), self._report)

    def stop(self, reason: ReasonOrText) -> None:
        """Ends the step that goes on; the others stay as they are."""
        if self._run is not None:
            self._run.stop(reason)

    def wait(self) -> RunReport:
        """The amended report, once all is over."""
        assert self._run is not None
        report = self._run.wait()
        assert report is not None  # without a time limit it waits for one
        return report

    def close(self) -> None:
        """Ends the test process."""
        self._opened.close()

    def _report(self) -> RunReport:
        """The stored report, of which something is left to do."""
        store = self._store
        report = store.get(self._run_id)
        if self._deliveries.waits_for_store(self._run_id):
            raise RunRefused(Reason("report_waits", place=store.place))
        if report is None:
            raise RunRefused(self._deliveries.pruned(self._run_id) or Reason("no_run", run=self._run_id))
        if not left_to_do(report):
            raise RunRefused(Reason("nothing_left"), "nothing-left")
        try:
            store.save(report)  # changes nothing, and shows whether the store will take the amended one
        except StoreConflict as conflict:
            raise RunRefused(Reason("report_changed", detail=str(conflict))) from None
        return report

    def _compiled(self, report: RunReport) -> Compiled:
        project = self._project
        file = Path(project.folder, report["sequence"]["file"])
        if not file.is_file():
            raise RunRefused(Reason("sequence_gone", file=report["sequence"]["file"]))
        return compile_for_stand(project, file)
