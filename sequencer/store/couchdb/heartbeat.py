"""What the panel of a stand says of itself beside what runs there: that it lives, its versions, what waits to be sent.

One more document of the stand in the database of live documents, written at a bounded interval whether something runs
or not, for as long as the panel runs. A slow or absent CouchDB never holds up the panel.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from sequencer.store.base import StoreError
from sequencer.store.couchdb.client import CouchClient, CouchDocument, DocumentConflict, DocumentNotFound
from sequencer.store.couchdb.design import create_live_database
from sequencer.store.stands import stand_identity

INTERVAL = 15.0
"""Seconds between two heartbeats."""


class Heartbeat:
    """Writes what ``read`` says into the database ``name`` until it is closed; then that the panel has ended.

    ``read`` gives JSON-ready fields, among them ``stand``, ``stand_number`` and ``host``. ``written`` is set
    whenever CouchDB has taken one.
    """

    def __init__(
        self,
        couch: CouchClient,
        name: str,
        read: Callable[[], Mapping[str, object]],
        *,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._couch = couch
        self._name = name
        self._read = read
        self._interval = interval
        self._clock = clock
        self._revision: str | None = None
        self.written = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begins, in a thread of its own."""
        self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """Says that the panel has ended, if that is possible within ``timeout`` seconds. Closing twice is harmless."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _beat(self) -> None:
        while not self._closing.is_set():
            self._write(closed=False)
            self._closing.wait(self._interval)
        self._write(closed=True)

    def _write(self, *, closed: bool) -> None:
        try:
            said = self._read()
            identity = f"{stand_identity(said)}, panel"
            document = {"_id": identity, "type": "stand", **said, "closed": closed, "updated": self._clock()}
            self._put_in_any_case(document)
            self.written.set()
        except StoreError:
            return  # the next one says the same, and whoever stores something tells that the server is away

    def _put_in_any_case(self, document: CouchDocument) -> None:
        try:
            self._put(document)
        except DocumentConflict:  # the panel of before wrote it last
            self._revision = self._couch.get(self._name, document["_id"])["_rev"]
            self._put(document)
        except DocumentNotFound:
            create_live_database(self._couch, self._name)
            self._revision = None
            self._put(document)

    def _put(self, document: CouchDocument) -> None:
        body = document if self._revision is None else {**document, "_rev": self._revision}
        self._revision = self._couch.put(self._name, document["_id"], body=body)["rev"]
