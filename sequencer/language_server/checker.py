"""Checks what is open whenever it changes and publishes what is wrong, one check at a time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from sequencer.language_server.diagnostics import Diagnostics
from sequencer.language_server.documents import OpenDocuments, encoding_of, open_documents
from sequencer.language_server.readings import Readings

PAUSE_SECONDS = 0.02
"""How long a change waits for the next one: a person types slower, an editor that replaces a word does not."""

IDLE_SECONDS = 0.3
"""After that nobody is typing."""

_log = logging.getLogger(__name__)


class Checker:
    """Publishes the problems of the open files and of what they are read with.

    Changes that come during a check wait for the next one, however many they are: a check is always of the text as it
    is when it begins, and the last check is of the last text.
    """

    def __init__(self, server: LanguageServer, readings: Readings) -> None:
        self._server = server
        self._readings = readings
        self._changed: set[Path] = set()
        self._anything = False
        self._go_on = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._published: dict[str, tuple[int | None, list[types.Diagnostic]]] = {}

    def changed(self, path: Path | None) -> None:
        """A file was changed in the editor; ``None``: anything may have changed, on the disk too."""
        if path is None:
            self._anything = True
        else:
            self._changed.add(path)
        self._go_on.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._check())

    async def settled(self) -> None:
        """Returns when everything that was changed until now has been read."""
        while self._task is not None and not self._task.done():
            self._go_on.set()
            await asyncio.wait([self._task])

    async def _check(self) -> None:
        while self._changed or self._anything:
            await asyncio.sleep(PAUSE_SECONDS)
            changed = None if self._anything else frozenset(self._changed)
            self._changed, self._anything = set(), False
            documents = open_documents(self._server.workspace)
            try:
                # In a thread, so that requests are answered meanwhile.
                await asyncio.to_thread(self._readings.update, documents, changed)
                self._publish(documents)
                await self._recover(documents)
            except Exception:
                _log.exception("the check failed")

    async def _recover(self, documents: OpenDocuments) -> None:
        """Reads what is not valid YAML as far as it is, once nobody types or somebody asks for a name in it."""
        if not self._readings.is_stale:
            return
        self._go_on.clear()
        if not self._changed and not self._anything:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._go_on.wait(), IDLE_SECONDS)
        if not self._changed and not self._anything:
            await asyncio.to_thread(self._readings.recover, documents)

    def _publish(self, documents: OpenDocuments) -> None:
        found = Diagnostics(documents, encoding_of(self._server)).by_file(self._readings.current.values())
        paths = dict.fromkeys([*documents, *found])
        now = {}
        for path in paths:
            document = documents.get(path)
            uri = path.as_uri() if document is None else document.uri
            now[uri] = (None if document is None else document.version, found.get(path, []))
        for uri, (version, diagnostics) in {**dict.fromkeys(self._published, (None, [])), **now}.items():
            if self._published.get(uri) != (version, diagnostics):
                self._server.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(uri=uri, diagnostics=diagnostics, version=version)
                )
        self._published = now
