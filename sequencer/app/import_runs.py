"""Puts runs out of other programs' records into a store. Each is kept once, so what was cut off goes on when repeated.

An imported report goes into the store alone: nothing lays it by for StandCloud.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from pathlib import Path
from urllib.parse import unquote

from sequencer.project.address import PASSWORD_IN_ADDRESS, split_address
from sequencer.records.files import Found, MakeOrigin, files_in, read_document, records_in
from sequencer.records.record import ForeignRecord, UnusableRecord
from sequencer.report.model import RunReport
from sequencer.store.base import Store, StoreConflict, StoreError, StoreUnavailable, change
from sequencer.vocabulary.dataclass import dataclass
from sequencer.vocabulary.problem import Place, Problem
from sequencer.vocabulary.reason import Reason

_NOWHERE = (1, 1, 1, 2)


@dataclass(slots=True)
class Importing:
    """How many runs were ``imported``, were ``there`` already, or had been ``pruned`` there, and how many records could
    not be ``read`` or kept.
    """

    imported: int = 0
    there: int = 0
    pruned: int = 0
    refused: int = 0
    _seen: set[str] = field(default_factory=set)

    @property
    def looked_at(self) -> int:
        """Records so far."""
        return self.imported + self.there + self.pruned + self.refused

    def is_first(self, run: str) -> bool:
        """Whether this run was not met before; for when nothing is stored."""
        known = run in self._seen
        self._seen.add(run)
        return not known


Tell = Callable[[Problem], object]


def import_runs(
    store: Store, records: Iterable[Found], tell: Tell, *, dry_run: bool, told: Callable[[Importing], object]
) -> Importing:
    """Stores the runs, with their files and comments; ``tell`` gets each problem, ``told`` hears of each record.

    ``dry_run``: only counts. Raises ``StoreUnavailable`` when the store is away: what was imported until then stays.
    """
    progress = Importing()
    for record, problem, run in records:
        if record is not None:
            problem = _keep(store, record, progress, dry_run=dry_run)
        elif run and store.get(run) is not None:  # less of a run that is here whole
            progress.there += 1
            problem = None
        if problem is not None:
            progress.refused += 1
            tell(problem)
        told(progress)
    return progress


def _keep(store: Store, record: ForeignRecord, progress: Importing, *, dry_run: bool) -> Problem | None:
    report = record.report
    try:
        stored = store.get(report["id"])
        # A run that died may be replaced by its complete report, but not by what a file says.
        if stored is not None and change(report, stored, store.place) != "none":
            raise StoreConflict(Reason("other_report", run=report["id"], place=store.place))
        known = stored is not None or (dry_run and not progress.is_first(report["id"]))
        if not dry_run:
            store.save(report)
            if not known and store.get(report["id"]) is None:  # what was pruned stays out
                progress.pruned += 1
                return None
            _keep_rest(store, record)
    except StoreUnavailable:
        raise
    except StoreError as error:
        return _conflict(report, str(error))
    progress.there += known
    progress.imported += not known
    return None


def _keep_rest(store: Store, record: ForeignRecord) -> None:
    run = record.report["id"]
    for sha256, file in record.files.items():
        if store.attachment(run, sha256) is None:
            store.save_attachment(run, sha256, file.data, file.media_type)
    for note in record.notes:
        store.add_note(note)


def _conflict(report: RunReport, why: str) -> Problem:
    file = report["imported"]["file"] if "imported" in report else report["id"]
    hint = "the stored one stays; --stand and --timezone must be those of the first import"
    return Problem("other-report", why, Place(file, *_NOWHERE), hint)


def records_of(path: Path, make_origin: MakeOrigin) -> Iterator[Found]:
    """The records in a file or a folder; a folder that cannot be read is a problem like any other."""
    files = files_in(path)
    while True:
        try:
            file = next(files, None)
        except OSError as error:
            place = Place(Path(str(error.filename or path)).as_posix(), *_NOWHERE)
            yield Found(None, Problem("unreadable-file", error.strerror or str(error), place))
            return
        if file is None:
            return
        yield from records_in(file, make_origin)


@dataclass(frozen=True, slots=True)
class CouchSource:
    """A database of another program's CouchDB. ``address`` has no credentials; what is told names it alone."""

    address: str
    database: str
    user: str | None
    password: str | None = field(repr=False)


def couch_source(url: str, database: str | None, password: str | None) -> CouchSource:
    """What a URL such as ``http://USER@HOST:5984/report`` names; ``database`` and ``password`` where it has none.

    Raises ``ValueError`` with a sentence without the URL's password.
    """
    if (parts := split_address(url)) is None:
        raise ValueError(f"the URL is not a valid address: {PASSWORD_IN_ADDRESS}")
    credentials, separator, host = parts.netloc.rpartition("@")
    user, _, secret = credentials.partition(":")
    named = unquote(parts.path.strip("/"))
    if database is not None and named and named != database:
        raise ValueError(f"the URL names the database {named}, and --database {database}")
    if not (database or named):
        raise ValueError("the URL names no database: HardPy keeps its reports in `report`, each run in `runstore`")
    address = parts._replace(netloc=host, path="", query="", fragment="").geturl()
    return CouchSource(address, database or named, unquote(user) if separator else None, unquote(secret) or password)


def records_of_couch(source: CouchSource, make_origin: MakeOrigin) -> Iterator[Found]:
    """The records in a database. Raises ``StoreUnavailable`` when it is away."""
    from sequencer.store.couchdb.client import CouchClient
    from sequencer.store.couchdb.foreign import documents

    couch = CouchClient(source.address, user=source.user, password=source.password)
    try:
        for document in documents(couch, source.database):
            name = f"{source.database}/{document['_id']}"
            try:
                yield Found(read_document(document, make_origin(name)))
            except UnusableRecord as unusable:
                problem = Problem(unusable.code, unusable.message, Place(name, *_NOWHERE), unusable.hint)
                yield Found(None, problem, unusable.run)
    finally:
        couch.close()
