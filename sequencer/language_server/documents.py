"""The files that an editor has open, with the text that it has of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import Workspace

from sequencer.vocabulary.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A file as an editor has it; ``path`` is resolved."""

    uri: str
    path: Path
    version: int | None
    text: str


OpenDocuments = Mapping[Path, OpenDocument]


def path_of(uri: str) -> Path | None:
    """The resolved path of a file; ``None`` for what is none, such as a text that was never saved."""
    try:
        path = to_fs_path(uri) if uri.startswith("file:") else None
        return None if not path else Path(path).resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def open_documents(workspace: Workspace) -> dict[Path, OpenDocument]:
    """All files that are open now."""
    found = {}
    for uri, document in workspace.text_documents.items():
        path = path_of(uri)
        if path is not None:
            found[path] = OpenDocument(uri, path, document.version, document.source)
    return found


def encoding_of(server: LanguageServer) -> str:
    """The encoding in whose units editor and server count letters."""
    encoding: str = types.PositionEncodingKind(server.workspace.position_encoding or "utf-16").value
    return encoding


def changed_path(params: types.DidChangeTextDocumentParams) -> Path | None:
    """The file that was changed."""
    return path_of(params.text_document.uri)
