"""An editor for tests: pytest-lsp's client at a real ``hardseq lsp``, asked as one asks a function."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from lsprotocol import types
from pytest_lsp.client import LanguageClient, make_test_lsp_client

T = TypeVar("T")

SECONDS = 30
"""How long an answer may take on a machine that does much else."""

Told = tuple[int, int, int, int, str, str]
"""A problem as it is published: its range, its code, its message with the hint."""


class Editor:
    """Has a server started and files open. Lines and columns are those of the protocol: from 0, in UTF-16."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.code: int | None = None
        self.client: LanguageClient = self.wait(self._make())
        self.versions: dict[str, int] = {}
        self.texts: dict[Path, str] = {}
        self.published: dict[str, types.PublishDiagnosticsParams] = {}
        self.times: dict[tuple[str, int], float] = {}

    async def _make(self) -> LanguageClient:
        client = make_test_lsp_client()
        client.server_exit = self._end  # type: ignore[method-assign]
        return client

    async def _end(self, server: asyncio.subprocess.Process) -> None:
        self.code = server.returncode

    def wait(self, asked: Coroutine[Any, Any, T]) -> T:
        """What a request is answered with."""
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result(SECONDS)

    def start(self, *options: str, capabilities: types.ClientCapabilities | None = None) -> types.InitializeResult:
        """Starts the server."""
        # With an option of Python's own it is no fork (tests/fork_server.py): asyncio waits for children only.
        self.wait(self.client.start_io(sys.executable, "-X", "utf8", "-m", "sequencer", "lsp", *options))
        self.client.protocol.fm.features.pop(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, None)
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(partial(self._take))
        params = types.InitializeParams(capabilities=capabilities or types.ClientCapabilities())
        return self.wait(self.client.initialize_session(params))

    def _take(self, params: types.PublishDiagnosticsParams) -> None:
        self.published[params.uri] = params
        if params.version is not None:
            self.times.setdefault((params.uri, params.version), time.perf_counter())

    def close(self) -> int | None:
        """Says goodbye; gives the server's exit code."""
        self.wait(self.client.shutdown_session())
        until(lambda: self.code is not None)
        self.wait(self.client.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()
        return self.code

    def call(self, action: Any) -> None:
        """Sends a notification."""

        async def send() -> None:
            action()

        self.wait(send())

    def open(self, path: Path, text: str | None = None) -> str:
        """Opens a file, with ``text`` unlike the disk's when it is given; gives its address."""
        uri = path.as_uri()
        self.texts[path] = path.read_bytes().decode() if text is None else text
        self.versions[uri] = self.versions.get(uri, 0) + 1
        item = types.TextDocumentItem(uri, "yaml", self.versions[uri], self.texts[path])
        self.call(lambda: self.client.text_document_did_open(types.DidOpenTextDocumentParams(item)))
        return uri

    def type(self, path: Path, text: str) -> int:
        """Changes the whole text; gives its version."""
        uri = path.as_uri()
        self.texts[path] = text
        self.versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        params = types.DidChangeTextDocumentParams(document, [change])
        self.call(lambda: self.client.text_document_did_change(params))
        return self.versions[uri]

    def leave(self, path: Path) -> None:
        """Closes a file without saving it."""
        document = types.TextDocumentIdentifier(path.as_uri())
        self.call(lambda: self.client.text_document_did_close(types.DidCloseTextDocumentParams(document)))

    def saved(self, path: Path) -> None:
        """Tells that a file was saved, or changed on the disk."""
        params = types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(path.as_uri()))
        self.call(lambda: self.client.text_document_did_save(params))

    def problems(self, path: Path) -> list[Told]:
        """What is published of the text of an open file as it is now."""
        uri = path.as_uri()
        version = self.versions[uri]
        until(lambda: uri in self.published and (self.published[uri].version or 0) >= version)
        return self.told(path)

    def told(self, path: Path) -> list[Told]:
        """What was published of a file last."""
        found = self.published.get(path.as_uri())
        return [] if found is None else [shown(each) for each in found.diagnostics]


def shown(each: types.Diagnostic) -> Told:
    """The parts of a problem that a person sees."""
    start, end = each.range.start, each.range.end
    return start.line, start.character, end.line, end.character, str(each.code), each.message


def until(condition: Any) -> None:
    """Waits until something is so."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)
