"""Answers to what an editor asks at a place of a file: completion, hover, definition, references, rename, fixes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from sequencer.language.mentions import Mention
from sequencer.language_server.checker import Checker
from sequencer.language_server.completion import Completion, Proposal
from sequencer.language_server.documents import OpenDocument, encoding_of, open_documents, path_of
from sequencer.language_server.fixes import fixes
from sequencer.language_server.hover import hover
from sequencer.language_server.names import ProjectNames, Symbol
from sequencer.language_server.outline import Outline
from sequencer.language_server.positions import TextPositions
from sequencer.language_server.readings import Readings
from sequencer.language_server.renaming import RENAMED, RenameRefused, Renaming
from sequencer.language_server.schemas import is_foreign
from sequencer.vocabulary.problem import Place


class Features:
    """The requests. Those about names wait for the check of what was just typed; completion does not, since the line
    that is being written hardly declares anything."""

    def __init__(self, server: LanguageServer, readings: Readings, checker: Checker) -> None:
        self._server = server
        self._readings = readings
        self._checker = checker
        self._names: tuple[tuple[int, ...], ProjectNames] = ((), ProjectNames(()))

    def _document(self, uri: str) -> OpenDocument | None:
        """An open file; ``None`` for one that is no part of a sequence, which other servers help with."""
        path = path_of(uri)
        document = self._server.workspace.text_documents.get(uri)
        if path is None or document is None:
            return None
        if is_foreign(document.source) and not self._readings.of(path):
            return None
        return OpenDocument(uri, path, document.version, document.source)

    def _names_of(self, path: Path) -> ProjectNames:
        readings = self._readings.of(path)
        key = tuple(map(id, readings))
        if self._names[0] != key:
            self._names = (key, ProjectNames(readings))
        return self._names[1]

    def _positions(self, path: Path) -> TextPositions:
        return TextPositions(self._texts([path])[path], encoding_of(self._server))

    def _texts(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Files as the editor has them, or the disk; those that are nowhere are empty."""
        documents = open_documents(self._server.workspace)
        return {path: documents[path].text if path in documents else _on_disk(path) for path in paths}

    async def completion(self, params: types.CompletionParams) -> types.CompletionList:
        """What can be written here."""
        document = self._document(params.text_document.uri)
        if document is None:
            return types.CompletionList(is_incomplete=False, items=[])
        if not self._readings.of(document.path):
            await self._checker.settled()
        positions = TextPositions(document.text, encoding_of(self._server))
        line, column = positions.letter(params.position)
        names, project = self._names_of(document.path), self._readings.project(document.path).folder
        found = Completion(document.path, document.text, positions.lines, names, project).at(line, column)
        where = types.Range(positions.position(line, column - found.length), positions.position(line, column))
        items = [_item(each, where, index) for index, each in enumerate(found.found)]
        return types.CompletionList(is_incomplete=False, items=items)

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        """What a word is."""
        await self._checker.settled()
        document = self._document(params.text_document.uri)
        if document is None:
            return None
        at = TextPositions(document.text, encoding_of(self._server)).letter(params.position)
        names = self._names_of(document.path)
        mentioned = [
            file for each in names.at(document.path, *at) for file, _ in names.declarations(document.path, each)
        ]
        said = hover(document.path, document.text, at, names, self._texts(mentioned))
        return None if said is None else types.Hover(types.MarkupContent(types.MarkupKind.Markdown, said))

    async def definition(self, params: types.DefinitionParams) -> list[types.Location]:
        """Where what is named here is declared: in a sequence, a table, a driver's source."""
        await self._checker.settled()
        document, mentions = self._at(params.text_document.uri, params.position)
        if document is None:
            return []
        names = self._names_of(document.path)
        rows = [each for each in mentions if each.kind == "row"]
        found = [names.declarations(document.path, each)[0] for each in (*rows, *mentions[:1])]
        return [self._location(each) for each in dict.fromkeys(found)]

    async def references(self, params: types.ReferenceParams) -> list[types.Location]:
        """Everything that names the same, in all sequences of the project."""
        document, mention, names = await self._of_project(params.text_document.uri, params.position)
        if document is None or mention is None:
            return []
        with_declaration = params.context.include_declaration
        found = [
            symbol for symbol, each in names.uses(document.path, mention) if with_declaration or not each.is_declaration
        ]
        return [self._location(symbol) for symbol in found]

    async def prepare_rename(self, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        """Whether what stands here can be renamed."""
        await self._checker.settled()
        document, mentions = self._at(params.text_document.uri, params.position)
        mention = next((each for each in mentions if each.kind in RENAMED), None)
        if document is None or mention is None:
            return None
        positions = TextPositions(document.text, encoding_of(self._server))
        return types.PrepareRenamePlaceholder(positions.range(mention.place), mention.name)

    async def rename(self, params: types.RenameParams) -> types.WorkspaceEdit | None:
        """Another name for a case, a variable or a driver. A refusal is an error with the reason."""
        document, mention, names = await self._of_project(params.text_document.uri, params.position)
        if document is None or mention is None:
            raise _refusal("there is no case, variable or driver here")
        files = {file for reading in names.readings for file in reading.files}
        files |= {each.project.file.resolve() for each in names.readings if each.project.file is not None}
        texts = self._texts(files)
        try:
            edits = await asyncio.to_thread(Renaming(names, texts).edits, document.path, mention, params.new_name)
        except RenameRefused as refused:
            raise _refusal(str(refused)) from None
        changes = {}
        for path, places in edits.items():
            positions = TextPositions(texts[path], encoding_of(self._server))
            changes[self._uri(path)] = [
                types.TextEdit(positions.range(place), params.new_name) for place in dict.fromkeys(places)
            ]
        return types.WorkspaceEdit(changes=changes)

    def code_action(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """The corrections of the problems here."""
        document = self._document(params.text_document.uri)
        if document is None:
            return []
        lines = TextPositions(document.text, "utf-16").lines
        return fixes(list(params.context.diagnostics), lines, document.uri)

    def symbols(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """The structure of a file."""
        document = self._document(params.text_document.uri)
        if document is None:
            return []
        return Outline(document.text, TextPositions(document.text, encoding_of(self._server))).symbols()

    def folds(self, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        """What can be folded."""
        document = self._document(params.text_document.uri)
        if document is None:
            return []
        return Outline(document.text, TextPositions(document.text, encoding_of(self._server))).folds()

    def _at(self, uri: str, position: types.Position) -> tuple[OpenDocument | None, list[Mention]]:
        document = self._document(uri)
        if document is None:
            return None, []
        at = TextPositions(document.text, encoding_of(self._server)).letter(position)
        return document, self._names_of(document.path).at(document.path, *at)

    async def _of_project(
        self, uri: str, position: types.Position
    ) -> tuple[OpenDocument | None, Mention | None, ProjectNames]:
        """What stands at a place, with the names of all sequences of the project."""
        await self._checker.settled()
        document, mentions = self._at(uri, position)
        if document is None or not mentions:
            return document, None, ProjectNames(())
        documents = open_documents(self._server.workspace)
        names = ProjectNames(await asyncio.to_thread(self._readings.of_project, document.path, documents))
        return document, mentions[0], names

    def _location(self, symbol: Symbol) -> types.Location:
        path, place = symbol
        return types.Location(self._uri(path), self._positions(path).range(_end_after_start(place)))

    def _uri(self, path: Path) -> str:
        documents = open_documents(self._server.workspace)
        return documents[path].uri if path in documents else path.as_uri()


def _refusal(message: str) -> JsonRpcException:
    return JsonRpcException(message, code=types.LSPErrorCodes.RequestFailed.value)


def _item(each: Proposal, where: types.Range, index: int) -> types.CompletionItem:
    said = types.MarkupContent(types.MarkupKind.Markdown, each.said) if each.said else None
    return types.CompletionItem(
        label=each.label or each.text,
        kind=each.kind,
        detail=each.detail or None,
        documentation=said,
        sort_text=f"{index:04}",
        filter_text=each.label or each.text,
        text_edit=types.TextEdit(where, each.text),
    )


def _end_after_start(place: Place) -> Place:
    if (place.end_line, place.end_column) >= (place.line, place.column):
        return place
    return place._replace(end_line=place.line, end_column=place.column)


def _on_disk(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""
