"""Stores as a command line names them: of a project, of the kinds that it knows, and files of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from sequencer.app.exit_codes import Refusal
from sequencer.app.project_store import usable_project
from sequencer.project.project_folder import Project
from sequencer.project.settings import StorageType
from sequencer.store.base import Store
from sequencer.store.open import open_store
from sequencer.store.sqlite.store import SqliteStore

KINDS: tuple[StorageType, ...] = ("embedded", "couchdb")
SQLITE = b"SQLite format 3\0"
"""How a database file begins: https://www.sqlite.org/fileformat.html#the_database_header."""


@contextmanager
def named_store(name: str, project: Project, *, new: bool = False) -> Iterator[Store]:
    """The store ``name``: one of ``KINDS`` as ``project`` configures it, a project's folder, or a database file.

    ``new``: a file may be missing, and then is made. Raises ``Refusal``.
    """
    with closing(_opened(name, project, new=new)) as store:
        yield store


def _opened(name: str, project: Project, *, new: bool) -> Store:
    for kind in KINDS:
        if name == kind:
            database = replace(project.settings.database, storage_type=kind)
            return open_store(replace(project.settings, database=database), project.state, folder=project.folder)
    path = Path(name)
    if path.is_dir():
        other = usable_project(path)
        return open_store(other.settings, other.state, folder=other.folder)
    if path.exists():
        with path.open("rb") as file:
            if file.read(len(SQLITE)) != SQLITE:
                raise Refusal(f"{path} is not a database of reports", hint=_HINT)
    elif not new:
        raise Refusal(f"there is no {path}", hint=_HINT)
    return SqliteStore(path)


_HINT = "a store is `embedded`, `couchdb`, the folder of another project, or a file that `hardseq runs backup` wrote"
