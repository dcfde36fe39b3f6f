"""Which sequence files a path means."""

from __future__ import annotations

import os
from pathlib import Path

from sequencer.app.exit_codes import Refusal
from sequencer.project.project_folder import SEQUENCE_SUFFIXES, Project, sequence_files


def choose_sequence(path: Path, project: Project) -> Path:
    """``path`` itself when it is a file; of a folder the current test configuration, or the only sequence there is.

    Raises ``Refusal`` when that is not clear.
    """
    if path.is_file():
        if path.suffix not in SEQUENCE_SUFFIXES:
            raise Refusal(f"{path} is not a sequence file", hint="the name of a sequence file ends in .yaml")
        return path
    if not path.exists():
        raise Refusal(f"{path} does not exist", hint=_similar(path))
    configured = _configured(project) if path.resolve() == project.folder.resolve() else None
    if configured is not None:
        return configured
    files = sequence_files(path)
    if len(files) == 1:
        return files[0]
    if not files:
        raise Refusal(f"there is no sequence in {path.absolute()}", hint="`hardseq init` makes a project that runs")
    names = ", ".join(str(_shown(file)) for file in files[:10])
    raise Refusal(f"which sequence? {names}", hint=f"hardseq run {_shown(files[0])}")


def sequences_of(folder: Path, project: Project) -> list[Path]:
    """The sequence files of ``folder`` and, when it is the project's own, those that its configuration names."""
    named = project.settings.test_configs if folder.absolute() == project.folder else ()
    files = (Path(os.path.normpath(project.folder / choice.file)) for choice in named)
    chosen = [file for file in files if file.is_file()]
    found: dict[Path, Path] = {}
    for file in (*sequence_files(folder), *chosen):
        # As it was named, so that places stay relative to a project folder that is a link.
        found.setdefault(file.resolve(), file)
    return list(found.values())


def _configured(project: Project) -> Path | None:
    choices = [choice for choice in project.settings.test_configs if choice.file]
    current = project.settings.current_test_config
    if not choices:
        return None
    named = [choice for choice in choices if choice.name == current]
    chosen = named[0] if named else choices[0] if len(choices) == 1 else None
    if chosen is None:
        names = ", ".join(f"{choice.name} ({choice.file})" for choice in choices)
        raise Refusal(f"which sequence? {names}", hint="name its file, or set current_test_config in hardseq.toml")
    file = project.folder / chosen.file
    if not file.is_file():
        raise Refusal(f"the test configuration {chosen.name!r} names {chosen.file}, which does not exist")
    return file


def _shown(file: Path) -> Path:
    try:
        return file.absolute().relative_to(Path.cwd())
    except ValueError:
        return file


def _similar(path: Path) -> str | None:
    from difflib import get_close_matches

    for folder in (path.parent, path.parent / "sequences"):
        if folder.is_dir():
            close = get_close_matches(path.name, [file.name for file in folder.iterdir()], n=1)
            if close:
                return f"did you mean {folder / close[0]}?"
    return None
