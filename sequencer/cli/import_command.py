"""``hardseq runs import``: the runs that other programs recorded, in this project's store."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.import_runs import (
    Importing,
    couch_source,
    import_runs,
    records_of,
    records_of_couch,
)
from sequencer.app.project_store import opened_store
from sequencer.cli.live_counter import LiveCounter
from sequencer.records.files import Found, MakeOrigin
from sequencer.records.record import Origin
from sequencer.store.base import StoreUnavailable
from sequencer.terminal.output import say
from sequencer.terminal.problem_output import show_problems


class GivenOrigin(NamedTuple):
    """What the command line says of runs whose records do not say it."""

    stand: str | None
    timezone: str | None


PASSWORD = "HARDSEQ_IMPORT_PASSWORD"
"""The environment variable with the password of the CouchDB that is read."""


def import_sources(
    project: Path, sources: Sequence[str], origin: GivenOrigin, database: str | None, *, dry_run: bool
) -> ExitCode:
    """Imports from files, folders and CouchDB databases into the project's store. Raises ``Refusal``."""
    zone = _known_zone(origin.timezone)

    def make_origin(name: str) -> Origin:
        return Origin(name, origin.stand, zone)

    streams = [_records(source, database, make_origin) for source in sources]
    counter = LiveCounter("records")
    with opened_store(project) as store:
        try:
            done = import_runs(
                store,
                itertools.chain.from_iterable(streams),
                lambda problem: counter.aside(lambda: show_problems([problem], Path())),
                dry_run=dry_run,
                told=lambda progress: counter.show(progress.looked_at),
            )
        except StoreUnavailable as error:
            hint = "what is imported stays; the same command goes on"
            raise Refusal(str(error), hint=hint, code=ExitCode.FAILED) from None
        finally:
            counter.end()
        place = store.place
    return _told(done, place, dry_run=dry_run)


def _records(source: str, database: str | None, make_origin: MakeOrigin) -> Iterator[Found]:
    if source.lower().startswith(("http://", "https://")):
        try:
            return records_of_couch(couch_source(source, database, os.environ.get(PASSWORD)), make_origin)
        except ValueError as error:
            raise Refusal(str(error), hint="http://USER@HOST:5984/report, or --database report") from None
    path = Path(source)
    if not path.exists():
        raise Refusal(f"there is no {source}", hint="a source is a file, a folder, or the URL of a CouchDB database")
    return records_of(path, make_origin)


def _known_zone(name: str | None) -> str:
    from zoneinfo import ZoneInfo

    from sequencer.runner.host import time_zone

    if name is None:
        return time_zone()
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise Refusal(f"there is no time zone {name}", hint="an IANA name such as Europe/Berlin") from None
    return name


def _told(done: Importing, place: str, *, dry_run: bool) -> ExitCode:
    word = "to import" if dry_run else "imported"
    say(f"{done.imported} {word}, {done.there} were there: {place}", fg="green" if not done.refused else None)
    if done.pruned:
        say(f"{done.pruned} were pruned there and stay out", fg="yellow")
    if done.refused:
        say(f"{done.refused} not imported", fg="red")
    return ExitCode.FAILED if done.refused else ExitCode.PASSED
