"""``hardseq runs copy`` and ``hardseq runs backup``: what one store keeps, in another as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.named_store import named_store
from sequencer.app.project_store import usable_project
from sequencer.cli.live_counter import LiveCounter
from sequencer.store.base import Store, StoreError
from sequencer.store.copying import copy_runs
from sequencer.store.sqlite.store import SqliteStore
from sequencer.terminal.lines import clean
from sequencer.terminal.output import say

MOST_TOLD = 20
"""Runs that could not be copied are named one by one up to this many."""


def copy(folder: Path, to: str, source: str | None) -> ExitCode:
    """Copies the store ``source``, or the project's own, into the store ``to``. Raises ``Refusal``."""
    project = usable_project(folder)
    # After a change of the configuration it is what was kept before that is to be copied.
    own = project.settings.database.storage_type
    before = "embedded" if own == "couchdb" else "couchdb"
    with (
        _plain_errors(),
        named_store(source or (before if to == own else own), project) as kept,
        named_store(to, project, new=True) as target,
    ):
        if kept.place == target.place:
            raise Refusal(f"{kept.place} cannot be copied into itself")
        return _copied(kept, target)


def back_up(folder: Path, file: Path) -> ExitCode:
    """Writes all that the project's store keeps into the new database ``file``. Raises ``Refusal``."""
    if file.exists():
        raise Refusal(f"{file} exists: a backup replaces nothing", hint="name a file that does not exist")
    project = usable_project(folder)
    partial = file.with_name(f"{file.name}.partial")
    with _plain_errors(), named_store(project.settings.database.storage_type, project) as kept:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        try:
            done = _write(kept, partial)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
    say(f"wrote {file}")
    return done


def _write(kept: Store, file: Path) -> ExitCode:
    if isinstance(kept, SqliteStore):
        kept.write_copy(file)
        return ExitCode.PASSED
    with closing(SqliteStore(file)) as target:
        return _copied(kept, target)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise Refusal(str(error), hint="what is copied stays; the same command goes on", code=ExitCode.FAILED) from None
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror or error}", code=ExitCode.FAILED) from None


def _copied(source: Store, target: Store) -> ExitCode:
    counter = LiveCounter("runs")
    try:
        done = copy_runs(source, target, lambda progress: counter.show(progress.looked_at))
    finally:
        counter.end()
    say(f"{done.copied} copied, {done.there} were there: {target.place}", fg="green" if not done.refused else None)
    if done.pruned:
        say(f"{done.pruned} were pruned there and stay out: they are whole in {source.place} alone", fg="yellow")
    for run, reason in list(done.refused.items())[:MOST_TOLD]:
        say(f"  {run}: {clean(str(reason))}", fg="red")
    if done.refused:
        say(f"{len(done.refused)} not copied", fg="red")
    for run, sha256 in done.lost[:MOST_TOLD]:
        say(f"  {run}: the attached file {sha256} is missing in {source.place}", fg="yellow")
    return ExitCode.FAILED if done.refused else ExitCode.PASSED
