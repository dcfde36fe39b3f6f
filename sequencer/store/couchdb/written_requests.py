"""A CouchDB that is not there: what would be written to it is noted, for somebody who writes it by other means."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping

from sequencer.store.couchdb.client import CouchClient, DocumentNotFound
from sequencer.vocabulary.reason import Reason


class WrittenRequests(CouchClient):
    """An empty server. ``commands`` are the requests that changed it, as commands of curl.

    The address in them is ``$COUCHDB``, a variable of the shell, as whoever carries them out has a password of theirs.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.commands: list[str] = []
        self._written: dict[tuple[str, ...], Mapping[str, object]] = {}

    def get(self, *path: str, **query: object) -> object:
        """What was written is there."""
        if path in self._written or path[-1] == "_security":
            return self._written.get(path, {})
        raise DocumentNotFound(Reason("couch_missing", address=self.address, detail="/".join(path)))

    def put(self, *path: str, body: Mapping[str, object] | None = None, **query: object) -> object:
        """Notes it."""
        self._written[path] = body or {}
        self._note("PUT", path, body)
        return {"ok": True}

    def post(self, *path: str, body: Mapping[str, object], **query: object) -> object:
        """Notes it; a question has no answer."""
        if path[-1] == "_all_docs":
            return {"rows": []}
        self._note("POST", path, body)
        return {"ok": True}

    def put_bytes(self, *path: str, data: bytes, media_type: str, **query: object) -> object:
        """Notes it; what is sent is JSON."""
        return self.put(*path, body=json.loads(data))

    def _note(self, method: str, path: tuple[str, ...], body: object) -> None:
        command = f'curl -X {method} "$COUCHDB/{"/".join(path)}"'
        if body is not None:
            command += f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}"
        self.commands.append(command)
