"""Opens the project that a path belongs to: its folder, its configuration, where its state lies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sequencer.project.secrets import is_secret
from sequencer.project.settings import Settings
from sequencer.project.settings_reader import read_settings
from sequencer.project.state_folder import StateFolder
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import InvalidInput, Place, Problem

if TYPE_CHECKING:
    from sequencer.project.action_log import ActionLog
    from sequencer.project.users import UsersFile

CONFIGURATION = "hardseq.toml"
FOREIGN_CONFIGURATION = "hardpy.toml"
SEQUENCE_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder as it is now. ``text`` is that of the configuration ``file`` (``None`` when there is none).

    ``secrets`` are those of environment, ``.env`` and configuration, also one that another one overrides.
    """

    folder: Path
    settings: Settings
    state: StateFolder
    file: Path | None = None
    text: str = ""
    problems: tuple[Problem, ...] = ()
    secrets: frozenset[str] = frozenset()

    def checked(self) -> Project:
        """The project itself. Raises ``InvalidInput`` when its configuration cannot be used."""
        errors = [problem for problem in self.problems if problem.severity == "error"]
        if errors:
            raise InvalidInput(errors)
        return self

    def action_log(self) -> ActionLog:
        """The log of what is not every operator's to do."""
        from sequencer.project.action_log import ActionLog

        return ActionLog(self.state.actions, self.settings.stand.name)

    def users_file(self) -> UsersFile:
        """The file of those who may use the panel."""
        # Imported here: a run without a panel has no users.
        from sequencer.project.users import USERS_FILE, UsersFile

        named = self.settings.frontend.users
        return UsersFile(self.folder / (named or USERS_FILE), required=named is not None)


def open_project(path: Path, environment: Mapping[str, str] | None = None) -> Project:
    """Reads the configuration of the project that ``path``, a file or folder, belongs to; problems come as data.

    Secrets come from ``environment`` (that of the process by default), then from ``.env``, then from the file.
    ``HARDSEQ_STATE_DIR`` in either moves the state folder.
    """
    folder, file = locate(path)
    problems: list[Problem] = []
    found = _dotenv(folder / ".env", problems)
    overridden = {value for name, value in found.items() if is_secret(name)}
    variables = {**found, **(os.environ if environment is None else environment)}
    state = StateFolder(Path(variables.get("HARDSEQ_STATE_DIR") or folder / ".hardseq").absolute())
    if file is None:
        reading = read_settings(None, CONFIGURATION, variables)
        secrets = reading.secrets | overridden
        return Project(folder, reading.settings, state, problems=tuple(problems), secrets=secrets)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        problem = Problem("unreadable-file", f"the configuration {reason}", Place(file.name, 1, 1, 1, 1))
        return Project(folder, Settings(), state, file, "", (problem,))
    reading = read_settings(text, file.name, variables, foreign=file.name == FOREIGN_CONFIGURATION)
    if file.name == CONFIGURATION and (folder / FOREIGN_CONFIGURATION).is_file():
        message = f"{FOREIGN_CONFIGURATION} is not read, because there is a {CONFIGURATION} beside it"
        problems.append(Problem("unread-configuration", message, Place(file.name, 1, 1, 1, 1), severity="warning"))
    secrets = reading.secrets | overridden
    return Project(folder, reading.settings, state, file, text, (*reading.problems, *problems), secrets)


def locate(path: Path) -> tuple[Path, Path | None]:
    """The project folder of ``path`` and its configuration file, if there is one.

    It is the nearest folder upward that holds a configuration; without one the parent of a ``sequences`` folder, or
    else the folder itself.
    """
    path = _without_detours(path.absolute())
    start = path if path.is_dir() else path.parent
    for folder in (start, *start.parents):
        for name in (CONFIGURATION, FOREIGN_CONFIGURATION):
            if (folder / name).is_file():
                return folder, folder / name
    for folder in (start, *start.parents):
        if folder.name == "sequences":
            return folder.parent, None
    return start, None


def _without_detours(path: Path) -> Path:
    """The path without ``..``: up to the last one it is what it really is, from there on as the user wrote it."""
    parts = path.parts
    if ".." not in parts:
        return path
    end = len(parts) - parts[::-1].index("..")
    return Path(os.path.realpath(Path(*parts[:end])), *parts[end:])


def sequence_files(folder: Path) -> list[Path]:
    """The sequence files of a project folder, or of a folder of sequences, in alphabetical order."""
    inner = folder / "sequences"
    found = _yaml_files(inner) if inner.is_dir() else _yaml_files(folder)
    return sorted(file for file in found if not file.name.startswith(("docker-compose", "compose.")))


def _yaml_files(folder: Path) -> Iterator[Path]:
    try:
        yield from (file for file in folder.iterdir() if file.suffix in SEQUENCE_SUFFIXES and file.is_file())
    except OSError:
        return


def _dotenv(file: Path, problems: list[Problem]) -> dict[str, str]:
    """The variables of a ``.env`` file; a line that gives none is told by its number, never by what it holds."""
    try:
        text = file.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return {}
    # Imported here: most projects have no such file.
    from io import StringIO

    from dotenv.parser import parse_stream

    found: dict[str, str] = {}
    # Nothing is interpolated: a `$` in a password is a `$`.
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            line = binding.original.line
            problems.append(
                Problem(
                    "invalid-dotenv",
                    "this line is not NAME=VALUE",
                    Place(file.name, line, 1, line, 1),
                    "put a value with spaces or quotes in quotes",
                    "warning",
                )
            )
        elif binding.key is not None and binding.value is not None:
            found[binding.key] = binding.value
    return found
