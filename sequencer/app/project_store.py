"""The store and the deliveries of a project, opened for a command, with what a crash left behind brought in first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.project.project_folder import Project, open_project
from sequencer.report.model import RunReport
from sequencer.store.base import Store, StoreError
from sequencer.terminal.output import say
from sequencer.vocabulary.problem import InvalidInput, Problem

if TYPE_CHECKING:
    from sequencer.standcloud.deliveries import Deliveries


class ConfigurationRefused(Refusal):
    """The configuration has errors, which were shown."""

    def __init__(self, project: Project) -> None:
        super().__init__(f"{project.file} cannot be used", hint="`hardseq check` lists all of its problems")


def usable_project(path: Path) -> Project:
    """The project of ``path``. Raises ``Refusal`` when its configuration has errors; all of its problems were shown."""
    project = open_project(path)
    try:
        project.checked()
    except InvalidInput:
        # Warnings alone are for `hardseq check`: a configuration of another program would have them at every start.
        _show(project.problems, project)
        raise ConfigurationRefused(project) from None
    # A secret that is not read is missed much later, and elsewhere.
    if unread := [found for found in project.problems if found.code == "invalid-dotenv"]:
        _show(unread, project)
    return project


def _show(problems: Iterable[Problem], project: Project) -> None:
    # Imported here: few starts have anything to show.
    from sequencer.terminal.problem_output import show_problems

    show_problems(problems, project.folder)


@contextmanager
def opened_store(path: Path) -> Iterator[Store]:
    """The store of the project that ``path`` belongs to. Raises ``Refusal``."""
    with opened_history(path) as (store, _):
        yield store


def kept_report(deliveries: Deliveries, run_id: str) -> RunReport:
    """The report with this id, stored or not yet; `latest` is the newest. Raises ``Refusal``."""
    report = deliveries.report(run_id)
    if report is None:
        raise no_such_run(deliveries, run_id)
    return report


def no_such_run(deliveries: Deliveries, run_id: str) -> Refusal:
    """There is no run with this id, or not any more. Raises ``StoreError``."""
    if run_id == "latest":
        return Refusal("nothing has run yet", code=ExitCode.FAILED)
    if (pruned := deliveries.pruned(run_id)) is not None:
        hint = "a backup of before has it: `hardseq runs copy --from FILE --to FOLDER_OF_ANOTHER_PROJECT`"
        return Refusal(str(pruned), hint=hint, code=ExitCode.FAILED)
    return Refusal(f"there is no run {run_id}", hint="`hardseq runs` lists them", code=ExitCode.FAILED)


@contextmanager
def opened_deliveries(path: Path) -> Iterator[Deliveries]:
    """The deliveries of the project that ``path`` belongs to. Raises ``Refusal``."""
    with opened_history(path) as (_, deliveries):
        yield deliveries


@contextmanager
def opened_history(path: Path) -> Iterator[tuple[Store, Deliveries]]:
    """Both, for what shows stored runs and what waits for the store. Raises ``Refusal``."""
    from sequencer.standcloud.deliveries import open_deliveries
    from sequencer.standcloud.delivery import OutboxUnavailable
    from sequencer.store.open import open_store
    from sequencer.store.recovery import recover, recovery_text

    project = usable_project(path)
    try:
        with (
            closing(open_store(project.settings, project.state, folder=project.folder)) as store,
            closing(open_deliveries(project, store)) as deliveries,
        ):
            for report in recover(project.state, store, save=deliveries.accept, tell=tell):
                tell(recovery_text(report))
            yield store, deliveries
    except (StoreError, OutboxUnavailable) as error:
        raise Refusal(str(error), code=ExitCode.FAILED) from None


def tell(sentence: str) -> None:
    """A remark beside a command's own output."""
    say(sentence, err=True, fg="yellow")
