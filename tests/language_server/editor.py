"""An editor for tests: pytest-lsp's client at a real ``hardseq lsp``, asked as one asks a function."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.later import Later

if TYPE_CHECKING:
    from pytest_lsp.client import LanguageClient

types = Later("lsprotocol.types")
uris = Later("pygls.uris")
clients = Later("pytest_lsp.client")

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
        client = clients.make_test_lsp_client()
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

    def place(self, path: Path, word: str) -> types.TextDocumentPositionParams:
        """The place where a word begins first in the text; of ``a.b`` where ``b`` does."""
        text = self.texts[path]
        before = text[: text.index(word)]
        column = len(before.rpartition("\n")[2].encode("utf-16-le")) // 2
        return types.TextDocumentPositionParams(
            types.TextDocumentIdentifier(path.as_uri()), types.Position(before.count("\n"), column)
        )

    def completed(self, path: Path, line: int, column: int) -> list[types.CompletionItem]:
        """What is offered at a position."""
        params = types.CompletionParams(types.TextDocumentIdentifier(path.as_uri()), types.Position(line, column))
        found = self.wait(self.client.text_document_completion_async(params))
        assert isinstance(found, types.CompletionList)
        return list(found.items)

    def completion(self, path: Path, line: int, column: int) -> list[str]:
        """The names of what is offered at a position."""
        return [each.label for each in self.completed(path, line, column)]

    def hover(self, path: Path, word: str) -> str | None:
        """What is said of a word, as it reads."""
        said = self.raw_hover(path, word)
        return None if said is None else said.replace("\\", "")

    def raw_hover(self, path: Path, word: str) -> str | None:
        """What is said of a word, in Markdown."""
        at = self.place(path, word)
        found = self.wait(self.client.text_document_hover_async(types.HoverParams(at.text_document, at.position)))
        return None if found is None else found.contents.value

    def definition(self, path: Path, word: str) -> list[tuple[Path, int]]:
        """Where a word leads: files with lines."""
        at = self.place(path, word)
        params = types.DefinitionParams(at.text_document, at.position)
        return _located(self.wait(self.client.text_document_definition_async(params)))

    def references(self, path: Path, word: str) -> list[tuple[Path, int]]:
        """All that names the same as a word, its declaration too."""
        at = self.place(path, word)
        params = types.ReferenceParams(types.ReferenceContext(True), at.text_document, at.position)
        return sorted(_located(self.wait(self.client.text_document_references_async(params))), key=_open_first(path))

    def rename(self, path: Path, word: str, name: str) -> dict[Path, str]:
        """The texts that a rename gives, by their files."""
        at = self.place(path, word)
        params = types.RenameParams(at.text_document, at.position, name)
        edit = self.wait(self.client.text_document_rename_async(params))
        assert edit is not None and edit.changes is not None
        changed = {}
        for uri, edits in edit.changes.items():
            file = path_of(uri)
            changed[file] = applied(self.texts.get(file) or file.read_text(), list(edits))
        return changed

    def fixed(self, path: Path) -> str:
        """The text after the first correction that is offered for its problems."""
        uri = path.as_uri()
        diagnostics = list(self.published[uri].diagnostics)
        whole = diagnostics[0].range
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(uri), whole, types.CodeActionContext(diagnostics=diagnostics)
        )
        action = (self.wait(self.client.text_document_code_action_async(params)) or [])[0]
        assert isinstance(action, types.CodeAction) and action.edit is not None and action.edit.changes is not None
        return applied(self.texts[path], list(action.edit.changes[uri]))

    def symbols(self, path: Path) -> list[str]:
        """The structure of a file as paths of names."""
        params = types.DocumentSymbolParams(types.TextDocumentIdentifier(path.as_uri()))
        return list(_paths(self.wait(self.client.text_document_document_symbol_async(params)) or [], ""))

    def folds(self, path: Path) -> list[tuple[int, int]]:
        """The lines that can be folded."""
        params = types.FoldingRangeParams(types.TextDocumentIdentifier(path.as_uri()))
        found = self.wait(self.client.text_document_folding_range_async(params)) or []
        return [(each.start_line, each.end_line) for each in found]


def path_of(uri: str) -> Path:
    """The file of an address."""
    return Path(uris.to_fs_path(uri) or "")


def _located(found: Any) -> list[tuple[Path, int]]:
    return [(path_of(each.uri), each.range.start.line) for each in found or []]


def _open_first(path: Path) -> Any:
    return lambda place: (place[0] != path, place)


def _paths(symbols: Any, before: str) -> Iterator[str]:
    for each in symbols:
        yield before + each.name
        yield from _paths(each.children or [], f"{before}{each.name}/")


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """A text with edits, whose positions are in UTF-16."""
    lines = [line.encode("utf-16-le") for line in text.split("\n")]
    for edit in sorted(edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True):
        start, end = edit.range.start, edit.range.end
        assert start.line == end.line
        line = lines[start.line]
        new = edit.new_text.encode("utf-16-le")
        lines[start.line] = line[: 2 * start.character] + new + line[2 * end.character :]
    return "\n".join(line.decode("utf-16-le") for line in lines)


def shown(each: types.Diagnostic) -> Told:
    """The parts of a problem that a person sees."""
    start, end = each.range.start, each.range.end
    return start.line, start.character, end.line, end.character, str(each.code), each.message


def until(condition: Callable[[], bool]) -> None:
    """Waits until something is so."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)
