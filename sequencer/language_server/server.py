"""The language server: which requests of an editor are answered, and by what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from sequencer import __version__
from sequencer.language_server.checker import Checker
from sequencer.language_server.documents import changed_path
from sequencer.language_server.features import Features
from sequencer.language_server.readings import Readings

WATCHED = ("**/*.{yaml,yml}", "**/*.{csv,tsv,txt}", "**/*.py", "**/{hardseq,hardpy}.toml", "**/.env")
"""The files whose change outside the editor may change what is wrong."""


def serve(stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Answers an editor until it says goodbye or is gone."""
    make_server().start_io(stdin, stdout)


def make_server() -> LanguageServer:
    """A server that is not connected to an editor yet.

    It has a text sent whole when it changes: an editor does that faster than Python applies the parts, and both can
    never have different texts.
    """
    server = LanguageServer("hardseq", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
    readings = Readings()
    checker = Checker(server, readings)
    _synchronize(server, checker)
    _answer(server, Features(server, readings, checker))
    return server


def _register(server: LanguageServer, method: str, answer: Callable[..., object], options: object = None) -> None:
    """Has the server call ``answer`` with the parameters of ``method``."""
    # pygls notes something at the function, which a method cannot bear.
    server.feature(method, options)(partial(answer))


def _synchronize(server: LanguageServer, checker: Checker) -> None:
    """What the editor tells of itself: files opened, changed, saved and closed, here or by others on the disk."""
    for method in (
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CLOSE,
        types.TEXT_DOCUMENT_DID_SAVE,
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
    ):
        _register(server, method, lambda params: checker.changed(None))
    _register(server, types.TEXT_DOCUMENT_DID_CHANGE, lambda params: checker.changed(changed_path(params)))
    _register(server, types.INITIALIZED, lambda params: _watch(server))


def _answer(server: LanguageServer, features: Features) -> None:
    """What the editor asks."""
    completion = types.CompletionOptions(trigger_characters=[".", ":", "{", " ", "-", "["])
    _register(server, types.TEXT_DOCUMENT_COMPLETION, features.completion, completion)
    _register(server, types.TEXT_DOCUMENT_HOVER, features.hover)
    _register(server, types.TEXT_DOCUMENT_DEFINITION, features.definition)
    _register(server, types.TEXT_DOCUMENT_REFERENCES, features.references)
    _register(server, types.TEXT_DOCUMENT_PREPARE_RENAME, features.prepare_rename)
    _register(server, types.TEXT_DOCUMENT_RENAME, features.rename, types.RenameOptions(prepare_provider=True))
    quick_fixes = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    _register(server, types.TEXT_DOCUMENT_CODE_ACTION, features.code_action, quick_fixes)
    _register(server, types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, features.symbols)
    _register(server, types.TEXT_DOCUMENT_FOLDING_RANGE, features.folds)


def _watch(server: LanguageServer) -> None:
    """Asks to be told of changes on the disk, where the editor can."""
    workspace = server.client_capabilities.workspace
    watching = None if workspace is None else workspace.did_change_watched_files
    if watching is None or not watching.dynamic_registration:
        return
    watchers = [types.FileSystemWatcher(pattern) for pattern in WATCHED]
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
    registration = types.Registration("watched", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    server.client_register_capability(types.RegistrationParams([registration]))
