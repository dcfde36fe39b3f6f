"""A project as the operator panel sees it: sequences to choose from, and runs of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from sequencer.app.compiled import compile_for_stand
from sequencer.app.exit_codes import Refusal
from sequencer.app.instrument_desk import InstrumentDesk
from sequencer.app.project_report_store import ProjectReportStore
from sequencer.app.retry import AfterRunRetry
from sequencer.app.shared_stand import PanelStand
from sequencer.app.start_request import for_stand
from sequencer.app.watch import file_times
from sequencer.compiler.project import Compiled, restore
from sequencer.panel.bench import Listener, PanelRetry, PanelRun, PreparedSequence, SelectableSequence
from sequencer.panel.refusals import ActionRefused, start_refused
from sequencer.panel.start_form import KeptForms
from sequencer.project.project_folder import Project, open_project, sequence_files
from sequencer.protocol.notices import Plan
from sequencer.protocol.request import JointStart, RunNotPossible, RunRefused, Slot, StandInUse, StartRequest
from sequencer.report.event import Stamped
from sequencer.report.model import RunReport
from sequencer.runner.claim import StandClaim
from sequencer.runner.forks import fork_server
from sequencer.runner.owned_process import OwnedProcess
from sequencer.runner.python_process import start_test_process
from sequencer.runner.run import Run
from sequencer.vocabulary.data import Data
from sequencer.vocabulary.problem import InvalidInput
from sequencer.vocabulary.reason import Reason, ReasonOrText


class ProjectBench:
    """The sequences of a project folder, or a single file.

    ``listeners`` hear the runs in the slot of that name (``""``: the only place for products); ``report_store`` sends
    reports for ``upload`` steps and has the stored ones.
    """

    def __init__(
        self,
        path: Path,
        project: Project,
        *,
        simulate: bool = False,
        listeners: Mapping[str, Sequence[Listener]] | None = None,
        report_store: ProjectReportStore | None = None,
    ) -> None:
        self._project = project
        self._report_store = report_store
        self._simulate = simulate
        self._listeners = listeners or {}
        self._claim = StandClaim(project.state) if project.settings.slots.places else None
        self._shared = PanelStand() if project.settings.slots.places else None
        self._forks = ExitStack()
        self._lock = threading.Lock()
        self._given_up = False
        self._coming_up: BenchRun | None = None
        self._files, self._choices = _choices(path, project)
        self.forms = KeptForms(project.state.start_form)
        self.first = self._remembered() or self._configured or self._choices[0].name
        self._chosen = self._files[self.first]
        self.instruments = InstrumentDesk(lambda: self._chosen, simulate=simulate)

    @property
    def choices(self) -> Sequence[SelectableSequence]:
        """In the order of the configuration, or of the file names."""
        return self._choices

    @property
    def _configured(self) -> str | None:
        current = self._project.settings.current_test_config
        return current if current in self._files else None

    def _remembered(self) -> str | None:
        """What was chosen last, unless the configuration means something else since then."""
        try:
            known = json.loads(self._project.state.choice.read_bytes())
            choice, configured = known["choice"], known["configured"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        known_one = isinstance(choice, str) and choice in self._files
        return choice if known_one and configured == self._configured else None

    def remember(self, choice: str) -> None:
        """``choice`` is what the next panel begins with: after a restart nobody may test with another one unawares."""
        written = json.dumps({"choice": choice, "configured": self._configured})
        with suppress(OSError):  # it is only a convenience
            self._project.state.choice.write_text(written, encoding="utf-8")

    def mark(self, choice: str) -> object:
        """The times of every file that the sequence could be made from."""
        return file_times({self._project.folder, self._files[choice].parent})

    def load(self, choice: str) -> PreparedSequence:
        """Reads, checks, compiles, and asks a first test process for the plan. Raises ``InvalidInput``, ``OSError``."""
        project = open_project(self._files[choice]).checked()
        self._chosen = self._files[choice]
        file, stand = self._files[choice], project.settings.stand.recorded()
        modules = {
            path: changed
            for path, changed in file_times({project.folder, file.parent}).items()
            if self._shared is not None and path.suffix == ".py"
        }
        compiled = compile_for_stand(project, file)
        self._forks.close()
        start_process = fork_server(compiled, project, self._forks) or start_test_process

        def made() -> BenchRun:
            return BenchRun(
                compiled,
                project,
                simulate=self._simulate,
                start_process=start_process,
                claim=self._claim,
                shared=self._shared,
                instruments=self.instruments,
            )

        warm = [made()]
        plan = self._plan(warm[0])

        def launch(listener: Listener, output: Callable[[str], None], slot: Slot) -> PanelRun:
            try:
                run = warm.pop()
            except IndexError:
                restore(compiled, file, project=project.folder, stand=stand)
                run = made()
            if self._shared is not None:
                self._shared.output = output
            run.slot, run.modules = slot, modules
            run.listeners += [listener, *self._listeners.get(slot.name, ())]
            run.output = output
            run.run.upload = None if self._report_store is None else self._report_store.deliveries.upload
            return run

        return PreparedSequence(
            sequence=plan.sequence,
            modules=plan.modules,
            params=compiled.params,
            serial_number=compiled.serial_number,
            launch=launch,
        )

    def _plan(self, first: BenchRun) -> Plan:
        """What the runs will be, told by the first test process. Raises ``OSError`` or ``RuntimeError``."""
        with self._lock:
            if self._given_up:
                raise RunNotPossible(Reason("not_prepared"))
            self._coming_up = first
        try:
            first.run.prepare()
            return first.run.plan()
        except BaseException:
            first.close()
            raise
        finally:
            with self._lock:
                self._coming_up = None

    def give_up(self) -> None:
        """No test process comes up any more: who waits for one in ``load`` is told that there is none."""
        with self._lock:
            self._given_up, coming_up = True, self._coming_up
        if coming_up is not None:
            coming_up.close()
        self._forks.close()

    def leave(self, start: JointStart, slot: str) -> None:
        """No other slot waits for this one any more."""
        if self._shared is not None:
            self._shared.end_slot(start, slot)

    def close(self) -> None:
        """Ends what runs have in common."""
        self.instruments.end()
        self._forks.close()
        if self._shared is not None:
            self._shared.close()

    def retry(self, run: str, output: Callable[[str], None]) -> PanelRetry:
        """What is left to do after a stored run."""
        assert self._report_store is not None
        return BenchRetry(
            AfterRunRetry(run, self._project, self._report_store.store, self._report_store.deliveries, output=output)
        )


class BenchRetry:
    """Steps after a stored run, with the panel's errors."""

    def __init__(self, again: AfterRunRetry) -> None:
        self.stop = again.stop
        self.wait = again.wait
        self.close = again.close
        self._start = again.start

    def start(self) -> str:
        """Begins. Raises ``ActionRefused`` when there is nothing to do, or it cannot be done now."""
        try:
            return self._start()
        except RunRefused as refused:
            code = "no-retry" if refused.code == "refused" else refused.code
            raise ActionRefused(code, refused.reason) from None
        except StandInUse as used:
            raise ActionRefused("in-use", used.reason) from None
        except InvalidInput as invalid:
            raise ActionRefused("no-retry", Reason("sequence_invalid", detail=invalid.problems[0].message)) from None


