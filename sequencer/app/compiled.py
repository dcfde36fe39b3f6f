"""The generated project of a sequence, as this stand runs it."""

from __future__ import annotations

from pathlib import Path

from sequencer.compiler.project import Compiled, ensure_compiled
from sequencer.project.project_folder import Project
from sequencer.vocabulary.problem import InvalidInput


def compile_for_stand(project: Project, file: Path, *, stepping: bool = False) -> Compiled:
    """See ``ensure_compiled``. Raises ``InvalidInput`` also for what of the stand's slots does not go with it."""
    stand = project.settings.stand.recorded()
    compiled = ensure_compiled(
        file, project=project.folder, compiled=project.state.compiled, stepping=stepping, stand=stand
    )
    if compiled.shared and project.file is not None:
        # Imported here: most sequences share nothing.
        from sequencer.project.shared_drivers import shared_driver_problems

        wrong = shared_driver_problems(project.text, project.file.name, project.settings, compiled.shared)
        if wrong:
            raise InvalidInput(wrong)
    return compiled
