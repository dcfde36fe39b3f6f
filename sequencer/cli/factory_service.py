"""Serves the pages of all stands of a factory, as a service that nothing is tested with."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from sequencer.app.exit_codes import ExitCode, Refusal
from sequencer.app.factory import opened_factory
from sequencer.app.project_alarms import watch_alarms
from sequencer.app.project_store import tell, usable_project
from sequencer.cli.panel_service import attend, page_server, take_page
from sequencer.cli.run_signals import stopping_on_signals
from sequencer.project.address import PASSWORD_IN_ADDRESS, split_address
from sequencer.project.project_folder import Project
from sequencer.project.settings import DatabaseSettings, Secret
from sequencer.terminal.output import say


def serve_factory(path: Path, *, url: str | None, host: str | None, port: int | None, open_page: bool) -> ExitCode:
    """Serves until Ctrl-C or a kill. Raises ``Refusal``."""
    project = _reading(usable_project(path), url)
    ended = threading.Event()
    with ExitStack() as opened:
        take_page(project, opened)
        session = opened.enter_context(opened_factory(project, tell))
        server = page_server(session, project, host, port)
        opened.enter_context(stopping_on_signals(lambda reason: ended.set()))
        opened.callback(server.close)
        session.open()
        watch_alarms(session, project, server.address)
        server.start()
        say(f"factory at {server.address}", bold=True)
        attend(server, ended, open_page=open_page)
    return ExitCode.PASSED


def _reading(project: Project, url: str | None) -> Project:
    """The project with the factory's database, which may be away when this begins."""
    database = project.settings.database if url is None else _named(url, project.settings.database)
    if database.storage_type != "couchdb":
        message = "the factory's runs are in CouchDB, and no CouchDB is named"
        raise Refusal(message, hint="name it by --url https://HOST:PORT/NAME, or in [database] of hardseq.toml")
    return replace(project, settings=replace(project.settings, database=replace(database, required=False)))


def _named(url: str, database: DatabaseSettings) -> DatabaseSettings:
    """The database at ``url``, with the rest of what is configured."""
    hint = "an address as https://HOST:PORT/NAME, where NAME is the database"
    if (parts := split_address(url)) is None:
        raise Refusal("--url is not a valid address", hint=f"{hint}; {PASSWORD_IN_ADDRESS}")
    server, _, name = parts.path.rstrip("/").rpartition("/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not name:
        raise Refusal("--url is not the address of a database", hint=hint)
    return replace(
        database,
        storage_type="couchdb",
        url=parts._replace(netloc=parts.netloc.rpartition("@")[2], path=server, query="", fragment="").geturl(),
        name=unquote(name),
        user=unquote(parts.username) if parts.username else database.user,
        password=Secret(unquote(parts.password)) if parts.password else database.password,
    )