class BenchRun:
    """A run with this stand's driver arguments and facts. ``listeners``, ``output`` and ``slot`` are set before it is
    prepared. ``start_process`` starts its test process. ``claim`` is that on the stand, and ``shared`` holds what slots
    have in common; ``instruments`` may be in use by hand; ``modules`` tell one state of the project's Python files from
    another."""

    def __init__(
        self,
        compiled: Compiled,
        project: Project,
        *,
        simulate: bool,
        start_process: Callable[[], OwnedProcess],
        claim: StandClaim | None,
        shared: PanelStand | None,
        instruments: InstrumentDesk,
    ) -> None:
        self.listeners: list[Listener] = []
        self.output: Callable[[str], None] = lambda text: None
        self.slot = Slot()
        self._compiled = compiled
        self._shared = shared
        self._instruments = instruments
        self.modules: Mapping[Path, float] = {}
        self._started: JointStart | None = None
        self._project = project
        self._simulate = simulate
        self.run = Run(
            compiled.folder,
            project.state,
            listeners=[self._tell],
            output=self._print,
            project=project.folder,
            manifest=compiled.manifest,
            secrets=project.secrets,
            stand=claim,
            start_process=start_process,
        )

    def prepare(self) -> None:
        """Starts the test process, if there is none, and waits until it is warm; the stand's drivers open meanwhile."""
        self.run.prepare()
        self.run.warm(self._request(StartRequest()))

    def renew(self) -> bool:
        """Takes the test process on for another run, if it has drivers that stay open."""
        successor = self.run.successor()
        if successor is not None:
            self.run = successor
        return successor is not None

    def start(self, request: StartRequest) -> str:
        """Starts; returns the run's id.

        Raises ``InvalidRequest`` for a selection or parameter that cannot be used, ``ActionRefused`` while another run
        has the stand.
        """
        request = self._request(request)
        self._instruments.end()  # a run has them to itself
        try:
            if self._shared is not None:
                request = replace(request, stand=self._shared.address(self._project, self._compiled, self.modules))
            identity = self.run.start(request)
        except RunRefused as refused:
            raise start_refused(refused) from None
        except StandInUse as used:
            raise ActionRefused("in-use", used.reason) from None
        self._started = request.start
        return identity

    def _leave(self) -> None:
        """No other slot waits for this run any more."""
        started, self._started = self._started, None
        if self._shared is not None and started is not None:
            self._shared.end_slot(started, self.slot.name)

    def _request(self, request: StartRequest) -> StartRequest:
        return for_stand(self._project, replace(request, slot=self.slot, simulate=self._simulate, attended=True))

    def stop(self, reason: ReasonOrText) -> None:
        """Asks the run to stop."""
        self.run.stop(reason)

    def answer(self, identity: str, result: str, value: Data, by: str | None) -> bool:
        """Passes an answer on; false when nobody waits for it."""
        return self.run.answer(identity, result, value, by)

    def wait(self) -> RunReport:
        """The report, once the run is over."""
        try:
            report = self.run.wait()
        finally:
            self._leave()
        assert report is not None  # without a time limit it waits for one
        return report

    def close(self) -> None:
        """Ends the test process."""
        self.run.close()

    @property
    def alive(self) -> bool:
        """Whether the test process is there."""
        return self.run.alive

    def _tell(self, stamped: Stamped) -> None:
        for listener in self.listeners:
            listener(stamped)

    def _print(self, line: str) -> None:
        self.output(line)


def _choices(path: Path, project: Project) -> tuple[dict[str, Path], list[SelectableSequence]]:
    if path.is_file():
        return {path.stem: path}, [SelectableSequence(path.stem)]
    configured = [choice for choice in project.settings.test_configs if choice.file]
    if configured and path.resolve() == project.folder.resolve():
        files = {choice.name: project.folder / choice.file for choice in configured}
        return files, [SelectableSequence(choice.name, choice.description) for choice in configured]
    found = sequence_files(path)
    if not found:
        raise Refusal(f"there is no sequence in {path.absolute()}", hint="`hardseq init` makes a project that runs")
    return {file.stem: file for file in found}, [SelectableSequence(file.stem) for file in found]
