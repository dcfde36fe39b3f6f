"""Opens what ``[database]`` describes; each backend is imported only when it is the one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from sequencer.project.settings import DatabaseSettings, Settings
from sequencer.project.state_folder import StateFolder
from sequencer.store.base import Store

if TYPE_CHECKING:
    from sequencer.store.couchdb.client import CouchClient
    from sequencer.store.couchdb.factory import Account
    from sequencer.store.couchdb.heartbeat import Heartbeat
    from sequencer.store.couchdb.live import LiveState
    from sequencer.store.couchdb.replication import ReplicationStatus
    from sequencer.store.couchdb.stands import Stands


def open_store(settings: Settings, state: StateFolder, *, folder: Path | None = None) -> Store:
    """The store of a project; ``folder`` is the project's, which a relative ``ca_bundle`` belongs to.

    Touches neither disk nor network, with one exception: with ``required = true`` CouchDB must answer, or
    :class:`StoreUnavailable` is raised.
    """
    match settings.database.storage_type:
        case "embedded":
            from sequencer.store.sqlite.store import SqliteStore

            return SqliteStore(state.database, state.attachments)
        case "couchdb":
            return _open_couchdb(settings, state, folder)


def _open_couchdb(settings: Settings, state: StateFolder, folder: Path | None) -> Store:
    from sequencer.store.couchdb.replication import FactoryDatabase
    from sequencer.store.couchdb.store import CouchStore

    database, factory = settings.database, FactoryDatabase.configured(settings.replication)
    store = CouchStore(
        _couch(database, folder), database.name, state.attachments, factory, partial_too=database.report_partial
    )
    if database.required:
        try:
            store.check()
        except BaseException:
            store.close()
            raise
    return store


def open_live_states(
    settings: Settings, store: Store, slots: Sequence[str], tell: Callable[[str], None]
) -> dict[str, LiveState]:
    """The listeners that keep this stand's live documents up to date, by slot; none when reports do not go to CouchDB.

    A stand without slots has the one that is called ``""``. ``tell`` takes a sentence for a person, once they are
    closed.
    """
    if settings.database.storage_type != "couchdb":
        return {}
    from sequencer.store.couchdb.store import CouchStore

    assert isinstance(store, CouchStore)
    return {slot: store.live_state(tell, slots=len(slots)) for slot in slots}


def open_heartbeat(settings: Settings, store: Store, read: Callable[[], Mapping[str, object]]) -> Heartbeat | None:
    """What tells a factory that this stand's panel lives; ``None`` when reports do not go to CouchDB. Not begun yet.

    ``read``: as :class:`sequencer.store.couchdb.heartbeat.Heartbeat` has it.
    """
    if settings.database.storage_type != "couchdb":
        return None
    from sequencer.store.couchdb.store import CouchStore

    assert isinstance(store, CouchStore)
    return store.heartbeat(read)


@contextmanager
def opened_stands(settings: Settings, *, folder: Path | None = None) -> Iterator[Stands]:
    """The stands whose live documents are beside the database of ``[database]``, which is a CouchDB's."""
    from sequencer.store.couchdb.stands import Stands

    couch = _couch(settings.database, folder)
    try:
        yield Stands(couch, f"{settings.database.name}_live")
    finally:
        couch.close()


def replicate_to_factory(settings: Settings, *, folder: Path | None = None) -> ReplicationStatus:
    """Has the stand's CouchDB copy its runs to the factory's, as ``[replication]`` says, and tells how it stands.

    Raises ``ValueError`` when the configuration names no factory or no CouchDB, :class:`StoreUnavailable` when the
    stand's CouchDB is away.
    """
    from sequencer.store.couchdb.replication import FactoryDatabase, replicate, status

    factory = FactoryDatabase.configured(settings.replication)
    if settings.database.storage_type != "couchdb":
        raise ValueError("replication needs reports in CouchDB, but [database] keeps them elsewhere")
    if factory is None:
        raise ValueError("replication needs the address of the factory's database: url in [replication]")
    from sequencer.store.couchdb.store import CouchStore

    couch = _couch(settings.database, folder)
    try:
        # What is to be copied must be there: CouchDB tries again a missing database after a minute, then ever later.
        CouchStore(couch, settings.database.name).check()
        replicate(couch, settings.database.name, factory, now=True)
        return status(couch, settings.database.name, factory)
    finally:
        couch.close()


def replicate_live_to_factory(settings: Settings, *, folder: Path | None = None) -> ReplicationStatus:
    """The same for what the stand is doing right now, where the factory has a database for it.

    Raises :class:`StoreUnavailable` when the stand's CouchDB is away.
    """
    from sequencer.store.couchdb.replication import FactoryDatabase, replicate_live

    factory = FactoryDatabase.configured(settings.replication)
    assert factory is not None  # as the runs are copied to it
    couch = _couch(settings.database, folder)
    try:
        return replicate_live(couch, settings.database.name, factory)
    finally:
        couch.close()


class FactorySetUp(NamedTuple):
    """What was done: ``accounts`` there now, or the ``commands`` that would do it."""

    accounts: Sequence[Account] = ()
    commands: Sequence[str] = ()


def set_up_factory(
    settings: Settings,
    stands: Sequence[str],
    readers: Sequence[str],
    *,
    folder: Path | None = None,
    only_print: bool = False,
) -> FactorySetUp:
    """Makes of the CouchDB of ``[database]`` one that stands copy their runs to; see ``couchdb.factory``.

    ``only_print``: says how. Raises ``ValueError`` without a CouchDB, :class:`StoreUnavailable` when it is away or the
    user is no administrator.
    """
    if settings.database.storage_type != "couchdb":
        raise ValueError("a factory's runs are in CouchDB, but [database] keeps them elsewhere")
    from sequencer.store.couchdb import factory

    name = settings.database.name
    if only_print:
        from sequencer.store.couchdb.written_requests import WrittenRequests

        written = WrittenRequests(settings.database.address)
        factory.set_up_factory(written, name, stands, readers)
        return FactorySetUp(commands=written.commands)
    couch = _couch(settings.database, folder)
    try:
        return FactorySetUp(factory.set_up_factory(couch, name, stands, readers))
    finally:
        couch.close()


def _couch(database: DatabaseSettings, folder: Path | None) -> CouchClient:
    from sequencer.store.couchdb.client import CouchClient

    parts = urlsplit(database.address)
    credentials, separator, host = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    # User and password may stand in the url; they are not to stand in what people are shown.
    return CouchClient(
        parts._replace(netloc=host).geturl(),
        user=database.user if database.user is not None or not separator else unquote(user),
        password=database.password.reveal() if database.password is not None else unquote(password),
        timeout=database.timeout,
        ca_bundle=None if database.ca_bundle is None else str((folder or Path()) / database.ca_bundle),
    )
